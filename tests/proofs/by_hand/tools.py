"""Other people's tools, run and read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def output(root: Path, *argv: str, codes: tuple[int, ...] = (0,), both: bool = False) -> str:
    """What a command prints; it has to end with one of these exit codes."""
    done = subprocess.run(
        argv,
        cwd=root,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if both else subprocess.PIPE,
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode not in codes:
        said = text if both else done.stderr.decode("utf-8", "replace")
        raise SystemExit(f"{' '.join(argv)}: exit {done.returncode}\n{said[-2000:]}")
    return text


def tracked(root: Path, *patterns: str) -> list[str]:
    """Files that git knows, those it lacks on disk left out."""
    names = output(root, "git", "ls-files", "-z", "--", *patterns).split("\0")
    return [name for name in names if name and (root / name).is_file()]


def matches(root: Path, expression: str, *globs: str) -> list[str]:
    """`path:line:text` by `git grep`, extended expressions."""
    options = ("--no-pager", "grep", "-nIE", "--untracked", expression, "--", *globs)
    return output(root, "git", *options, codes=(0, 1)).splitlines()


def metadata(root: Path) -> dict[str, Any]:
    """`cargo metadata --no-deps`."""
    text = output(root, "cargo", "metadata", "--no-deps", "--format-version=1")
    found: dict[str, Any] = json.loads(text)
    return found


def messages(text: str) -> Iterator[dict[str, Any]]:
    """Cargo's JSON lines; what else stands on standard output is left out."""
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
