"""Writes recorded runs, metrics over runs and the health of gates as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from gaterun.core.history import Health, Series
from gaterun.model.figures import duration
from gaterun.model.metric import Value
from gaterun.reporters import figures

_BARS = "▁▂▃▄▅▆▇█"


def table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Rows of cells in columns; the first row are titles.

    >>> table([["a", "n"], ["bc", "10"], ["d", "2"]], right=frozenset({1})).splitlines()
    ['a    n', 'bc  10', 'd    2']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def age(seconds: float) -> str:
    """How long ago, in words; a clock that was set back gives the future.

    >>> age(5), age(200), age(3 * 3600), age(86400 * 9), age(-10)
    ('5 s ago', '3 min ago', '3 h ago', '9 d ago', 'in the future')
    """
    if seconds < 0:
        return "in the future"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def moment(seconds: float) -> str:
    """A time in UTC, to the minute.

    >>> moment(0)
    '1970-01-01 00:00'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "?"


def sparkline(values: Sequence[Value]) -> str:
    """A bar a value, from the least to the greatest; a dot where there is none.

    >>> sparkline([1, 2, None, 8]), sparkline([3, 3])
    ('▁▂·█', '▄▄')
    """
    numbers = [
        float(value)
        for value in values
        if isinstance(value, int | float) and math.isfinite(float(value))
    ]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    bars = ""
    for value in values:
        if not isinstance(value, int | float) or not math.isfinite(float(value)):
            bars += "·"
        elif high == low:
            bars += _BARS[3]
        else:
            bars += _BARS[round((float(value) - low) / (high - low) * (len(_BARS) - 1))]
    return bars


def metrics(found: Sequence[Series]) -> str:
    """A line a metric: how it went, its first and last value."""
    rows = [["METRIC", "RUNS", "FIRST", "LAST", "CHANGE", ""]]
    for series in found:
        values = [point.value for point in series.points]
        first, last = values[0], values[-1]
        change = figures.change(first, last, series.unit, series.better)
        rows.append(
            [
                series.name,
                str(len(values)),
                figures.figure(first, series.unit),
                figures.figure(last, series.unit),
                change,
                sparkline(values[-40:]),
            ]
        )
    return table(rows, right=frozenset({1, 2, 3}))


def metric(series: Series) -> str:
    """One metric, a line a run."""
    rows = [["RUN", "STARTED", "VALUE", "CHANGE"]]
    before: Value = None
    for number, point in enumerate(series.points):
        change = figures.change(before, point.value, series.unit, series.better) if number else ""
        value = figures.figure(point.value, series.unit)
        rows.append([point.run, moment(point.started), value, change])
        before = point.value
    return f"{series.name}  {sparkline([p.value for p in series.points][-40:])}\n" + table(
        rows, right=frozenset({2})
    )


def health(found: Sequence[Health]) -> str:
    """A line a gate, the slowest first, with what is remarkable about it."""
    rows = [["GATE", "RUNS", "FAILED", "NO VERDICT", "MEDIAN", "SLOWEST", ""]]
    for gate in found:
        remarks = []
        if gate.flapping:
            trees = figures.plural(gate.flapping, "tree")
            remarks.append(f"flapping: passed and failed on {trees} alike")
        elif gate.flips > 2:
            remarks.append(f"changed {gate.flips} times")
        if gate.never_red:
            remarks.append("never red")
        rows.append(
            [
                gate.node_id,
                str(gate.runs),
                str(gate.failed),
                str(gate.unknown),
                duration(gate.seconds),
                duration(gate.slowest),
                ", ".join(remarks),
            ]
        )
    return table(rows, right=frozenset(range(1, 6)))
