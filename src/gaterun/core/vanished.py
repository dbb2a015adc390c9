"""Takes gates out of a phase that was read which no plugin offers any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gaterun.core.phase_table import Draft, Table
from gaterun.model.gate import Gate
from gaterun.model.phase import PHASE_WIDE, Mode
from gaterun.model.policy import ChangeKind, PolicyChange


def without_vanished(draft: Draft, gates: Mapping[str, Gate]) -> Iterator[PolicyChange]:
    """Take out gates that no plugin offers any more, and tell them."""
    places = {PHASE_WIDE: draft.phase_gates, **draft.gates}
    gone = {
        (task, key): table
        for task, tables in places.items()
        for key, table in tables.items()
        if table.values.get("mode") != Mode.MANUAL and table.values.get("use", key) not in gates
    }
    for (task, key), table in gone.items():
        del places[task][key]
        yield PolicyChange(
            kind=ChangeKind.GATE_REMOVED,
            subject=f"{task}::{key}",
            before=f"no plugin offers the gate '{table.values.get('use', key)}' any more",
        )
    for task, tables in places.items():
        for table in tables.values():
            _without_needs(table, task, {f"{task}::{key}" for task, key in gone})


def _without_needs(table: Table, task: str, gone: set[str]) -> None:
    needs = table.values.get("needs")
    if isinstance(needs, str):
        needs = [needs]
    if isinstance(needs, list):
        table.values["needs"] = [
            need for need in needs if (need if "::" in str(need) else f"{task}::{need}") not in gone
        ]
