"""All metrics of a run in one table of the HTML report, and their courses over the runs."""

from __future__ import annotations

from collections.abc import Sequence

from gaterun.model.metric import Value
from gaterun.model.record import GateResult, MetricRecord
from gaterun.reporters import figures
from gaterun.reporters.figures import plural
from gaterun.reporters.html_chart import Chart, chart, sparkline
from gaterun.reporters.html_sheet import Sheet, table
from gaterun.reporters.html_text import Child, Html, tag

#: Curves that are drawn, and rows of the table.
CHARTS, ROWS = 24, 500

_TITLES = ("Metric", "Value", "Baseline", "Change", "Wanted", "Holds", "Over runs")

#: The rank of a metric that no condition is about.
_UNJUDGED = 3


def metrics(sheet: Sheet) -> Html | None:
    """The table; what does not hold comes first."""
    rows = [
        (_rank(result, name), _row(result, name, metric, sheet))
        for result, name, metric in _all(sheet)
    ]
    if not rows:
        return None
    rows.sort(key=lambda item: item[0])
    judged = [cells for rank, cells in rows if rank != _UNJUDGED]
    others = [cells for rank, cells in rows if rank == _UNJUDGED]
    return tag(
        "section",
        tag("h2", "Metrics", id="metrics"),
        _table(judged) if judged else tag("p", "No condition is about any of them."),
        tag(
            "details",
            tag("summary", f"{plural(len(others), 'metric')} that no condition is about"),
            _table(others),
        )
        if others
        else None,
        aria_labelledby="metrics",
    )


def _table(rows: Sequence[Sequence[Child]]) -> list[Html]:
    rest = len(rows) - ROWS
    drawn = [table(_TITLES, rows[:ROWS], numbers="Value Baseline")]
    if rest > 0:
        drawn.append(tag("p", f"and {plural(rest, 'more metric')} in the run's record"))
    return drawn


def trends(sheet: Sheet) -> Html | None:
    """A curve for each metric that has changed; ``None`` where there is one run only."""
    every = [sheet.chart(result, name, metric) for result, name, metric in _all(sheet)]
    longer = [metric for metric in every if len(metric.values) > 1]
    if not longer:
        return None
    moved = [metric for metric in longer if len(set(metric.values)) > 1]
    still = [metric for metric in longer if len(set(metric.values)) == 1]
    wanted = [metric for metric in moved if metric.wanted]
    others = [metric for metric in moved if not metric.wanted]
    return tag(
        "section",
        tag("h2", "Trends", id="trends"),
        tag(
            "p",
            "Over the newest recorded runs of this phase, the oldest on the left.",
            class_="soft",
        ),
        _charts(wanted),
        tag(
            "details",
            tag("summary", f"{plural(len(others), 'metric')} that no condition is about"),
            _charts(others),
        )
        if others
        else None,
        _still(still),
        aria_labelledby="trends",
    )


def _charts(moved: Sequence[Chart]) -> list[Html]:
    rest = len(moved) - CHARTS
    drawn = [tag("div", [chart(metric) for metric in moved[:CHARTS]], class_="charts")]
    if rest > 0:
        drawn.append(tag("p", f"Not drawn: {plural(rest, 'other metric')} that changed."))
    return drawn if moved else []


def _course(course: Chart) -> Child:
    """How a metric went, in the space of a cell."""
    if len(course.values) < 2:
        return ""
    if len(set(course.values)) == 1:
        return tag("span", "the same", class_="soft")
    return sparkline(course)


def _still(still: Sequence[Chart]) -> Html | None:
    if not still:
        return None
    names: list[Child] = [[tag("code", metric.name), " "] for metric in still[:200]]
    if len(still) > 200:
        names.append("and others")
    head = f"{plural(len(still), 'metric')} with the same value in every run"
    return tag("details", tag("summary", head), tag("p", names))


def _all(sheet: Sheet) -> list[tuple[GateResult, str, MetricRecord]]:
    return [
        (result, name, metric)
        for result in sheet.record.results
        for name, metric in result.metrics.items()
    ]


def _rank(result: GateResult, name: str) -> int:
    holds = [check.holds for check in result.verdict.checks if check.metric == name]
    if False in holds:
        return 0
    if None in holds:
        return 1
    return 2 if holds else _UNJUDGED


def _row(result: GateResult, name: str, metric: MetricRecord, sheet: Sheet) -> Sequence[Child]:
    checks = [check for check in result.verdict.checks if check.metric == name]
    measured = metric.measured
    baseline: Value = next((check.baseline for check in checks if check.baseline is not None), None)
    told = ""
    if measured.change:
        baseline = measured.change.base
        change = measured.change
        told = figures.interval(change.low, change.middle, change.high)
        told = f"{told} {figures.verdict_of(change.middle, metric.better)}".rstrip()
    elif baseline is not None:
        told = figures.change(baseline, measured.value, metric.unit, metric.better)
    words = ("No", "Undecided", "Yes", "")
    names = ("failed", "unknown", "passed", "")
    rank = _rank(result, name)
    course = sheet.chart(result, name, metric)
    anchor = sheet.anchors("gate", result.node_id)
    wanted: list[Child] = []
    for check in checks:
        wanted += [tag("code", check.condition), tag("br")]
    return (
        tag("a", tag("code", course.name), href=f"#{anchor}"),
        figures.figure(measured.value, metric.unit),
        "" if baseline is None else figures.figure(baseline, metric.unit),
        told,
        wanted[:-1],
        tag("span", words[rank], class_=f"t-{names[rank]}") if words[rank] else "",
        _course(course),
    )
