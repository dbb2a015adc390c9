"""Decides from options and environment how the terminal is drawn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from gaterun.model.report import Style

#: Set by coding agents in the commands that they start.
AGENT_VARIABLES = ("AI_AGENT", "CLAUDECODE", "CODEX_SANDBOX", "CURSOR_AGENT", "GEMINI_CLI")


def style_for(
    stream: TextIO,
    *,
    color: str = "auto",
    output: str = "auto",
    progress: bool = True,
    verbosity: int = 0,
    shown: str = "",
    durations: int = 0,
    state: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Style:
    """The style for a stream.

    Args:
        color: ``auto``, ``always`` or ``never``; ``NO_COLOR`` and ``FORCE_COLOR`` decide for
            ``auto`` (https://no-color.org, https://force-color.org).
        output: ``auto``, ``human`` or ``agent``.
        progress: whether a live view is wanted.
        state: where recorded runs are kept.
    """
    variables = os.environ if environment is None else environment
    terminal = stream.isatty() and variables.get("TERM") != "dumb"
    colour = terminal and not variables.get("NO_COLOR")
    if variables.get("FORCE_COLOR") and not variables.get("NO_COLOR"):
        colour = True
    if color != "auto":
        colour = color == "always"
    agent = output == "agent" or (
        output == "auto" and any(variables.get(name) for name in AGENT_VARIABLES)
    )
    return Style(
        colour=colour,
        live=terminal and progress and not agent and not variables.get("CI"),
        width=max(40, shutil.get_terminal_size((80, 24)).columns),
        unicode="utf" in (stream.encoding or "").lower(),
        verbosity=verbosity,
        shown=shown,
        durations=durations,
        agent=agent,
        state=state,
    )
