"""``gaterun mcp``: a server for coding agents, over standard input and output."""

from __future__ import annotations

from importlib.util import find_spec

import click

from gaterun.cli.workspace import Opened, PhaseName, open_workspace, workspace_options
from gaterun.model.errors import UsageError


@click.command(
    name="mcp",
    epilog="""\b
Examples:
  gaterun mcp                                        about the only phase here
  claude mcp add gaterun -- gaterun mcp phase7       tell Claude Code about it
""",
)
@click.argument("phase", required=False, type=PhaseName())
@workspace_options
def command(opened: Opened, *, phase: str | None) -> None:
    """Serve PHASE to a coding agent by the Model Context Protocol, until the input ends.

    The agent can list tasks, start one, have it measured, and say that it is blocked. Nothing can
    be waived by it, and nothing but measuring makes a task verified. It is the extra gaterun[mcp].
    """
    if find_spec("mcp") is None:
        raise UsageError(
            "the SDK of the Model Context Protocol is not installed",
            help="install the extra: pip install 'gaterun[mcp]'",
        )
    from gaterun.cli.apart import Apart
    from gaterun.cli.mcp_server import server

    given = click.get_current_context().params
    file, profile = given["config_file"], given["profile"]
    overrides, plugins = given["override"], given["plugin"]

    def again() -> Opened:
        return open_workspace(opened.root, file, profile, overrides, plugins)

    options = ["-P", profile] if profile else []
    options += ["-c", str(file.absolute())] if file else []
    for name, values in (("-o", overrides), ("-p", plugins)):
        options += [word for value in values for word in (name, value)]
    apart = Apart(opened.root, options)
    try:
        server(again, opened.phase(phase).id, apart).run()
    finally:
        apart.close()
