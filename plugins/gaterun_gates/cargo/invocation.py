"""The arguments that every gate gives to cargo in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gaterun
from gaterun_gates.cargo.environment import cargo_env


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """How the calls of one gate reach cargo.

    Attributes:
        features, all_features: the feature set.
        retries: how often failed tests are run again.
        limit: seconds for a test binary (libtest) or a test (nextest).
        triples: targets whose configured runner is overridden.
        target: folder to build in; cargo's own choice where ``None``.
    """

    workspace: gaterun.Workspace
    features: tuple[str, ...] = ()
    all_features: bool = False
    retries: int = 0
    limit: float = 900.0
    triples: tuple[str, ...] = ()
    target: Path | None = None

    def arguments(self) -> list[str]:
        """What cargo test, cargo test --doc and nextest all take."""
        return [
            *("--workspace", "--color", "never"),
            *lock_arguments(self.workspace),
            *feature_arguments(self.features, all_features=self.all_features),
            *(("--target-dir", str(self.target)) if self.target else ()),
        ]

    def run(
        self,
        ctx: gaterun.Context,
        argv: list[str],
        env: dict[str, str | None] | None = None,
    ) -> gaterun.Completed:
        """Run in the workspace's root with the cleaned environment and `env`."""
        return ctx.run(argv, cwd=self.workspace.root, env={**cargo_env(), **(env or {})})
