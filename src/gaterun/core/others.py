"""What the other gates have measured of this tree, for a gate that is measured after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gaterun.model.metric import Measured, Reading
from gaterun.model.phase import Mode, Phase, Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome

if TYPE_CHECKING:
    from gaterun.core.freshness import Standing


def readings(
    phase: Phase,
    asking: str,
    results: Mapping[str, GateResult],
    standings: Callable[[Sequence[Requirement]], Sequence[Standing]],
) -> dict[str, Reading]:
    """Every metric of the other gates of a phase, by its id.

    Of this run, and of an earlier one where the gate is not part of this run and nothing has
    changed that it depends on. A metric without a value is there too, with the reason.

    Args:
        asking: node id of the gate that is told.
        results: of this run so far, by node id.
        standings: how gates stand that this run leaves out.
    """
    others = [
        gate
        for gate in phase.requirements
        if gate.node_id != asking and not gate.gate.after_others and gate.mode is not Mode.MANUAL
    ]
    left_out = [gate for gate in others if gate.node_id not in results]
    earlier = {item.gate.node_id: item for item in standings(left_out)} if left_out else {}
    seen = Counter(gate.id for gate in phase.requirements)
    found = {}
    for gate in others:
        prefix = gate.id if seen[gate.id] == 1 else gate.node_id
        result = results.get(gate.node_id)
        why = "" if result is not None else _why(earlier.get(gate.node_id))
        if result is None and not why:
            result = earlier[gate.node_id].last
        for metric in gate.gate.metrics:
            measured = _measured(gate, result, metric.name, why)
            found[f"{prefix}.{metric.name}"] = Reading(
                id=f"{prefix}.{metric.name}",
                value=measured.value,
                unit=metric.unit,
                gate=gate.gate.name,
                why=measured.why,
            )
    return found


def _why(standing: Standing | None) -> str:
    """Why nothing is known of a gate that is not part of the run; empty where something is."""
    from gaterun.core.freshness import Freshness

    if standing is None:
        return "it is measured later"
    if standing.freshness is Freshness.FRESH:
        return ""
    return f"it is not part of this run, and its last measurement is {standing.freshness}: " + (
        standing.why
    )


def _measured(gate: Requirement, result: GateResult | None, metric: str, why: str) -> Measured:
    if result is not None and result.outcome is Outcome.INCONCLUSIVE:
        # What was seen before that is not the measurement: half of the tests, say.
        said = result.verdict.message or str(result.verdict.reason)
        return Measured(value=None, why=f"{gate.node_id} has reached no verdict: {said}")
    record = result.metrics.get(metric) if result else None
    if record is None:
        said = why or (result.verdict.message or result.outcome.value if result else "")
        return Measured(value=None, why=f"{gate.node_id} has measured nothing: {said}")
    if record.measured.value is None:
        return Measured(value=None, why=record.measured.why or "not measured")
    return Measured(value=record.measured.value)
