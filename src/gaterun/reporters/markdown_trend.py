"""Draws each metric over the recorded runs of its phase as a line of bars."""

from __future__ import annotations

from pathlib import Path

from gaterun.model.record import RunRecord
from gaterun.reporters.markdown_metrics import Trends

#: Runs that are drawn, the newest.
RUNS = 20

#: Below this many runs a line of bars says nothing.
_FEWEST = 3


def trends_of(record: RunRecord, state: Path | None) -> Trends:
    """The metrics of `record` over the recorded runs up to itself; empty where there are too few.

    A record that cannot be read is no bar.

    Args:
        state: where runs are recorded.
    """
    if state is None:
        return {}
    from gaterun.core.history import runs_of, series_of
    from gaterun.core.store import Store
    from gaterun.reporters.history import sparkline

    runs = runs_of(Store(state), record.phase, last=RUNS)
    earlier = [run for run in runs if run.started < record.started and run.id != record.id]
    values = {
        (series.node_id, series.metric): [point.value for point in series.points]
        for series in series_of(earlier)
    }
    return {
        (result.node_id, name): sparkline([*points, metric.measured.value])
        for result in record.results
        for name, metric in result.metrics.items()
        if len(points := values.get((result.node_id, name), [])) + 1 >= _FEWEST
    }
