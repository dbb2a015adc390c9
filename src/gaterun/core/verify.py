"""Checks a recorded run against its digests, and against a tree.

Who can write to the folder can write digests that fit: this finds bit flips, half files and
edits, and is no seal. The digest of the digests, kept elsewhere, makes it one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from gaterun.core.record_file import RECORD, SUMS, files_of, read_record, read_sums
from gaterun.core.redact import Redactor
from gaterun.model.errors import UsageError
from gaterun.model.record import RunRecord, Tree


class Checked(Struct, frozen=True, kw_only=True):
    """What came of a verification.

    Attributes:
        record: the record; ``None`` where it cannot be read.
        files: how many files are as they were recorded.
        problems: what is wrong, a line each; none when all is well.
        digest: SHA-256 of the digests, which stands for the whole run; empty without any.
    """

    record: RunRecord | None
    files: int
    problems: tuple[str, ...]
    digest: str = ""


def verify(folder: Path, *, named: bool = True) -> Checked:
    """Compute the digests of a run again and compare them with what was recorded.

    Args:
        named: whether the folder has to be called as the run is.

    Raises:
        UsageError: there is no record, or it cannot be read at all (another tool's file,
            another schema version, half a file).
    """
    if not (folder / RECORD).exists():
        raise UsageError(
            f"run {folder.name} has no record: it was killed or is still running",
            help=f"`gaterun runs show {folder.name}` shows what it knew",
        )
    sums = read_sums(folder)
    problems: list[str] = []
    record: RunRecord | None = None
    try:
        record = read_record(folder / RECORD)
    except UsageError as error:
        if sums is None or RECORD not in sums or _is(folder / RECORD, sums[RECORD]):
            raise
        problems.append(error.message)
    if sums is None:
        return Checked(
            record=record,
            files=0,
            problems=("it has no digests: it was recorded by a gaterun before 0.2",),
        )
    present = set(files_of(folder))
    good = 0
    for name, digest in sums.items():
        if name not in present:
            problems.append(f"{name} is missing")
        elif _is(folder / name, digest):
            good += 1
        elif name != RECORD:
            problems.append(f"{name} is not what was recorded")
    problems += [f"{name} was not there when the run ended" for name in sorted(present - set(sums))]
    if record is not None:
        if named and record.id != folder.name:
            problems.append(f"the record is of run {record.id}, not of {folder.name}")
        problems += _contradictions(record, sums)
    return Checked(
        record=record,
        files=good,
        problems=tuple(problems),
        digest=Redactor.digest(folder / SUMS),
    )


def _is(path: Path, digest: str) -> bool:
    try:
        return Redactor.digest(path) == digest
    except OSError:
        return False


def _contradictions(record: RunRecord, sums: dict[str, str]) -> Iterator[str]:
    """Where the record says something else than its digests."""
    for result in record.results:
        # The logs of a measurement that was used again are in the folder of its own run.
        for command in result.evidence if result.reused is None else ():
            for log in command.logs:
                if sums.get(log.path) != log.sha256:
                    yield f"{log.path} has another digest in the evidence of {result.node_id}"


def compare(tree: Tree, now: Tree) -> str:
    """How a recorded tree differs from the one that is there now; empty when it does not."""
    if not tree.digest:
        return "the run does not say which tree it measured"
    if now.digest == tree.digest:
        return ""
    if now.commit != tree.commit:
        return f"the tree is {_said(now)} now, the run measured {_said(tree)}"
    return f"the working tree has changed since: it is {_said(now)}, the run measured {_said(tree)}"


def _said(tree: Tree) -> str:
    commit = tree.commit[:12] or "without a commit"
    return f"{commit} with uncommitted changes" if tree.dirty else commit
