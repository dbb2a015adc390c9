"""The hooks in pre-commit and in prek, each with an environment of its own: green, and red.

Both come from PyPI (`tools`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.external.tools import pypi

RUNNERS = ("pre-commit==4.7.0", "prek==0.5.11")
ROOT = Path(__file__).parents[2]
PHASE = '[phase]\n[task.1]\n[[task.1.gate]]\nuse = "command"\nargv = ["test", "-e", "good"]\n'
EXPIRED = """
[[waiver]]
gate = "command"
condition = "exit_status == 0"
instead = "exit_status <= 1"
reason = "later"
owner = "ann"
expires = 2020-01-01
"""

pytestmark = pytest.mark.slow


@pytest.fixture(params=["pre-commit", "prek"])
def runner(request: pytest.FixtureRequest) -> str:
    return str(pypi(*RUNNERS) / request.param)


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    """The hooks of this tree as a repository, whatever is not committed yet."""
    folder = tmp_path / "gaterun"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all", "--force"], cwd=folder, check=True)
    subprocess.run(["git", *identity, "commit", "--quiet", "-m", "x"], cwd=folder, check=True)


def test_hooks_pass_and_fail(runner: str, hooks: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "phases").mkdir(parents=True)
    (workspace / "Cargo.toml").write_text("[workspace]\nmembers = []\n")
    (workspace / "phases/p.toml").write_text(PHASE)
    (workspace / "good").touch()
    commit(workspace)

    def tried(hook: str) -> tuple[int, str]:
        subprocess.run(["git", "add", "--all"], cwd=workspace, check=True)
        done = subprocess.run(
            [runner, "try-repo", str(hooks), hook, "--all-files"],
            cwd=workspace,
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PRE_COMMIT_HOME": str(tmp_path / "kept"),
                "PREK_HOME": str(tmp_path / "kept"),
            },
        )
        return done.returncode, done.stdout + done.stderr

    status, output = tried("gaterun")
    assert status == 0, output
    (workspace / "good").unlink()
    status, output = tried("gaterun")
    assert status == 1, output
    assert "FAILED     1::command" in output
    (workspace / "waivers.toml").write_text(EXPIRED)
    status, output = tried("gaterun-waivers")
    assert status == 1, output
    assert "expired" in output
