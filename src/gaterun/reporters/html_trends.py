"""Finds how metrics went over the recorded runs of a phase, for the HTML report."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from gaterun.model.metric import Value
from gaterun.model.record import RunRecord

#: How many runs are looked back upon, and how many bytes of records are read for it: one with
#: 50,000 findings has 12 MB.
RUNS, READ = 30, 64 << 20


class Point(Struct, frozen=True, kw_only=True):
    """A metric in one run; `value` is ``None`` where it was not measured as a number."""

    run: str
    started: float
    value: float | None


#: Every metric by node id and name, oldest run first.
Trends = Mapping[tuple[str, str], Sequence[Point]]


def trends_of(record: RunRecord, state: Path | None) -> Trends:
    """The metrics of `record` over the runs of its phase up to itself.

    A record that cannot be read is no point of any curve.

    Args:
        state: where runs are recorded; without it there is `record` alone.
    """
    found: dict[tuple[str, str], list[Point]] = {}
    if state is not None:
        from gaterun.core.history import runs_of, series_of
        from gaterun.core.store import Store

        store = Store(state)
        runs = runs_of(store, record.phase, last=_affordable(store.records()))
        earlier = [run for run in runs if run.started < record.started and run.id != record.id]
        for series in series_of(earlier):
            found[series.node_id, series.metric] = [
                Point(run=point.run, started=point.started, value=number(point.value))
                for point in series.points
            ]
    for result in record.results:
        for name, metric in result.metrics.items():
            value = number(metric.measured.value)
            point = Point(run=record.id, started=record.started, value=value)
            found.setdefault((result.node_id, name), []).append(point)
    return found


def _affordable(records: Sequence[Path]) -> int:
    """How many of the newest records are read."""
    left, count = READ, 0
    for path in reversed(records[-RUNS:]):
        with contextlib.suppress(OSError):
            left -= path.stat().st_size
        if left < 0:
            break
        count += 1
    return count


def number(value: Value) -> float | None:
    """A value that can be drawn; true and false are better said.

    >>> number(25), number(True), number("x"), number(float("nan"))
    (25.0, None, None, None)
    """
    if isinstance(value, str | bool) or value is None:
        return None
    with contextlib.suppress(OverflowError):
        return float(value) if math.isfinite(value) else None
    return None
