"""``gaterun explain``: what a gate means, measures and accepts."""

from __future__ import annotations

import click
from msgspec import NODEFAULT

from gaterun.cli import completions
from gaterun.cli.workspace import plugin_options
from gaterun.core.discovery import Plugins
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.gate import Gate
from gaterun.model.options import help_of, options_of


@click.command(
    name="explain",
    epilog="""\b
Examples:
  gaterun explain            every gate in a line
  gaterun explain clippy     one gate in full
""",
)
@click.argument("gate", required=False, shell_complete=completions.gates)
@plugin_options
def command(plugins: Plugins, *, gate: str | None) -> None:
    """Say what GATE means, its metrics with unit and direction, and its options."""
    gates = plugins.gates
    if gate is None:
        width = max((len(name) for name in gates), default=0)
        for name, value in gates.items():
            click.echo(f"{name:{width}}  {value.title}")
        return
    if gate not in gates:
        raise UsageError(f"no plugin offers a gate '{gate}'", help=nearest(gate, list(gates)))
    click.echo(render_gate(gates[gate]), nl=False)


def render_gate(gate: Gate) -> str:
    """A gate's documentation, as Markdown; the docs page is made from the same."""
    lines = [f"# {gate.name}: {gate.title}", "", gate.about.strip(), ""]
    lines += ["## Metrics", ""]
    for metric in gate.metrics:
        bound = ", only comparable on one machine" if metric.host_bound else ""
        bound += ", counts findings" if metric.counts else ""
        lines.append(
            f"- `{metric.name}` ({metric.unit.name.lower()}, {metric.better.value} is better"
            f"{bound}): {metric.help or metric.name}"
            if metric.better.value != "neither"
            else f"- `{metric.name}` ({metric.unit.name.lower()}{bound}): "
            f"{metric.help or metric.name}"
        )
    lines += ["", "## Options", ""]
    options = options_of(gate.options)
    for option in options:
        default = "required"
        if not option.required:
            made = option.default_factory
            value = option.default if made is NODEFAULT else made()
            default = f"default `{value!r}`"
        lines.append(f"- `{option.name}` ({default}): {help_of(option)}")
    if not options:
        lines.append("None.")
    conditions = ", ".join(f"`{text}`" for text in gate.requires) or "none: give some"
    lines += ["", f"Conditions where a phase states none: {conditions}."]
    if gate.fix is not None:
        lines += ["", "`gaterun fix` mends some of what it finds."]
    if gate.exclusive:
        lines += ["", "Runs alone: it measures time."]
    return "\n".join(lines) + "\n"
