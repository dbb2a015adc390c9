"""The tasks of a phase as arguments that the shell completes."""

from __future__ import annotations

from typing import Any

import click

from gaterun.cli.workspace import PhaseName, open_workspace
from gaterun.model.errors import UsageError


class TaskName(click.ParamType[str]):
    """A task's id, completed by the shell.

    Args:
        or_phase: whether the id of its phase may stand before it.
    """

    name = "task"

    def __init__(self, *, or_phase: bool = False) -> None:
        self._or_phase = or_phase

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Tasks that begin with what was typed, beside phases where none was named yet."""
        from click.shell_completion import CompletionItem

        named = ctx.params.get(param.name or "") if self._or_phase else None
        phase, *more = named or (None,)
        if more:
            return []
        try:
            tasks = open_workspace(None, None, "", (), ()).phase(phase).tasks
        except UsageError:
            tasks = ()
        found = [
            CompletionItem(task.id, help=task.title if task.title != task.id else None)
            for task in tasks
            if task.id.startswith(incomplete)
        ]
        if self._or_phase and phase is None:
            found += PhaseName().shell_complete(ctx, param, incomplete)
        return found
