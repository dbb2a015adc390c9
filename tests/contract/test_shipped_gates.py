"""What holds for every built-in gate, without running any."""

from __future__ import annotations

import importlib
import re
import sys
from importlib import metadata

import pytest

from gaterun.core.bind import requirement
from gaterun.core.phase_table import GATE_KEYS
from gaterun.model.gate import Gate
from gaterun.model.metric import Better, Unit
from gaterun.model.options import help_of, options_of


def _gates() -> list[Gate]:
    found = []
    for point in metadata.entry_points(group="gaterun"):
        if point.value.startswith("gaterun_gates."):
            try:
                module = importlib.import_module(point.value)
            except ModuleNotFoundError:
                continue  # tests/contract/test_public_api.py says so
            found += list(getattr(module, "gaterun_gates", list)())
    return sorted(found, key=lambda gate: gate.name)


GATES = _gates()


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
class TestGate:
    def test_it_is_documented(self, gate: Gate) -> None:
        assert gate.title
        assert len(gate.about.strip()) > 200, "what it means, its pitfalls, how it can be gamed"
        assert all(metric.help for metric in gate.metrics)

    def test_options_are_documented_and_do_not_clash(self, gate: Gate) -> None:
        for option in options_of(gate.options):
            assert help_of(option), option.name
            assert option.name not in GATE_KEYS

    def test_metrics_have_names_of_their_own(self, gate: Gate) -> None:
        names = [metric.name for metric in gate.metrics]
        assert len(set(names)) == len(names)
        for metric in gate.metrics:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name), metric.name
            if metric.unit is Unit.TEXT:
                assert metric.better is Better.NEITHER, metric.name

    def test_default_conditions_can_be_read(self, gate: Gate) -> None:
        from gaterun.core.propose import needs_options

        if gate.requires and not needs_options(gate):
            found = requirement(gate, {}, None)
            assert found.conditions == gate.requires

    def test_pins_are_metrics_with_a_direction(self, gate: Gate) -> None:
        metrics = {metric.name: metric for metric in gate.metrics}
        for pin in gate.pins:
            assert metrics[pin].better is not Better.NEITHER

    def test_it_has_a_red_and_a_green_control(self, gate: Gate) -> None:
        expected = {str(control.expect) for control in gate.controls()}
        assert {"pass", "fail"} <= expected
        names = [control.name for control in gate.controls()]
        assert len(set(names)) == len(names)


def test_there_are_all_of_them() -> None:
    names = {
        point.name
        for point in metadata.entry_points(group="gaterun")
        if point.value.startswith("gaterun_gates.")
    }
    offered = {gate.name for gate in GATES}
    assert offered == names - {"workspace", "rust-sources", "env-use"}


def test_loading_them_imports_nothing_heavy() -> None:
    import subprocess

    modules = [
        point.value
        for point in metadata.entry_points(group="gaterun")
        if point.value.startswith("gaterun_gates.")
    ]
    heavy = [
        "tree_sitter",
        "markdown_it",
        "ruamel",
        "tomlkit",
        "semver",
        "psutil",
        "junit_xml",
        "rich",
    ]
    code = (
        "import sys, importlib.util\n"
        f"for name in {modules!r}:\n"
        "    if importlib.util.find_spec(name): __import__(name)\n"
        f"print([m for m in {heavy!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
