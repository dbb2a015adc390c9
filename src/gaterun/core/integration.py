"""What a phase's tasks say to a run of the whole: who did what, what was claimed, what collided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from gaterun.core.claims import Ledger
from gaterun.core.overview import Overview
from gaterun.core.task_states import TaskView
from gaterun.model.binding import FILES
from gaterun.model.record import RunRecord
from gaterun.model.task_state import Collision, Kind, TaskEvent, TaskState
from gaterun.model.verdict import Outcome

#: States of a task that nobody has said to be done.
_UNFINISHED = frozenset({TaskState.BLOCKED, TaskState.IN_PROGRESS})

#: Verdicts that a phase is complete by.
_DONE = frozenset({Outcome.PASS, Outcome.WAIVED})


class Noted(Struct, frozen=True, kw_only=True):
    """A collision that somebody was told of.

    Attributes:
        text: what they were told.
        last: the newest event by which they were.
        times: how often.
        still: whether it is there now.
        done: the event that found the task verified afterwards; ``None`` where none did.
    """

    text: str
    last: TaskEvent
    times: int
    still: bool
    done: TaskEvent | None


class Integration(Struct, frozen=True, kw_only=True):
    """How a phase stands beside the record of a run of it.

    Attributes:
        now: when it was looked at, seconds since the epoch.
        lost: node ids of gates that hold in the record, and no longer on the tree as it is.
        tasks: as they stand on that tree.
        noted: collisions that somebody was told of when they said something, oldest first.
        collisions: others that are there now.
        ledger: what was said about the tasks, held against the evidence of that tree.
    """

    now: float
    lost: tuple[str, ...]
    tasks: tuple[TaskView, ...]
    noted: tuple[Noted, ...]
    collisions: tuple[Collision, ...]
    ledger: Ledger

    @property
    def unfinished(self) -> tuple[TaskView, ...]:
        """Tasks that are blocked, or that somebody is still working on."""
        return tuple(view for view in self.tasks if view.state in _UNFINISHED)


def integrate(record: RunRecord, overview: Overview, events: Iterable[TaskEvent]) -> Integration:
    """Hold the record of a run against its phase as it stands.

    Args:
        events: of the phase, oldest first.
    """
    noted = tuple(_noted(events, overview))
    told = {_what(item.text) for item in noted}
    return Integration(
        now=overview.now,
        lost=_lost(record, overview),
        tasks=overview.tasks,
        noted=noted,
        collisions=tuple(item for item in overview.collisions if _what(item.text) not in told),
        ledger=overview.claims,
    )


def _lost(record: RunRecord, overview: Overview) -> tuple[str, ...]:
    """What has passed in a run and depends on something that has changed since.

    With the same files all of it holds, whatever else has changed, as the record says what it is
    of; but for what looks at commits and tags, which may have changed all the same.
    """
    same = record.tree.digest == overview.tree
    lost = {
        item.gate.node_id
        for item in overview.gates
        if not item.holds and (not same or FILES in item.why)
    }
    return tuple(
        each.node_id for each in record.results if each.outcome in _DONE and each.node_id in lost
    )


def _noted(events: Iterable[TaskEvent], overview: Overview) -> Iterator[Noted]:
    now = {_what(item.text) for item in overview.collisions}
    proved = {view.task.id: view.history.proved for view in overview.tasks}
    told: dict[tuple[str, str], list[TaskEvent]] = {}
    for event in events:
        text = event.said.text if event.kind == Kind.COLLISION else ""
        if event.kind == Kind.START and event.said.overlaps:
            others = " and ".join(event.said.overlaps)
            text = f"{event.task} was started although its files overlap with those of {others}"
        if text:
            told.setdefault((event.task, _what(text)), []).append(event)
    for (task, what), times in told.items():
        done = proved.get(task)
        yield Noted(
            text=times[-1].said.text or what,
            last=times[-1],
            times=len(times),
            still=what in now,
            done=done if done is not None and done.seq > times[-1].seq else None,
        )


def _what(text: str) -> str:
    """What collides, without what is to be done about it, which changes with every commit."""
    return text.partition(";")[0]
