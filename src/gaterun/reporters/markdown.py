"""The Markdown report, for step summaries and comments: whole where it fits, shorter elsewhere."""

from __future__ import annotations

from typing import TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.record import RunRecord
from gaterun.model.report import Listener, Reporter, Style
from gaterun.reporters import markdown_sections
from gaterun.reporters.markdown_sections import Detail

#: Bytes. A comment on GitHub may have 65,536 characters.
BUDGET = 60_000

_SHORTENED = "<sub>shortened: the JSON report has everything</sub>"

#: From everything to the verdict alone; the first that fits is written.
LADDER = (
    Detail(),
    Detail(unchanged=False),
    Detail(unchanged=False, logs=False),
    Detail(unchanged=False, logs=False, findings=5),
    Detail(unchanged=False, logs=False, findings=0),
    Detail(unchanged=False, logs=False, findings=0, gates=False),
    Detail(unchanged=False, logs=False, findings=0, gates=False, rows=40),
    Detail(unchanged=False, logs=False, findings=0, gates=False, rows=0),
)


def render(record: RunRecord, budget: int = BUDGET) -> str:
    """The report in at most `budget` bytes, cut by sections and never within a table.

    The verdict line stays even where the budget is too small for anything else.
    """
    for detail in LADDER:
        text = _text(record, detail, budget)
        if text is not None:
            return text
    return _text(record, LADDER[-1], None) or ""


def _text(record: RunRecord, detail: Detail, budget: int | None) -> str | None:
    """The report at a level of detail, or ``None`` as soon as it is beyond the budget."""
    lines, size = [], 0
    for line in markdown_sections.report(record, detail):
        lines.append(line)
        size += len(line.encode("utf-8")) + 1
        if budget is not None and size > budget - len(_SHORTENED) - 2:
            return None
    if detail != LADDER[0]:
        lines += ["", _SHORTENED]
    return "\n".join(lines) + "\n"


def start(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the report when the run is over."""

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            stream.write(render(event.record))
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``md``."""
    return [Reporter(name="md", title="Markdown", filename="gaterun.md", start=start)]
