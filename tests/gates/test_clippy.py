"""The gate ``clippy``, on real workspaces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.clippy import GATE

pytestmark = pytest.mark.cargo

ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
BAD = "pub fn one() -> i32 {\n    return 1;\n}\n"


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def _member(name: str, more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


def _lints(result: gaterun.Measurement) -> dict[str, float]:
    return dict(result.metrics["warnings"].breakdown)


def test_all_targets_are_linted_and_generated_code_is_apart(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": ONE,
            "src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/g.rs"));\n' + BAD,
            "src/main.rs": "fn main() {\n    let _x = { return };\n}\n",
            "build.rs": "fn main() {\n    let unused = 1;\n    std::fs::write(\n"
            '        format!("{}/g.rs", std::env::var("OUT_DIR").unwrap()),\n'
            '        "pub fn g() -> i32 { return 1; }",\n    )\n    .unwrap();\n}\n',
            "tests/it.rs": "#[test]\nfn t() {\n    let in_test = 1;\n}\n",
            "benches/be.rs": "fn in_bench() {}\n",
            "examples/ex.rs": "fn main() {\n    let in_example = 1;\n}\n",
        },
    )
    result = measure_gate(GATE, tmp_path)
    places = {finding.path for finding in result.findings if "suppressed" not in finding.message}
    assert {"src/lib.rs", "build.rs", "tests/it.rs", "benches/be.rs", "examples/ex.rs"} <= places
    assert result.metrics["generated"] == 1
    assert not any("$OUT_DIR" in place for place in places)
    assert result.inspected["crates"] == 1
    assert result.inspected["files"] == 6
    # A second run replays what cargo has kept.
    assert _lints(measure_gate(GATE, tmp_path)) == _lints(result)


def test_a_configuration_added_later_is_honoured(tmp_path):
    body = "a: i32, b: i32, c: i32"
    _write(
        tmp_path,
        {"Cargo.toml": ONE, "src/lib.rs": f"pub fn f({body}) -> i32 {{\n    a + b + c\n}}\n"},
    )
    assert _lints(measure_gate(GATE, tmp_path, options={"forced": False})) == {}
    _write(tmp_path, {"clippy.toml": "too-many-arguments-threshold = 2\n"})
    assert _lints(measure_gate(GATE, tmp_path)) == {"clippy::too_many_arguments": 1}


def test_every_way_to_deny_is_capped_and_every_finding_listed(tmp_path):
    lints = "[lints]\nworkspace = true\n"
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b", "c"]\n'
            '[workspace.lints.clippy]\nall = { level = "deny", priority = -1 }\n',
            "a/Cargo.toml": _member("a", lints),
            "a/src/lib.rs": BAD,
            "b/Cargo.toml": _member("b", '[dependencies]\na = { path = "../a" }\n'),
            "b/src/lib.rs": "#![forbid(clippy::needless_return)]\n" + BAD,
            "c/Cargo.toml": _member("c", '[dependencies]\nb = { path = "../b" }\n'),
            "c/src/lib.rs": "#![deny(warnings)]\n" + BAD,
        },
    )
    assert _lints(measure_gate(GATE, tmp_path)) == {"clippy::needless_return": 3}


def test_a_file_of_two_crates_counts_once_and_paths_are_normalised(tmp_path):
    _write(
        tmp_path,
        {
            "ws/Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b"]\n',
            "ws/a/Cargo.toml": _member("a"),
            "ws/a/src/lib.rs": '#[path = "../../shared.rs"]\npub mod shared;\n',
            "ws/b/Cargo.toml": _member("b"),
            "ws/b/src/lib.rs": '#[path = "../../shared.rs"]\npub mod shared;\n',
            "ws/shared.rs": BAD,
        },
    )
    result = measure_gate(GATE, tmp_path / "ws", options={"forced": False})
    assert [finding.place for finding in result.findings] == ["shared.rs:2:5"]
    assert result.metrics["suppressed"].value is None


def test_a_path_dependency_outside_is_external(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a"]\nexclude = ["x"]\n',
            "a/Cargo.toml": _member("a", '[dependencies]\nx = { path = "../x" }\n'),
            "a/src/lib.rs": "",
            "x/Cargo.toml": _member("x"),
            "x/src/lib.rs": "fn dead() {}\n",
        },
    )
    result = measure_gate(GATE, tmp_path)
    assert result.metrics["external"] == 1
    assert result.metrics["warnings"].value == 0


def test_lint_flags_of_the_environment_are_taken_out_and_reported(tmp_path, monkeypatch):
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": "#[cfg(mine)]\n" + BAD})
    monkeypatch.setenv("RUSTFLAGS", "--cfg mine -A warnings -Dclippy::all")
    result = measure_gate(GATE, tmp_path)
    assert _lints(result)["clippy::needless_return"] == 1  # and the cfg is still there
    assert result.metrics["lint_flags"] == 2
    flags = next(finding for finding in result.findings if finding.rule == "lint-flags")
    assert "RUSTFLAGS" in flags.message
    assert "-A warnings" in flags.message


def test_a_syntax_error_in_a_test_target_gives_no_count(tmp_path):
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": BAD, "tests/it.rs": "fn ( {\n"})
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path)
    assert caught.value.reason is gaterun.Reason.BUILD_FAILED
    assert "tests/it.rs:1:" in caught.value.message


def test_a_missing_component_says_how_to_install_it(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "cargo-clippy"
    fake.write_text(
        "#!/bin/sh\necho \"error: 'cargo-clippy' is not installed for the toolchain 'x'\" >&2\n"
        "exit 1\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    _write(tmp_path, {"ws/Cargo.toml": ONE, "ws/src/lib.rs": ""})
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path / "ws")
    assert caught.value.reason is gaterun.Reason.TOOL_MISSING
    assert caught.value.help == "rustup component add clippy"


def test_crlf_spaces_and_unfulfilled_expectations(tmp_path):
    _write(
        tmp_path,
        {
            "a b/Cargo.toml": ONE,
            "a b/src/lib.rs": "#[expect(dead_code)]\r\npub fn one() -> i32 {\r\n    return 1;\r\n}\r\n",
        },
    )
    result = measure_gate(GATE, tmp_path / "a b")
    assert _lints(result) == {"clippy::needless_return": 1, "unfulfilled_lint_expectations": 1}
    assert result.metrics["suppressions"].breakdown == {"dead_code": 1}


def test_main_of_a_binary_is_not_suppressed_by_its_own_test_harness(tmp_path):
    _write(tmp_path, {"Cargo.toml": ONE, "src/main.rs": "fn main() {}\n"})
    assert measure_gate(GATE, tmp_path).metrics["suppressed"].value == 0


def test_fingerprints_survive_moved_lines(tmp_path):
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": BAD})
    before = measure_gate(GATE, tmp_path, options={"forced": False})
    _write(
        tmp_path, {"src/lib.rs": "//! More.\n\n\n" + BAD.replace("    return", "        return")}
    )
    after = measure_gate(GATE, tmp_path, options={"forced": False})
    assert before.findings[0].line != after.findings[0].line
    assert before.findings[0].fingerprint == after.findings[0].fingerprint


def test_gated_code_is_linted_with_its_feature(tmp_path):
    manifest = ONE + "\n[features]\nextra = []\n"
    _write(tmp_path, {"Cargo.toml": manifest, "src/lib.rs": '#[cfg(feature = "extra")]\n' + BAD})
    assert _lints(measure_gate(GATE, tmp_path)) == {}
    result = measure_gate(GATE, tmp_path, options={"features": ["extra"]})
    assert _lints(result) == {"clippy::needless_return": 1}
    assert result.recipe["features"] == "extra"
