"""Puts together how a phase stands on one tree: tasks, gates, collisions, what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gaterun.core.claims import Ledger
from gaterun.core.collisions import Active, collisions
from gaterun.core.estimate import Forecast, forecast
from gaterun.core.freshness import Standing
from gaterun.core.state_place import Place
from gaterun.core.task_states import TaskView, derive, is_complete
from gaterun.model.phase import Outputs, Phase
from gaterun.model.task_state import Collision, Severity, TaskHistory


class Overview(Struct, frozen=True, kw_only=True):
    """A phase as it stands.

    Attributes:
        tree: digest of the tree that it stands on; empty where nothing is known about it.
        now: when it was looked at, seconds since the epoch.
        complete: all tasks verified, and all phase-wide gates passed, on this tree.
        claims: what was said elsewhere than by ``done``.
    """

    phase: Phase
    tree: str
    now: float
    tasks: tuple[TaskView, ...]
    gates: tuple[Standing, ...]
    collisions: tuple[Collision, ...]
    forecast: Forecast | None
    complete: bool
    claims: Ledger

    def task(self, name: str) -> TaskView:
        """One of its tasks."""
        return next(view for view in self.tasks if view.task.id == name)

    def later(self, now: float) -> Forecast | None:
        """The forecast at another moment, if nothing happens until then."""
        return _forecast(self.phase, self.tasks, now)


def look_over(
    phase: Phase,
    histories: Mapping[str, TaskHistory],
    gates: Sequence[Standing],
    place: Place,
    *,
    tree: str,
    now: float,
    claims: Ledger,
) -> Overview:
    """How a phase stands.

    Args:
        histories: by task.
        gates: how they stand on this tree, by all evidence.
        tree: its digest.
        claims: held against the same gates.
    """
    tasks = derive(phase, histories, gates, now=now, said_done=claims.said_done)
    return Overview(
        phase=phase,
        tree=tree,
        now=now,
        tasks=tasks,
        gates=tuple(gates),
        collisions=collisions(
            active(tasks), main=place.main, prefix=place.prefix, outputs=written_by(phase)
        ),
        forecast=_forecast(phase, tasks, now),
        complete=is_complete(phase, tasks, gates),
        claims=claims,
    )


def _forecast(phase: Phase, tasks: Sequence[TaskView], now: float) -> Forecast | None:
    since = {
        view.task.id: view.history.lease.since
        for view in tasks
        if view.live and view.history.lease is not None
    }
    return forecast(phase, {view.task.id: view.state for view in tasks}, since, now=now)


def active(tasks: Sequence[TaskView]) -> tuple[Active, ...]:
    """The tasks whose working trees may hold something that has not landed yet."""
    return tuple(
        Active(
            task=view.task,
            who=view.history.holder,
            begun=view.history.begun,
            head=view.history.head,
            live=view.live,
        )
        for view in tasks
        if view.history.holder is not None and (view.live or view.history.done is not None)
    )


def obstacles(task: str, found: Sequence[Collision]) -> tuple[Collision, ...]:
    """The collisions that have to be resolved before `task` is done."""
    return tuple(
        item for item in found if item.severity is Severity.ERROR and item.tasks[-1] == task
    )


def written_by(phase: Phase) -> tuple[str, ...]:
    """The files that gaterun writes for a phase, relative to the workspace."""
    return tuple(filter(None, (getattr(phase.outputs, name) for name in Outputs.__struct_fields__)))
