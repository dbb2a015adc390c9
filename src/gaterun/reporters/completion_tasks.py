"""The sections of the completion report about those who did the work, and what they said."""

from __future__ import annotations

from collections.abc import Iterator

from gaterun.core.claims import Held, Support
from gaterun.core.integration import Integration, Noted
from gaterun.core.task_states import TaskView
from gaterun.model.metrics_document import instant
from gaterun.model.task_state import Kind
from gaterun.reporters import cells, figures
from gaterun.reporters import claims as spoken_of

#: What a section says where nobody has looked.
NOBODY = (
    "Nobody looked: this report was made from a record alone. <code>gaterun report</code> looks, in "
    "the working tree that the newest run is of."
)

_NONE = "None."


def people(beside: Integration | None) -> Iterator[str]:
    """Whose each task is, who worked on it, and how it stands."""
    yield from _title("Who did what")
    if beside is None:
        yield NOBODY
        return
    yield (
        f"As of {instant(beside.now)}, on the tree as it was then, by the evidence of every run "
        "and not of this one alone:"
    )
    yield ""
    rows = [_person(view) for view in beside.tasks]
    yield from cells.table("Task | Owner | Worked on by | State | Last said", "lllll", rows)


def _person(view: TaskView) -> list[str]:
    history = view.history
    said = history.done or history.last
    words = f"{cells.prose(said.kind)}, {instant(said.at)}" if said else "nothing"
    if history.blocked is not None:
        words = f"blocked: {cells.prose(history.blocked.said.text)}"
    return [
        cells.code(view.task.id),
        cells.prose(view.task.owner),
        cells.prose(history.holder.actor) if history.holder else "nobody has claimed it",
        view.state.value,
        words,
    ]


def claims(beside: Integration | None) -> Iterator[str]:
    """What was said about the tasks, and evidence says otherwise, or nothing."""
    yield from _title("Claims contradicted by evidence")
    if beside is None:
        yield NOBODY
        return
    ledger = beside.ledger
    against = [item for item in ledger.held if item.support is Support.CONTRADICTED]
    rows = [_claim(item) for item in against]
    titles = "Task | Said as | Said | Evidence | Where, when"
    yield from cells.table(titles, "lllll", rows) if rows else [_NONE]
    yield ""
    yield f"{cells.prose(spoken_of.summary(ledger, listed=True))}."
    unmeasured = [item for item in ledger.held if item.support is Support.NOT_MEASURED]
    more = [
        f"- not measured: {cells.code(item.claim.key)} of {cells.code(item.task)}, "
        f"{cells.prose(_why(item))}"
        for item in unmeasured
    ]
    more += [f"- not read: {cells.prose(spoken_of.unread(item))}" for item in ledger.unread]
    if more:
        yield ""
        yield from more


def _claim(item: Held) -> list[str]:
    claim = item.claim
    when = instant(claim.time) if claim.time is not None else "at an unknown time"
    return [
        cells.code(item.task),
        cells.code(claim.key),
        cells.prose(spoken_of.spoken(claim)),
        cells.prose(_why(item)),
        f"{cells.prose(claim.source)}, {when}",
    ]


def _why(item: Held) -> str:
    return "; ".join(spoken_of.reasons(item))


def collisions(beside: Integration | None) -> Iterator[str]:
    """What collided, as those who worked were told of it, and how it ended."""
    yield from _title("Collisions")
    if beside is None:
        yield NOBODY
        return
    rows = [_collision(item) for item in beside.noted]
    rows += [
        ["", ", ".join(map(cells.code, item.tasks)), cells.prose(item.text), "**is there now**"]
        for item in beside.collisions
    ]
    titles = "Told | Task | What | How it ended"
    yield from cells.table(titles, "llll", rows) if rows else [_NONE]


def _collision(item: Noted) -> list[str]:
    times = f", {figures.plural(item.times, 'time')}" if item.times > 1 else ""
    if item.last.kind == Kind.START:
        end = "accepted"
    elif item.still:
        end = "**is there now**"
    elif item.done is not None:
        end = f"{cells.code(item.done.task)} was verified {instant(item.done.at)}"
    else:
        end = "is not there any more"
    told = f"{cells.prose(item.last.who.actor)}, {instant(item.last.at)}{times}"
    return [told, cells.code(item.last.task), cells.prose(item.text), end]


def _title(text: str) -> list[str]:
    return [f"## {text}", ""]
