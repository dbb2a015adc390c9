"""Appends the Markdown report to the step summary of a job of GitHub."""

from __future__ import annotations

import os
from pathlib import Path

from gaterun.model.event import Event, RunFinished
from gaterun.model.report import Listener

VARIABLE = "GITHUB_STEP_SUMMARY"


def step_summary(state: Path) -> Listener | None:
    """Who writes the summary at the end of a run, where GitHub has named a file for it.

    Args:
        state: where runs are recorded.

    The listener raises OSError where the file cannot be written, or has no room even for the
    verdict: GitHub shows nothing of a summary that is too long, and no other of the step.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    path = Path(name)

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            _append(path, event, state)

    return listen


def _append(path: Path, over: RunFinished, state: Path) -> None:
    from gaterun.reporters.markdown import SUMMARY, render
    from gaterun.reporters.markdown_trend import trends_of

    with path.open("ab") as stream:
        used = os.fstat(stream.fileno()).st_size
        text = render(over.record, SUMMARY - used - 1, trends_of(over.record, state))
        data = f"\n{text}".encode() if used else text.encode()
        if used + len(data) > SUMMARY:
            raise OSError(f"{used:,} of {SUMMARY:,} bytes of {path} are used")
        stream.write(data)
