"""Manifests of the tree that belong to no member: excluded crates, orphans, nested workspaces."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import gaterun
from gaterun_gates.cargo.toml_file import read_toml, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Crates in the tree that ``cargo build --workspace`` never sees.

    Attributes:
        excluded: manifests below a folder in ``[workspace] exclude``.
        nested: manifests with a ``[workspace]`` of their own.
        orphans: manifests of no workspace that cargo was asked about.
    """

    excluded: tuple[str, ...]
    nested: tuple[str, ...]
    orphans: tuple[str, ...]


def _below(folder: str, above: Iterable[str]) -> bool:
    return any(folder == item or folder.startswith(f"{item}/") for item in above)


def crates_outside(workspace: gaterun.Workspace, manifests: Iterable[str], root: Path) -> Outside:
    """Sort the manifests that are not the workspace's own.

    Args:
        workspace: the workspace.
        manifests: paths of every ``Cargo.toml`` of the tree, relative to `root`.
        root: the folder to which they are relative.
    """
    own = {member.manifest_path.resolve() for member in workspace.members}
    own.add((workspace.root / "Cargo.toml").resolve())
    listed = table(read_toml(workspace.root / "Cargo.toml"), "workspace").get("exclude")
    exclude = [
        posixpath.normpath(item)
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, str)
    ]
    excluded: list[str] = []
    nested: list[str] = []
    orphans: list[str] = []
    for name in manifests:
        path = root / name
        if path.resolve() in own:
            continue
        if _below(workspace.relative(path.parent), exclude):
            excluded.append(name)
        elif "workspace" in read_toml(path):
            nested.append(name)
        else:
            orphans.append(name)
    return Outside(excluded=tuple(excluded), nested=tuple(nested), orphans=tuple(orphans))
