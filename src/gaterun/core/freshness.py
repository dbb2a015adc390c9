"""Says of each gate whether its last verdict still holds, without running anything."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from gaterun.core.binding import Binder
from gaterun.core.reuse import Shelf, digests
from gaterun.core.store import Store, read_record
from gaterun.core.tree import TreeState
from gaterun.model.binding import Binding
from gaterun.model.errors import UsageError
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome


class Freshness(StrEnum):
    """Whether the last verdict of a gate is one of this tree."""

    FRESH = "fresh"  # nothing that it depends on has changed since
    STALE = "stale"  # something has
    MISSING = "missing"  # there is none


class Standing(Struct, frozen=True, kw_only=True):
    """What is known of one gate.

    Attributes:
        why: what has changed; empty where nothing has.
        last: its newest recorded result that says something.
        run: id of that result's run.
        reusable: whether a run would use a kept measurement.
    """

    gate: Requirement
    freshness: Freshness
    why: str
    last: GateResult | None = None
    run: str = ""
    reusable: bool = False

    @property
    def holds(self) -> bool:
        """Whether the gate has passed, or is waived, and that still holds."""
        return (
            self.freshness is Freshness.FRESH
            and self.last is not None
            and self.last.outcome in {Outcome.PASS, Outcome.WAIVED}
        )


def survey(
    phase: str,
    chosen: Sequence[Requirement],
    *,
    binder: Binder,
    tree: TreeState | None,
    store: Store,
) -> tuple[Standing, ...]:
    """What is known of each gate.

    Args:
        phase: its id.
        binder: of the tree as it is now.
        tree: the same tree.
        store: where runs are recorded and measurements kept.
    """
    last = _last(phase, chosen, store)
    shelf = Shelf(store.path / "measured")
    whole = tree.summary.digest if tree else ""
    found = []
    for gate in chosen:
        run, digest, result = last.get(gate.node_id, ("", "", None))
        binding = binder.bind(gate)
        if result is None:
            freshness, why = Freshness.MISSING, "it was never measured here"
        elif changed := _changed(gate, result, binding, same_tree=digest == whole):
            freshness, why = Freshness.STALE, changed
        else:
            freshness, why = Freshness.FRESH, ""
        found.append(
            Standing(
                gate=gate,
                freshness=freshness,
                why=why,
                last=result,
                run=run,
                reusable=binding is not None
                and not gate.skip
                and shelf.find(gate.gate.name, binding) is not None,
            )
        )
    return tuple(found)


def _changed(
    gate: Requirement, result: GateResult, binding: Binding | None, *, same_tree: bool
) -> str:
    """What has changed since a result, in words; empty where nothing has."""
    if result.conditions != gate.conditions:
        return "its conditions changed"
    if binding is None or result.binding is None:
        return "" if same_tree else "the tree changed, and nobody says what it depends on"
    changes = list(binding.changes(result.binding))
    reads = result.binding.reads
    if digests(map(Path, reads)) != dict(reads):
        changes.append("files that it reads beyond its inputs")
    return f"{', '.join(changes)} changed" if changes else ""


def _last(
    phase: str, chosen: Sequence[Requirement], store: Store
) -> dict[str, tuple[str, str, GateResult]]:
    """The newest result of each gate that says something, with its run and that run's tree."""
    wanted = {gate.node_id for gate in chosen if not gate.skip}
    found: dict[str, tuple[str, str, GateResult]] = {}
    for path in reversed(store.records()):
        if not wanted:
            break
        with contextlib.suppress(UsageError):
            record = read_record(path)
            if record.phase != phase or record.role != "run":
                continue
            for result in record.results:
                said = result.outcome not in {Outcome.SKIPPED, Outcome.BLOCKED}
                if said and result.node_id in wanted:
                    found[result.node_id] = (record.id, record.tree.digest, result)
                    wanted.remove(result.node_id)
    return found
