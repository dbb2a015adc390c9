"""A reporter, as a value that a plugin offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from gaterun.model.event import Event

#: Called with every event in order. Writes to the stream that it was made with.
Listener = Callable[[Event], None]


class Style(Struct, frozen=True, kw_only=True):
    """How a reporter may draw.

    Attributes:
        colour: ANSI colours are wanted.
        live: the stream is a terminal that can be redrawn.
        width: columns.
        unicode: the stream can encode more than ASCII.
        verbosity: -2 … 2, from ``-q`` and ``-v``.
        shown: the characters of ``-r``: f failed, i inconclusive, b blocked, s skipped,
            w waived, a advisory, p passed, A all.
        durations: how many of the slowest gates to list; 0 for none.
        agent: for a coding agent: silent on pass, one line a failure.
        state: where gaterun keeps recorded runs with their logs, for a report that shows them;
            ``None`` where nobody knows.
    """

    colour: bool = False
    live: bool = False
    width: int = 80
    unicode: bool = True
    verbosity: int = 0
    shown: str = ""
    durations: int = 0
    agent: bool = False
    state: Path | None = None


class Reporter(Struct, frozen=True, kw_only=True):
    """A report format.

    Attributes:
        name: as in ``--report NAME[:PATH]``.
        title: a few words for people.
        filename: used where no path is given; empty for a format that goes to standard
            output by default.
        start: given the stream and the style, returns the listener that writes.
        commands: what it writes to standard output are workflow commands of GitHub. What
            others write there cannot be taken for one.
    """

    name: str
    title: str
    filename: str
    start: Callable[[TextIO, Style], Listener]
    commands: bool = False
