"""Offers the resource ``workspace``: the members and targets that ``cargo metadata`` knows."""

from __future__ import annotations

import gaterun
from gaterun_gates.cargo.environment import cargo_env


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
    completed = ctx.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1", "--color", "never"],
        env=cargo_env(),
    )
    if not completed.ok:
        from gaterun_gates.cargo.failure import explain

        raise explain(completed, otherwise=gaterun.Reason.PARSE_ERROR)
    from gaterun_gates.cargo.metadata import decode_workspace

    try:
        return decode_workspace(completed.stdout.read_bytes())
    except ValueError as error:
        raise gaterun.CannotMeasure(
            gaterun.Reason.PARSE_ERROR, f"the output of cargo metadata is not understood: {error}"
        ) from error


@gaterun.hookimpl
def gaterun_resources() -> list[gaterun.Resource]:
    """Offer the workspace."""
    return [
        gaterun.Resource(
            name="workspace",
            compute=compute_workspace,
            about="members and targets of the cargo workspace",
        )
    ]
