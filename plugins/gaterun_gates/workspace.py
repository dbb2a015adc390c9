"""Offers the resource ``workspace``: the members and targets that ``cargo metadata`` knows."""

from __future__ import annotations

import gaterun


def compute_workspace(ctx: gaterun.Context) -> gaterun.Workspace:
    """Ask cargo for the workspace at the context's root.

    ``--no-deps`` neither reads nor writes the lock file and needs no network.

    Raises:
        gaterun.CannotMeasure: there is no manifest (``no-input``), no cargo or toolchain
            (``tool-missing``), or cargo cannot read a manifest (``parse-error``).
    """
    if not (ctx.root / "Cargo.toml").is_file():
        # Cargo would go on looking in the folders above and describe somebody else's workspace.
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            "there is no Cargo.toml in the workspace root",
            help="run gaterun in the folder of the workspace's Cargo.toml, or name it with -C",
        )
    from gaterun_gates.cargo.metadata import read_workspace
    from gaterun_gates.cargo.path_dependencies import folders_outside

    workspace = read_workspace(ctx, ctx.root)
    for folder in folders_outside(workspace):
        ctx.reads(folder)
    return workspace


@gaterun.hookimpl
def gaterun_resources() -> list[gaterun.Resource]:
    """Offer the workspace."""
    return [
        gaterun.Resource(
            name="workspace",
            compute=compute_workspace,
            about="members and targets of the cargo workspace",
            inputs=("**/*.rs", "**/Cargo.toml", "Cargo.lock", ".cargo/**", "rust-toolchain*"),
            cheap=True,
        )
    ]
