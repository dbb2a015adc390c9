"""The proof of `kills.py`, sampled: six kills."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def proof(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("kills", Path(__file__).with_name("kills.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_nothing_is_lost_or_wrong_after_a_kill(proof: ModuleType, tmp_path: Path) -> None:
    said: list[str] = []
    seed = 20261128
    assert proof.prove(tmp_path.resolve(), kills=6, seed=seed, say=said.append) == [], said
    assert said[-1] == "6 kills, 0 things wrong"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("process", "is alive"),
        ("lock", "is left"),
        ("scratch", "is left"),
        ("half", "is left"),
        ("baseline", "the baseline is damaged"),
        ("record", "is not what it was"),
        ("secret", "holds the secret"),
    ],
)
def test_what_would_be_wrong_is_seen(
    proof: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, said: str
) -> None:
    """The harm is done after the run that would have mended it."""
    workspace = proof.Workspace(tmp_path.resolve())
    assert workspace.whole("p") == ""
    before = workspace.digests()
    (recorded,) = before
    killed = workspace.store.new_run()
    killed.path.joinpath("logs/x").write_text("x")
    os.close(killed._lock)
    real = workspace.whole
    spawned: list[int] = []

    def whole(*arguments: str) -> str:
        problem: str = real(*arguments)
        match harm:
            case "process":
                marked = {**os.environ, "GATERUN_RUN_ID": killed.id}
                spawned.append(os.posix_spawnp("sleep", ["sleep", "1000"], marked))
            case "lock":
                (killed.path / "lock").touch()
            case "scratch":
                (workspace.store.path / "scratch/gaterun-x").touch()
            case "half":
                (workspace.root / ".report.xml.0123abcd").touch()
            case "record":
                sums = workspace.store.folder_of(recorded) / "SHA256SUMS"
                sums.write_bytes(sums.read_bytes() + b"0" * 64 + b"  logs/y\n")
            case "secret":
                (workspace.store.path / "gates/kept").write_text(f"token={proof.SECRET}")
        return problem

    monkeypatch.setattr(workspace, "whole", whole)
    if harm == "baseline":
        (workspace.root / proof.BASELINE).parent.mkdir()
        (workspace.root / proof.BASELINE).write_text("{")
    try:
        found = proof.wrong_after(workspace, "run", before)
    finally:
        for pid in spawned:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert any(said in problem for problem in found), found
