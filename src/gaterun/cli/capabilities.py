"""``gaterun capabilities``: what this gaterun can do, for programs that drive it."""

from __future__ import annotations

import json
from importlib.util import find_spec

import click

from gaterun import __version__
from gaterun.core.discovery import Plugins, load
from gaterun.model.verdict import ExitCode, Outcome, Reason

#: Version of the document's own shape; a greater major part means that something was taken out.
VERSION = "1.0"


@click.command(
    name="capabilities",
    epilog="""\b
Examples:
  gaterun capabilities
  gaterun capabilities --json
""",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(*, as_json: bool) -> None:
    """Say what this gaterun can do: commands, report formats, exit codes, versions of formats.

    It needs no workspace, and does not change from one to another.
    """
    found = document(load())
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for name, value in found.items():
        words = list(value) if isinstance(value, list | dict) else [value]
        click.echo(f"{name.replace('_', ' ')}: {', '.join(map(str, words))}")


def document(plugins: Plugins) -> dict[str, object]:
    """The capabilities as a document, made from what the commands themselves use."""
    from gaterun.cli.hook import command as hook
    from gaterun.cli.main import COMMANDS
    from gaterun.cli.schema import command as schema
    from gaterun.model import metrics_document, record

    return {
        "capabilities_version": VERSION,
        "gaterun": __version__,
        "commands": {name: summary for name, (_, _, summary) in COMMANDS.items()},
        "report_formats": {name: plugins.reporters[name].title for name in plugins.reporters},
        "exit_codes": {str(int(code)): code.name.lower() for code in ExitCode},
        "outcomes": [outcome.value for outcome in Outcome],
        "no_verdict_reasons": [reason.value for reason in Reason],
        "schemas": _choices(schema),
        "schema_versions": {
            "run": record.SCHEMA_VERSION,
            "metrics": metrics_document.SCHEMA_VERSION,
        },
        "hooks": _choices(hook),
        "gates": {name: plugins.gates[name].title for name in plugins.gates},
        "claim_readers": [info.name for info in plugins.infos if info.name.startswith("claims")],
        "mcp": find_spec("mcp") is not None,
    }


def _choices(command: click.Command) -> list[str]:
    """What the argument of a command may be."""
    return [
        str(choice)
        for parameter in command.params
        if isinstance(parameter.type, click.Choice) and isinstance(parameter, click.Argument)
        for choice in parameter.type.choices
    ]
