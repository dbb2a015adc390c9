"""``gaterun plugins``: what is loaded, and from where."""

from __future__ import annotations

import click

from gaterun.cli.workspace import Opened, workspace_options


@click.command(name="plugins")
@workspace_options
def command(opened: Opened) -> None:
    """Show every plugin with the distribution or file that it comes from."""
    rows = [
        (info.name, "blocked" if info.blocked else "loaded", info.origin, info.module)
        for info in opened.plugins.infos
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[3]]))
    click.echo(
        f"{len(opened.plugins.gates)} gates, {len(opened.plugins.resources)} resources, "
        f"{len(opened.plugins.reporters)} report formats, {len(opened.plugins.phases())} phases"
    )
