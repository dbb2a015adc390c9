"""The hooks of what a session says and is told: it begins, a task of its own list is ticked off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gaterun.cli.claims import held_against
from gaterun.cli.coordination import desk
from gaterun.cli.desk import Desk
from gaterun.cli.hook_told import RULE, Reproach, judged
from gaterun.cli.hook_values import Answer, Given, Place
from gaterun.core.task_states import TaskView
from gaterun.model.claim import Claim, Said
from gaterun.model.phase import Task
from gaterun.model.task_state import TaskState
from gaterun.reporters import clean


def task_completed(given: Given, place: Place) -> Answer:
    """A task of the session's own list is about to be ticked off."""
    text = given.task_subject or given.task_id
    found: list[Reproach] = []
    for phase in place.phases:
        claims = [
            Claim(
                key=text or task.id,
                said=Said.COMPLETED,
                source="the session's task list",
                task=task.id,
                raw=text,
            )
            for task in phase.tasks
            if is_named(task, text)
        ]
        if claims:
            ledger = held_against(place.opened, phase, claims)
            found += [Reproach(phase=phase.id, item=item) for item in ledger.held if item.open]
    return judged(given, place.opened.state, found, ())


def session_start(given: Given, place: Place) -> Answer:
    """A session begins: it is told how the phases stand."""
    del given
    lines = []
    for phase in place.phases:
        here = desk(place.opened, phase.id)
        lines.append(f"gaterun measures phase {phase.id} ({clean.line(phase.title)}) here:")
        for view in here.views():
            told = "; ".join(_told(view, here))
            lines.append(f"- {view.task.id} {clean.line(view.task.title)}: {told}")
        lines.append(f"Measure with `gaterun {phase.id} TASK`. {RULE}")
    context = {"hookEventName": "SessionStart", "additionalContext": "\n".join(lines)}
    return Answer(out={"hookSpecificOutput": context})


def _told(view: TaskView, here: Desk) -> Iterator[str]:
    """How a task stands, and whose it is."""
    total = len(view.gates)
    missing = [item.gate.id for item in view.gates if not item.holds]
    if view.state is TaskState.BLOCKED and view.history.blocked is not None:
        yield f"blocked: {clean.line(view.history.blocked.said.text)}"
    claimed = "claimed and " if view.state is TaskState.CLAIMED else ""
    if not total:
        yield f"{claimed}no gate, so nothing can verify it"
    elif missing:
        yield f"{claimed}not verified, of {total} gates these are open: {', '.join(missing)}"
    else:
        from gaterun.reporters.tasks import passed

        yield passed(view.gates)
    if view.unmet:
        yield f"it needs {', '.join(view.unmet)}"
    lease = view.history.lease
    if lease is not None and lease.holder.worktree == here.who.worktree:
        yield f"held from here (claim {lease.epoch} of {clean.line(lease.holder.actor)})"
    elif lease is not None and view.live:
        yield f"held by {clean.line(f'{lease.holder.actor} in {lease.holder.worktree}')}"


def is_named(task: Task, text: str) -> bool:
    """Whether a text is about a task: it begins with its id, or says ``task ID`` somewhere."""
    name = rf"{re.escape(task.id)}(?![\w-]|\.\w)"
    return re.search(rf"(?:^\W*|\btask[\s:#-]+){name}", text, re.IGNORECASE) is not None
