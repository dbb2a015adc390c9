"""The line where a key of a TOML document stands; the parsers in use do not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[\[?\s*(?P<key>{_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_ENTRY = re.compile(rf"\s*(?P<key>{_DOTTED})\s*=(?P<value>.*)$")
_PART = re.compile(_KEY)
_MULTILINE = re.compile(r"\"\"\"|'''")


def line_of(text: str, *path: str) -> int:
    """The 1-based line of the key at `path`, or of the nearest table above it; 0 if unknown.

    Understands headers, dotted keys, quoted keys and inline tables that span lines.
    """
    wanted = tuple(path)
    header: tuple[str, ...] = ()
    best = (0, 0)  # length of the agreeing path, line
    within = ""  # the delimiter of a multi-line string that is open
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if within:
            within = "" if within in line else within
            continue
        if match := _HEADER.match(line):
            header = _parts(match["key"])
            found = header
        elif match := _ENTRY.match(line):
            found = (*header, *_parts(match["key"]))
            quotes = _MULTILINE.findall(match["value"])
            within = quotes[-1] if len(quotes) % 2 else ""
        else:
            continue
        if found[: len(wanted)] == wanted:  # also a dotted key below it
            return number
        if wanted[: len(found)] == found and len(found) > best[0]:
            best = len(found), number
            if match.re is _ENTRY and match["value"].lstrip().startswith("{"):
                inner = _inside(lines, number, wanted[len(found) :])
                if inner:
                    return inner
    return best[1]


def _inside(lines: Sequence[str], start: int, keys: Sequence[str]) -> int:
    """The line of a key in the inline table that begins on line `start`."""
    key = re.compile(rf"[{{,\s]{re.escape(keys[0])}[\"']?\s*[.=]")
    for number in range(start, min(start + 40, len(lines) + 1)):
        line = lines[number - 1].split(" #")[0]
        if number > start and _HEADER.match(line):
            return 0
        begin = line.find("=") + 1 if number == start else 0
        if key.search(line if begin == 0 else " " + line[begin:]):
            return number
        if line.rstrip().endswith("}"):
            return 0
    return 0


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
