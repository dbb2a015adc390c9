"""Which changelogs a workspace has: one for all, one for each crate, or the nearest above each."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gaterun_gates.parsers.cargo_manifest import Manifest, read_manifest
from gaterun_gates.prose.markdown import decode

if TYPE_CHECKING:
    import gaterun

#: Where a changelog is looked for, in this order, whatever the case of its name.
CANDIDATES = ("CHANGELOG.md", "CHANGELOG", "CHANGES.md", "HISTORY.md", "RELEASES.md", "NEWS.md")

#: One for the workspace; one in the folder of each crate; the nearest from there up to the root.
POLICIES = ("root", "each", "either")

_NAMES = frozenset(name.lower() for name in CANDIDATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a changelog is asked about.

    Attributes:
        file: the changelog from the root, or where it should be when it is not there.
        crate: the crate whose changes it tells; empty for the workspace.
        versions: the versions that the manifests of what it tells of have.
    """

    file: str
    there: bool
    crate: str = ""
    versions: tuple[str, ...] = ()


def is_changelog(path: str) -> bool:
    """Whether a file is named like a changelog."""
    return posixpath.basename(path).lower() in _NAMES


def subjects(ctx: gaterun.Context, file: str, policy: str) -> list[Subject]:
    """The changelogs that `policy` asks for, and about what.

    Members are those crates below the root that may be published and that no other workspace
    and no ``exclude`` claims; cargo is not asked, as it obeys what is in the tree.
    """
    manifests = dict(_manifests(ctx))
    if policy == "root":
        versions = sorted({v for m in manifests.values() if (v := _version(m, manifests))})
        found = _locate(ctx.root, "", file)
        return [
            Subject(
                file=found or file or CANDIDATES[0], there=bool(found), versions=tuple(versions)
            )
        ]
    asked = []
    for path, manifest in sorted(manifests.items()):
        if not manifest.name or not manifest.publish:
            continue
        folder = posixpath.dirname(path)
        found = _locate(ctx.root, folder, "")
        while not found and policy == "either" and folder:
            folder = posixpath.dirname(folder)
            found = _locate(ctx.root, folder, file if not folder else "")
        version = _version(manifest, manifests)
        asked.append(
            Subject(
                file=found or posixpath.join(posixpath.dirname(path), CANDIDATES[0]),
                there=bool(found),
                crate=manifest.name,
                versions=(version,) if version else (),
            )
        )
    return asked


def _locate(root: Path, folder: str, file: str) -> str:
    """The changelog in a folder; names differ in case between projects."""
    if file:
        return file if (root / file).is_file() else ""
    for place in (folder, posixpath.join(folder, "docs")):
        path = root / place
        names = {item.name.lower(): item for item in path.iterdir()} if path.is_dir() else {}
        for name in CANDIDATES:
            found = names.get(name.lower())
            if found is not None and found.is_file():
                return posixpath.join(place, found.name)
    return ""


def _manifests(ctx: gaterun.Context) -> Iterator[tuple[str, Manifest]]:
    read: dict[str, Manifest] = {}
    for name in ("Cargo.toml", *ctx.files("*/**/Cargo.toml")):
        try:
            read[name] = read_manifest(decode((ctx.root / name).read_bytes()))
        except (OSError, ValueError):
            continue  # the gates of cargo say so
    root = read.get("Cargo.toml")
    foreign = [
        posixpath.dirname(name)
        for name, manifest in read.items()
        if manifest.is_workspace and name != "Cargo.toml"
    ]
    foreign += [posixpath.normpath(folder) for folder in (root.excluded if root else ())]
    for name, manifest in read.items():
        folder = posixpath.dirname(name)
        if not any(folder == other or folder.startswith(f"{other}/") for other in foreign):
            yield name, manifest


def _version(manifest: Manifest, manifests: Mapping[str, Manifest]) -> str:
    if not manifest.inherited:
        return manifest.version
    root = manifests.get("Cargo.toml")
    return root.workspace_version if root else ""
