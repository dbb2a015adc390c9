"""Says of each gate whether its last verdict still holds, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.core.bond import Binds
from gaterun.core.reuse import Shelf, digests, measurement_of
from gaterun.model.binding import Binding
from gaterun.model.phase import POLICY, Requirement
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Outcome, Verdict
from gaterun.model.waiver import InForce

if TYPE_CHECKING:
    from gaterun.core.store import Store
    from gaterun.core.tree import TreeState


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
    binder: Binds,
    tree: TreeState | None,
    store: Store,
    in_force: InForce | None = None,
) -> tuple[Standing, ...]:
    """What is known of each gate.

    Args:
        phase: its id.
        binder: of the tree as it is now.
        tree: the same tree.
        store: where runs are recorded and measurements kept.
        in_force: the waivers of today.
    """
    last = _last(phase, chosen, store)
    shelf = Shelf(store.path / "measured")
    whole = tree.summary.digest if tree else ""
    found = []
    for gate in chosen:
        run, digest, result, weakened = last.get(gate.node_id, ("", "", None, False))
        binding = binder.bind(gate)
        if result is None:
            freshness, why = Freshness.MISSING, "it was never measured here"
        elif changed := _changed(gate, result, binding, same_tree=digest == whole):
            freshness, why = Freshness.STALE, changed
        elif weakened:
            freshness, why = Freshness.STALE, "what judged it was weaker than at the base"
        elif not still_waived(gate, result, in_force or InForce()):
            freshness, why = Freshness.STALE, "its waivers have expired, or changed"
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
                and shelf.find(gate.gate.name, binding, use=False) is not None,
            )
        )
    return tuple(found)


def _changed(
    gate: Requirement, result: GateResult, binding: Binding | None, *, same_tree: bool
) -> str:
    """What has changed since a result, in words; empty where nothing has."""
    if result.conditions != gate.conditions:
        return "its conditions changed"
    return moved_on(result, binding, same_tree=same_tree)


def moved_on(result: GateResult, binding: Binding | None, *, same_tree: bool) -> str:
    """What has changed of what a gate measured, in words; empty where nothing has.

    Args:
        binding: what it depends on now.
        same_tree: whether no file has changed at all, which tells where there is no binding.
    """
    if binding is None or result.binding is None:
        return "" if same_tree else "the tree changed, and nobody says what it depends on"
    changes = list(binding.changes(result.binding))
    reads = result.binding.reads
    if digests(map(Path, reads)) != dict(reads):
        changes.append("files that it reads beyond its inputs")
    return f"{', '.join(changes)} changed" if changes else ""


def still_waived(gate: Requirement, result: GateResult, in_force: InForce) -> bool:
    """Whether the waivers of today cover what those of a waived result did."""
    if result.outcome is not Outcome.WAIVED:
        return True
    from gaterun.core.waivers import apply

    failed = Verdict(outcome=Outcome.FAIL, checks=result.verdict.checks)
    # Without the baseline: a waiver that compares with it is judged by the next run.
    again = apply(in_force, gate, measurement_of(result), failed, None)
    return again.outcome is Outcome.WAIVED


def _last(
    phase: str, chosen: Sequence[Requirement], store: Store
) -> dict[str, tuple[str, str, GateResult, bool]]:
    """The newest result of each gate that says something, with its run and that run's tree.

    The last part says whether that run was to fail because of what judged in it.
    """
    wanted = {gate.node_id for gate in chosen if not gate.skip}
    found: dict[str, tuple[str, str, GateResult, bool]] = {}
    for record in store.newest(phase):
        if not wanted:
            break
        weakened = policy_failed(record)
        for result in record.results:
            said = result.outcome not in {Outcome.SKIPPED, Outcome.BLOCKED}
            if said and result.node_id in wanted:
                found[result.node_id] = (record.id, record.tree.digest, result, weakened)
                wanted.remove(result.node_id)
    return found


def policy_failed(record: RunRecord) -> bool:
    """Whether a run is to fail because what judged in it was weakened: then nothing counts."""
    return any(
        result.task == POLICY and result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}
        for result in record.results
    )
