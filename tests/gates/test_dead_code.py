"""The gate ``dead-code``, on real workspaces."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.cargo.lint_groups import lints_of_group
from gaterun_gates.dead_code import GATE

MEMBER = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'
HELP = """
Lint groups provided by plugins:

  unused   wrong

Lint groups provided by rustc:

               name  sub-lints
               ----  ---------
           warnings  all lints that are set to issue warnings
             unused  unused-imports, dead-code, path-statements
     unused-comment  other
"""


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_group_is_read_from_the_compiler_and_not_guessed():
    assert lints_of_group(HELP, "unused") == {"unused_imports", "dead_code", "path_statements"}
    for text in ("", "unused  a, b\n", HELP.replace("unused ", "renamed ")):
        with pytest.raises(ValueError, match="no lint group"):
            lints_of_group(text, "unused")


@pytest.mark.cargo
def test_dead_hidden_and_test_only_are_told_apart(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b"]\n',
            "a/Cargo.toml": MEMBER.format("a"),
            "a/src/lib.rs": "use std::fmt;\n\nfn dead() {}\n\n#[allow(dead_code)]\nfn hidden() {}\n\n"
            "fn helper() {}\n\n#[expect(dead_code)]\nfn hidden_helper() {}\n\n"
            "#[cfg(test)]\nmod tests {\n    fn unused() {}\n\n    #[test]\n    fn t() {\n"
            "        super::helper();\n        super::hidden_helper();\n    }\n}\n",
            # In a binary as in a library; its main is no finding of the test harness.
            "b/Cargo.toml": MEMBER.format("b") + '\n[dependencies]\na = { path = "../a" }\n',
            "b/src/main.rs": "fn helper() {}\n\nfn main() {\n    let unused = 1;\n}\n\n"
            "#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {\n        super::helper();\n"
            "    }\n}\n",
            "b/tests/it.rs": "fn unused_in_it() {}\n",
            # No warning of another group counts.
            "b/examples/ex.rs": "fn main() {\n    return ();\n}\n\nstruct lower_case;\n",
        },
    )
    result = measure_gate(GATE, tmp_path)
    assert result.metrics["dead"] == gaterun.Measured(
        value=10, breakdown={"dead_code": 8, "unused_imports": 1, "unused_variables": 1}
    )
    assert result.metrics["hidden"].value == 2
    assert result.metrics["test_only"].value == 3
    assert result.metrics["allow_attrs"].breakdown == {"dead_code": 2}
    assert result.inspected == {"crates": 2, "targets": 4, "files": 4}
    messages = {finding.message: finding.place for finding in result.findings}
    assert messages["function `helper` is never used (used by tests only)"]
    assert (
        "function `hidden_helper` is never used (hidden by an attribute or [lints], used by tests only)"
        in messages
    )
    assert messages["function `unused_in_it` is never used"] == "b/tests/it.rs:1:4"
    # What cargo has kept is repeated, not lost.
    assert measure_gate(GATE, tmp_path).metrics == result.metrics


@pytest.mark.cargo
def test_a_target_that_does_not_compile_gives_no_count(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": MEMBER.format("a") + "\n[workspace]\n",
            "src/lib.rs": "fn dead() {}\n",
            "tests/it.rs": "fn ( {\n",
        },
    )
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path)
    assert caught.value.reason is gaterun.Reason.BUILD_FAILED


@pytest.mark.cargo
def test_code_behind_a_feature_is_seen_with_the_feature(tmp_path):
    manifest = MEMBER.format("a") + "\n[workspace]\n\n[features]\nextra = []\n"
    source = '#[cfg(feature = "extra")]\nfn dead() {}\n'
    _write(tmp_path, {"Cargo.toml": manifest, "src/lib.rs": source})
    assert measure_gate(GATE, tmp_path).metrics["dead"].value == 0
    result = measure_gate(GATE, tmp_path, options={"features": ["extra"]})
    assert result.metrics["dead"].value == 1
    assert result.recipe["features"] == "extra"


@pytest.mark.cargo
def test_only_some_kinds_of_targets_are_expected_where_only_those_are_asked_for(tmp_path):
    from gaterun_gates.clippy import GATE as CLIPPY

    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b"]\n',
            "a/Cargo.toml": MEMBER.format("a"),
            "a/src/lib.rs": "fn dead() {}\n",
            "a/tests/it.rs": "fn ( {\n",
            "b/Cargo.toml": MEMBER.format("b"),
            "b/build.rs": "fn main() {}\n",
            "b/src/main.rs": "fn main() {}\n",
        },
    )
    for targets in (["lib"], ["lib", "bins"]):
        found = measure_gate(CLIPPY, tmp_path, options={"targets": targets, "forced": False})
        assert found.metrics["warnings"].value == 1


@pytest.mark.cargo
def test_lint_flags_in_a_file_of_flags_hide_nothing(tmp_path):
    from gaterun_gates.clippy import GATE as CLIPPY

    _write(
        tmp_path,
        {
            "Cargo.toml": MEMBER.format("a") + "\n[workspace]\n",
            "src/lib.rs": "#[cfg(mine)]\nfn dead() {}\n",
            ".cargo/config.toml": '[build]\nrustflags = ["@flags"]\n',
            "flags": "--cap-lints=allow\n--cfg\nmine\n",
        },
    )
    result = measure_gate(GATE, tmp_path)
    assert (result.metrics["dead"].value, result.metrics["hidden"].value) == (1, 0)
    found = measure_gate(CLIPPY, tmp_path, options={"forced": False})
    assert found.metrics["warnings"].breakdown["dead_code"] == 1
    assert found.metrics["lint_flags"] == 1


@pytest.mark.cargo
def test_a_bench_for_nightly_is_left_out_by_name(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": MEMBER.format("a") + "\n[workspace]\n",
            "src/lib.rs": "fn dead() {}\n\nfn tried() {}\n\n#[test]\nfn t() {\n    tried();\n}\n",
            "examples/ex.rs": "fn main() {}\n\nfn of_the_example() {}\n",
            "benches/b.rs": "#![feature(test)]\n\nfn of_the_bench() {}\n",
        },
    )
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path)
    assert caught.value.reason is gaterun.Reason.BUILD_FAILED
    assert caught.value.help == (
        'where the compiler is stable, leave it out: targets = ["lib", "bins", "tests", "examples"]'
    )
    kinds = ["lib", "bins", "tests", "examples"]
    result = measure_gate(GATE, tmp_path, options={"targets": kinds})
    assert {name: measured.value for name, measured in result.metrics.items()} == {
        "dead": 3,
        "hidden": 0,
        "test_only": 1,
        "allow_attrs": 0,
    }
    assert result.inspected["targets"] == 2
    assert "--lib --bins --tests --examples" in result.recipe["command"]
    # Without tests nothing says what only they use; an example needs the library, which is seen.
    result = measure_gate(GATE, tmp_path, options={"targets": ["lib"]})
    assert (result.metrics["dead"].value, result.metrics["test_only"].value) == (2, None)
    result = measure_gate(GATE, tmp_path, options={"targets": ["examples"]})
    assert (result.metrics["dead"].value, result.metrics["test_only"].value) == (3, None)
