"""``gaterun note``, ``block`` and ``unblock``: what people say about a task."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gaterun.cli.coordination import desk, task_and_phase
from gaterun.cli.task_names import TaskName
from gaterun.cli.workspace import Opened, workspace_options
from gaterun.model.errors import UsageError
from gaterun.model.task_state import Kind
from gaterun.reporters import clean


@click.command(
    name="note",
    epilog="""\b
Examples:
  gaterun note 7.1 "the cache is warm, timing runs now"
  gaterun note phase7 7.1 waiting for a review
""",
)
@click.argument(
    "words", nargs=-1, required=True, metavar="[PHASE] TASK TEXT...", type=TaskName(or_phase=True)
)
@workspace_options
def command(opened: Opened, *, words: tuple[str, ...]) -> int:
    """Note something about TASK for everybody who looks; it proves nothing."""
    first, *rest = words
    if _is_phase(opened, first, rest):
        return _say(opened, first, rest[0], Kind.NOTE, " ".join(rest[1:]))
    if not rest:
        raise UsageError("nothing is said", help=f'gaterun note {first} "what there is to know"')
    return _say(opened, None, first, Kind.NOTE, " ".join(rest))


def _is_phase(opened: Opened, first: str, rest: Sequence[str]) -> bool:
    """Whether a phase was named before the task; of two words, one is all that is said.

    Raises:
        UsageError: it can be read both ways.
    """
    if not rest or not opened.has_phase(first):
        return False
    try:
        usual = opened.phase(None)
    except UsageError:
        return True
    if first not in {task.id for task in usual.tasks}:
        return True
    if len(rest) < 2 or rest[0] not in {task.id for task in opened.phase(first).tasks}:
        return False
    raise UsageError(
        f"'{first}' is a task of phase '{usual.id}', and a phase with a task '{rest[0]}'",
        help=f"put the text in quotes, or say `gaterun note {rest[0]} … -o phase={first}`",
    )


@click.command(
    name="block",
    epilog="""\b
Example:
  gaterun block 7.1 --why "no access to the cache's bucket"
""",
)
@click.argument(
    "words", nargs=-1, required=True, metavar="[PHASE] TASK", type=TaskName(or_phase=True)
)
@click.option("--why", required=True, metavar="TEXT", help="What has to happen first.")
@workspace_options
def block(opened: Opened, *, words: tuple[str, ...], why: str) -> int:
    """Say that TASK cannot go on, and why. Its claim is given back."""
    return _say(opened, *task_and_phase(words), Kind.BLOCK, why)


@click.command(name="unblock")
@click.argument(
    "words", nargs=-1, required=True, metavar="[PHASE] TASK", type=TaskName(or_phase=True)
)
@workspace_options
def unblock(opened: Opened, *, words: tuple[str, ...]) -> int:
    """Say that nothing blocks TASK any longer."""
    return _say(opened, *task_and_phase(words), Kind.UNBLOCK, "")


def _say(opened: Opened, phase: str | None, task: str, kind: Kind, text: str) -> int:
    from gaterun.core.lease import say

    here = desk(opened, phase)
    here.task(task)
    text = clean.line(text)
    if kind is not Kind.UNBLOCK and not text:
        raise UsageError("an empty text says nothing")
    with here.create() as db:
        say(db, here.phase.id, task, here.who, kind=kind, text=text, now=here.now())
    if kind is Kind.BLOCK:
        click.echo(f"{task} is blocked: {text}; `gaterun unblock {here.called(task)}` ends that")
    elif kind is Kind.UNBLOCK:
        click.echo(f"{task} is not blocked any longer")
    return 0
