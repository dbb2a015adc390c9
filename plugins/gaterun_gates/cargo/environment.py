"""The environment in which gates run cargo: as the user's own, minus what leaks in by accident."""

from __future__ import annotations

import os
from collections.abc import Mapping

# Left behind by git hooks, by `cargo run` and by subcommands: each of them would make cargo
# or git look at another package or repository, or would change flags unseen.
_NAMES = frozenset(
    {
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "CLIPPY_ARGS",
        "CLIPPY_CONF_DIR",
        "CLIPPY_TERMINAL_WIDTH",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
        "NEXTEST",
        "OUT_DIR",
        "RUSTC_BOOTSTRAP",
        "RUSTC_WORKSPACE_WRAPPER",
    }
)
_PREFIXES = ("CARGO_BIN_EXE_", "CARGO_MANIFEST_", "CARGO_PKG_", "NEXTEST_")

# Kept, because the user means them, and part of what makes two measurements comparable.
_RECORDED = (
    "CARGO_BUILD_TARGET",
    "CARGO_INCREMENTAL",
    "CI",
    "RUSTC_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
)


def cargo_env(environ: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """The changes to the environment for every cargo call, as ``ctx.run(env=...)`` takes them.

    Nothing that begins with ``CARGO_`` is added, as that would change sccache's keys: colour
    is switched off by ``--color never``.

    Args:
        environ: the environment to clean; the process's own by default.

    Returns:
        ``None`` for every variable to remove.
    """
    present = os.environ if environ is None else environ
    return {name: None for name in sorted(present) if name in _NAMES or name.startswith(_PREFIXES)}


def recorded_env(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that are kept and change what cargo does, for a measurement's recipe."""
    present = os.environ if environ is None else environ
    return {name: present[name] for name in _RECORDED if name in present}
