"""``gaterun selftest``: prove that every gate can fail, and can pass."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from gaterun.core.controls import complaint, missing, run_control
from gaterun.core.discovery import load
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.figures import duration
from gaterun.model.verdict import ExitCode, Outcome


@click.command(
    name="selftest",
    epilog="""\b
Examples:
  gaterun selftest              every gate
  gaterun selftest clippy loc   some
""",
)
@click.argument("gates", nargs=-1, metavar="[GATE]...")
@click.option(
    "-p", "plugin", multiple=True, metavar="NAME", help="Load a plugin; no:NAME blocks one."
)
def command(gates: tuple[str, ...], plugin: tuple[str, ...]) -> int:
    """Run every gate on its own known-bad and known-good workspaces, for real.

    A known-bad one must be red by the gate's own finding: a crash is not a detection.
    """
    plugins = load(selected=plugin)
    for name in gates:
        if name not in plugins.gates:
            raise UsageError(
                f"no plugin offers a gate '{name}'", help=nearest(name, list(plugins.gates))
            )
    wrong = 0
    unproven = []
    proven = 0
    for name in gates or tuple(plugins.gates):
        gate = plugins.gates[name]
        expected = set()
        complaints = 0
        for control in gate.controls():
            if absent := missing(control):
                click.echo(f"absent {name}[{control.name}] needs {', '.join(absent)}")
                continue
            with tempfile.TemporaryDirectory(prefix="gaterun-") as folder:
                result = run_control(gate, control, Path(folder).resolve(), plugins.resources)
            why = complaint(control, result)
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
    click.echo(f"{proven} of {len(gates or plugins.gates)} gates can fail and can pass")
    return int(ExitCode.FAILED if wrong or unproven else ExitCode.OK)
