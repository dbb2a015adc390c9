"""The gate ``config-audit``, on real trees and real git."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun.core.controls import commit, git
from gaterun.testing import measure_gate
from gaterun_gates.config_audit import GATE

ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
FAKE = '[target."cfg(all())"]\nrunner = "./fake.sh"\n'


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _repository(root: Path, files: dict[str, str]) -> str:
    root.mkdir(exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    _write(root, {".gitignore": ".gaterun\n", **files})
    return commit(root, "base")


def _found(result: gaterun.Measurement) -> set[tuple[str, str, str]]:
    return {
        (finding.rule, finding.place, finding.severity.value)
        for finding in result.findings
        if finding.severity is not gaterun.Severity.NOTE
    }


def _value(result: gaterun.Measurement, name: str) -> object:
    metric = result.metrics[name]
    return metric.value if isinstance(metric, gaterun.Measured) else metric


def test_nothing_of_the_repository_is_run_and_cargo_is_not_needed(tmp_path, monkeypatch):
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": "#![allow(warnings)]\n"})
    (tmp_path / "rust-toolchain.toml").write_text('[toolchain]\npath = "/nowhere"\n')
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    result = measure_gate(GATE, tmp_path)
    assert _found(result) == {
        ("lints-allowed", "src/lib.rs:1", "error"),
        ("toolchain", "rust-toolchain.toml:2", "error"),
    }
    assert result.inspected == {"files": 3}


def test_a_file_is_found_without_git_and_where_git_ignores_it(tmp_path):
    config = '[alias]\nclippy = "check"\n'
    _write(tmp_path / "plain", {"Cargo.toml": ONE, ".cargo/config.toml": config})
    found = _found(measure_gate(GATE, tmp_path / "plain"))
    assert found == {("alias", ".cargo/config.toml:2", "error")}
    _repository(tmp_path / "git", {"Cargo.toml": ONE})
    _write(tmp_path / "git", {".gitignore": ".gaterun\n.cargo\n", ".cargo/config.toml": config})
    assert _found(measure_gate(GATE, tmp_path / "git")) == found


def test_below_the_root_an_error_is_a_warning_except_where_it_holds_for_the_root(tmp_path):
    _repository(
        tmp_path,
        {
            "Cargo.toml": ONE,
            ".cargo/config.toml": 'include = "../tools/cargo/more.toml"\n',
            "tools/cargo/more.toml": FAKE,
            "a/Cargo.toml": ONE,
            "a/.cargo/config.toml": FAKE,
            # Clippy and rustc read these wherever they are started.
            "a/clippy.toml": "max-struct-bools = 9\n",
            "a/src/lib.rs": "#![allow(warnings)]\n",
        },
    )
    result = measure_gate(GATE, tmp_path)
    assert _found(result) == {
        ("runner", "tools/cargo/more.toml:2", "error"),
        ("runner", "a/.cargo/config.toml:2", "warning"),
        ("clippy-config", "a/clippy.toml:1", "warning"),
        ("lints-allowed", "a/src/lib.rs:1", "error"),
    }
    assert result.metrics["errors"].breakdown == {"lints-allowed": 1, "runner": 1}
    assert _value(result, "risky") == 4


def test_configuration_between_the_workspace_and_the_top_of_the_repository_counts(tmp_path):
    base = _repository(tmp_path, {"ws/Cargo.toml": ONE, ".cargo/config.toml": FAKE})
    result = measure_gate(GATE, tmp_path / "ws", base=base)
    assert _found(result) == {("runner", "../.cargo/config.toml:2", "error")}
    assert _value(result, "added") == 0
    (tmp_path / ".cargo" / "config.toml").write_text(FAKE.replace("fake", "other"))
    assert _value(measure_gate(GATE, tmp_path / "ws", base=base), "added") == 1


def test_added_is_what_the_base_does_not_have(tmp_path):
    base = _repository(
        tmp_path,
        {
            "Cargo.toml": ONE,
            "src/lib.rs": "#![allow(dead_code)]\n",
            ".cargo/config.toml": '[alias]\nclippy = "check"\n',
            "phases/one.toml": "[phase]\n",
            "gaterun.toml": "",
        },
    )
    _write(
        tmp_path,
        {
            "src/lib.rs": "//! Moved.\n#![allow(dead_code)]\n#![allow(unused)]\n",
            ".cargo/config.toml": FAKE,
            "phases/one.toml": "[phase]\n\n",
        },
    )
    result = measure_gate(GATE, tmp_path, base=base)
    assert result.metrics["added"] == gaterun.Measured(
        value=2, breakdown={"lints-allowed": 1, "runner": 1}
    )
    new = {finding.place for finding in result.findings if "not in the base" in finding.message}
    assert new == {"src/lib.rs:3", ".cargo/config.toml:2"}
    policy = {
        finding.path: finding.message for finding in result.findings if finding.rule == "policy"
    }
    assert "changed since the base" in policy["phases/one.toml"]
    assert "changed" not in policy["gaterun.toml"]
    # That it is new is part of the message and not of the identity.
    before = {finding.fingerprint for finding in measure_gate(GATE, tmp_path).findings}
    assert {finding.fingerprint for finding in result.findings} == before


def test_what_made_tools_stricter_and_is_gone_is_new(tmp_path):
    base = _repository(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nmembers = ["a"]\n[workspace.lints.clippy]\nall = "deny"\n',
            "a/Cargo.toml": ONE.replace("[workspace]\n", "[lints]\nworkspace = true\n"),
            "a/src/lib.rs": "#![deny(warnings)]\n",
            "a/src/gone.rs": "#![deny(warnings)]\n",
        },
    )
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nmembers = ["a"]\n[workspace.lints.clippy]\nall = "warn"\n',
            "a/Cargo.toml": ONE.replace("[workspace]\n", ""),
            "a/src/lib.rs": "\n",
        },
    )
    (tmp_path / "a/src/gone.rs").unlink()
    result = measure_gate(GATE, tmp_path, base=base)
    assert result.metrics["added"] == gaterun.Measured(value=3, breakdown={"guard-lost": 3})
    assert {(finding.path, finding.message) for finding in result.findings} == {
        ("Cargo.toml", 'the base has workspace.lints.clippy.all = "deny" here'),
        ("a/Cargo.toml", "the base has lints.workspace = true here"),
        ("a/src/lib.rs", "the base has #![deny(warnings)] here"),
    }


def test_what_is_left_out_counts_where_the_base_has_it_in(tmp_path):
    files = {"Cargo.toml": '[workspace]\nmembers = ["a"]\nexclude = ["b"]\n'}
    base = _repository(tmp_path, files)
    assert _value(measure_gate(GATE, tmp_path, base=base), "risky") == 0
    _write(tmp_path, {"Cargo.toml": '[workspace]\nmembers = ["a"]\nexclude = ["b", "c"]\n'})
    result = measure_gate(GATE, tmp_path, base=base)
    assert (_value(result, "risky"), _value(result, "added")) == (1, 1)
    assert _value(measure_gate(GATE, tmp_path), "risky") == 0


@pytest.mark.parametrize(
    "name", ["phases/p.toml", "gaterun.toml", "waivers.toml", "docs/base.json", "gates/g.py"]
)
def test_policy_that_changed_is_counted(tmp_path, name):
    files = {
        "Cargo.toml": ONE,
        "phases/p.toml": '[phase]\n[phase.outputs]\nbaseline = "docs/base.json"\n',
        "gaterun.toml": 'gates = "gates"\n',
        "waivers.toml": "",
        "docs/base.json": "{}",
        "gates/g.py": "",
    }
    base = _repository(tmp_path, files)
    assert _value(measure_gate(GATE, tmp_path, base=base), "policy_changed") == 0
    _write(tmp_path, {name: f"{files[name]}\n"})
    assert _value(measure_gate(GATE, tmp_path, base=base), "policy_changed") == 1
    (tmp_path / name).unlink()
    assert _value(measure_gate(GATE, tmp_path, base=base), "policy_changed") >= 1
    assert _value(measure_gate(GATE, tmp_path), "policy_changed") is None


@pytest.mark.parametrize(("base", "why"), [(None, "no base"), ("0" * 40, "cannot list")])
def test_without_a_base_there_is_no_difference(tmp_path, base, why):
    _repository(tmp_path, {"Cargo.toml": ONE})
    result = measure_gate(GATE, tmp_path, base=base)
    assert result.metrics["added"].value is None
    assert why in result.metrics["added"].why
    assert _value(result, "risky") == 0


def test_what_is_left_out_is_said(tmp_path):
    _repository(tmp_path, {"Cargo.toml": ONE, "tests/fixtures/bad/Cargo.toml": "[package\n"})
    result = measure_gate(GATE, tmp_path)
    assert _found(result) == {("unreadable", "tests/fixtures/bad/Cargo.toml", "error")}
    result = measure_gate(GATE, tmp_path, options={"exclude": ["tests/fixtures/**"]})
    assert _found(result) == set()
    assert list(result.notes) == ["1 files left out by the option 'exclude'"]


def test_odd_files_are_no_crash(tmp_path):
    _repository(tmp_path, {"Cargo.toml": ONE, "clippy.toml": ""})
    (tmp_path / "clippy.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").write_bytes(b"#![allow(warnings)]\xff\xfe\0")
    (tmp_path / "gone.rs").symlink_to("nowhere")
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_bytes(
        b'\xef\xbb\xbfinclude = "config.toml"\r\n[alias]\r\nclippy = "x"\r\n'
    )
    result = measure_gate(GATE, tmp_path)
    assert _found(result) == {
        ("unreadable", "clippy.toml", "error"),
        ("lints-allowed", "src/lib.rs:1", "error"),
        ("alias", ".cargo/config.toml:3", "error"),
    }


def test_a_file_that_is_two_things_is_judged_as_both(tmp_path):
    _repository(
        tmp_path,
        {
            "Cargo.toml": ONE,
            ".cargo/config.toml": 'include = "../.config/nextest.toml"\n',
            ".config/nextest.toml": f"[profile.default]\nretries = 2\n\n{FAKE}",
        },
    )
    assert _found(measure_gate(GATE, tmp_path)) == {
        ("nextest-retries", ".config/nextest.toml:2", "warning"),
        ("runner", ".config/nextest.toml:5", "error"),
    }


def test_the_base_is_read_in_few_calls(tmp_path):
    files = {f"src/m{number}.rs": "#![allow(dead_code)]\n" for number in range(30)}
    base = _repository(tmp_path, {"Cargo.toml": ONE, **files})
    _write(tmp_path, {name: f"\n{text}" for name, text in files.items()})
    assert _value(measure_gate(GATE, tmp_path, base=base), "added") == 0
    assert len(list((tmp_path / ".gaterun").rglob("*.out"))) <= 4
