"""Counts the suppressed lints of a workspace's members, in their sources and manifests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import gaterun


def member_sources(
    ctx: gaterun.Context, members: Iterable[gaterun.Package]
) -> Iterator[tuple[gaterun.Package, bytes]]:
    """The Rust files of `members`; the nearest manifest decides whose a file is."""
    folders = {package.folder.resolve(): package for package in members}
    for name in ctx.files("*.rs", "**/*.rs"):
        path = ctx.root / name
        # A crate in a member's folder may be none.
        owner = next((above for above in path.parents if (above / "Cargo.toml").is_file()), None)
        package = folders.get(owner.resolve()) if owner is not None else None
        if package is None:
            continue
        try:
            data = path.read_bytes()
        except OSError:
            continue
        yield package, data


def scan_suppressions(
    workspace: gaterun.Workspace, sources: Iterable[tuple[gaterun.Package, bytes]]
) -> Counter[str]:
    """How often each lint is suppressed in the members and their sources."""
    from gaterun_gates.cargo.suppressions import SuppressionCounter, allowed_in_manifest
    from gaterun_gates.cargo.toml_file import read_toml

    counter = SuppressionCounter()
    counts: Counter[str] = Counter()
    manifests = {workspace.root / "Cargo.toml"}
    manifests.update(package.manifest_path for package in workspace.members)
    for manifest in sorted(manifests):
        counts.update(allowed_in_manifest(read_toml(manifest)))
    for _, data in sources:
        counts.update(counter.count(data))
    return counts
