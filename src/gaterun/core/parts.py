"""Reads the shards of a run, from folders or exported files, and says what is wrong with them.

Nothing is merged that could hide something: a shard that is missing, there twice, cut off,
damaged, or of another phase, plan, tree, base, policy or version of gaterun.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from gaterun.core.archive import unpacked
from gaterun.core.event_log import begin_of, whole_until
from gaterun.core.record_file import EVENTS, RECORD
from gaterun.core.shards import Plan
from gaterun.core.verify import verify
from gaterun.model.errors import UsageError
from gaterun.model.phase import Phase
from gaterun.model.record import RunRecord, Tree
from gaterun.model.shard import Shard

_ARCHIVES = (".tar.gz", ".tgz")


class Read(Struct, frozen=True, kw_only=True):
    """A shard that can be read, and is as it was recorded.

    Attributes:
        folder: of its run, unpacked.
        name: what it was read from, for people.
        digest: SHA-256 of its digests, which stands for the whole run.
    """

    folder: Path
    name: str
    record: RunRecord
    shard: Shard
    digest: str


class Whole(Struct, frozen=True, kw_only=True):
    """What the shards have to be parts of.

    Attributes:
        mark: what a shard would say of itself here; its number means nothing.
        base: the phase's base commit; empty without one.
    """

    phase: Phase
    plan: Plan
    mark: Shard
    tree: Tree
    base: str
    version: str


def read(paths: Sequence[Path], place: Path) -> list[Read]:
    """Read every shard below `paths`.

    Args:
        paths: folders of runs, files that ``gaterun runs export`` has written, or folders that
            hold any of these.
        place: where files are unpacked.

    Raises:
        UsageError: something is there that is no whole run, or no shard; all are named.
    """
    found: list[Read] = []
    problems: list[str] = []
    for number, path in enumerate(_candidates(paths)):
        folder = path
        try:
            if path.is_file():
                folder = unpacked(path, place / str(number))
            found.append(_read(folder, path))
        except UsageError as error:
            problems.append(error.message)
    refuse(problems)
    return sorted(found, key=lambda part: (part.shard.number, part.name))


def refuse(problems: Sequence[str]) -> None:
    """Refuse to merge, if there is any problem.

    Raises:
        UsageError: there is one; all are named.
    """
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise UsageError(
            f"the shards cannot be merged:{listed}",
            help="nothing was judged; run the shards named above again, or pass all of them",
        )


def _candidates(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file() or _is_run(path):
            yield path
            continue
        if not path.is_dir():
            raise UsageError(
                f"--merge {path}: there is no such file or folder",
                help="name exported runs, or the folder that they were downloaded to",
            )
        inside = sorted(path.rglob("*"))
        runs = [each for each in inside if each.is_dir() and _is_run(each)]
        files = [
            each
            for each in inside
            if each.name.endswith(_ARCHIVES)
            and each.is_file()
            and not any(run in each.parents for run in runs)
        ]
        if not (runs or files):
            raise UsageError(
                f"--merge {path}: it holds no run",
                help="a shard is exported by `gaterun runs export last`",
            )
        yield from (*runs, *files)


def _is_run(folder: Path) -> bool:
    return (folder / RECORD).is_file() or (folder / EVENTS).is_file()


def _read(folder: Path, path: Path) -> Read:
    if not (folder / RECORD).is_file():
        begin = begin_of(folder)
        label = begin.shard.label if begin and begin.shard else f"run {folder.name}"
        raise UsageError(f"{label} was cut off: {path} has no end, it was killed or still runs")
    checked = verify(folder, named=False)
    record = checked.record
    if checked.problems or record is None:
        raise UsageError(f"{path} is damaged: {', '.join(checked.problems)}")
    if record.shard is None:
        raise UsageError(f"{path} is no shard: it is a {record.role} of phase '{record.phase}'")
    label = record.shard.label
    if record.interrupted:
        raise UsageError(f"{label} was cut off: it was interrupted ({path})")
    if whole_until(folder, record) is None:
        raise UsageError(f"{label} was cut off: its events have no end ({path})")
    return Read(
        folder=folder, name=str(path), record=record, shard=record.shard, digest=checked.digest
    )


def same_told(parts: Sequence[Read]) -> None:
    """Refuse shards that were told different things.

    Raises:
        UsageError: they were.
    """
    told = [" ".join(part.shard.told.argv) or "nothing" for part in parts]
    if len({part.shard.told for part in parts}) > 1:
        each = (
            f"{part.shard.label} was told: {text}" for part, text in zip(parts, told, strict=True)
        )
        refuse(["they were not run with the same options", *each])


def problems(parts: Sequence[Read], whole: Whole) -> list[str]:
    """Everything that forbids to judge these shards as one run of `whole`."""
    return [
        *(problem for part in parts for problem in _foreign(part, whole)),
        *_twice(parts),
        *_missing(parts, whole.mark.of),
    ]


def _foreign(part: Read, whole: Whole) -> Iterator[str]:
    """How a shard is of something else; where it is of another phase nothing more is asked."""
    record, shard, label = part.record, part.shard, f"{part.shard.label} ({part.name})"
    if record.phase != whole.phase.id:
        yield f"{label} is of phase '{record.phase}', not '{whole.phase.id}'"
        return
    if record.version != whole.version:
        yield f"{label} was run by gaterun {record.version}, this is {whole.version}"
    if shard.of != whole.mark.of:
        yield f"{label} is one of {shard.of}, another of {whole.mark.of}"
        return
    if not 1 <= shard.number <= shard.of:
        yield f"{label} has a number that is none"
        return
    if record.tree.digest != whole.tree.digest or record.tree.commit != whole.tree.commit:
        yield f"{label} measured another tree: {_said(record.tree)}, here is {_said(whole.tree)}"
    if record.base != whole.base:
        yield f"{label} has another base: {_base(record.base)}, here it is {_base(whole.base)}"
    if shard.plan != whole.mark.plan:
        yield f"{label} follows another plan: other gates, or other resources that they share"
    elif shard.policy != whole.mark.policy:
        yield (
            f"{label} is judged by something else: other conditions, options, waivers, settings, "
            "plugins or another baseline"
        )
    gates = {gate.node_id for gate in whole.plan.shards[shard.number - 1]}
    found = sorted(each.node_id for each in record.results)
    if shard.plan == whole.mark.plan and found != sorted(gates):
        yield f"{label} has not the gates of its number"


def _twice(parts: Sequence[Read]) -> Iterator[str]:
    seen: dict[int, list[Read]] = {}
    for part in parts:
        seen.setdefault(part.shard.number, []).append(part)
    for same in seen.values():
        if len(same) > 1:
            yield f"{same[0].shard.label} is there twice: {', '.join(part.name for part in same)}"


def _missing(parts: Iterable[Read], of: int) -> Iterator[str]:
    there = {part.shard.number for part in parts}
    for number in range(1, of + 1):
        if number not in there:
            yield f"shard {number} of {of} is missing"


def _said(tree: Tree) -> str:
    name = tree.commit[:12] or "no commit"
    dirty = " with uncommitted changes" if tree.dirty else ""
    return f"{name}{dirty} (tree {tree.digest[:12] or 'unknown'})"


def _base(commit: str) -> str:
    return commit[:12] or "none"
