"""``gaterun waivers``: show, check and change what is accepted for a time, and what is signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gaterun.cli import waivers_write
from gaterun.cli.workspace import Opened, workspace_options
from gaterun.core.source import Source
from gaterun.core.waiver_file import find_source, read
from gaterun.core.waiver_states import State, states
from gaterun.model.errors import UsageError
from gaterun.model.verdict import ExitCode
from gaterun.model.waiver import WAIVERS_FILE, Decisions

if TYPE_CHECKING:
    from gaterun.model.phase import Phase


class _Group(click.Group):
    """A group whose subcommands take the options that stand before them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the subcommand first: `gaterun -C dir waivers list` means one of `list`."""
        if not ctx.resilient_parsing:  # else the shell asks which commands there are
            args = args or ["list"]
        at = next((at for at, word in enumerate(args) if word in self.commands), 0)
        return super().parse_args(ctx, [*args[at : at + 1], *args[:at], *args[at + 1 :]])


@click.group(
    name="waivers",
    cls=_Group,
    epilog="""\b
Examples:
  gaterun waivers list                  what is waived and signed, until when, by whom
  gaterun waivers check                 for CI: exit 1 when something has to be done
  gaterun waivers add 7.3::clippy --rule clippy::todo --reason "gone with #88"
  gaterun waivers sign 7.4::checklist --reason "all boxes ticked"
  gaterun waivers prune --unused        take out what is over, and what nothing needs
""",
)
def command() -> None:
    """Show and change waivers.toml: failures that are accepted until a date, and sign-offs.

    A gate that fails is WAIVED when live waivers cover everything that fails; what is new fails.
    A waiver is of findings (rule, path, message, fingerprint), or of a condition, with another
    that has to hold instead. No waiver makes a verdict where there is none.
    """


command.add_command(waivers_write.add)
command.add_command(waivers_write.sign)

_FILE = click.option(
    "--waivers",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Another file than {WAIVERS_FILE}.",
)


@command.command(
    name="list",
    epilog="""\b
Examples:
  gaterun waivers list
  gaterun waivers list --format json
""",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_FILE
@workspace_options
def list_(opened: Opened, *, form: str, file: Path | None) -> int:
    """Show every waiver and sign-off, and how it stands.

    Unused means: the latest recorded run measured its gates, and nothing that it covers failed.
    """
    found = _Found(opened, file)
    if found.errors:
        raise found.errors[0]
    for error in found.misnamed:
        click.echo(f"warning: {_told(error)}", err=True)
    if form == "json":
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(found.states), indent=2, ensure_ascii=False))
    else:
        click.echo(render(found.states) or "nothing is waived or signed\n", nl=False)
    return int(ExitCode.OK)


@command.command(
    short_help="Exit with 1 when something has to be done.",
    epilog="""\b
Examples:
  gaterun waivers check
\b
Exit codes: 0 all is in order, 1 something is expired, unused, stale, too long or
wrong, 4 the file cannot be read.
""",
)
@_FILE
@workspace_options
def check(opened: Opened, *, file: Path | None) -> int:
    """Say what is expired, unused, stale, too long, or names what is not there."""
    found = _Found(opened, file)
    errors = [*found.errors, *found.misnamed]
    for error in errors:
        click.echo(_told(error))
    wrong = [state for state in found.states if state.wrong]
    click.echo(render(wrong), nl=False)
    if errors or wrong:
        return int(ExitCode.FAILED)
    click.echo(f"{_count(found.decisions)}: all in order")
    return int(ExitCode.OK)


@command.command(
    short_help="Take expired waivers out.",
    epilog="""\b
Examples:
  gaterun waivers prune --dry-run    only show what would go
  gaterun waivers prune --unused     unused ones too
""",
)
@click.option("--unused", is_flag=True, help="Those that the latest runs did not need, too.")
@click.option("--dry-run", is_flag=True, help="Show, do not write.")
@_FILE
@workspace_options
def prune(opened: Opened, *, unused: bool, dry_run: bool, file: Path | None) -> int:
    """Take expired waivers out of the file, after showing what goes as a patch."""
    from gaterun.core.fix import unified_diff
    from gaterun.core.waiver_edit import without
    from gaterun.model.edit import Edit

    with waivers_write.alone(opened):
        found = _Found(opened, file)
        if found.errors:
            raise found.errors[0]
        waivers = [state for state in found.states if state.kind == "waiver"]
        gone = {
            at for at, state in enumerate(waivers) if state.expired or (unused and state.unused)
        }
        if found.source is None or not gone:
            click.echo("nothing to prune", err=True)
            return int(ExitCode.OK)
        after = without(found.source, "waiver", gone)
        edit = Edit(path=found.source.name, before=found.source.text, after=after)
        click.echo(unified_diff(edit), nl=False)
        number = f"{len(gone)} waiver{'s' if len(gone) != 1 else ''}"
        if dry_run:
            click.echo(f"would take out {number}", err=True)
            return int(ExitCode.OK)
        waivers_write.save(opened, file, after)
    click.echo(f"took out {number}", err=True)
    return int(ExitCode.OK)


class _Found:
    """A waiver file, read and looked at with the phases and the latest runs of a workspace.

    Attributes:
        errors: for which not every entry could be read.
        misnamed: of entries that name what no phase has.
    """

    def __init__(self, opened: Opened, file: Path | None) -> None:
        self.source: Source | None = find_source(opened.root, file)
        self.decisions = Decisions()
        self.errors: list[UsageError] = []
        self.misnamed: list[UsageError] = []
        self.states: list[State] = []
        if self.source is None:
            return
        today = datetime.now(UTC).date()
        longest = opened.config.settings.max_waiver_days
        self.decisions, self.errors = read(self.source, today=today, longest=longest)
        phases = waivers_write.phases_of(opened)
        if not self.errors:
            self.misnamed = waivers_write.names_errors(opened, self.source, self.decisions, phases)
        self.states = _states(opened, self.decisions, today, phases)


def _states(
    opened: Opened, decisions: Decisions, today: date, phases: Sequence[Phase]
) -> list[State]:
    latest = {phase.id: opened.latest(phase.id) for phase in phases}
    return states(
        decisions,
        today=today,
        root=opened.root,
        phases=phases,
        runs={name: run for name, run in latest.items() if run is not None},
    )


def _told(error: UsageError) -> str:
    return error.message + (f"\n  help: {error.help}" if error.help else "")


def render(found: Sequence[State]) -> str:
    """The text of `list`: a paragraph for each decision."""
    lines: list[str] = []
    for state in found:
        lines.append(f"{state.place}  {state.gate}  {state.state}")
        lines += [f"    {line}" for line in state.lines]
    return "".join(f"{line}\n" for line in lines)


def _count(decisions: Decisions) -> str:
    waivers, signoffs = len(decisions.waivers), len(decisions.signoffs)
    return (
        f"{waivers} waiver{'s' if waivers != 1 else ''}, "
        f"{signoffs} sign-off{'s' if signoffs != 1 else ''}"
    )
