"""Reads a job's log for workflow commands, by the grammar that GitHub's runner documents.

A line is trimmed on its left. ``::name key=value,…::data`` at its beginning is a command, and so
is ``##[name key=value;…]data`` anywhere in it; both only for names that the runner knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAMES = frozenset(
    {
        "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group",
        "notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Command:
    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def commands(log: str) -> list[Command]:
    """Every command of a log that the runner would carry out."""
    found = []
    for line in re.split("\r\n|\r|\n", log):
        command = _at_the_beginning(line.lstrip()) or _anywhere(line)
        if command is not None and command.name.lower() in NAMES:
            found.append(command)
    return found


def _at_the_beginning(line: str) -> Command | None:
    if not line.startswith("::"):
        return None
    head, end, data = line[2:].partition("::")
    if not end:
        return None
    name, _, given = head.partition(" ")
    pairs = (pair.partition("=") for pair in given.strip().split(",") if pair)
    properties = {key: _unescaped(text, ":,") for key, _, text in pairs if text}
    return Command(name=name, data=_unescaped(data, ""), properties=properties)


def _anywhere(line: str) -> Command | None:
    _, begin, rest = line.partition("##[")
    head, end, data = rest.partition("]")
    if not begin or not end:
        return None
    name, _, given = head.partition(" ")
    pairs = (pair.partition("=") for pair in given.split(";") if pair)
    properties = {key: _unescaped(text, ";]") for key, _, text in pairs if text}
    return Command(name=name, data=_unescaped(data, ";]"), properties=properties)


def _unescaped(text: str, also: str) -> str:
    for char in ("\r", "\n", *also, "%"):
        text = text.replace(f"%{ord(char):02X}", char)
    return text
