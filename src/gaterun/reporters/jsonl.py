"""The report of one JSON line an event, written as it happens."""

from __future__ import annotations

from typing import TextIO

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

#: The name of each event in the stream.
NAMES: dict[type[Event], str] = {
    RunStarted: "run-started",
    GateStarted: "gate-started",
    GateProgress: "gate-progress",
    GateFinished: "gate-finished",
    RunFinished: "run-finished",
}


def start(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write every event, flushed, so that a reader can follow and a crash loses nothing."""
    from gaterun.reporters import encode

    def listen(event: Event) -> None:
        names = (name for name in event.__struct_fields__ if name != "time")
        fields = {name: getattr(event, name) for name in names}
        named = {"event": NAMES[type(event)], "time": event.time, **fields}
        stream.write(encode.one_line(named))
        stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``jsonl``."""
    return [Reporter(name="jsonl", title="one JSON line an event", filename="", start=start)]
