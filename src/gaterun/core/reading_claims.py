"""Reads what was said about the tasks of a phase; what it is worth is for `gaterun.core.claims`.

Apart from that, as a hook that finds nothing said need not know what holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gaterun.core.glob import glob_matcher
from gaterun.model.claim import Claim, PhaseOutline, TaskOutline, Unread
from gaterun.model.phase import Phase

if TYPE_CHECKING:
    from gaterun.core.discovery import Plugins


def outline(phase: Phase) -> PhaseOutline:
    """What readers of claims are told about a phase."""
    return PhaseOutline(
        id=phase.id,
        tasks=tuple(
            TaskOutline(id=task.id, title=task.title, claims=task.claims) for task in phase.tasks
        ),
        metrics=frozenset(
            metric.name for gate in phase.requirements for metric in gate.gate.metrics
        ),
        lists=tuple(filter(None, (phase.outputs.roadmap,))),
    )


def read_claims(plugins: Plugins, root: Path, phase: Phase) -> list[Claim | Unread]:
    """Everything that was said, as far as it can be read.

    Raises:
        UsageError: a reader cannot be loaded.
    """
    return plugins.claims(root, outline(phase))


def tasks_of(claim: Claim, phase: Phase) -> tuple[str, ...]:
    """Ids of the tasks that a claim is about: named by it, or by their ``claims`` globs."""
    named = tuple(task.id for task in phase.tasks if task.id == claim.task)
    return named or tuple(
        task.id
        for task in phase.tasks
        if any(glob_matcher(pattern)(claim.key) for pattern in task.claims)
    )
