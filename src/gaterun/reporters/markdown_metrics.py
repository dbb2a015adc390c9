"""The Markdown table of metrics that have a baseline: baseline, current value, change in words."""

from __future__ import annotations

from msgspec import Struct

from gaterun.model.metric import Value
from gaterun.model.metrics_document import metric_ids
from gaterun.model.record import GateResult, MetricRecord, RunRecord
from gaterun.reporters import cells, figures

_TITLES = "Limit holds | Metric | Baseline | Current | Change | Limit"


class _Row(Struct, frozen=True, kw_only=True):
    rank: int
    unchanged: bool
    cells: list[str]


def metric_tables(record: RunRecord, *, unchanged: bool, rows: int) -> list[str]:
    """Changed metrics, worst first, and folded behind them those that are as they were."""
    ids = metric_ids(record.results)
    found = [
        row
        for result in record.results
        for name, metric in result.metrics.items()
        if (row := _row(ids[result.node_id, name], name, metric, result))
    ]
    found.sort(key=lambda row: row.rank)
    changed = [row.cells for row in found if not row.unchanged]
    same = [row.cells for row in found if row.unchanged]
    lines: list[str] = []
    if changed:
        lines += ["", *cells.table(_TITLES, "llrrll", changed[:rows])]
        if len(changed) > rows:
            lines += ["", f"and {figures.plural(len(changed) - rows, 'more metric')}"]
    if same and unchanged:
        summary = figures.plural(len(same), "unchanged metric")
        lines += ["", *cells.details(summary, cells.table(_TITLES, "llrrll", same))]
    return lines


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
