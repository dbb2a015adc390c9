"""What the runner tells reporters and plugins: one linear stream, from one thread.

Order: `RunStarted`, then `GateStarted`, `GateProgress` and `GateFinished` per gate, mixed
as gates run beside each other, and `RunFinished` last, in an interrupted run too. Gates
that never start (blocked, skipped) have a `GateFinished` only.
"""

from __future__ import annotations

from msgspec import Struct

from gaterun.model.record import GateResult, RunRecord, Tree
from gaterun.model.shard import Shard


class RunStarted(Struct, frozen=True, kw_only=True):
    """A run begins.

    Attributes:
        nodes: the selected gates in the phase's order.
        shard: which one, where the run is a shard.
        merged: how many shards it is merged from; 0 where gates are measured.
    """

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
    role: str = "run"
    shard: Shard | None = None
    merged: int = 0


class GateStarted(Struct, frozen=True, kw_only=True):
    """A gate begins to measure."""

    node_id: str
    time: float


class GateProgress(Struct, frozen=True, kw_only=True):
    """A gate says what it is doing."""

    node_id: str
    text: str
    time: float


class GateFinished(Struct, frozen=True, kw_only=True):
    """A gate has its verdict."""

    result: GateResult
    time: float


class RunFinished(Struct, frozen=True, kw_only=True):
    """The run is over; the record is complete."""

    record: RunRecord
    time: float


Event = RunStarted | GateStarted | GateProgress | GateFinished | RunFinished
