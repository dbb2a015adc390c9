"""A number, or findings, out of the lines of a program's output by a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Longer lines are cut: they are data, and a pattern may take quadratic time on them.
LONGEST_LINE = 4096

#: Named groups that make a match a finding rather than a value.
PLACE_GROUPS = frozenset({"path", "line", "column", "rule", "message"})

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,3}(?:[,_'\u00a0 ][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A match that describes a place."""

    path: str = ""
    line: int = 0
    column: int = 0
    rule: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternResult:
    """What a pattern found.

    Attributes:
        value: the number; ``None`` when there is none, or several that differ.
        why: why the value is ``None``.
        matches: one for each match of a pattern with place groups.
        lines: number of lines looked at.
    """

    value: float | None
    why: str
    matches: tuple[Match, ...]
    lines: int


def compile_pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern that has something to read: place groups, ``value``, or any group.

    Raises:
        ValueError: it is no regular expression, or has no group.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ValueError(f"pattern: {error}") from error
    if not pattern.groups:
        raise ValueError("pattern needs a group for the number, such as (?P<value>[0-9]+)")
    return pattern


def search_lines(lines: Iterable[bytes], pattern: re.Pattern[str]) -> PatternResult:
    """Match each line.

    Several matches with one and the same number are one number; different numbers are none,
    because nothing says which of them is meant.
    """
    named = set(pattern.groupindex)
    group: str | int | None = None
    if "value" in named:
        group = "value"
    elif not named & PLACE_GROUPS:
        group = 1
    values: dict[float, None] = {}
    unreadable = ""
    matches: list[Match] = []
    count = 0
    for raw in lines:
        count += 1
        line = raw[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r\n")
        for match in pattern.finditer(line):
            if named & PLACE_GROUPS:
                matches.append(_place(match))
            if group is not None:
                number = to_number(match[group] or "")
                if number is None:
                    unreadable = match[group] or ""
                else:
                    values[number] = None
    value, why = _single(list(values), unreadable)
    return PatternResult(
        value=value if group is not None else None,
        why=why if group is not None else "the pattern has no group 'value'",
        matches=tuple(matches),
        lines=count,
    )


def to_number(text: str) -> float | None:
    """The number that `text` is, thousands separators allowed.

    >>> to_number("1,234.5"), to_number("12 apples")
    (1234.5, None)
    """
    found = _NUMBER.fullmatch(text.strip())
    return None if found is None else float(re.sub(r"[,_'\u00a0 ]", "", found[0]))


def _single(values: list[float], unreadable: str) -> tuple[float | None, str]:
    if unreadable:
        return None, f"'{unreadable[:80]}' is no number"
    if not values:
        return None, "the pattern matched nothing in the output"
    if len(values) > 1:
        shown = ", ".join(f"{value:g}" for value in values[:5])
        return None, f"the pattern matched different numbers: {shown}"
    return values[0], ""


def _place(match: re.Match[str]) -> Match:
    groups = {name: text or "" for name, text in match.groupdict().items()}
    return Match(
        path=groups.get("path", ""),
        line=_integer(groups.get("line", "")),
        column=_integer(groups.get("column", "")),
        rule=groups.get("rule", ""),
        message=groups.get("message", "") or match[0].strip(),
    )


def _integer(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
