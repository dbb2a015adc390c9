"""The tasks of a phase as text: a table, what collides, what is left of the critical path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gaterun.core.claims import Held
from gaterun.core.estimate import Forecast
from gaterun.core.freshness import Standing
from gaterun.core.overview import Overview
from gaterun.core.task_states import TaskView
from gaterun.model.claim import Claim
from gaterun.model.task_state import TaskState
from gaterun.model.verdict import Outcome
from gaterun.reporters import claims, clean
from gaterun.reporters.moments import Moments

HEADER = ("task", "state", "owner", "gates", "last event", "")

#: Which of its columns tells ages.
_AGES = HEADER.index("last event")


def summary(overview: Overview, moments: Moments | None = None) -> list[str]:
    """All that is to be said of the tasks.

    Args:
        moments: writes moments; as seen from when it was looked at by default.
    """
    moments = moments or Moments(overview.now)
    return [
        *table(overview, moments),
        counted(overview),
        *outlook(overview.forecast, moments),
        *collided(overview),
        *unread(overview),
    ]


def table(overview: Overview, moments: Moments) -> list[str]:
    """The table of tasks, with its header; aligned for a fixed-width font."""
    rows = [HEADER, *(row(view, overview) for view in overview.tasks)]
    widths = [max(len(cells[at]) for cells in rows) for at in range(len(HEADER) - 1)]
    rows = [HEADER, *(row(view, overview, moments, widths[_AGES]) for view in overview.tasks)]
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), cells[-1]]
        ).rstrip()
        for cells in rows
    ]


def row(
    view: TaskView, overview: Overview, moments: Moments | None = None, width: int = 0
) -> tuple[str, ...]:
    """The cells of a task, as in `HEADER`.

    Args:
        width: of the column of ages.
    """
    moments = moments or Moments(overview.now)
    last, lease = view.history.last, view.history.lease
    moment = max(last.at if last else 0.0, lease.heard if lease else 0.0)
    return (
        clean.line(view.task.id),
        view.state.value,
        owner(view),
        f"{view.passed}/{len(view.gates)}",
        moments.ago(moment, width) if last else "-",
        "; ".join(remarks(view, overview, moments)),
    )


def owner(view: TaskView) -> str:
    """Whose task it is by the phase file, and who holds it."""
    declared = clean.line(view.task.owner)
    lease = view.history.lease
    actor = clean.line(lease.holder.actor) if lease else ""
    if actor and declared and actor != declared:
        return f"{declared} ({actor})"
    return actor or declared or "-"


def remarks(view: TaskView, overview: Overview, moments: Moments) -> Iterator[str]:
    """What else is to be known of a task."""
    yield from lasting(view, overview, spoken=lambda claim: claims.origin(claim, moments))
    if view.history.lease is not None and not view.live:
        yield f"silent {moments.age(view.history.lease.heard)}"


def lasting(
    view: TaskView, overview: Overview, *, spoken: Callable[[Claim], str] = claims.where
) -> Iterator[str]:
    """The remarks that stay the same for as long as nothing happens.

    Args:
        spoken: where a claim was read.
    """
    history = view.history
    if view.state is TaskState.BLOCKED and history.blocked is not None:
        yield clean.line(history.blocked.said.text)
    if view.unmet and view.state is not TaskState.VERIFIED:
        yield f"needs {', '.join(view.unmet)}"
    if not view.gates:
        yield "no gate can verify it"
    if view.stale and history.proved is not None:
        yield f"stale: was verified in {clean.line(history.proved.who.worktree)}"
    if view.state is TaskState.CLAIMED and view.missing:
        yield f"not covered: {', '.join(view.missing)}"
    for item in said(view, overview):
        yield f"said to be done in {spoken(item.claim)}"
    if view.waived:
        yield f"{view.waived} waived"
    if history.lease is not None and not view.live:
        yield "its claim ran out"
    if history.note is not None:
        yield f"{clean.line(history.note.who.actor)}: {clean.line(history.note.said.text)}"
    count = sum(view.task.id in item.tasks for item in overview.collisions)
    if count:
        yield f"{count} collision{'s' * (count > 1)}"


def said(view: TaskView, overview: Overview) -> tuple[Held, ...]:
    """The claims of others that make a task *claimed*."""
    return overview.claims.about(view.task.id) if view.state is TaskState.CLAIMED else ()


def unread(overview: Overview) -> list[str]:
    """What may hold claims and cannot be read, a line each."""
    return [f"claims not read: {claims.unread(item)}" for item in overview.claims.unread]


def collided(overview: Overview) -> list[str]:
    """What collides, a line each."""
    return [f"{item.severity.value}: {clean.line(item.text)}" for item in overview.collisions]


def outlook(found: Forecast | None, moments: Moments | None = None) -> list[str]:
    """The critical path and the expected end; nothing where nothing is estimated."""
    if found is None:
        return []
    lines = []
    if found.path:
        end = moments.after(found.left) if moments else Moments(found.end).after(0.0)
        lines.append(
            f"critical path {' -> '.join(found.path)}: {_days(found.left)} of "
            f"{_days(found.whole)} left, {end} at the earliest"
        )
    if found.without:
        lines.append(f"without an estimate: {', '.join(found.without)}")
    return lines


def passed(found: Sequence[Standing]) -> str:
    """How many gates have passed on this tree; what is waived has not, and is told beside."""
    outcomes = [item.last.outcome for item in found if item.holds and item.last]
    waived = outcomes.count(Outcome.WAIVED)
    more = f", {waived} waived" if waived else ""
    return f"{outcomes.count(Outcome.PASS)} of {len(found)} gates have passed on this tree{more}"


def counted(overview: Overview) -> str:
    """How many tasks are verified, and whether the phase is complete."""
    verified = sum(view.state is TaskState.VERIFIED for view in overview.tasks)
    told = f"{verified} of {len(overview.tasks)} tasks are verified on this tree"
    return f"{told}: the phase is complete" if overview.complete else told


def _days(seconds: float) -> str:
    days = seconds / 86400
    return f"{days:.1f} d" if days >= 1 else f"{seconds / 3600:.1f} h"
