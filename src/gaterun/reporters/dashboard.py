"""The dashboard of a phase: a Markdown file that is rendered from the state, and never edited."""

from __future__ import annotations

import time
from collections.abc import Iterator

from gaterun.core.overview import Overview
from gaterun.core.own import DASHBOARD
from gaterun.core.task_states import TaskView
from gaterun.reporters import clean, standing, tasks

#: The first line, by which a dashboard is known as one.
MARK = DASHBOARD

#: What the only line begins with that differs although nothing has changed.
_RENDERED = "Rendered "


def dashboard(overview: Overview) -> str:
    """The file; moments, not ages, so that it changes only when something has happened."""
    return "".join(f"{line}\n" for line in _lines(overview))


def same(one: str, other: str) -> bool:
    """Whether two dashboards say the same, whenever they were rendered."""
    return _content(one) == _content(other)


def _content(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(_RENDERED)]


def _lines(overview: Overview) -> Iterator[str]:
    phase = overview.phase
    yield MARK
    yield ""
    yield f"# {_cell(f'{phase.id}: {phase.title}' if phase.title else phase.id)}"
    yield ""
    yield "**COMPLETE**" if overview.complete else "**INCOMPLETE**"
    yield f"{tasks.counted(overview)}."
    yield ""
    yield f"Tree `{overview.tree[:12] or 'unknown'}`."
    outlook = "; ".join(map(_cell, tasks.outlook(overview.forecast)))
    yield f"{_RENDERED}{_moment(overview.now)}{': ' if outlook else ''}{outlook}."
    yield ""
    yield "| task | title | state | owner | gates | last event | remarks |"
    yield "|---|---|---|---|---|---|---|"
    for view in overview.tasks:
        yield _row(view, overview)
    if overview.collisions:
        yield ""
        yield "## Collisions"
        yield ""
        yield from (f"- {_cell(line)}" for line in tasks.collided(overview))
    if unread := tasks.unread(overview):
        yield ""
        yield "## Claims that cannot be read"
        yield ""
        yield from (f"- {_cell(line)}" for line in unread)
    yield ""
    yield "## Gates"
    yield ""
    yield "| gate | on this tree | last verdict |"
    yield "|---|---|---|"
    for item in overview.gates:
        verdict = standing.standing(item.last).word.lower() if item.last else "-"
        told = standing.gist(item.last) if item.last else item.why
        yield f"| {item.gate.node_id} | {item.freshness.value} | {_cell(f'{verdict}: {told}')} |"


def _row(view: TaskView, overview: Overview) -> str:
    last = view.history.last
    cells = (
        view.task.id,
        view.task.title,
        view.state.value,
        tasks.owner(view),
        f"{view.passed}/{len(view.gates)}",
        f"{last.kind} {_moment(last.at)}" if last else "-",
        "; ".join(tasks.lasting(view, overview)),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _cell(text: str) -> str:
    for mark in "\\|`*_<>[]":
        text = text.replace(mark, f"\\{mark}")
    return clean.line(text)
