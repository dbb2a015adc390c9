"""Keeps the answer of a run in which everything passed and nothing had to be measured."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from gaterun.cli import kept
from gaterun.cli.find_baseline import baseline_path
from gaterun.cli.looking import stand
from gaterun.cli.workspace import Opened
from gaterun.core.git import Git, GitError
from gaterun.core.store import Store
from gaterun.core.tree import look
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import RunRecord
from gaterun.model.verdict import ExitCode, Outcome
from gaterun.reporters import clean
from gaterun.reporters.policy import worth_telling


def keep_run(
    opened: Opened,
    notes: kept.Notes,
    phase: Phase,
    chosen: Sequence[Requirement],
    record: RunRecord,
    *,
    silent: bool,
) -> None:
    """Keep what the same run would say as long as nothing changes, if there is such a thing.

    The tree was looked at by the run; it is looked at again here, between two looks at what is
    kept of it, so that what is kept is the state of the very tree that was judged.

    Args:
        silent: whether a run that passes says nothing.
    """
    git = Git(opened.root)
    state = os.path.relpath(opened.config.state, opened.root)
    if not _repeats(record) or not git.present or state.startswith(".."):
        return
    try:
        # A baseline that was not there was not opened; one in the tree is part of that.
        baseline = baseline_path(phase, opened.root, Store(opened.config.state))
        places = [str(path) for path in (baseline, *_refs(git))]
        plain = look(git, without=(f"{state}/",)).plain
    except (GitError, OSError):
        return
    if not plain:
        return
    root = str(opened.root)
    names = [kept.DAY, kept.tools_of(root), kept.tree_of(root, git.prefix, state), *places]
    before = {name: kept.state_of(name) for name in names}
    if all(item.holds for item in stand(opened, phase, chosen) if not item.gate.skip):
        notes.keep("" if silent else _text(phase.id, record), opened.config.state, before)


def _repeats(record: RunRecord) -> bool:
    """Whether another run of the same tree could say nothing else."""
    return (
        record.exit_code is ExitCode.OK
        and not record.warnings
        and worth_telling(record) is None
        and all(
            result.reused is not None or result.outcome is Outcome.SKIPPED
            for result in record.results
        )
    )


def _text(phase: str, record: RunRecord) -> str:
    """What is said; what is waived is told each time."""
    waived = [result for result in record.results if result.outcome is Outcome.WAIVED]
    counts = f"{record.count(Outcome.PASS)} passed"
    if waived:
        counts += f", {len(waived)} waived"
    told = [f"  {result.node_id} {clean.line(result.verdict.message)}\n" for result in waived]
    return f"{phase}: {counts}, nothing has changed since run {record.id}\n" + "".join(told)


def _refs(git: Git) -> Iterator[Path]:
    """What changes whenever the index, HEAD or any ref does."""
    told = os.fsdecode(git("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"))
    own, common = map(Path, told.removesuffix("\n").split("\n"))
    yield own / "index"
    yield own / "HEAD"
    for name in ("packed-refs", "reftable", "config", "info/exclude"):
        yield common / name
    for folder, _, _ in os.walk(common / "refs"):
        yield Path(folder)
