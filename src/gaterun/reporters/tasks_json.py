"""The tasks of a phase as JSON, for programs and agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gaterun.core.freshness import Standing
from gaterun.core.overview import Overview
from gaterun.core.task_states import TaskView


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
        "tasks": [_task(view) for view in overview.tasks],
        "gates": [gate(item) for item in gates],
        "collisions": [
            {
                "severity": item.severity.value,
                "kind": item.kind,
                "tasks": list(item.tasks),
                "files": list(item.files),
                "text": item.text,
            }
            for item in overview.collisions
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
