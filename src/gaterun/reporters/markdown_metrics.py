"""The Markdown table of metrics that have a baseline: baseline, current value, change in words."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from gaterun.model.metric import Value
from gaterun.model.metrics_document import metric_ids
from gaterun.model.record import GateResult, MetricRecord, RunRecord
from gaterun.reporters import cells, figures

#: A line of bars over the recorded runs, by node id and name of the metric.
Trends = Mapping[tuple[str, str], str]

_TITLES = "Limit holds | Metric | Baseline | Current | Change | Limit"
_ALIGNED = "llrrll"


class _Row(Struct, frozen=True, kw_only=True):
    rank: int
    unchanged: bool
    cells: list[str]


def metric_tables(record: RunRecord, *, unchanged: bool, rows: int, trends: Trends) -> list[str]:
    """Changed metrics, worst first, and folded behind them those that are as they were."""
    found = _rows(record, trends)
    changed = [row.cells for row in found if not row.unchanged]
    same = [row.cells for row in found if row.unchanged]
    titles, aligned = _TITLES, _ALIGNED
    if trends:
        titles, aligned = f"{titles} | Trend", f"{aligned}l"
    lines: list[str] = []
    if changed:
        lines += ["", *cells.table(titles, aligned, changed[:rows])]
        if len(changed) > rows:
            lines += ["", f"and {figures.plural(len(changed) - rows, 'more metric')}"]
    if same and unchanged:
        summary = figures.plural(len(same), "unchanged metric")
        lines += ["", *cells.details(summary, cells.table(titles, aligned, same))]
    return lines


def count(record: RunRecord) -> tuple[int, int]:
    """How many metrics have changed since the baseline, and how many are as they were."""
    found = _rows(record, {})
    same = sum(row.unchanged for row in found)
    return len(found) - same, same


def _rows(record: RunRecord, trends: Trends) -> list[_Row]:
    ids = metric_ids(record.results)
    found = []
    for result in record.results:
        for name, metric in result.metrics.items():
            row = _row(ids[result.node_id, name], name, metric, result)
            if row is None:
                continue
            if trends:
                trend = cells.code(trends.get((result.node_id, name), ""))
                row = replace(row, cells=[*row.cells, trend])
            found.append(row)
    found.sort(key=lambda row: row.rank)
    return found


def _row(metric_id: str, name: str, metric: MetricRecord, result: GateResult) -> _Row | None:
    checks = [check for check in result.verdict.checks if check.metric == name]
    measured = metric.measured
    baseline: Value = next((check.baseline for check in checks if check.baseline is not None), None)
    if measured.change:
        baseline = measured.change.base
    if baseline is None:
        return None
    if measured.change:
        change = measured.change
        text = figures.interval(change.low, change.middle, change.high)
        text = f"{text} {figures.verdict_of(change.middle, metric.better)}".rstrip()
        unchanged = False
    else:
        text = figures.change(baseline, measured.value, metric.unit, metric.better)
        unchanged = text == "unchanged"
    holds = [check.holds for check in checks]
    rank, word = 2, ""
    if False in holds:
        rank, word = 0, "❌ no"
    elif None in holds:
        rank, word = 1, "⚠️ undecided"
    elif holds:
        rank, word = 2, "✅ yes"
    return _Row(
        rank=rank,
        unchanged=unchanged,
        cells=[
            word,
            cells.code(metric_id),
            cells.prose(figures.figure(baseline, metric.unit)),
            f"**{cells.prose(figures.figure(measured.value, metric.unit))}**",
            cells.prose(text),
            "<br>".join(cells.code(check.condition) for check in checks),
        ],
    )
