"""Offer the Rust files that a workspace compiles, and what they do with the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gaterun

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustSources
    from gaterun_gates.rust.env_reads import EnvUse


def _compute(ctx: gaterun.Context, workspace: gaterun.Workspace) -> RustSources:
    from gaterun_gates.rust.compiled import index

    sources = index(workspace, ctx.files("**/*.rs"), ctx.state)
    for path in sources.files:
        if not path.endswith(".rs") or path.startswith(("/", "../")):
            ctx.reads(workspace.root / path)
    return sources


def _compute_env_use(ctx: gaterun.Context, rust_sources: RustSources) -> EnvUse:
    from gaterun_gates.rust.env_scan import scan

    ctx.progress("looking for environment variables")
    return scan(rust_sources, state=ctx.state, run=ctx.run)


_INPUTS = ("**/*.rs", "**/Cargo.toml", "Cargo.lock", ".cargo/**", "**/.gitattributes")


@gaterun.hookimpl
def gaterun_resources() -> list[gaterun.Resource]:
    """Offer the index of compiled Rust files, and what they do with the environment."""
    return [
        gaterun.Resource(
            name="rust_sources",
            compute=_compute,
            about="the Rust files that the targets compile, by package, test or production",
            inputs=_INPUTS,
            cheap=True,
        ),
        gaterun.Resource(
            name="env_use",
            compute=_compute_env_use,
            about="every read and export of an environment variable in compiled Rust files",
            inputs=_INPUTS,
        ),
    ]
