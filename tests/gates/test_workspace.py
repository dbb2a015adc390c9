"""The resource ``workspace``."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.cargo.metadata import decode_workspace

DATA = Path(__file__).parent / "data" / "cargo"


def _show(ctx: gaterun.Context, workspace: gaterun.Workspace) -> gaterun.Measurement:
    del ctx
    return gaterun.Measurement(
        metrics={"members": len(workspace.members)},
        inspected={"crates": 1},
        notes=[
            f"{member.name} {workspace.relative(target.src_path)} {'/'.join(target.kind)}"
            for member in workspace.members
            for target in member.targets
        ],
    )


PROBE = gaterun.Gate(
    name="probe",
    title="probe",
    metrics=(gaterun.Metric(name="members"),),
    measure=_show,
    requires=("members >= 0",),
)


def test_metadata_is_decoded_with_members_sorted_and_targets_complete():
    workspace = decode_workspace((DATA / "metadata.json").read_bytes())
    assert workspace.root == Path("/ws")
    assert workspace.target_directory == Path("/ws/target")
    assert [member.name for member in workspace.members] == ["a", "b"]
    one, two = workspace.members
    targets = {(target.kind[0], target.name): target for target in one.targets}
    assert set(targets) == {
        ("lib", "a"),
        ("bin", "xbin"),
        ("test", "h"),
        ("test", "it"),
        ("bench", "bb"),
        ("custom-build", "build-script-build"),
    }
    assert targets["bin", "xbin"].required_features == ("x",)
    assert targets["lib", "a"].doctest
    assert one.features == ("x",)
    assert [(d.name, d.kind, d.path) for d in two.dependencies] == [
        ("a", "normal", Path("/ws/crates/a"))
    ]
    assert two.publish


@pytest.mark.parametrize(("written", "publish"), [("null", True), ("[]", False), ('["reg"]', True)])
def test_publish_follows_the_list_of_registries(written, publish):
    text = (DATA / "metadata.json").read_text().replace('"publish":null', f'"publish":{written}')
    assert decode_workspace(text).members[0].publish is publish


@pytest.mark.parametrize("text", ["", "{}", "[1]", "error: no"])
def test_other_output_is_a_value_error(text):
    with pytest.raises(ValueError):
        decode_workspace(text)


def test_a_folder_without_manifest_is_no_input_even_below_a_workspace(tmp_path):
    (tmp_path / "Cargo.toml").write_text("[workspace]\n")
    (tmp_path / "docs").mkdir()
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(PROBE, tmp_path / "docs")
    assert caught.value.reason is gaterun.Reason.NO_INPUT


@pytest.mark.cargo
def test_an_empty_workspace_has_no_members(tmp_path):
    (tmp_path / "Cargo.toml").write_text('[workspace]\nresolver = "2"\n')
    assert measure_gate(PROBE, tmp_path).metrics["members"] == 0


@pytest.mark.cargo
def test_a_broken_manifest_is_a_parse_error_in_cargos_words(tmp_path):
    (tmp_path / "Cargo.toml").write_text("[package\n")
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(PROBE, tmp_path)
    assert caught.value.reason is gaterun.Reason.PARSE_ERROR
    assert "unclosed table" in caught.value.message
    assert "Cargo.toml:1" in caught.value.message


@pytest.mark.cargo
def test_a_missing_toolchain_is_tool_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("RUSTUP_AUTO_INSTALL", "0")
    monkeypatch.delenv("RUSTUP_TOOLCHAIN", raising=False)
    (tmp_path / "Cargo.toml").write_text('[workspace]\nresolver = "2"\n')
    (tmp_path / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "1.0.1"\n')
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(PROBE, tmp_path)
    assert caught.value.reason is gaterun.Reason.TOOL_MISSING
    assert "1.0.1" in caught.value.message


def test_without_cargo_it_is_tool_missing(tmp_path, monkeypatch):
    (tmp_path / "Cargo.toml").write_text("[workspace]\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(PROBE, tmp_path)
    assert caught.value.reason is gaterun.Reason.TOOL_MISSING


@pytest.mark.cargo
def test_a_path_with_spaces_and_other_letters(tmp_path):
    root = tmp_path / "a b ü"
    (root / "src").mkdir(parents=True)
    (root / "src/lib.rs").write_text("")
    (root / "Cargo.toml").write_text('[package]\nname = "one"\nversion = "0.1.0"\n[workspace]\n')
    assert measure_gate(PROBE, root).notes == ["one src/lib.rs lib"]
