"""`gaterun selftest` proves the gates of the workspace that it is run in, and needs none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaterun.cli.main import run

GATE = """
import gaterun

def measure(ctx):
    found = len(ctx.files("*.bad"))
    return gaterun.Measurement(metrics={"n": found}, inspected={"folders": 1})

def controls():
    files = {"Cargo.toml": "[workspace]\\n"}
    yield gaterun.Control(name="none", expect=gaterun.Outcome.PASS, files=files)
    yield gaterun.Control(
        name="one", expect=gaterun.Outcome.FAIL, files={**files, "x.bad": ""}
    )

@gaterun.hookimpl
def gaterun_gates():
    metrics = (gaterun.Metric(name="n"),)
    return [gaterun.Gate(
        name="own", title="", metrics=metrics, measure=measure, requires=("n == 0",),
        controls=controls,
    )]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "Cargo.toml").write_text("[workspace]\n")
    (tmp_path / "gaterun.toml").write_text('gates = "gates"\n')
    (tmp_path / "gates").mkdir()
    (tmp_path / "gates/own.py").write_text(GATE)
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.parametrize("folder", [".", "sub"])
def test_a_gate_of_the_workspace(
    workspace: Path,
    folder: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(workspace / folder)
    assert run(["selftest", "own"]) == 0
    assert "1 of 1 gates can fail and can pass" in capsys.readouterr().out


def test_settings_that_are_wrong_are_told(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "gaterun.toml").write_text('gate = "gates"\n')
    monkeypatch.chdir(workspace)
    assert run(["selftest", "own"]) == 4
    assert "gaterun.toml:1" in capsys.readouterr().err


def test_without_a_workspace_those_that_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["selftest", "own"]) == 4
    assert "no plugin offers a gate 'own'" in capsys.readouterr().err
    assert run(["selftest", "changelog"]) == 0
