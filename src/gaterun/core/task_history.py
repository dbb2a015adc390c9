"""Folds the events of a phase into what is known of each task; a pure function."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from gaterun.model.task_state import Kind, Lease, TaskEvent, TaskHistory

#: How long a claim holds without a sign of life, seconds.
LEASE = 15 * 60.0


def fold(events: Iterable[TaskEvent]) -> dict[str, TaskHistory]:
    """What is known of each task that something happened to.

    Args:
        events: of one phase, oldest first.
    """
    found: dict[str, TaskHistory] = {}
    for event in events:
        found[event.task] = _after(found.get(event.task, TaskHistory()), event)
    return found


def _after(history: TaskHistory, event: TaskEvent) -> TaskHistory:
    if event.kind != Kind.HEARTBEAT:
        history = replace(history, last=event)
    match event.kind:
        case Kind.START:
            return _started(history, event)
        case Kind.HEARTBEAT:
            lease = history.lease
            if lease is None or event.epoch != lease.epoch or event.who != lease.holder:
                return history
            heard = max(lease.heard, event.at)
            return replace(history, lease=replace(lease, heard=heard, until=heard + LEASE))
        case Kind.DONE:
            if event.epoch != history.epoch:
                return history
            proved = event if event.said.verified else history.proved
            history = replace(history, done=event, proved=proved)
            return _released(history) if event.said.released else history
        case Kind.BLOCK:
            return _released(replace(history, blocked=event))
        case Kind.UNBLOCK:
            return replace(history, blocked=None)
        case Kind.NOTE:
            return replace(history, note=event)
        case _:
            return history


def _started(history: TaskHistory, event: TaskEvent) -> TaskHistory:
    lease = history.lease
    same = lease is not None and event.epoch == lease.epoch
    # A clock that was set back shortens nothing.
    heard = max(event.at, lease.heard) if lease is not None and same else event.at
    return replace(
        history,
        epoch=event.epoch,
        lease=Lease(
            epoch=event.epoch,
            holder=event.who,
            since=lease.since if lease is not None and same else event.at,
            heard=heard,
            until=heard + LEASE,
        ),
        holder=event.who,
        begun=history.begun if same else event.seq,
        head=history.head if same else event.said.head,
        claims={**history.claims, event.who: event.epoch},
        done=None,
    )


def _released(history: TaskHistory) -> TaskHistory:
    """The claim is given back; those that were superseded are not."""
    if history.lease is None:
        return history
    holder = history.lease.holder
    claims = {who: epoch for who, epoch in history.claims.items() if who != holder}
    return replace(history, lease=None, claims=claims)
