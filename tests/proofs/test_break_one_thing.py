"""The proof of `break_one_thing.py`, sampled on the example."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.cargo
def test_a_defect_turns_exactly_its_gate_red(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "break_one_thing", Path(__file__).with_name("break_one_thing.py")
    )
    assert spec is not None
    assert spec.loader is not None
    proof = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(proof)
    folder = tmp_path / "eventmesh"
    subprocess.run([sys.executable, "-m", "gaterun", "demo", str(folder)], check=True)
    shutil.rmtree(folder / "phases")
    (folder / "phases").mkdir()
    subprocess.run(["git", "commit", "-qam", "Without phases"], cwd=folder, check=True)
    # What compiles nothing, and clippy; the whole is one command on any clone.
    cheap = {"changelog", "config-audit", "env-coverage", "from-env", "hardcoded"}
    cheap |= {"clippy", "release-notes", "sccache", "sweep", "target-dir", "version"}
    said: list[str] = []
    assert proof.prove(folder, said.append, only=cheap) == [], "\n".join(said)
    assert {line.split()[1] for line in said if "caught" in line} == cheap
