"""The gate ``target-dir`` on real trees."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.target_dir import GATE

pytestmark = pytest.mark.cargo

PACKAGE = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No target folder of the user's."""
    for name in ("CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"):
        monkeypatch.delenv(name, raising=False)


def package(root: Path, name: str, text: str = "") -> None:
    (root / name / "src").mkdir(parents=True)
    (root / name / "Cargo.toml").write_text(PACKAGE.format(Path(name).name) + text)
    (root / name / "src" / "lib.rs").write_text("")


def config(root: Path, text: str) -> None:
    (root / ".cargo").mkdir(parents=True)
    (root / ".cargo" / "config.toml").write_text(text)


def rules(measurement: gaterun.Measurement) -> list[str]:
    return sorted(finding.rule for finding in measurement.findings)


def test_one_workspace_shares_trivially_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n')
    package(tmp_path, "a")
    package(tmp_path, "b")
    found = measure_gate(GATE, tmp_path)
    assert found.metrics == {
        "shared": True,
        "explicit": False,
        "workspaces": 1,
        "target_dirs": 1,
        "strays": 0,
        "source": "default",
    }
    assert found.notes == ["one workspace, which shares its target folder with nobody"]


def test_members_are_not_asked_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["m/*"]\nresolver = "2"\n')
    for number in range(5):
        package(tmp_path, f"m/p{number}")
    measure_gate(GATE, tmp_path)
    logs = list((tmp_path / ".gaterun").rglob("*.out"))
    assert len(logs) == 1


def test_a_nested_workspace_and_a_stray(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["a"]\nresolver = "2"\n')
    package(tmp_path, "a")
    package(tmp_path, "tools/nested", "[workspace]\n")
    package(tmp_path, "stray")
    found = measure_gate(GATE, tmp_path)
    assert found.metrics["shared"] is False
    assert (found.metrics["workspaces"], found.metrics["target_dirs"]) == (2, 2)
    assert found.metrics["strays"] == 1
    assert rules(found) == ["target-dir::own-folder", "target-dir::own-folder", "target-dir::stray"]
    assert {finding.path for finding in found.findings} == {
        "Cargo.toml",
        "stray/Cargo.toml",
        "tools/nested/Cargo.toml",
    }


def test_the_default_written_down_is_shared_only_beside_nested_workspaces(tmp_path: Path) -> None:
    package(tmp_path, "one", "[workspace]\n")
    package(tmp_path, "two", "[workspace]\n")
    config(tmp_path, '[build]\ntarget-dir = "target"\n')
    found = measure_gate(GATE, tmp_path)
    assert found.metrics["shared"] is True
    assert found.metrics["explicit"] is True
    assert found.metrics["source"] == ".cargo/config.toml"
    assert found.findings == []


def test_a_variable_is_named_as_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "one", "[workspace]\n")
    package(tmp_path, "two", "[workspace]\n")
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "t"))
    found = measure_gate(GATE, tmp_path)
    assert found.metrics["shared"] is True
    assert found.metrics["source"] == "CARGO_TARGET_DIR"
    assert any("sccache" in note for note in found.notes)


def test_a_folder_inside_a_member(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["a"]\nresolver = "2"\n')
    package(tmp_path, "a")
    config(tmp_path, '[build]\ntarget-dir = "a/target"\n')
    found = measure_gate(GATE, tmp_path)
    assert rules(found) == ["target-dir::inside-member"]
    assert found.metrics["explicit"] is True


def test_a_folder_for_intermediate_artefacts_is_noted(tmp_path: Path) -> None:
    package(tmp_path, "a")
    config(tmp_path, '[build]\nbuild-dir = "elsewhere"\n')
    found = measure_gate(GATE, tmp_path)
    assert any("build.build-dir" in note for note in found.notes)


def test_a_broken_manifest_is_no_verdict_unless_the_rest_decides(tmp_path: Path) -> None:
    package(tmp_path, "one", "[workspace]\n")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "Cargo.toml").write_text("[package\n")
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure_gate(GATE, tmp_path)
    assert refusal.value.reason is gaterun.Reason.INCOMPLETE
    assert measure_gate(GATE, tmp_path, options={"exclude": ["broken/**"]}).metrics["shared"]
    package(tmp_path, "two", "[workspace]\n")
    found = measure_gate(GATE, tmp_path)
    assert found.metrics["shared"] is False
    assert "target-dir::unreadable" in rules(found)


def test_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure_gate(GATE, tmp_path)
    assert refusal.value.reason is gaterun.Reason.NO_INPUT
