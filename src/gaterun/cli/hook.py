"""``gaterun hook``: answers the hooks of Claude Code, from what is recorded; runs no gate."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from gaterun.cli import noted
from gaterun.cli.hook_values import BLOCK, BROKEN, Answer, Given, Place
from gaterun.cli.notes import followed
from gaterun.model.errors import GaterunError, UsageError


@click.command(
    name="hook",
    epilog="""\b
Examples, as commands in .claude/settings.json (docs/agents.md has all of it):
  gaterun hook stop              hooks Stop and SubagentStop
  gaterun hook task-completed    hook TaskCompleted
  gaterun hook edit              hook PreToolUse, matcher Edit|Write|MultiEdit
  gaterun hook session-start     hook SessionStart
\b
Exits with 0 to let it happen, with 2 to block it (standard error says what is missing), with 1
when it could not find out: then nothing is verified.
""",
)
@click.argument("event", type=click.Choice(["stop", "edit", "task-completed", "session-start"]))
def command(event: str) -> int:
    """Answer a hook of Claude Code, whose JSON is read from standard input.

    It reads what is recorded and runs no gate. A task that is held from this working tree or is
    said to be done, and that evidence does not cover, blocks the end of a session at most three
    times for each claim; it stays unverified all the same.
    """
    if sys.stdin.isatty():
        raise UsageError(
            "the host's JSON is read from standard input",
            help="this is for hooks of a coding agent; `gaterun claims` is for people",
        )
    given = Given()
    try:
        given = msgspec.json.decode(sys.stdin.buffer.read(), type=Given)
        place = find(Path(given.cwd or "."))
        answer = _answer(event, given, place) if place is not None else Answer()
        if event == "stop" and place is not None:
            _keep(place, answer)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing is verified by it
        answer = unverified(event, given, error)
    if answer.out:
        click.echo(msgspec.json.encode(answer.out).decode())
    if answer.err:
        click.echo(answer.err, err=True)
    return answer.code


def _keep(place: Place, answer: Answer) -> None:
    """That there is nothing to say is so as long as nothing changes; else the plan is kept."""
    if notes := followed():
        # None of them was there, it may be, and then none was listed.
        notes.sees(*place.opened.config.phase_folders)
        nothing = "" if answer == Answer() else None
        notes.keep(nothing, place.opened.state, within=noted.WITHIN)


def _answer(event: str, given: Given, place: Place) -> Answer:
    """Imports what this event needs and no more: a hook is started often, and waited for."""
    if event == "stop":
        from gaterun.cli.hook_stop import stop as answer
    elif event == "edit":
        from gaterun.cli.hook_edit import edit as answer
    elif event == "task-completed":
        from gaterun.cli.hook_claims import task_completed as answer
    else:
        from gaterun.cli.hook_claims import session_start as answer
    return answer(given, place)


def find(folder: Path) -> Place | None:
    """The workspace around a folder, if there are phases in it.

    Raises:
        UsageError: it, or one of its phases, cannot be read.
    """
    from gaterun.core.config import find_root

    try:
        root = find_root(folder)
    except UsageError:
        return None  # the hook may be in a person's own settings, for every folder
    from gaterun.cli.workspace import open_workspace, renew_claims
    from gaterun.core.phases import phase_names

    opened = open_workspace(root, None, "", (), ())
    renew_claims(opened.config)
    local = sorted(phase_names(opened.config.phase_folders, {}))
    configured = opened.config.settings.phase
    names = [configured] if configured else local
    if not names:
        return None
    return Place(opened=opened, phases=tuple(opened.phase(name) for name in names))


def unverified(event: str, given: Given, error: Exception) -> Answer:
    """What is answered when nobody could find out: never that all is well."""
    said = error.message if isinstance(error, GaterunError) else f"{type(error).__name__}: {error}"
    err = f"gaterun: unverified, as it could not find out: {said}"
    if isinstance(error, GaterunError) and error.help:
        err += f"\n  help: {error.help}"
    if event in {"stop", "task-completed"} and given.session_id:
        from gaterun.core import blocks
        from gaterun.core.config import find_root

        try:
            state = find_root(Path(given.cwd or ".")) / ".gaterun"
            before = blocks.count(state, given.session_id, [f"{event}: error"])
        except (OSError, GaterunError):
            return Answer(code=BROKEN, err=err)
        if before[f"{event}: error"] < blocks.MOST:
            return Answer(code=BLOCK, err=err)
    return Answer(code=BROKEN, err=err)
