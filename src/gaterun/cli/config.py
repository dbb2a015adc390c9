"""``gaterun config``: every setting and which source won."""

from __future__ import annotations

import click
from msgspec.structs import fields

from gaterun.cli.workspace import Opened, workspace_options
from gaterun.core.config import Settings
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.options import help_of


@click.command(
    name="config",
    epilog="""\b
Examples:
  gaterun config          every setting
  gaterun config jobs     one, with its meaning
""",
)
@click.argument("key", required=False)
@workspace_options
def command(opened: Opened, *, key: str | None) -> None:
    """Show every setting with its value and the source that won, or one KEY with its meaning."""
    known = {entry.name: help_of(entry) for entry in fields(Settings)}
    if key is not None and key not in known:
        raise UsageError(f"there is no setting '{key}'", help=nearest(key, list(known)))
    for name in [key] if key else known:
        value = getattr(opened.config.settings, name)
        shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        click.echo(f"{name} = {shown or '(none)'}  # {opened.config.origins[name]}")
        if key:
            click.echo(f"  {known[name]}")
    if key == "pass_env":
        environment = opened.config.environment
        click.echo(f"  handed on: {', '.join(sorted(environment.given))}")
        click.echo(f"  withheld: {', '.join(environment.withheld) or '(none)'}")
