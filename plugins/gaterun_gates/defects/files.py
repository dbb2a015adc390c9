"""Defects outside of Rust code: versions, prose, workflows and cargo's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import gaterun


def _change(paths: Iterable[Path], pattern: str, replacement: str, what: str) -> None:
    """Replace the first match of `pattern` in the first of `paths` that has one."""
    for path in paths:
        if path.is_file():
            text = path.read_text("utf-8")
            changed = re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)
            if changed != text:
                path.write_text(changed, "utf-8")
                return
    raise LookupError(f"no {what}")


def version_of_a_member(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """One member says another version than the rest, or than its lock file."""
    manifests = [
        package.manifest_path
        for package in workspace.members
        if package.manifest_path != ctx.root / "Cargo.toml"
    ]
    pattern = r'^version(?: = "[^"]*"|\.workspace = true)$'
    _change(manifests, pattern, 'version = "99.0.1"', "member with a version of its own")


def impossible_release(ctx: gaterun.Context) -> None:
    """A release on a day that does not exist, with nothing in it."""
    path = ctx.root / "CHANGELOG.md"
    if not path.is_file():
        raise LookupError("no CHANGELOG.md")
    added = "\n## [0.0.1] - 2026-13-40\n\n### Added\n\n- TODO\n"
    path.write_text(path.read_text("utf-8") + added, "utf-8")


def placeholder(ctx: gaterun.Context) -> None:
    """A placeholder in the release notes."""
    notes = sorted((ctx.root / "docs").glob("RELEASE-NOTES*.md"))
    notes += sorted(ctx.root.glob("RELEASE*NOTES*.md"))
    if not notes:
        raise LookupError("no release notes")
    notes[0].write_text(notes[0].read_text("utf-8") + "\nTODO: more\n", "utf-8")


def no_sweep(ctx: gaterun.Context) -> None:
    """The step that sweeps does nothing any more."""
    workflows = sorted((ctx.root / ".github" / "workflows").glob("*.y*ml"))
    _change(workflows, r"cargo sweep [^\n]*", "true", "workflow that sweeps")


def no_wrapper(ctx: gaterun.Context) -> None:
    """The compiler wrapper is configured no more."""
    config = ctx.root / ".cargo" / "config.toml"
    _change([config], r"^rustc-wrapper.*\n", "", "wrapper in .cargo/config.toml")


def folder_of_its_own(ctx: gaterun.Context) -> None:
    """A workspace that builds elsewhere."""
    folder = ctx.root / "planted-by-selftest"
    (folder / ".cargo").mkdir(parents=True)
    package = (
        '[package]\nname = "planted"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[workspace]\n'
    )
    (folder / "Cargo.toml").write_text(package)
    (folder / "lib.rs").write_text("\n")
    (folder / ".cargo" / "config.toml").write_text('[build]\ntarget-dir = "elsewhere"\n')


def alias(ctx: gaterun.Context) -> None:
    """An alias that takes the place of clippy."""
    config = ctx.root / ".cargo" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    text = config.read_text("utf-8") if config.is_file() else ""
    config.write_text(f'{text}\n[alias]\nclippy = "check -q"\n', "utf-8")


VERSION = (gaterun.Defect(name="version-of-a-member", plant=version_of_a_member),)
CHANGELOG = (gaterun.Defect(name="impossible-release", plant=impossible_release),)
RELEASE_NOTES = (gaterun.Defect(name="placeholder", plant=placeholder),)
SWEEP = (gaterun.Defect(name="no-sweep", plant=no_sweep),)
SCCACHE = (gaterun.Defect(name="no-wrapper", plant=no_wrapper),)
TARGET_DIR = (gaterun.Defect(name="folder-of-its-own", plant=folder_of_its_own),)
CONFIG_AUDIT = (gaterun.Defect(name="alias", plant=alias),)
