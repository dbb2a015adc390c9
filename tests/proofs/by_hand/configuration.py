"""Gates `target-dir`, `sccache`, `sweep`: cargo asked in each folder, and `git grep`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from by_hand.rows import Clone, Row
from by_hand.tools import matches, tracked


def rows(clone: Clone) -> Iterator[Row]:
    report = clone.report
    roots, folders = workspaces(clone.root)
    yield Row(
        gate="target-dir",
        metric="workspaces",
        gaterun=report.value("target-dir", "workspaces"),
        by_hand=len(roots),
        how="`cargo metadata` beside each tracked Cargo.toml: distinct `workspace_root`",
    )
    yield Row(
        gate="target-dir",
        metric="target_dirs",
        gaterun=report.value("target-dir", "target_dirs"),
        by_hand=len(folders),
        how="the same: distinct `target_directory`",
    )
    yield Row(
        gate="target-dir",
        metric="shared",
        gaterun=report.value("target-dir", "shared"),
        by_hand=len(folders) == 1,
        how="the same: one `target_directory`",
    )
    wrapper = matches(clone.root, r"^ *(rustc-wrapper|RUSTC_WRAPPER)\b.*=", "*.cargo/config*")
    yield Row(
        gate="sccache",
        metric="configured_by",
        gaterun=report.value("sccache", "configured_by"),
        by_hand="repository" if wrapper else "nothing",
        how="`git grep` for `rustc-wrapper` in .cargo/config.toml",
    )
    sweeps = matches(clone.root, r"cargo[- ]sweep( sweep)? .*(-[tsirf]|--)", ".github/*")
    yield Row(
        gate="sweep",
        metric="steps",
        gaterun=report.value("sweep", "steps"),
        by_hand=len([line for line in sweeps if "install" not in line]),
        how="`git grep` for calls of cargo-sweep in .github",
    )
    yield Row(
        gate="sweep",
        metric="workflows",
        gaterun=report.value("sweep", "workflows"),
        by_hand=len(tracked(clone.root, ":(glob).github/workflows/*.y*ml")),
        how="`git ls-files .github/workflows`",
    )


def workspaces(root: Path) -> tuple[set[str], set[str]]:
    """Roots of workspaces and their target folders."""
    roots, folders = set(), set()
    for name in tracked(root, "Cargo.toml", "*/Cargo.toml"):
        done = subprocess.run(
            ["cargo", "metadata", "--no-deps", "--format-version=1"],
            cwd=(root / name).parent,
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            said = json.loads(done.stdout)
            roots.add(said["workspace_root"])
            folders.add(said["target_directory"])
    return roots, folders
