"""The pinned environment that every contestant gets, and what is to be said about it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

from anchors import Missing, anchor, cache_folder

#: Variables that change what Python, cargo, git, gaterun or its output do.
_SCRUBBED = (
    *("AI_AGENT", "CI", "CLAUDECODE", "CODEX_SANDBOX", "CURSOR_AGENT", "GEMINI_CLI"),
    *("FORCE_COLOR", "GITHUB_ACTIONS", "NO_COLOR", "COLUMNS"),
)
_SCRUBBED_PREFIXES = (
    *("PYTHON", "PYTEST_", "GATERUN_", "PREK_", "PRE_COMMIT", "GIT_", "VIRTUAL_ENV"),
    *("CARGO_BUILD", "CARGO_ENCODED", "CARGO_INCREMENTAL", "CARGO_PROFILE", "CARGO_TARGET"),
    *("RUSTC", "RUSTFLAGS", "RUSTDOCFLAGS", "RUST_BACKTRACE", "NEXTEST"),
)


@dataclass(frozen=True, kw_only=True)
class World:
    """Where things are.

    Attributes:
        scratch: an empty folder that goes away afterwards.
        rust_tree: clone of a public workspace; ``None`` when none was given.
    """

    scratch: Path
    seed: int = 7
    rust_tree: Path | None = None

    python = Path(sys.executable)

    @cached_property
    def gaterun(self) -> Path:
        """The console script beside the interpreter that runs this.

        Raises:
            Missing: gaterun is not installed there.
        """
        program = self.python.parent / "gaterun"
        if not program.exists():
            raise Missing("gaterun is not installed for the Python that runs the benchmark")
        return program

    @cached_property
    def environment(self) -> dict[str, str]:
        """What every contestant inherits.

        Byte code is kept in the cache folder, so that all are byte-compiled after their
        warm-ups, however they were installed, and nothing is written beside the sources.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _SCRUBBED and not name.startswith(_SCRUBBED_PREFIXES)
        }
        byte_code = cache_folder() / "byte-code"
        prek = cache_folder() / "prek"
        return {
            **kept,
            "PYTHONPYCACHEPREFIX": str(byte_code),
            "PREK_HOME": str(prek),
            "TERM": "dumb",
        }

    def anchor(self, name: str) -> Path:
        """A program to compare with.

        Raises:
            Missing: it cannot be installed.
        """
        return anchor(name)


def describe(world: World) -> dict[str, str]:
    """Facts that decide how the figures are to be read."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts = {
        "machine": f"{platform.system()} {platform.machine()}, {cores} cores",
        "load": f"{os.getloadavg()[0]:.1f} (1 min, at the start)",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "byte-compiled": "yes, by the warm-ups (PYTHONPYCACHEPREFIX)",
        "gaterun": _gaterun(world),
        "distributions": f"{sum(1 for _ in metadata.distributions())} installed beside gaterun",
    }
    for name, argv in (
        ("git", ["git", "--version"]),
        ("cargo", ["cargo", "--version"]),
        ("nextest", ["cargo-nextest", "--version"]),
    ):
        facts[name] = _first_line(argv)
    for name in ("pytest", "prek"):
        try:
            facts[name] = _first_line([str(world.anchor(name)), "--version"])
        except Missing as error:
            facts[name] = str(error)
    return facts


def _gaterun(world: World) -> str:
    try:
        script = world.gaterun.read_text("utf-8", "replace")
    except Missing as error:
        return str(error)
    imports_re = "import re\n" in script
    return f"{metadata.version('gaterun')}, console script " + (
        "that imports re (an old pip wrote it)" if imports_re else "that imports sys only"
    )


def _first_line(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
    except OSError:
        return "none"
    return (done.stdout or done.stderr).strip().partition("\n")[0] or "none"
