"""Lint levels that reach the compiler through cargo's flags, and the flags without them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import gaterun
from gaterun_gates.cargo.config import config_files, forced_env, rustflags, split_lint_flags
from gaterun_gates.cargo.environment import cargo_env


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFlags:
    """Lint flags in ``RUSTFLAGS`` or a configuration file.

    Attributes:
        flags: each with its value.
        sources: variables and files that they come from.
        env: what hands cargo the other flags only; empty when there is nothing to filter.
    """

    flags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    env: dict[str, str | None] | None = None


def config_arguments(folder: Path) -> list[str]:
    """Arguments that undo what a configuration file can do to cargo's lint reports.

    ``build.warnings = "allow"`` hides warnings since cargo 1.97 (earlier ones pass the key
    over), and an ``[env]`` entry that forces ``CLIPPY_ARGS`` replaces clippy's arguments.
    """
    arguments = ["--config", 'build.warnings="warn"']
    for name in forced_env(folder, frozenset({"CLIPPY_ARGS"})):
        arguments += ["--config", f"env.{name}.force=false"]
    return arguments


def _maybe(folder: Path) -> bool:
    if any(name.endswith("RUSTFLAGS") for name in os.environ):
        return True
    return any("rustflags" in str(file.values) for file in config_files(folder))


def _expanded(flags: list[str], folder: Path) -> list[str]:
    """The flags with those of ``@file`` in its place, one a line, as the compiler reads them."""
    found: list[str] = []
    for flag in flags:
        try:
            lines = (folder / flag[1:]).read_text("utf-8").splitlines() if flag[:1] == "@" else None
        except (OSError, UnicodeDecodeError):
            lines = None  # the compiler will say so
        found += [flag] if lines is None else lines
    return found


def find_lint_flags(ctx: gaterun.Context, folder: Path) -> LintFlags:
    """Look for lint flags among the compiler flags that cargo would add in `folder`.

    ``--cap-lints=allow`` there empties every lint report, and no argument after it brings
    the lints back: the flags have to be taken out.
    """
    if not _maybe(folder):
        return LintFlags()
    env = cargo_env()
    version = ctx.run(["rustc", "-vV"], cwd=folder, env=env).out()
    triple = next(
        (line[6:].strip() for line in version.splitlines() if line.startswith("host: ")), ""
    )
    cfg = ctx.run(["rustc", "--print", "cfg"], cwd=folder, env=env).out()
    flags, sources = rustflags(folder, triple, frozenset(cfg.splitlines()))
    others, lints = split_lint_flags(_expanded(flags, folder))
    if not lints:
        return LintFlags()
    return LintFlags(
        flags=tuple(lints),
        sources=tuple(sources),
        env={"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(others)},
    )
