"""``gaterun watch``: follow the tasks of a phase, and keep its dashboard file current."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from typing import TYPE_CHECKING

import click

from gaterun.cli.coordination import desk
from gaterun.cli.desk import Desk
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core import ending
from gaterun.model.errors import UsageError
from gaterun.model.task_state import TaskState
from gaterun.model.verdict import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from rich.console import Group

    from gaterun.core.overview import Overview

#: How often another process's writing is looked for, and the working tree, seconds.
_POLL, _LOOK = 0.5, 10.0

_COLOURS = {
    TaskState.TODO: "dim",
    TaskState.READY: "",
    TaskState.IN_PROGRESS: "cyan",
    TaskState.CLAIMED: "yellow",
    TaskState.VERIFIED: "green",
    TaskState.BLOCKED: "red",
}


@click.command(
    name="watch",
    epilog="""\b
Examples:
  gaterun watch                   until Ctrl-C
  gaterun watch --once            the tasks as they are now
  gaterun watch --write --once    render the file that [phase.outputs] dashboard names
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.option("--write", is_flag=True, help="Keep the phase's dashboard file current.")
@click.option("--once", is_flag=True, help="Show it once, and end.")
@workspace_options
def command(opened: Opened, *, phase: str | None, write: bool, once: bool) -> int:
    """Follow the tasks of PHASE as others work on them. Exits with 0 once it is told to stop."""
    here = desk(opened, phase)
    if write:
        _check(here)
    overview = here.overview()
    if write:
        write_dashboard(here, overview)
    if once:
        _print(overview)
        return int(ExitCode.OK)
    with contextlib.suppress(KeyboardInterrupt), _hearing() as stopped:
        changed = changes(here, lambda: stopped() or _unread())
        if sys.stdout.isatty():
            _draw(here, overview, changed, write=write)
        else:
            _tell(here, changed, write=write)
    return int(ExitCode.OK)


def _print(overview: Overview) -> None:
    from gaterun.reporters.tasks import summary

    click.echo("".join(f"{line}\n" for line in summary(overview)), nl=False)


def _tell(here: Desk, changed: Iterator[Overview], *, write: bool) -> None:
    """Where nothing can be redrawn, say it again when something has happened."""
    from gaterun.reporters.dashboard import dashboard, same

    before = ""
    for overview in changed:
        text = dashboard(overview)
        if same(before, text):
            continue
        if before:
            click.echo()
        _print(overview)
        before = text
        if write:
            write_dashboard(here, overview)


def write_dashboard(here: Desk, overview: Overview) -> bool:
    """Write the dashboard where it says something else than before; whether it did.

    Raises:
        UsageError: there is a file that is no dashboard, or it cannot be written.
    """
    from gaterun.core.aside import written_aside
    from gaterun.reporters.dashboard import MARK, dashboard, same

    name = _check(here)
    path = here.footing.root / name
    text = dashboard(overview)
    try:
        if path.exists():
            before = path.read_text("utf-8", "replace")
            if same(before, text):
                return False
            if before.strip() and not before.startswith(MARK):
                raise UsageError(
                    f"{name} is no dashboard of gaterun's: it does not begin with the line that "
                    "says so",
                    help="move it away, or name another file as 'dashboard' in [phase.outputs]",
                )
        with written_aside(path) as aside:
            aside.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}") from error
    return True


def _check(here: Desk) -> str:
    name = here.phase.outputs.dashboard
    if not name:
        raise UsageError(
            f"phase '{here.phase.id}' names no file for a dashboard",
            help='say dashboard = "docs/DASHBOARD.md" in [phase.outputs]',
        )
    return name


def _draw(here: Desk, overview: Overview, changed: Iterator[Overview], *, write: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with Live(_table(overview), console=console, auto_refresh=False) as live:
        for now in changed:
            live.update(_table(now), refresh=True)
            if write:
                write_dashboard(here, now)


def _unread() -> bool:
    """Whether whoever read standard output has gone, `| head -1` for one."""
    import select

    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


@contextlib.contextmanager
def _hearing() -> Iterator[Callable[[], bool]]:
    """Whether the program is to end: an exception raised in the midst of anything may be lost there."""
    came: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        del frame
        came.append(number)

    before = {number: signal.signal(number, handler) for number in ending.signals()}
    try:
        yield lambda: bool(came)
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def changes(here: Desk, stopped: Callable[[], bool] = lambda: False) -> Iterator[Overview]:
    """How the phase stands, again whenever another process has written, or after a while.

    Args:
        stopped: asked between two looks; true ends them.

    The database is kept open, as only then does it tell whether others have written.
    """
    with contextlib.ExitStack() as stack:
        db = None
        version, looked = -1, time.monotonic()
        while not stopped():
            if db is None and (db := here.existing()) is not None:
                stack.enter_context(db)
            now = db.version if db is not None else -1
            if now != version or time.monotonic() - looked > _LOOK:
                version, looked = now, time.monotonic()
                yield here.overview()
            time.sleep(_POLL)


def _table(overview: Overview) -> Group:
    """The tasks as rich draws them."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from gaterun.reporters import tasks

    table = Table(box=None, pad_edge=False)
    for name in tasks.HEADER:
        table.add_column(name)
    for view in overview.tasks:
        cells = tasks.row(view, overview)
        colour = _COLOURS[view.state]
        texts = [Text(cell, colour if at == 1 else "") for at, cell in enumerate(cells)]
        table.add_row(*texts)
    below = [
        tasks.counted(overview),
        *tasks.outlook(overview.forecast),
        *tasks.collided(overview),
        *tasks.unread(overview),
    ]
    return Group(table, *map(Text, below))
