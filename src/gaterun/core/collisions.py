"""Finds tasks that do not go together: by what they may touch, by what they did, by merging."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.core.git import Git, GitError
from gaterun.core.glob import TAKES_AWAY, in_scope
from gaterun.model.phase import Phase, Task
from gaterun.model.task_state import Collision, Participant, Severity

if TYPE_CHECKING:
    from gaterun.core.snapshot import Snapshot, Snapshots

#: How many files are named.
_NAMED = 5


class Active(Struct, frozen=True, kw_only=True):
    """A task that somebody works on, or has worked on where it has not landed yet.

    Attributes:
        begun: position of the event that began it; of two tasks the later one gives way.
        head: commit from which the work began.
        live: whether somebody is working on it now.
    """

    task: Task
    who: Participant
    begun: int
    head: str
    live: bool


class _Seen(Struct, frozen=True, kw_only=True):
    """A task's working tree as it is.

    Attributes:
        adds: whether it holds anything that has not landed.
    """

    active: Active
    snapshot: Snapshot
    touched: frozenset[str]
    adds: bool


def overlapping(task: Task, phase: Phase, files: Collection[str]) -> dict[str, str]:
    """Tasks whose declared files overlap with those of `task`, each with what overlaps.

    A task that declares none may touch everything.

    Args:
        files: of the tree, relative to the workspace.
    """
    found = {}
    for other in phase.tasks:
        if other.id == task.id:
            continue
        free = [each.id for each in (task, other) if not each.files]
        if free:
            found[other.id] = f"{' and '.join(free)} may touch every file, as no files are declared"
            continue
        same = set(task.files) & set(other.files)
        globs = sorted(glob for glob in same if not glob.startswith(TAKES_AWAY))
        both = [name for name in sorted(files) if _in(name, task) and _in(name, other)]
        if both or globs:
            found[other.id] = f"both may touch {_some(both or globs)}"
    return found


def collisions(
    active: Sequence[Active],
    *,
    main: Path | None,
    prefix: str,
    outputs: Collection[str] = (),
) -> tuple[Collision, ...]:
    """What collides now among the working trees of a repository.

    Args:
        active: in any order.
        main: the top of the working tree that work lands in; ``None`` where there is none.
        prefix: the workspace's path below the top of each working tree.
        outputs: files that gaterun writes, relative to the workspace; they collide with nothing.
    """
    there = [item for item in active if (Path(item.who.worktree) / ".git").exists()]
    if not there:
        return ()
    below = f"{prefix}/" if prefix else ""
    own = {below + name for name in outputs}
    found: list[Collision] = list(_shared(there))
    trees = {item.who.worktree for item in there}
    if len(trees) == 1 and not all(item.task.files for item in there):
        return tuple(found)  # nobody to collide with, and no scope to leave
    from gaterun.core.snapshot import Snapshots

    try:
        with Snapshots(Path(there[0].who.worktree)) as snapshots:
            seen = []
            landed = Git(main).commit("HEAD") if main else None
            for item in sorted(there, key=lambda each: each.begun):
                try:
                    seen.append(
                        _look(
                            item,
                            snapshots,
                            own,
                            landed if main != Path(item.who.worktree) else None,
                        )
                    )
                except GitError as error:
                    found.append(_unknown((item.task.id,), str(error)))
            for each in seen:
                found += _outside(each, below, there)
            for one, other in combinations(seen, 2):
                apart = one.active.who.worktree != other.active.who.worktree
                if apart and one.adds and other.adds:
                    found += _between(one, other, snapshots, own)
    except (GitError, OSError) as error:
        found.append(_unknown(tuple(item.task.id for item in there), str(error)))
    return tuple(found)


def _look(item: Active, snapshots: Snapshots, own: Collection[str], landed: str | None) -> _Seen:
    snapshot = snapshots.take(Path(item.who.worktree))
    try:
        adds = landed is None or snapshots.adds(landed, snapshot.commit)
    except GitError:
        adds = True  # git is too old to say
    # What others have landed meanwhile, and was merged here, is not this task's doing.
    base = landed or item.head or snapshot.head
    touched = snapshots.touched(base, snapshot.commit) - set(own) if adds else frozenset()
    return _Seen(active=item, snapshot=snapshot, touched=touched, adds=adds)


def _shared(active: Sequence[Active]) -> Iterator[Collision]:
    by_tree: dict[str, list[str]] = {}
    for item in active:
        if not item.live:
            continue
        by_tree.setdefault(item.who.worktree, []).append(item.task.id)
    for worktree, tasks in by_tree.items():
        if len(tasks) > 1:
            yield Collision(
                severity=Severity.WARNING,
                kind="shared-tree",
                tasks=tuple(tasks),
                text=f"{' and '.join(tasks)} share {worktree}: nobody can tell who touched what",
            )


def _outside(seen: _Seen, below: str, active: Sequence[Active]) -> Iterator[Collision]:
    item = seen.active
    scopes = [each.task for each in active if each.who.worktree == item.who.worktree]
    if not all(task.files for task in scopes):
        return
    if scopes[0].id != item.task.id:
        return  # told once for a tree that several tasks share
    strangers = sorted(
        name
        for name in seen.touched
        if not (name.startswith(below) and any(_in(name[len(below) :], task) for task in scopes))
    )
    if strangers:
        yield Collision(
            severity=Severity.WARNING,
            kind="outside",
            tasks=(item.task.id,),
            files=tuple(strangers),
            text=f"{item.task.id} has touched what is outside of its files: {_some(strangers)}",
        )


def _between(
    one: _Seen, other: _Seen, snapshots: Snapshots, own: Collection[str]
) -> Iterator[Collision]:
    """Two working trees; `other` began later."""
    tasks = (one.active.task.id, other.active.task.id)
    try:
        conflicts = [
            name
            for name in snapshots.conflicts(one.snapshot.commit, other.snapshot.commit)
            if name not in own
        ]
    except GitError as error:
        yield _unknown(tasks, str(error))
        conflicts = []
    if conflicts:
        onto = one.snapshot.branch or one.snapshot.head[:12]
        uncommitted = one.snapshot.commit != one.snapshot.head
        yield Collision(
            severity=Severity.ERROR,
            kind="conflict",
            tasks=tasks,
            files=tuple(conflicts),
            text=f"{tasks[0]} and {tasks[1]} conflict in {_some(conflicts)}; {tasks[0]} began "
            f"first: {other.active.who.actor} rebases {tasks[1]} on {onto}"
            + (f", once {one.active.who.actor} has committed there" if uncommitted else ""),
        )
    same = sorted((one.touched & other.touched) - set(conflicts))
    if same:
        yield Collision(
            severity=Severity.WARNING,
            kind="same-file",
            tasks=tasks,
            files=tuple(same),
            text=f"{tasks[0]} and {tasks[1]} both touch {_some(same)}, which merges as it is now",
        )


def _unknown(tasks: tuple[str, ...], why: str) -> Collision:
    return Collision(
        severity=Severity.WARNING,
        kind="unknown",
        tasks=tasks,
        text=f"nobody can tell whether {' and '.join(tasks)} collide: {why}",
    )


def _in(name: str, task: Task) -> bool:
    return in_scope(name, task.files)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(name.encode("utf-8", "replace").decode() for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def by_task(found: Sequence[Collision]) -> Mapping[str, tuple[Collision, ...]]:
    """The collisions of each task."""
    names = {name for item in found for name in item.tasks}
    return {name: tuple(item for item in found if name in item.tasks) for name in names}
