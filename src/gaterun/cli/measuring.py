"""Shows what is being measured: a live line a gate at a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from gaterun.cli.style import style_for
from gaterun.model.event import Event, GateFinished, GateProgress, GateStarted
from gaterun.model.figures import duration, figure
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome
from gaterun.reporters.pen import Pen, encodable

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.reporters.live import LiveView


class Measuring:
    """For commands that measure and judge nothing; the live view ends with the block.

    Args:
        indent: before each plain line.
    """

    def __init__(self, opened: Opened, stream: TextIO, *, indent: str = "") -> None:
        settings = opened.config.settings
        style = style_for(stream, color=settings.color, output=settings.output)
        self._stream = stream
        self._pen = Pen(style)
        self._indent = indent
        self._live: LiveView | None = None
        if style.live:
            from gaterun.reporters.live import LiveView

            self._live = LiveView(stream, self._pen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def begin(self, name: str) -> None:
        """A gate begins to be measured."""
        if self._live:
            self._live.begin(name)
        elif not self._pen.style.agent:
            self._write("measuring     ", name)

    def progress(self, name: str, text: str) -> None:
        """A gate says what it is doing; shown where it can be taken away again."""
        if self._live:
            self._live.say(name, text)

    def end(self, name: str, seconds: float, text: str, *, measured: bool) -> None:
        """A gate has been measured, or not.

        Args:
            text: what was measured, or why it was not.
        """
        if self._live:
            self._live.end(name)
        word = "measured      " if measured else "not measured  "
        self._write(word, f"{name} in {duration(seconds)}: {text}")

    def event(self, event: Event) -> None:
        """The same from the events of a run."""
        match event:
            case GateStarted(node_id=node):
                self.begin(node)
            case GateProgress(node_id=node, text=text):
                self.progress(node, text)
            case GateFinished(result=result):
                measured = result.outcome is Outcome.PASS
                text = _values(result) if measured else _why_not(result)
                self.end(result.node_id, result.seconds, text, measured=measured)
            case _:
                pass

    def _write(self, word: str, text: str) -> None:
        line = self._indent + word + self._pen.line(text)
        if self._live:
            self._live.write([line])
            return
        self._stream.write(encodable(f"{line}\n", getattr(self._stream, "encoding", None)))
        self._stream.flush()


def _values(result: GateResult) -> str:
    known = {
        name: record for name, record in result.metrics.items() if record.measured.value is not None
    }
    return ", ".join(
        f"{name} {figure(record.measured.value, record.unit)}"
        for name, record in list(known.items())[:4]
    )


def _why_not(result: GateResult) -> str:
    verdict = result.verdict
    return f"{verdict.reason}: {verdict.message}" if verdict.reason else verdict.message
