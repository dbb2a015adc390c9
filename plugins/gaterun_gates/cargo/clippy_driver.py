"""Calls the clippy driver so that its report cannot be cut short or replayed from stale caches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import gaterun
from gaterun_gates.cargo.arguments import feature_arguments, lock_arguments
from gaterun_gates.cargo.environment import cargo_env

if TYPE_CHECKING:
    from pathlib import Path

    from gaterun_gates.cargo.lint_flags import LintFlags

_CONFIGS = ("clippy.toml", ".clippy.toml")


def clippy_version(ctx: gaterun.Context, workspace: gaterun.Workspace) -> str:
    """The version line of the driver.

    Raises:
        gaterun.CannotMeasure: clippy is not installed (``tool-missing``).
    """
    from gaterun_gates.cargo.failure import explain

    version = ctx.run(["cargo-clippy", "--version"], cwd=workspace.root, env=cargo_env())
    if not version.ok:
        raise explain(version, otherwise=gaterun.Reason.TOOL_MISSING)
    return version.out().strip()


def _nonce(workspace: gaterun.Workspace) -> str:
    """A name that changes with clippy's configuration, which cargo's cache does not watch."""
    import hashlib

    folders: set[Path] = {workspace.root, *workspace.root.parents}
    folders.update(package.folder for package in workspace.members)
    digest = hashlib.sha256()
    for folder in sorted(folders):
        for name in _CONFIGS:
            path = folder / name
            if path.is_file():
                digest.update(f"{path}\0".encode("utf-8", "surrogateescape"))
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def run_clippy(
    ctx: gaterun.Context,
    workspace: gaterun.Workspace,
    *,
    targets: Sequence[str],
    features: tuple[str, ...],
    all_features: bool,
    flags: LintFlags,
    forced: Sequence[str] = (),
) -> gaterun.Completed:
    """Lint every member once; the JSON stream is on standard output.

    Args:
        targets: arguments that choose targets (``--all-targets``).
        features: features beside the default ones.
        all_features: every feature.
        flags: lint flags of the repository's, which are taken out.
        forced: lints and groups that no ``allow``, ``expect`` or ``[lints]`` can hide.
    """
    from gaterun_gates.cargo.lint_flags import config_arguments

    return ctx.run(
        [
            *("cargo-clippy", "clippy", "--workspace", "--keep-going"),
            *targets,
            *("--message-format=json", "--color", "never", "--target-dir", ctx.state / "target"),
            *lock_arguments(workspace),
            *feature_arguments(features, all_features=all_features),
            *config_arguments(workspace.root),
            *("--", "--cap-lints", "warn", "--cfg", f"gaterun_{_nonce(workspace)}"),
            *(part for group in forced for part in ("--force-warn", group)),
        ],
        cwd=workspace.root,
        env={**cargo_env(), **(flags.env or {})},
    )
