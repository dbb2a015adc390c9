"""Keeps what is printed in a job of GitHub from being taken for a workflow command.

The runner reads what a step prints: a line that begins with ``::name``, after white space, and
``##[name]`` anywhere in a line are commands, which set outputs, mask words or read files. What
gaterun prints has texts in it that tools, tests and files wrote.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

#: Where a space is put in: between two colons that begin a line, and before the bracket.
_COMMAND = re.compile(r"(?<=[\r\n])[^\S\r\n]*:(?=:)|##(?=\[)")

#: What a line may consist of so far and become a command with the next character.
_BEGINNING = re.compile(r"[\r\n][^\S\r\n]*(:?)\Z")


def harmless(text: str) -> str:
    r"""Whole lines without any command in them; a space more where one was.

    >>> harmless("a\n ::add-mask::x ##[error]"), harmless("std::fs, ## [a]")
    ('a\n : :add-mask::x ## [error]', 'std::fs, ## [a]')
    """
    if "::" not in text and "##[" not in text:
        return text
    return _spaced(f"\n{text}")[1:]


def _spaced(text: str) -> str:
    return _COMMAND.sub(lambda match: f"{match.group()} ", text)


class GuardedStream:
    """A stream that puts `harmless` text into another one, however it comes in pieces."""

    def __init__(self, stream: TextIO) -> None:
        self.beneath = stream
        #: What a command could have begun with so far, after a line break where a line begins.
        self._begun = "\n"

    def write(self, text: str) -> int:
        """Write `text`; returns its length as if nothing was put in."""
        # Even of nothing: click tells text streams by their refusal of empty bytes.
        joined = self._begun + text
        # Spaces are put in behind what was written before, never within it.
        self.beneath.write(_spaced(joined)[len(self._begun) :])
        self._begun = _beginning(joined)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


def _beginning(text: str) -> str:
    match = _BEGINNING.search(text)
    if match:
        # White space however long: only whether there is a colon behind it matters.
        return f"\n{match.group(1)}"
    return "##" if text.endswith("##") else "#" if text.endswith("#") else ""


def unguarded(stream: TextIO) -> TextIO:
    """The stream beneath a guarded one, for who writes commands on purpose."""
    return stream.beneath if isinstance(stream, GuardedStream) else stream


@contextlib.contextmanager
def guarded_log() -> Iterator[None]:
    """Guard standard output and standard error in a job of GitHub; change nothing elsewhere."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", GuardedStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
