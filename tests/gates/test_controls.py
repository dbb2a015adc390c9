"""Every gate is red on its known-bad workspaces and green on its known-good ones."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gaterun.core import discovery
from gaterun.core.bind import requirement
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


def test_a_red_control_says_what_makes_it_red() -> None:
    """Where several conditions could, it is a finding's rule or the metrics, and no others."""
    unsaid = []
    for name, gate in PLUGINS.gates.items():
        for control in gate.controls():
            if control.expect is not Outcome.FAIL or control.rule or control.metrics:
                continue
            wanted = requirement(gate, control.options, PLUGINS.resources)
            if len(wanted.conditions) > 1:
                unsaid.append(f"{name}[{control.name}]")
    assert unsaid == []


@pytest.mark.parametrize("metrics", [("value", "exit_status"), ("exit_status",)])
def test_red_by_another_metric_is_no_proof(metrics: tuple[str, ...], tmp_path: Path) -> None:
    gate = PLUGINS.gates["command"]
    (red,) = [each for each in gate.controls() if each.name == "regex-too-low"]
    wrong = msgspec.structs.replace(red, metrics=metrics)
    result = run_control(gate, wrong, tmp_path.resolve(), PLUGINS.resources)
    assert complaint(wrong, result) == f"red by ['value'], not by {sorted(metrics)}"


@pytest.mark.parametrize("name", sorted(PLUGINS.gates))
def test_a_gate_can_fail_and_can_pass(name: str) -> None:
    expected = {control.expect for control in PLUGINS.gates[name].controls()}
    assert {Outcome.FAIL, Outcome.PASS} <= expected
