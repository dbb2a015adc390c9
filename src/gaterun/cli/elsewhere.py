"""Who measures gates elsewhere, if a plugin that offers to is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gaterun.model.errors import UsageError

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.core.dispatch import Elsewhere


def elsewhere(opened: Opened, jobs: int) -> Elsewhere | None:
    """The executor of a run, to be closed after it; ``None`` measures all gates here.

    Args:
        jobs: how many gates this machine measures at once.

    Raises:
        UsageError: it cannot be used, or has options and nobody to read them.
    """
    settings = opened.config.settings
    selected = tuple(name for name in opened.selected if not name.startswith("no:"))
    from gaterun.model.executor import ExecutorConfig

    options = {}
    for text in settings.executor:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise UsageError(
                f"executor ({opened.config.origins['executor']}): '{text}' is not KEY=VALUE"
            )
        options[key] = value
    config = ExecutorConfig(root=opened.root, jobs=jobs, options=options)
    executor = opened.plugins.executor(config, selected)
    if executor is None:
        if options:
            raise UsageError(
                f"executor ({opened.config.origins['executor']}) has options, and no plugin "
                "that measures elsewhere is asked for",
                help="name it: -p dask",
            )
        return None
    from gaterun.core.dispatch import Elsewhere

    return Elsewhere(
        executor=executor,
        plugins=opened.selected,
        gates=settings.gates,
        pass_env=settings.pass_env,
    )
