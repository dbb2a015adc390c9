"""Gates `clippy` of one run, each for a crate of its own, and the one call of cargo behind them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gaterun
from gaterun.core import discovery
from gaterun.core.bind import requirement
from gaterun.core.controls import write_tree
from gaterun.core.execute import Processes
from gaterun.core.measure import Bench
from gaterun_gates.clippy import GATE

pytestmark = pytest.mark.cargo

BAD = "pub fn one() -> i32 {\n    return 1;\n}\n"


def _member(name: str, *needs: str) -> str:
    dependencies = "".join(f'{need} = {{ path = "../{need}" }}\n' for need in needs)
    return (
        f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n\n'
        f"[dependencies]\n{dependencies}"
    )


FILES = {
    "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b", "c"]\n',
    "a/Cargo.toml": _member("a"),
    "a/src/lib.rs": BAD + BAD.replace("one", "two"),
    "b/Cargo.toml": _member("b"),
    "b/src/lib.rs": BAD,
    "c/Cargo.toml": _member("c", "a"),
    "c/src/lib.rs": "#[allow(clippy::needless_return)]\n" + BAD,
}


class Run:
    """The gates of one run, which share their resources."""

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        write_tree(root, files)
        state = root / ".gaterun"
        (state / "logs").mkdir(parents=True)
        self.resources = discovery.load().resources
        self.logs = state / "logs"
        self.bench = Bench(
            root=root,
            state=state,
            logs=self.logs,
            base=None,
            resources=self.resources,
            processes=Processes("test-lint-runs"),
        )

    def gate(self, *crates: str, **options: object) -> gaterun.Measurement:
        entry = {"skip": "measured only", "crates": list(crates), **options}
        wanted = requirement(GATE, entry, self.resources)
        found, _ = self.bench.measure(
            GATE,
            wanted.options,
            name=f"t::{'-'.join(crates) or 'all'}-{threading.get_ident()}",
            timeout=120,
            progress=lambda text: None,
        )
        return found

    def lint_calls(self) -> int:
        # Beside one that asks for the version.
        return len(list(self.logs.glob("*-cargo-clippy.out"))) - 1


def warnings(found: gaterun.Measurement) -> object:
    measured = found.metrics["warnings"]
    assert isinstance(measured, gaterun.Measured)
    return measured.value


def test_a_gate_for_each_crate_and_one_for_all_take_two_calls_of_cargo(tmp_path: Path) -> None:
    run = Run(tmp_path.resolve(), FILES)
    with ThreadPoolExecutor(4) as pool:
        a, b, c, every = pool.map(lambda names: run.gate(*names), ["a", "b", "c", ""])
    assert [warnings(found) for found in (a, b, c, every)] == [2, 1, 0, 3]
    assert run.lint_calls() == 2  # plain and forced
    assert {finding.path for finding in a.findings} == {"a/src/lib.rs"}
    suppressed = c.metrics["suppressed"]
    assert isinstance(suppressed, gaterun.Measured)
    assert suppressed.value == 1
    suppressions = c.metrics["suppressions"]
    assert isinstance(suppressions, gaterun.Measured)
    assert suppressions.value == 1
    assert c.inspected == {"crates": 1, "targets": 1, "files": 1}
    assert c.recipe["crates"] == "c"
    external = c.metrics["external"]
    assert isinstance(external, gaterun.Measured)
    assert external.value is None
    notes = [note for found in (a, b, c, every) for note in found.notes]
    assert notes.count("clippy ran for another gate, whose logs have its output") == 3


def test_other_options_take_another_call(tmp_path: Path) -> None:
    run = Run(tmp_path.resolve(), FILES)
    run.gate("a", forced=False)
    run.gate("b", forced=False)
    assert run.lint_calls() == 1
    run.gate("b", forced=False, targets=["lib"])
    assert run.lint_calls() == 2


def test_a_crate_that_does_not_compile_spoils_itself_and_what_needs_it(tmp_path: Path) -> None:
    run = Run(
        tmp_path.resolve(), {**FILES, "a/src/lib.rs": "pub fn one() -> i32 {\n    absent\n}\n"}
    )
    assert warnings(run.gate("b")) == 1
    with pytest.raises(gaterun.CannotMeasure) as own:
        run.gate("a")
    with pytest.raises(gaterun.CannotMeasure) as user:
        run.gate("c")
    with pytest.raises(gaterun.CannotMeasure) as every:
        run.gate()
    assert own.value.reason is every.value.reason is gaterun.Reason.BUILD_FAILED
    assert "a/src/lib.rs:2" in own.value.message
    assert user.value.reason is gaterun.Reason.INCOMPLETE
    assert user.value.message.startswith("lib 'c' of c was not checked: the workspace does not")


def test_a_crate_that_is_no_member_is_no_input(tmp_path: Path) -> None:
    run = Run(tmp_path.resolve(), FILES)
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        run.gate("z")
    assert refusal.value.reason is gaterun.Reason.NO_INPUT
    assert refusal.value.help == "members: a, b, c"
