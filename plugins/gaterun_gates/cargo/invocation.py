"""How the calls of one gate reach cargo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gaterun
from gaterun_gates.cargo.arguments import feature_arguments, lock_arguments
from gaterun_gates.cargo.environment import cargo_env


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
