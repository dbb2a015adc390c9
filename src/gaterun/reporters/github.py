"""Annotations for GitHub as workflow commands: the worst few, and how many more there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.finding import Severity
from gaterun.model.record import RunRecord
from gaterun.model.report import Listener, Reporter, Style

if TYPE_CHECKING:
    from gaterun.reporters.issues import Issue

#: GitHub shows ten of a kind in a step: nine, and a line that says how many more.
SHOWN = 9

#: Characters of a message, and of a title, that are still read in a margin.
MESSAGE = 1000
TITLE = 200

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def lines(record: RunRecord) -> list[str]:
    """The workflow commands for what made gates fail; waived findings are not shown.

    Each gate that failed has its worst one shown before any has its second.
    """
    from gaterun.reporters.clean import line
    from gaterun.reporters.issues import issues

    found = [issue for issue in issues(record) if issue.counts and not issue.waived]
    shown = _fairly(found)[:SHOWN]
    told = [_annotation(issue) for issue in shown]
    if len(found) > len(shown):
        more = len(found) - len(shown)
        text = f"and {more:,} more of gates that did not pass: see the summary and other reports"
        told.append(command("notice", text, title=f"gaterun {line(record.phase)[:TITLE]}"))
    return told


def command(name: str, message: str, **properties: str) -> str:
    """A workflow command whose texts cannot end it.

    >>> command("error", "50 %", file="a,b:c.rs", line="3")
    '::error file=a%2Cb%3Ac.rs,line=3::50 %25'
    """
    given = ",".join(f"{key}={_property(text)}" for key, text in properties.items() if text)
    return f"::{name} {given}::{_data(message)}" if given else f"::{name}::{_data(message)}"


def _fairly(found: list[Issue]) -> list[Issue]:
    first: dict[str, Issue] = {}
    for issue in found:
        first.setdefault(issue.node_id, issue)
    leading = {issue.key for issue in first.values()}
    return [*first.values(), *(issue for issue in found if issue.key not in leading)]


def _annotation(issue: Issue) -> str:
    from gaterun.reporters.clean import encodable, line

    message = f"{issue.message} (help: {issue.help})" if issue.help else issue.message
    return command(
        _COMMANDS[issue.severity],
        message[:MESSAGE] + "…" * (len(message) > MESSAGE),
        file=encodable(issue.path),
        line=str(issue.line),
        col=str(issue.column) if issue.column else "",
        title=line(f"{issue.node_id[:TITLE]} {issue.rule}")[:TITLE],
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def start(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the commands when the run is over."""

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            stream.write("".join(f"{line}\n" for line in lines(event.record)))
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``github``."""
    return [
        Reporter(
            name="github",
            title="annotations in GitHub's log: the worst nine",
            filename="",
            start=start,
            commands=True,
        )
    ]
