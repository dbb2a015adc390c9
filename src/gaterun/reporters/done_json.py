"""What ``done`` has found as JSON, for programs and agents."""

from __future__ import annotations

from collections.abc import Sequence

from gaterun.core.task_states import TaskView
from gaterun.model.record import RunRecord
from gaterun.model.task_state import Collision, TaskState
from gaterun.reporters import standing
from gaterun.reporters.tasks_json import collision


def as_json(
    view: TaskView, record: RunRecord, *, verified: bool, collisions: Sequence[Collision]
) -> dict[str, object]:
    """What ``done --format json`` prints.

    Args:
        view: the task as it stands now.
        record: of the run that measured it, and all that it needs.
        collisions: of the task.
    """
    return {
        "phase": record.phase,
        "task": view.task.id,
        "title": view.task.title,
        # As it is once this was said: what is said and not covered is claimed.
        "state": (TaskState.VERIFIED if verified else TaskState.CLAIMED).value,
        "verified": verified,
        "passed": view.passed,
        "total": len(view.gates),
        "waived": view.waived,
        "missing": list(view.missing),
        "unmet": list(view.unmet),
        "run": record.id,
        "gates": [
            {
                "node_id": result.node_id,
                "outcome": result.outcome.value,
                "blocking": result.blocking,
                "why": standing.gist(result),
                "repeat": result.repeat,
            }
            for result in record.results
        ],
        "collisions": [collision(item) for item in collisions],
    }
