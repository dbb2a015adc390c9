"""Folders outside of a workspace that its crates are built from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import gaterun
from gaterun_gates.cargo.toml_file import read_toml, table

_KINDS = ("dependencies", "dev-dependencies", "build-dependencies")


def folders_outside(workspace: gaterun.Workspace) -> list[Path]:
    """The crates that members depend on by path, and those that these do, sorted.

    Only what is not below the workspace's root. A manifest that cannot be read ends the search
    there: cargo says more about it when it builds.
    """
    seen: set[Path] = set()
    paths = [
        dependency.path
        for member in workspace.members
        for dependency in member.dependencies
        if dependency.path is not None
    ]
    while paths:
        folder = paths.pop().resolve()
        if folder not in seen:
            seen.add(folder)
            paths += _named(folder)
    return sorted(folder for folder in seen if not folder.is_relative_to(workspace.root))


def _named(folder: Path) -> Iterator[Path]:
    manifest = read_toml(folder / "Cargo.toml")
    tables = [manifest, *table(manifest, "target").values(), table(manifest, "workspace")]
    for place in tables:
        for kind in _KINDS:
            for entry in table(place, kind).values():
                if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
                    yield folder / str(entry["path"])
