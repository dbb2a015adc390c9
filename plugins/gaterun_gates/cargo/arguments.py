"""The arguments that every gate gives to cargo in the same way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import gaterun

#: A kind of targets, as cargo's options name it.
Kind = Literal["lib", "bins", "tests", "benches", "examples"]


def target_arguments(kinds: Iterable[str]) -> list[str]:
    """``--lib``, ``--bins`` and so on; every target if none is named."""
    return [f"--{kind}" for kind in kinds] or ["--all-targets"]


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
