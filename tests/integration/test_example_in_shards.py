"""The example's phase on three machines finds what it finds on one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.controls import git

pytestmark = [pytest.mark.slow, pytest.mark.cargo]

#: Comparing builds of two commits takes minutes, and is the same gate on any machine.
WITHOUT = "--deselect=build-time"

MACHINES = 3


def gaterun(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaterun", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def essence(path: Path) -> dict[str, Any]:
    """What a run found: verdicts with their checks, metrics, findings; not what times itself."""
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    told = ("verdict", "findings", "inspected", "notes", "recipe", "blocking")
    return {
        "exit_code": record["exit_code"],
        "tree": record["tree"]["digest"],
        "base": record["base"],
        "policy": record["policy"],
        "left_out": record["left_out"],
        "results": {
            result["node_id"]: {name: result[name] for name in told} for result in record["results"]
        },
    }


def test_three_machines_find_what_one_finds(tmp_path: Path) -> None:
    demo, parts = tmp_path / "eventmesh", tmp_path / "parts"
    assert gaterun("demo", str(demo), cwd=tmp_path).returncode == 0
    assert gaterun("baseline", "phase7", cwd=demo).returncode == 0
    git(demo, "add", "--all")
    git(demo, "commit", "--quiet", "-m", "measured before")

    one = f"--report=json:{tmp_path / 'one.json'}"
    whole = gaterun("phase7", WITHOUT, one, cwd=demo)
    assert whole.returncode == 0, whole.stdout + whole.stderr

    for number in range(1, MACHINES + 1):
        machine = tmp_path / f"machine-{number}"
        git(tmp_path, "clone", "--quiet", str(demo), str(machine))
        shard = gaterun("phase7", WITHOUT, "--shard", f"{number}/{MACHINES}", cwd=machine)
        assert shard.returncode == 0, shard.stdout + shard.stderr
        assert f"shard {number} of {MACHINES}" in shard.stdout
        to = str(parts / f"{number}.tar.gz")
        assert gaterun("runs", "export", "last", "--output", to, cwd=machine).returncode == 0

    judge = tmp_path / "judge"
    git(tmp_path, "clone", "--quiet", str(demo), str(judge))
    several = f"--report=json:{tmp_path / 'several.json'}"
    merged = gaterun("report", "phase7", "--merge", str(parts), several, cwd=judge)
    assert merged.returncode == 0, merged.stdout + merged.stderr
    assert essence(tmp_path / "several.json") == essence(tmp_path / "one.json")
    assert gaterun("runs", "verify", "last", cwd=judge).returncode == 0
