"""What every section of the HTML report works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gaterun.model.condition import ConditionError, parse_comparison
from gaterun.model.metric import Metric
from gaterun.model.record import GateResult, MetricRecord, RunRecord
from gaterun.model.verdict import Check
from gaterun.reporters.html_chart import Chart
from gaterun.reporters.html_evidence import Logs
from gaterun.reporters.html_text import Anchors, Child, Html, tag
from gaterun.reporters.html_trends import Trends, number


class Sheet(Struct, frozen=True, kw_only=True):
    """A page that is being made.

    Attributes:
        ids: the names of metrics across gates, by node id and name.
        trends: the metrics over the recorded runs.
        logs: what of the logs may still be shown.
        findings: about how many findings of a gate are shown.
    """

    record: RunRecord
    ids: Mapping[tuple[str, str], str]
    trends: Trends
    logs: Logs
    anchors: Anchors
    findings: int

    def chart(self, result: GateResult, name: str, metric: MetricRecord) -> Chart:
        """A metric of this run with its course over the runs."""
        checks = [check for check in result.verdict.checks if check.metric == name]
        limits = [limit for check in checks if (limit := _limit(check, name, metric)) is not None]
        return Chart(
            anchor=self.anchors(f"trend {result.node_id}", name),
            name=self.ids[result.node_id, name],
            points=self.trends.get((result.node_id, name), ()),
            unit=metric.unit,
            better=metric.better,
            limit=limits[0] if limits else None,
            wanted=", ".join(check.condition for check in checks),
        )


def table(titles: Sequence[str], rows: Sequence[Sequence[Child]], *, numbers: str = "") -> Html:
    """A table whose rows a phone shows as lists: each cell knows its title.

    A column with nothing in it is left out.

    Args:
        titles: of the columns; the first column has the headers of the rows.
        numbers: titles of columns that hold numbers.
    """
    kept = [at for at, title in enumerate(titles) if not rows or any(cells[at] for cells in rows)]
    titles = [titles[at] for at in kept]
    rows = [[cells[at] for at in kept] for cells in rows]
    right = numbers.split()
    head = [
        tag("th", title, scope="col", class_="n" if title in right else None) for title in titles
    ]
    return tag(
        "table",
        tag("thead", tag("tr", head)),
        tag("tbody", [row(titles, cells, right) for cells in rows]),
        class_="stack",
    )


def row(titles: Sequence[str], cells: Sequence[Child], right: Sequence[str] = ()) -> Html:
    """A row; an empty cell stays empty, and a phone leaves it out."""
    drawn = []
    for at, (title, cell) in enumerate(zip(titles, cells, strict=True)):
        empty = not cell
        kind = " ".join(["n"] * (title in right) + ["none"] * empty) or None
        if at:
            drawn.append(tag("td", cell, class_=kind, data_label=title))
        else:
            drawn.append(tag("th", cell, class_=kind, data_label=title, scope="row"))
    return tag("tr", drawn)


def _limit(check: Check, name: str, metric: MetricRecord) -> float | None:
    """The number that a condition compares with; ``None`` for all other conditions."""
    declared = {name: Metric(name=name, unit=metric.unit, better=metric.better)}
    try:
        found = parse_comparison(check.condition, declared)
    except ConditionError:
        return None
    return number(found.operand)
