"""Finds how metrics went over the recorded runs of a phase, for the HTML report."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, field

from gaterun.model.metric import Measured, Value
from gaterun.model.record import RunRecord

#: How many runs are looked back upon.
RUNS = 30

#: Bytes of records that are read for it at most; a record with many findings is long.
_READ = 64 << 20


class Point(Struct, frozen=True, kw_only=True):
    """A metric in one run; `value` is ``None`` where it was not measured as a number."""

    run: str
    started: float
    value: float | None


#: Every metric by node id and name, oldest run first.
Trends = Mapping[tuple[str, str], Sequence[Point]]


class _Metric(Struct, frozen=True):
    measured: Measured


class _Gate(Struct, frozen=True):
    node_id: str
    metrics: Mapping[str, _Metric] = field(default_factory=dict)


class _Run(Struct, frozen=True):
    """A record without what is most of it: findings and evidence are skipped, not read."""

    id: str
    phase: str
    started: float
    results: tuple[_Gate, ...]
    role: str = "run"


def trends_of(record: RunRecord, runs: Path | None) -> Trends:
    """The metrics of `record` over the runs of its phase up to itself.

    Args:
        runs: the folder with a folder for each run; without one there is `record` alone.
    """
    found: dict[tuple[str, str], list[Point]] = {}
    for run in (*_earlier(record, runs), _of(record)):
        for gate in run.results:
            for name, metric in gate.metrics.items():
                point = Point(run=run.id, started=run.started, value=number(metric.measured.value))
                found.setdefault((gate.node_id, name), []).append(point)
    return found


def number(value: Value) -> float | None:
    """A value that can be drawn."""
    if isinstance(value, str) or value is None:
        return None
    with contextlib.suppress(OverflowError):
        return float(value) if math.isfinite(value) else None
    return None


def _of(record: RunRecord) -> _Run:
    return _Run(
        id=record.id,
        phase=record.phase,
        started=record.started,
        results=tuple(
            _Gate(
                result.node_id,
                {name: _Metric(metric.measured) for name, metric in result.metrics.items()},
            )
            for result in record.results
        ),
    )


def _earlier(record: RunRecord, runs: Path | None) -> list[_Run]:
    """Earlier runs of the same phase, oldest first; what cannot be read is no point."""
    if runs is None:
        return []
    found: list[_Run] = []
    read = 0
    for path in sorted(runs.glob("*/record.json"), reverse=True):
        if len(found) == RUNS - 1:
            break
        if path.parent.name >= record.id:
            continue
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            read += path.stat().st_size
            if read > _READ:
                break
            run = msgspec.json.decode(path.read_bytes(), type=_Run)
            if (run.phase, run.role) == (record.phase, "run"):
                found.append(run)
    return found[::-1]
