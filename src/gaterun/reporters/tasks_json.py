"""The tasks of a phase as JSON, for programs and agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gaterun.core.claims import Held
from gaterun.core.freshness import Standing
from gaterun.core.overview import Overview
from gaterun.core.task_states import TaskView
from gaterun.model.task_state import Collision


def as_json(
    overview: Overview,
    gates: Sequence[Standing],
    *,
    complete: bool,
    gate: Callable[[Standing], dict[str, object]],
) -> dict[str, object]:
    """What ``status --format json`` prints.

    Args:
        gates: those that were asked about.
        complete: whether what was asked about is complete.
        gate: writes one gate.
    """
    found = overview.forecast
    return {
        "phase": overview.phase.id,
        "tree": overview.tree or None,
        "complete": complete,
        "tasks": [
            {**_task(view), "said": [_said(item) for item in overview.claims.about(view.task.id)]}
            for view in overview.tasks
        ],
        "gates": [gate(item) for item in gates],
        "collisions": [collision(item) for item in overview.collisions],
        "claims_not_read": [
            {"source": item.source, "why": item.why} for item in overview.claims.unread
        ],
        "forecast": {
            "path": list(found.path),
            "left_seconds": found.left,
            "whole_seconds": found.whole,
            "end": found.end,
            "without_estimate": list(found.without),
        }
        if found
        else None,
    }


def collision(item: Collision) -> dict[str, object]:
    """What does not go together."""
    return {
        "severity": item.severity.value,
        "kind": item.kind,
        "tasks": list(item.tasks),
        "files": list(item.files),
        "text": item.text,
    }


def _said(item: Held) -> dict[str, object]:
    """A claim by which somebody says that a task is done."""
    claim = item.claim
    return {
        "key": claim.key,
        "source": claim.source,
        "place": claim.place,
        "at": claim.time,
        "evidence": item.support.value,
    }


def _task(view: TaskView) -> dict[str, object]:
    history, lease = view.history, view.history.lease
    return {
        "id": view.task.id,
        "title": view.task.title,
        "state": view.state.value,
        "owner": view.task.owner,
        "needs": list(view.task.needs),
        "unmet": list(view.unmet),
        "passed": view.passed,
        "total": len(view.gates),
        "waived": view.waived,
        "stale": view.stale,
        "missing": list(view.missing),
        "claim": {
            "epoch": lease.epoch,
            "actor": lease.holder.actor,
            "worktree": lease.holder.worktree,
            "since": lease.since,
            "heard": lease.heard,
            "until": lease.until,
            "live": view.live,
        }
        if lease
        else None,
        "blocked": history.blocked.said.text if history.blocked else None,
        "note": history.note.said.text if history.note else None,
        "last_event": {"at": history.last.at, "kind": history.last.kind} if history.last else None,
    }
