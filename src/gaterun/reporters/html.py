"""The HTML report: one page with everything in it, no script, and nothing that it loads."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.record import RunRecord
from gaterun.model.report import Listener, Reporter, Style


def render(record: RunRecord, state: Path | None = None) -> str:
    """The page.

    Args:
        state: where runs are recorded, for the logs and for the courses of metrics; without
            it the page has what the record has.
    """
    from gaterun.reporters.html_page import page

    return page(record, state)


def start(stream: TextIO, style: Style) -> Listener:
    """Write the page when the run is over."""

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            stream.write(render(event.record, style.state))
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``html``."""
    return [Reporter(name="html", title="HTML page", filename="gaterun.html", start=start)]
