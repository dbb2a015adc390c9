"""The live view: a line a running gate, redrawn at the foot of the terminal."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

from gaterun.model.figures import duration
from gaterun.reporters.pen import Pen, encodable

if TYPE_CHECKING:
    from rich.text import Text


class Running(Struct, frozen=True):
    """A gate that is being measured, since when on the monotonic clock, and what it says."""

    node_id: str
    since: float
    text: str = ""


def running_line(gate: Running, now: float, pen: Pen) -> str:
    """The line of a running gate: name, elapsed time, what it is doing."""
    elapsed = duration(now - gate.since)
    text = f"  {pen.line(gate.node_id)}  {elapsed}  {pen.line(gate.text)}".rstrip()
    return pen.fit(text, pen.width)


class LiveView:
    """Redraws running gates until it is stopped.

    It is also stopped when the interpreter ends, as a terminal without cursor is worse
    than a report without end.
    """

    def __init__(self, stream: TextIO, pen: Pen) -> None:
        from rich.console import Console
        from rich.live import Live

        self._pen = pen
        # Replaced, never changed: the view is drawn by a thread of its own.
        self._running: dict[str, Running] = {}
        self._console = Console(
            file=stream,
            force_terminal=True,
            width=pen.width,
            no_color=not pen.style.colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        self._finalizer = weakref.finalize(self, self._live.stop)

    def begin(self, node_id: str) -> None:
        """A gate starts."""
        self._running = {**self._running, node_id: Running(node_id, time.monotonic())}
        self._live.refresh()

    def say(self, node_id: str, text: str) -> None:
        """A gate says what it is doing."""
        gate = self._running.get(node_id)
        if gate:
            self._running = {**self._running, node_id: Running(node_id, gate.since, text)}

    def end(self, node_id: str) -> None:
        """A gate has finished."""
        self._running = {key: gate for key, gate in self._running.items() if key != node_id}
        self._live.refresh()

    def write(self, lines: list[str]) -> None:
        """Put lines above the view, to stay."""
        from rich.text import Text

        for line in lines:
            text = encodable(line, getattr(self._console.file, "encoding", None))
            self._console.print(Text.from_ansi(text), soft_wrap=True)

    def stop(self) -> None:
        """Take the view away and give the cursor back. May be called again."""
        self._running = {}
        self._finalizer()

    def _draw(self) -> Text:
        from rich.text import Text

        now = time.monotonic()
        lines = [running_line(gate, now, self._pen) for gate in self._running.values()]
        style = "dim" if self._pen.style.colour else ""
        text = encodable("\n".join(lines), getattr(self._console.file, "encoding", None))
        return Text(text, style=style, no_wrap=True, overflow="crop")
