"""An entry of a repository file that bears on a gate, and where a file stands to judge it by."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gaterun import Severity
from gaterun_gates.parsers.toml_line import line_of


class Unreadable(ValueError):
    """A file whose text is not what its name promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that could neutralise a gate, or is worth knowing.

    Attributes:
        rule: kind of entry, without the gate's name.
        subject: what is written, ``build.rustflags = ["-Awarnings"]``.
        why: what it can do, as a lower-case fragment.
        severity: *error* where it makes a gate say green, *warning* where it may, *note*
            where it is legitimate and worth knowing.
        line: 1-based; 0 when unknown.
        help: what to do instead; may be empty.
    """

    rule: str
    subject: str
    why: str
    severity: Severity
    line: int = 0
    help: str = ""


#: Entries, each with the key of the TOML document that it is about.
Found = Iterator[tuple[tuple[str, ...], Entry]]


def setting(
    rule: str, keys: tuple[str, ...], value: object, why: str, severity: Severity, *, help: str = ""
) -> tuple[tuple[str, ...], Entry]:
    """An entry for a TOML key, which `located` gives its line."""
    subject = f"{'.'.join(keys)} = {shown(value)}"
    return keys, Entry(rule=rule, subject=subject, why=why, severity=severity, help=help)


def shown(value: object, most: int = 100) -> str:
    """A value as TOML has it, cut to `most` characters."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, dict):
        text = f"{{{', '.join(f'{key} = {shown(each)}' for key, each in value.items())}}}"
    elif isinstance(value, list):
        text = f"[{', '.join(shown(each) for each in value)}]"
    else:
        text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def located(text: str, found: Iterable[tuple[tuple[str, ...], Entry]]) -> Iterator[Entry]:
    """The entries with the lines where their keys stand in `text`."""
    for keys, entry in found:
        yield replace(entry, line=line_of(text, *keys))


def parse_toml(text: str) -> dict[str, Any]:
    """Read TOML 1.1, which cargo takes.

    Raises:
        Unreadable: it is no TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return dict(tomlkit.parse(text).unwrap())
    except (TOMLKitError, RecursionError, ValueError) as error:
        raise Unreadable(f"no TOML: {error}") from error


class Origin(StrEnum):
    """Where a program that a setting names comes from."""

    REPOSITORY = "a program of the repository's own"
    OUTSIDE = "a program at a place of its own"
    SEARCHED = "found on PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file lies.

    Attributes:
        path: from the workspace root with ``/``; ``../`` for a folder above it.
        folder: what relative paths in it start from, from the workspace root; empty for the
            root itself.
        root: the workspace root, absolute with ``/``.
        above: how many folders above the root still belong to the repository.
    """

    path: str
    folder: str = ""
    root: str = "/"
    above: int = 0

    def is_inside(self, value: str) -> bool:
        """Whether a path, relative to the folder or absolute, lies in the repository."""
        text = value.replace("\\", "/")
        if text[1:3] == ":/":
            return False
        if text.startswith("/"):
            path = posixpath.relpath(text, self.root)
        else:
            path = posixpath.normpath(posixpath.join(self.folder, text))
        return path.split("/").count("..") <= self.above

    def origin(self, program: str) -> Origin:
        """Where a program comes from: cargo takes a value with a slash for a path."""
        if "/" not in program and "\\" not in program:
            return Origin.SEARCHED
        return Origin.REPOSITORY if self.is_inside(program) else Origin.OUTSIDE
