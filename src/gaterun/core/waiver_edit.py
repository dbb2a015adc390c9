"""Changes the text of a waiver file: entries go in and out, everything else stays as it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from gaterun.core.source import Source
from gaterun.model.errors import UsageError

_BY_HAND = "do it by hand, it is a text file"


def entry(kind: str, values: Mapping[str, str | int | date]) -> str:
    """An entry as text.

    Args:
        kind: ``waiver`` or ``signoff``.
        values: by key, in order; empty ones are left out.

    >>> print(entry("waiver", {"gate": "a", "issue": "", "limit": 0}), end="")
    [[waiver]]
    gate = "a"
    """
    import tomlkit

    table = tomlkit.table()
    for key, value in values.items():
        if value:
            table.add(key, value)
    tables = tomlkit.aot()
    tables.append(table)
    document = tomlkit.document()
    document.add(kind, tables)
    return tomlkit.dumps(document)


def with_entry(source: Source, text: str) -> str:
    """The text of a file with an entry more, at the end.

    Raises:
        UsageError: the file is written in a way that takes none.
    """
    before = source.text
    break_ = "\r\n" if "\r\n" in before else "\n"
    if before and not before.endswith("\n"):
        before += break_
    if before.strip():
        before += break_
    after = before + text.replace("\n", break_)
    (kind, added) = next(iter(tomllib.loads(text).items()))
    wanted = {**source.document, kind: [*source.document.get(kind, []), *added]}
    return _checked(source, after, wanted)


def without(source: Source, kind: str, indices: Collection[int]) -> str:
    """The text of a file without some of its entries, and the comments directly above those.

    Args:
        kind: ``waiver`` or ``signoff``.
        indices: which, from 0.

    Raises:
        UsageError: the file is written in a way in which they cannot be found.
    """
    lines = re.findall(r"[^\n]*\n|[^\n]+", source.text)
    tops = [number for number, line in enumerate(lines) if line.lstrip().startswith("[")]
    header = re.compile(rf"""\s*\[\[\s*["']?{kind}["']?\s*\]\]""")
    ours = [number for number in tops if header.match(lines[number])]
    gone: set[int] = set()
    for index in indices:
        if index >= len(ours):
            break
        start = ours[index]
        stop = next((top for top in tops if top > start), len(lines))
        while stop > start + 1 and _says_nothing(lines[stop - 1]):
            stop -= 1
        while start and lines[start - 1].lstrip().startswith("#"):
            start -= 1
        while stop < len(lines) and not lines[stop].strip():
            stop += 1
        gone.update(range(start, stop))
    after = "".join(line for number, line in enumerate(lines) if number not in gone)
    if after.strip() and len(lines) - 1 in gone:
        after = after.rstrip() + ("\r\n" if "\r\n" in after else "\n")
    kept = [item for at, item in enumerate(source.document[kind]) if at not in indices]
    wanted = {key: value for key, value in source.document.items() if key != kind}
    return _checked(source, after, {**wanted, kind: kept} if kept else wanted)


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _checked(source: Source, text: str, wanted: Mapping[str, Any]) -> str:
    """`text`, when it means what it should."""
    try:
        found = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError:
        found = {"?": None}
    if found != wanted:
        raise UsageError(
            f"{source.name} is written in a way in which its entries cannot be changed",
            help=_BY_HAND,
        )
    return text
