"""The critical path of a phase and when it can be expected to end."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter

from msgspec import Struct

from gaterun.core.duration import seconds
from gaterun.model.phase import Phase, Task
from gaterun.model.task_state import TaskState


class Forecast(Struct, frozen=True, kw_only=True):
    """What estimates add up to, as far as there are any.

    Attributes:
        path: the chain of tasks that takes longest from now, in order.
        left: what is left of it, seconds.
        whole: the longest chain of estimates of the phase, whatever has been done, seconds.
        end: when it ends if work goes on as estimated, seconds since the epoch; never before.
        without: tasks that are not verified and have no estimate, so that it may take longer.
    """

    path: tuple[str, ...]
    left: float
    whole: float
    end: float
    without: tuple[str, ...]


def forecast(
    phase: Phase,
    states: Mapping[str, TaskState],
    since: Mapping[str, float],
    *,
    now: float,
) -> Forecast | None:
    """The forecast of a phase; ``None`` where no task has an estimate.

    A day is 24 hours: an estimate is taken as the time from start to end, not as hours of work.

    Args:
        states: by task.
        since: when work on it began, for tasks in progress.
    """
    estimates = {task.id: estimate_of(task) for task in phase.tasks}
    if not any(estimates.values()):
        return None
    remaining = {
        name: 0.0
        if states[name] is TaskState.VERIFIED
        else max(0.0, estimate - (now - since[name] if name in since else 0.0))
        for name, estimate in ((name, value or 0.0) for name, value in estimates.items())
    }
    path, left = _longest(phase, remaining)
    _, whole = _longest(phase, {name: value or 0.0 for name, value in estimates.items()})
    return Forecast(
        path=tuple(name for name in path if states[name] is not TaskState.VERIFIED),
        left=left,
        whole=whole,
        end=now + left,
        without=tuple(
            name
            for name, value in estimates.items()
            if value is None and states[name] is not TaskState.VERIFIED
        ),
    )


def estimate_of(task: Task) -> float | None:
    """A task's estimate in seconds; ``None`` where there is none that can be read."""
    try:
        return seconds(task.estimate) if task.estimate else None
    except ValueError:
        return None


def _longest(phase: Phase, weights: Mapping[str, float]) -> tuple[tuple[str, ...], float]:
    """The chain of tasks, each needing the one before, with the greatest sum."""
    best: dict[str, tuple[tuple[str, ...], float]] = {}
    for name in TopologicalSorter({task.id: task.needs for task in phase.tasks}).static_order():
        needs = next(task.needs for task in phase.tasks if task.id == name)
        path, length = max((best[need] for need in needs), key=lambda it: it[1], default=((), 0.0))
        best[name] = ((*path, name), length + weights[name])
    return max(best.values(), key=lambda it: it[1], default=((), 0.0))
