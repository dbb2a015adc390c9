"""The Markdown report, for step summaries and comments: whole where it fits, shorter elsewhere."""

from __future__ import annotations

from typing import TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.record import RunRecord
from gaterun.model.report import Listener, Reporter, Style
from gaterun.reporters import markdown_sections
from gaterun.reporters.markdown_cut import cut
from gaterun.reporters.markdown_metrics import Trends
from gaterun.reporters.markdown_sections import Detail

#: Bytes of a comment on GitHub: it may have 65,536 characters, and who posts it may add a
#: hidden marker of their own.
COMMENT = 65_000

#: Bytes of all step summaries of one step; beyond it GitHub shows none of them.
SUMMARY = 1_048_576

#: From everything to the verdict alone; the first that fits is written.
LADDER = (
    Detail(),
    Detail(findings=200),
    Detail(findings=50),
    Detail(findings=20),
    Detail(findings=5),
    Detail(findings=5, passed=False),
    Detail(findings=5, passed=False, unchanged=False),
    Detail(findings=5, passed=False, unchanged=False, logs=False),
    Detail(findings=0, passed=False, unchanged=False, logs=False),
    Detail(findings=0, passed=False, unchanged=False, logs=False, gates=False),
    Detail(findings=0, passed=False, unchanged=False, logs=False, gates=False, rows=40),
    Detail(findings=0, passed=False, unchanged=False, logs=False, gates=False, rows=0),
)


def render(record: RunRecord, budget: int | None = COMMENT, trends: Trends | None = None) -> str:
    """The report in at most `budget` bytes, cut by sections and never within a table.

    What is left out is told with numbers. The verdict line stays even where the budget is too
    small for anything else.

    Args:
        budget: ``None`` for any number of bytes.
        trends: metrics over recorded runs, where there are any.
    """
    for detail in LADDER:
        text = _text(record, detail, budget, trends or {})
        if text is not None:
            return text
    return _text(record, LADDER[-1], None, {}) or ""


def _text(record: RunRecord, detail: Detail, budget: int | None, trends: Trends) -> str | None:
    """The report at a level of detail, or ``None`` as soon as it is beyond the budget."""
    told = cut(record, detail)
    lines, size = [], len(told.encode("utf-8")) + 2
    for line in markdown_sections.report(record, detail, trends):
        lines.append(line)
        size += len(line.encode("utf-8")) + 1
        if budget is not None and size > budget:
            return None
    if told:
        lines += ["", told]
    return "\n".join(lines) + "\n"


def start_whole(stream: TextIO, style: Style) -> Listener:
    """Write the report when the run is over, as long as it is."""
    return _listener(stream, style, None)


def start_comment(stream: TextIO, style: Style) -> Listener:
    """Write the report when the run is over, so that a comment can hold it."""
    return _listener(stream, style, COMMENT)


def _listener(stream: TextIO, style: Style, budget: int | None) -> Listener:
    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            from gaterun.reporters.markdown_trend import trends_of

            stream.write(render(event.record, budget, trends_of(event.record, style.state)))
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``md`` and ``md-comment``."""
    return [
        Reporter(name="md", title="Markdown", filename="gaterun.md", start=start_whole),
        Reporter(
            name="md-comment",
            title="Markdown that a comment on a pull request can hold",
            filename="gaterun-comment.md",
            start=start_comment,
        ),
    ]
