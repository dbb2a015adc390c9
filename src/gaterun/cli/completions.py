"""What the shell is offered for gates, report formats and recorded runs; imported when it asks."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from gaterun.cli.workspace import Opened, open_workspace
from gaterun.core.discovery import load
from gaterun.model.errors import UsageError


def gates(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Gates that begin with what was typed; outside of a workspace, those that are installed."""
    del context, parameter
    opened = _opened()
    known = opened.plugins.gates if opened else load().gates
    return [
        CompletionItem(name, help=gate.title)
        for name, gate in known.items()
        if name.startswith(incomplete)
    ]


def reports(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Report formats that begin with what was typed; behind a colon stands a path."""
    del context, parameter
    opened = _opened()
    known = opened.plugins.reporters if opened else {}
    return [
        CompletionItem(name, help=reporter.title)
        for name, reporter in known.items()
        if name.startswith(incomplete)
    ]


def runs(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """``last``, and the recorded runs that begin with what was typed, the newest first."""
    del context, parameter
    opened = _opened()
    if opened is None:
        return []
    from gaterun.core.store import Store

    folders: list[Path] = [path.parent for path in Store(opened.config.state).records()]
    names = ["last", *(folder.name for folder in reversed(folders))] if folders else []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _opened() -> Opened | None:
    """The workspace, if there is one and it can be read."""
    try:
        return open_workspace(None, None, "", (), ())
    except UsageError:
        return None
