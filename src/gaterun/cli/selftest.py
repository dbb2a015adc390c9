"""``gaterun selftest``: prove that every gate can fail, and can pass."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from gaterun.cli.workspace import open_workspace
from gaterun.core.config import find_root
from gaterun.core.controls import complaint, missing, run_control, uncounted
from gaterun.core.discovery import Plugins, load
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.figures import duration
from gaterun.model.gate import Gate, Resource
from gaterun.model.verdict import ExitCode, Outcome


@click.command(
    name="selftest",
    epilog="""\b
Examples:
  gaterun selftest              every gate
  gaterun selftest clippy loc   some
  gaterun selftest --on .       plant defects in a scratch copy of this workspace
""",
)
@click.argument("gates", nargs=-1, metavar="[GATE]...")
@click.option(
    "-p", "plugin", multiple=True, metavar="NAME", help="Load a plugin; no:NAME blocks one."
)
@click.option(
    "--on",
    "directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Plant defects in a scratch copy of this workspace.",
)
def command(gates: tuple[str, ...], plugin: tuple[str, ...], directory: Path | None) -> int:
    """Run every gate on its own known-bad and known-good workspaces, for real.

    A known-bad one must be red by the gate's own finding: a crash is not a detection. With
    --on, plant one defect at a time in a copy of a real workspace instead, and see which gates
    notice theirs; the workspace itself is only read.
    """
    plugins = _plugins(plugin)
    for name in gates:
        if name not in plugins.gates:
            raise UsageError(
                f"no plugin offers a gate '{name}'", help=nearest(name, list(plugins.gates))
            )
    chosen = {name: plugins.gates[name] for name in gates or plugins.gates}
    if directory is not None:
        return _on(find_root(directory), chosen, plugins.resources)
    wrong = 0
    unproven = []
    proven = 0
    for name, gate in chosen.items():
        expected = set()
        complaints = 0
        for control in gate.controls():
            if absent := missing(control):
                click.echo(f"absent {name}[{control.name}] needs {', '.join(absent)}")
                continue
            with tempfile.TemporaryDirectory(prefix="gaterun-") as folder:
                result = run_control(gate, control, Path(folder).resolve(), plugins.resources)
            why = complaint(control, result) or uncounted(gate, result)
            if not why:
                expected.add(control.expect)
            complaints += bool(why)
            word = "WRONG" if why else "ok"
            said = why or f"{result.outcome}: {result.verdict.message}"
            click.echo(f"{word:6} {name}[{control.name}] {said} ({duration(result.seconds)})")
        wrong += complaints
        if {Outcome.FAIL, Outcome.PASS} <= expected:
            proven += not complaints
        else:
            unproven.append(name)
    for name in unproven:
        click.echo(f"UNPROVEN {name}: it has not been seen both red and green")
    click.echo(f"{proven} of {len(chosen)} gates can fail and can pass")
    return int(ExitCode.FAILED if wrong or unproven else ExitCode.OK)


def _plugins(selected: tuple[str, ...]) -> Plugins:
    """Those that are installed, and the gates of the workspace that this is run in, if it is one."""
    try:
        find_root(Path.cwd())
    except UsageError:
        return load(selected=selected)
    return open_workspace(None, None, "", (), selected).plugins


def _on(root: Path, gates: Mapping[str, Gate], resources: Mapping[str, Resource]) -> int:
    from gaterun.core.mutation import detections

    caught: set[str] = set()
    missed: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="gaterun-") as folder:
        for found in detections(root, gates, resources, Path(folder).resolve(), _say):
            name = f"{found.gate}[{found.defect}]" if found.defect else found.gate
            word = {True: "caught", False: "MISSED", None: "-"}[found.caught]
            click.echo(f"{word:6} {name} {found.said}")
            if found.caught is not None:
                (caught if found.caught else missed).add(found.gate)
    tried = caught | missed
    click.echo(f"{len(caught - missed)} of {len(tried)} gates detect their defects")
    return int(ExitCode.FAILED if missed else ExitCode.OK if tried else ExitCode.NO_GATES)


def _say(gate: str) -> None:
    click.echo(f"trying {gate}", err=True)
