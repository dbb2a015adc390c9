"""The terminal report: a line a gate as it finishes, then what has to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import (
    Event,
    GateFinished,
    GateProgress,
    GateStarted,
    RunFinished,
    RunStarted,
)
from gaterun.model.report import Listener, Reporter, Style
from gaterun.model.verdict import Outcome
from gaterun.reporters import terminal_lines, terminal_sections
from gaterun.reporters.pen import Pen, encodable

if TYPE_CHECKING:
    from gaterun.reporters.live import LiveView

_SILENT_FOR_AGENTS = frozenset({Outcome.PASS, Outcome.SKIPPED, Outcome.WAIVED})


class Terminal:
    """A listener that writes for people, line by line or around a live view."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._pen = Pen(style)
        self._names = 0
        self._live: LiveView | None = None

    def __call__(self, event: Event) -> None:
        """Show an event. Whatever goes wrong, the live view does not stay."""
        try:
            match event:
                case RunStarted():
                    self._started(event)
                case GateStarted(node_id=node_id) if self._live:
                    self._live.begin(node_id)
                case GateProgress():
                    self._progress(event)
                case GateFinished():
                    self._finished(event)
                case RunFinished():
                    self._stop()
                    self._write(terminal_sections.sections(event.record, self._pen))
                case _:
                    pass
        except BaseException:
            self._stop()
            raise

    def _started(self, event: RunStarted) -> None:
        self._names = terminal_lines.name_width(event.nodes, self._pen)
        if self._pen.style.verbosity >= 0:
            self._write(terminal_lines.header(event, self._pen))
        if self._pen.style.live and self._pen.style.verbosity > -2:
            from gaterun.reporters.live import LiveView

            self._live = LiveView(self._stream, self._pen)

    def _progress(self, event: GateProgress) -> None:
        if self._live:
            self._live.say(event.node_id, event.text)
        elif self._pen.style.verbosity > 1:
            self._write([terminal_lines.progress(event, self._names, self._pen)])

    def _finished(self, event: GateFinished) -> None:
        if self._live:
            self._live.end(event.result.node_id)
        if self._pen.style.verbosity >= 0:
            self._write([terminal_lines.result(event.result, self._names, self._pen)])

    def _write(self, lines: list[str]) -> None:
        if self._live:
            self._live.write(lines)
        else:
            _write(self._stream, lines)

    def _stop(self) -> None:
        if self._live:
            live, self._live = self._live, None
            live.stop()


def start(stream: TextIO, style: Style) -> Listener:
    """A listener for people, or for a coding agent where the style says so."""
    return _agent(stream, style) if style.agent else Terminal(stream, style)


def _agent(stream: TextIO, style: Style) -> Listener:
    """Silent on pass, one line for what has not passed, and the counts when not all is well."""
    pen = Pen(style)

    def listen(event: Event) -> None:
        if isinstance(event, GateFinished):
            result = event.result
            if result.outcome not in _SILENT_FOR_AGENTS and result.blocking:
                _write(stream, [terminal_sections.agent_line(result, pen)])
        elif isinstance(event, RunFinished):
            _write(stream, terminal_sections.agent_sections(event.record, pen))

    return listen


def _write(stream: TextIO, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    # A stream may know more than ASCII and still not every character.
    stream.write(encodable(text, getattr(stream, "encoding", None)))
    stream.flush()


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``term``."""
    return [Reporter(name="term", title="for people at a terminal", filename="", start=start)]
