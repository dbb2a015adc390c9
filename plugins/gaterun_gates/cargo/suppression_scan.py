"""Counts the suppressed lints of a workspace's members, in their sources and manifests."""

from __future__ import annotations

from collections import Counter

import gaterun


def scan_suppressions(
    ctx: gaterun.Context, workspace: gaterun.Workspace
) -> tuple[Counter[str], int]:
    """How often each lint is suppressed in the members, and the number of sources read."""
    from gaterun_gates.cargo.suppressions import SuppressionCounter, allowed_in_manifest
    from gaterun_gates.cargo.toml_file import read_toml

    counter = SuppressionCounter()
    counts: Counter[str] = Counter()
    manifests = {workspace.root / "Cargo.toml"}
    manifests.update(package.manifest_path for package in workspace.members)
    for manifest in sorted(manifests):
        counts.update(allowed_in_manifest(read_toml(manifest)))
    folders = {package.folder.resolve() for package in workspace.members}
    files = 0
    for name in ctx.files("*.rs", "**/*.rs"):
        path = ctx.root / name
        # The nearest manifest decides whose file it is: a crate in a member's folder may be none.
        owner = next((above for above in path.parents if (above / "Cargo.toml").is_file()), None)
        if owner is None or owner.resolve() not in folders:
            continue
        try:
            counts.update(counter.count(path.read_bytes()))
        except OSError:
            continue
        files += 1
    return counts, files
