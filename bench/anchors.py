"""The programs that gaterun is compared with, in an environment made on demand by pip."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path


class Missing(Exception):
    """What a goal is compared with is not there."""


def cache_folder() -> Path:
    """Where anchors and byte code are kept, outside of the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir()
    folder = Path(base) / "gaterun-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def anchor(name: str) -> Path:
    """The program `name` of the distribution of that name, installed if need be.

    Raises:
        Missing: pip cannot install it.
    """
    home = cache_folder() / f"anchors-{sys.version_info[0]}.{sys.version_info[1]}"
    program = home / "bin" / name
    if program.exists():
        return program
    python = home / "bin" / "python"
    steps: list[list[str | Path]] = [
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", name]
    ]
    if not python.exists():
        steps.insert(0, [Path(sys.executable), "-m", "venv", home])
    for step in steps:
        done = subprocess.run(step, check=False, capture_output=True, text=True)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise Missing(f"{name} cannot be installed: {lines[-1]}")
    if not program.exists():
        raise Missing(f"{name} has no program of that name")
    return program
