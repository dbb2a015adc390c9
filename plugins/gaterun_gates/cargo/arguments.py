"""The arguments that every gate gives to cargo in the same way."""

from __future__ import annotations

import gaterun


def feature_arguments(features: tuple[str, ...], *, all_features: bool) -> list[str]:
    """``--all-features`` or ``--features a,b``; nothing for the default features."""
    if all_features:
        return ["--all-features"]
    return ["--features", ",".join(features)] if features else []


def feature_recipe(features: tuple[str, ...], *, all_features: bool) -> str:
    """The feature set in words, for a measurement's recipe."""
    if all_features:
        return "all"
    return ",".join(sorted(features)) or "default"


def lock_arguments(workspace: gaterun.Workspace) -> list[str]:
    """``--locked`` where there is a lock file, as cargo would rewrite one that has drifted."""
    return ["--locked"] if (workspace.root / "Cargo.lock").is_file() else []
