"""The gate ``build``, on real workspaces."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.build import GATE
from gaterun_gates.cargo.manifests import crates_outside
from gaterun_gates.cargo.messages import BuiltTarget, Line
from gaterun_gates.cargo.metadata import decode_workspace
from gaterun_gates.cargo.targets import Built, expected_targets

DATA = Path(__file__).parent / "data" / "cargo"
ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _member(name: str, more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


def _value(measurement: gaterun.Measurement, name: str) -> object:
    value = measurement.metrics[name]
    return value.value if isinstance(value, gaterun.Measured) else value


def _artifact(package: str, kind: str, name: str, *features: str) -> Line:
    return Line(
        reason="compiler-artifact",
        package_id=package,
        target=BuiltTarget(name=name, kind=(kind,)),
        features=features,
    )


A, B = "path+file:///ws/crates/a#0.1.0", "path+file:///ws/crates/b#0.1.0"


def test_targets_that_cargo_leaves_out_are_not_expected():
    workspace = decode_workspace((DATA / "metadata.json").read_bytes())
    built = Built(finished=True, success=True)
    built.see(_artifact(A, "lib", "a"))
    expected = expected_targets(workspace.members, built)
    assert {target.name for package, target in expected.targets if package.id == A} == {
        "a",
        "h",
        "it",
        "build-script-build",
    }
    assert expected.left_out == (
        "bin 'xbin' of a: needs features x",
        "bench 'bb' of a: bench = false",
    )
    # With the feature, or in a build that failed, there is no excuse.
    built = Built(finished=True, success=False)
    built.see(_artifact(A, "lib", "a", "x"))
    expected = expected_targets(workspace.members, built)
    assert {"xbin", "bb"} <= {target.name for _, target in expected.targets}
    assert expected.left_out == ()


def test_manifests_outside_are_excluded_nested_or_orphans(tmp_path):
    text = (DATA / "metadata.json").read_text().replace("/ws", str(tmp_path))
    workspace = decode_workspace(text)
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nexclude = ["crates/old/"]\n',
            "crates/a/Cargo.toml": _member("a"),
            "crates/b/Cargo.toml": _member("b"),
            "crates/old/sub/Cargo.toml": _member("old"),
            "crates/older/Cargo.toml": _member("older"),
            "fuzz/Cargo.toml": _member("fuzz", "[workspace]\n"),
            "broken/Cargo.toml": "[package\n",
        },
    )
    names = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("Cargo.toml"))
    outside = crates_outside(workspace, names, tmp_path)
    assert outside.excluded == ("crates/old/sub/Cargo.toml",)
    assert outside.nested == ("fuzz/Cargo.toml",)
    assert outside.orphans == ("broken/Cargo.toml", "crates/older/Cargo.toml")


@pytest.mark.cargo
def test_every_kind_of_target_is_built_and_counted(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "m"]\nexclude = ["x"]\n',
            "a/Cargo.toml": _member("a", '[dependencies]\nm = { path = "../m" }\n'),
            "a/src/lib.rs": "",
            "a/src/main.rs": "fn main() {}\n",
            "a/build.rs": 'fn main() {\n    println!("cargo::warning=hey");\n}\n',
            "a/tests/it.rs": "",
            "a/benches/be.rs": "",
            "a/examples/ex.rs": "fn main() {}\n",
            "m/Cargo.toml": _member("m", "[lib]\nproc-macro = true\n"),
            "m/src/lib.rs": "",
            "x/Cargo.toml": _member("x"),
            "lost/Cargo.toml": _member("lost"),
        },
    )
    result = measure_gate(GATE, tmp_path)
    assert result.metrics["failed"] == 0
    assert result.metrics["targets"].breakdown == {"a": 6, "m": 1}
    assert result.metrics["built"].breakdown == {"a": 6, "m": 1}
    assert result.metrics["excluded"] == 1
    assert result.metrics["orphans"] == 1
    assert result.metrics["stderr_warnings"] == 1
    assert result.inspected == {"crates": 2, "targets": 7}
    assert "excluded from the workspace: x/Cargo.toml" in result.notes
    # All of it is there already: the user's own target directory is used.
    assert (tmp_path / "target" / "debug").is_dir()
    assert measure_gate(GATE, tmp_path).metrics["failed"] == 0


@pytest.mark.cargo
def test_errors_of_several_crates_are_findings_with_places(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b", "c"]\n',
            "a/Cargo.toml": _member("a"),
            "a/src/lib.rs": 'pub fn a() -> i32 {\n    "1"\n}\n',
            "b/Cargo.toml": _member("b", '[dependencies]\na = { path = "../a" }\n'),
            "b/src/lib.rs": "",
            "c/Cargo.toml": _member("c"),
            "c/src/lib.rs": "pub fn c( {\n",
        },
    )
    result = measure_gate(GATE, tmp_path)
    by_rule = {finding.rule: finding for finding in result.findings}
    assert by_rule["E0308"].place == "a/src/lib.rs:2:5"
    assert by_rule["E0308"].severity is gaterun.Severity.ERROR
    assert by_rule["rustc"].path == "c/src/lib.rs"  # a syntax error has no code
    assert by_rule["not-built"].message == "lib 'b' of b has no artefact"
    assert result.metrics["failed"] == 3
    assert result.metrics["built"].value == 0
    assert result.metrics["errors"] >= 2


@pytest.mark.cargo
def test_a_failing_build_script_is_a_finding(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": ONE,
            "src/lib.rs": "",
            "build.rs": 'fn main() {\n    panic!("no database");\n}\n',
        },
    )
    result = measure_gate(GATE, tmp_path)
    script = next(f for f in result.findings if f.rule == "build-script")
    assert script.message == "the build script of one failed: no database"
    assert script.place == "build.rs:2:5"
    assert result.metrics["failed"] == 1


@pytest.mark.cargo
def test_a_failing_path_dependency_outside_fails_the_build(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a"]\nexclude = ["x"]\n',
            "a/Cargo.toml": _member("a", '[dependencies]\nx = { path = "../x" }\n'),
            "a/src/lib.rs": "",
            "x/Cargo.toml": _member("x"),
            "x/src/lib.rs": "pub fn x() -> Absent {}\n",
        },
    )
    result = measure_gate(GATE, tmp_path)
    assert result.metrics["failed"] == 1
    assert {f.rule for f in result.findings} == {"E0425", "not-built"}


@pytest.mark.cargo
def test_a_member_of_which_nothing_is_built_is_a_finding(tmp_path):
    manifest = '[features]\nx = []\n[[bin]]\nname = "t"\npath = "t.rs"\nrequired-features = ["x"]\n'
    _write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b"]\n',
            "a/Cargo.toml": _member("a", manifest),
            "a/t.rs": "fn main() {}\n",
            "b/Cargo.toml": _member("b"),
            "b/src/lib.rs": "",
        },
    )
    result = measure_gate(GATE, tmp_path)
    assert [f.message for f in result.findings] == ["nothing of a is built with these features"]
    assert result.metrics["failed"] == 1
    assert measure_gate(GATE, tmp_path, options={"all_features": True}).metrics["failed"] == 0
    assert measure_gate(GATE, tmp_path, options={"features": ["a/x"]}).metrics["failed"] == 0


@pytest.mark.cargo
def test_a_lock_file_that_has_drifted_gives_no_verdict(tmp_path):
    _write(
        tmp_path,
        {"Cargo.toml": ONE, "src/lib.rs": "", "Cargo.lock": "version = 4\n"},
    )
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path)
    assert caught.value.reason is gaterun.Reason.BUILD_FAILED
    assert "--locked" in caught.value.message
    assert (tmp_path / "Cargo.lock").read_text() == "version = 4\n"


@pytest.mark.cargo
def test_an_unknown_feature_gives_no_verdict(tmp_path):
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": ""})
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path, options={"features": ["absent"]})
    assert "absent" in caught.value.message
