"""What the server for coding agents says about the tasks of a phase, and does with them."""

from __future__ import annotations

from datetime import UTC, datetime

from gaterun.cli.coordination import OpenDesk
from gaterun.cli.hook_edit import judged
from gaterun.cli.hook_scope import names_of
from gaterun.cli.mcp_values import (
    Asked,
    Brief,
    File,
    GateStanding,
    PhaseStanding,
    Said,
    TaskStanding,
)
from gaterun.core.freshness import Standing
from gaterun.core.glob import in_scope
from gaterun.core.lease import described, say
from gaterun.core.overview import Overview
from gaterun.core.task_states import TaskView
from gaterun.model.errors import UsageError
from gaterun.model.task_state import Kind
from gaterun.reporters import claims, clean, tasks
from gaterun.reporters.dashboard import dashboard
from gaterun.reporters.moments import Moments
from gaterun.reporters.standing import gist


def standing(here: OpenDesk) -> PhaseStanding:
    """How the phase stands on the tree as it is now."""
    overview = here.overview()
    return PhaseStanding(
        phase=here.phase.id,
        complete=overview.complete,
        tasks=[_task(view, overview, here) for view in overview.tasks],
        gates=[_gate(item) for item in overview.gates],
        collisions=tasks.collided(overview),
        claims_not_read=[claims.unread(item) for item in overview.claims.unread],
    )


def rendered(here: OpenDesk) -> str:
    """The dashboard, as `watch --write` writes it."""
    return dashboard(here.overview())


def start(here: OpenDesk, name: str) -> Brief:
    """Claim a task.

    Raises:
        UsageError: there is no such task.
        Refused: it cannot be claimed.
    """
    from gaterun.cli.start import claim

    task = here.task(name)
    epoch = claim(here, name)
    today = datetime.now(UTC).date()
    return Brief(
        task=task.id,
        title=clean.line(task.title),
        claim=epoch,
        files=list(task.files),
        needs=list(task.needs),
        waiting=[other.id for other in here.phase.tasks if name in other.needs],
        gates=[
            Asked(
                node_id=gate.node_id,
                conditions=[clean.line(condition) for condition in gate.conditions],
                blocking=gate.is_blocking(today),
            )
            for gate in task.gates
        ],
    )


def block(here: OpenDesk, name: str, why: str) -> Said:
    """Say that a task cannot go on.

    Raises:
        UsageError: there is no such task, or nothing is said.
    """
    here.task(name)
    text = clean.line(why)
    if not text:
        raise UsageError("an empty text says nothing", help="say what has to happen first")
    with here.create() as db:
        say(db, here.phase.id, name, here.who, kind=Kind.BLOCK, text=text, now=here.now())
    return Said(task=name, state="blocked")


def files(here: OpenDesk, paths: list[str]) -> list[File]:
    """Whether files should be edited, and which tasks they belong to."""
    opened, phase = here.opened, here.phase
    found = []
    for path in paths:
        advice, why = judged(opened, (phase,), opened.root / path)
        names = list(names_of(opened.root, opened.root / path))
        owners = [
            task.id for task in phase.tasks if any(in_scope(name, task.files) for name in names)
        ]
        found.append(File(path=path, advice=advice, why=clean.line(why), tasks=owners))
    return found


def _task(view: TaskView, overview: Overview, here: OpenDesk) -> TaskStanding:
    history = view.history
    holder = history.lease.holder if history.lease is not None and view.live else None
    return TaskStanding(
        task=view.task.id,
        title=clean.line(view.task.title),
        state=view.state.value,
        needs=list(view.task.needs),
        unmet=list(view.unmet),
        passed=view.passed,
        total=len(view.gates),
        missing=list(view.missing),
        held_by=clean.line(described(holder)) if holder else "",
        held_here=holder == here.who,
        blocked=clean.line(history.blocked.said.text) if history.blocked else "",
        said=[
            claims.origin(item.claim, Moments(overview.now))
            for item in overview.claims.about(view.task.id)
        ],
    )


def _gate(item: Standing) -> GateStanding:
    return GateStanding(
        node_id=item.gate.node_id,
        freshness=item.freshness.value,
        outcome=item.last.outcome.value if item.last else None,
        holds=item.holds,
        blocking=item.gate.is_blocking(datetime.now(UTC).date()),
        why=clean.line(
            item.gate.skip or item.why or (gist(item.last) if item.last is not None else "")
        ),
    )
