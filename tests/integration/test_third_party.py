"""A distribution of somebody else's, installed from a folder, adds a gate, a reporter, a phase."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_a_distribution_adds_a_gate_a_reporter_and_a_phase(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(HERE / "thirdparty", source, ignore=shutil.ignore_patterns("__pycache__"))
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run(
        [*install, "--no-build-isolation", "--target", str(site), str(source)], check=True
    )
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "Cargo.toml").write_text("[workspace]\n")
    (workspace / "lib.rs").write_text("// TODO: everything\n")

    def gaterun(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gaterun", *arguments],
            cwd=workspace,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

    red = gaterun("todo-phase", "--report", "csv:gates.csv")
    assert red.returncode == 1, red.stdout + red.stderr
    assert "lib.rs:1" in red.stdout
    assert (workspace / "gates.csv").read_text() == "only::todo,fail\n"

    (workspace / "lib.rs").write_text("// done\n")
    assert gaterun("todo-phase").returncode == 0
    assert "gaterun-todo 1.2.3" in gaterun("plugins").stdout
    assert gaterun("todo-phase", "-p", "no:todo").returncode == 4
