"""Whether a file that somebody is about to edit is one that others work on elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gaterun.core.glob import in_scope

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.core.state import StateDb
    from gaterun.model.phase import Phase, Task
    from gaterun.model.task_state import Lease


def others(opened: Opened, phases: Sequence[Phase], path: Path) -> str:
    """Who works on a file in another working tree; empty where nobody, or where it is ours too.

    It is theirs when a task that they hold declares it, and ours when one does that is held in
    this working tree. Claims of tasks are read; no other working tree is looked at.

    Raises:
        UsageError: the state cannot be read.
    """
    from gaterun.cli.desk import clock
    from gaterun.core.state import StateDb
    from gaterun.core.state_place import place_of
    from gaterun.reporters import clean

    place = place_of(opened.root, opened.config.settings.state)
    names = list(names_of(opened.root, path))
    if not names or not place.file.exists():
        return ""
    found: list[str] = []
    with StateDb(place.file) as db:
        for task, lease in _held(db, phases, clock()):
            declared = any(in_scope(name, task.files) for name in names)
            if lease.holder.worktree == str(place.worktree) and (declared or not task.files):
                return ""
            if declared:
                who = f"{lease.holder.actor} in {lease.holder.worktree}"
                found.append(clean.line(f"{task.id} ({who})"))
    if not found:
        return ""
    return (
        f"{names[0]} is no file of a task that is held here, and one of {' and '.join(found)}: "
        "who changes it may have to merge"
    )


def _held(db: StateDb, phases: Sequence[Phase], now: float) -> Iterator[tuple[Task, Lease]]:
    """The tasks that somebody works on now."""
    for phase in phases:
        histories = db.histories(phase.id)
        for task in phase.tasks:
            lease = histories[task.id].lease if task.id in histories else None
            if lease is not None and lease.is_live(now):
                yield task, lease


def names_of(root: Path, path: Path) -> Iterator[str]:
    """A file relative to the workspace, as it is written and as links resolve."""
    for candidate in dict.fromkeys((os.path.normpath(path.absolute()), os.path.realpath(path))):
        for base in dict.fromkeys((str(root), os.path.realpath(root))):
            if candidate.startswith(f"{base}/"):
                yield candidate[len(base) + 1 :]
