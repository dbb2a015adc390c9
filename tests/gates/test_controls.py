"""Every gate is red on its known-bad workspaces and green on its known-good ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaterun.core import discovery
from gaterun.core.controls import complaint, missing, run_control, uncounted
from gaterun.model.gate import Control, Gate
from gaterun.model.verdict import Outcome

PLUGINS = discovery.load()
CASES = [
    pytest.param(gate, control, id=f"{name}-{control.name}", marks=pytest.mark.cargo)
    for name, gate in PLUGINS.gates.items()
    for control in gate.controls()
]


@pytest.mark.parametrize(("gate", "control"), CASES)
def test_a_control_is_as_expected(gate: Gate, control: Control, tmp_path: Path) -> None:
    if absent := missing(control):
        pytest.skip(f"needs {', '.join(absent)}")
    result = run_control(gate, control, tmp_path.resolve(), PLUGINS.resources)
    assert complaint(control, result) == ""
    assert uncounted(gate, result) == ""


@pytest.mark.parametrize("name", sorted(PLUGINS.gates))
def test_a_gate_can_fail_and_can_pass(name: str) -> None:
    expected = {control.expect for control in PLUGINS.gates[name].controls()}
    assert {Outcome.FAIL, Outcome.PASS} <= expected
