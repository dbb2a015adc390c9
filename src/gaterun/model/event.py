"""What the runner tells reporters and plugins: one linear stream, from one thread.

Order: `RunStarted`, then `GateStarted`, `GateProgress` and `GateFinished` per gate, mixed
as gates run beside each other, and `RunFinished` last, in an interrupted run too. Gates
that never start (blocked, skipped) have a `GateFinished` only.
"""

from __future__ import annotations

from dataclasses import dataclass

from gaterun.model.record import GateResult, RunRecord, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins. `nodes` are the selected gates in the phase's order."""

    run_id: str
    phase: str
    title: str
    root: str
    version: str
    tree: Tree
    nodes: tuple[str, ...]
    deselected: int
    plugins: tuple[str, ...]
    jobs: int
    time: float
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateStarted:
    """A gate begins to measure."""

    node_id: str
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateProgress:
    """A gate says what it is doing."""

    node_id: str
    text: str
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFinished:
    """A gate has its verdict."""

    result: GateResult
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is over; the record is complete."""

    record: RunRecord
    time: float


Event = RunStarted | GateStarted | GateProgress | GateFinished | RunFinished
