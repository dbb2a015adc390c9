"""Derives the state of every task from what happened, what was measured and the time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from graphlib import TopologicalSorter

from msgspec import Struct

from gaterun.core.freshness import Standing
from gaterun.model.phase import Phase, Task
from gaterun.model.task_state import TaskHistory, TaskState
from gaterun.model.verdict import Outcome

_NOTHING = TaskHistory()


class TaskView(Struct, frozen=True, kw_only=True):
    """A task as it stands on one tree at one moment.

    Attributes:
        history: what happened to it.
        gates: how its blocking gates stand, in order; advisory ones can fail as they like.
        unmet: what it needs and is not verified.
        stale: it was verified once, and what that depends on has changed.
        live: whether somebody holds it who was heard of lately.
        covered: whether evidence covers all its gates, and what it needs is verified.
    """

    task: Task
    state: TaskState
    history: TaskHistory
    gates: tuple[Standing, ...]
    unmet: tuple[str, ...]
    stale: bool
    live: bool
    covered: bool

    @property
    def passed(self) -> int:
        """How many of its blocking gates have passed, or are waived, on this tree."""
        return sum(gate.holds for gate in self.gates)

    @property
    def waived(self) -> int:
        """How many of those are waived."""
        return sum(
            gate.holds and gate.last is not None and gate.last.outcome is Outcome.WAIVED
            for gate in self.gates
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Node ids of the gates that evidence does not cover."""
        return tuple(gate.gate.node_id for gate in self.gates if not gate.holds)


def derive(
    phase: Phase,
    histories: Mapping[str, TaskHistory],
    found: Sequence[Standing],
    *,
    now: float,
    said_done: Collection[str] = (),
) -> tuple[TaskView, ...]:
    """The tasks of a phase, in its order.

    Args:
        histories: by task; those that the phase no longer has do not count.
        found: how the gates of the phase stand.
        said_done: tasks that somebody says are done, elsewhere than by ``done``; it makes them
            *claimed* where evidence does not cover them, and nothing else.
        now: seconds since the epoch.
    """
    tasks = {task.id: task for task in phase.tasks}
    views: dict[str, TaskView] = {}
    for name in TopologicalSorter({task.id: task.needs for task in phase.tasks}).static_order():
        task = tasks[name]
        views[name] = _view(
            task,
            histories.get(name, _NOTHING),
            tuple(item for item in found if item.gate.task == name and _counts(item)),
            tuple(need for need in task.needs if views[need].state is not TaskState.VERIFIED),
            now=now,
            said_done=name in said_done,
        )
    return tuple(views[task.id] for task in phase.tasks)


def is_complete(phase: Phase, views: Sequence[TaskView], found: Sequence[Standing]) -> bool:
    """Whether all tasks are verified, and all phase-wide gates have passed, on this one tree.

    A phase in which nothing can fail is never complete.
    """
    wide = {gate.node_id for gate in phase.gates}
    judged = [item for item in found if item.gate.node_id in wide and _counts(item)]
    return (
        bool(views or judged)
        and all(view.state is TaskState.VERIFIED for view in views)
        and all(item.holds for item in judged)
    )


def _counts(item: Standing) -> bool:
    """Whether a gate has to pass. One that is switched off still has to: skipped is no pass."""
    from datetime import UTC, datetime

    return item.gate.is_blocking(datetime.now(UTC).date())


def _view(
    task: Task,
    history: TaskHistory,
    gates: tuple[Standing, ...],
    unmet: tuple[str, ...],
    *,
    now: float,
    said_done: bool,
) -> TaskView:
    covered = bool(gates) and all(gate.holds for gate in gates) and not unmet
    live = history.lease is not None and history.lease.is_live(now)
    if history.blocked is not None:
        state = TaskState.BLOCKED
    elif history.done is not None:
        state = TaskState.VERIFIED if covered else TaskState.CLAIMED
    elif said_done and not covered:
        state = TaskState.CLAIMED
    elif live:
        state = TaskState.IN_PROGRESS
    elif covered:
        state = TaskState.VERIFIED
    else:
        state = TaskState.TODO if unmet else TaskState.READY
    return TaskView(
        task=task,
        state=state,
        history=history,
        gates=gates,
        unmet=unmet,
        stale=history.proved is not None and not covered,
        live=live,
        covered=covered,
    )
