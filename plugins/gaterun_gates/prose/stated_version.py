"""A version that some text states of some crate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Spelling(StrEnum):
    """How a version is written: as it is, as part of a static badge, or in a URL's query."""

    PLAIN = "plain"
    BADGE = "badge"
    QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A version, or a requirement, stated somewhere.

    Attributes:
        kind: the detector's name.
        line: 1-based.
        text: the version or requirement as it stands there, decoded.
        package: the crate it is about; empty for the one that owns the file.
        requirement: it is a requirement (``2`` or ``^2.0``), which the version must satisfy.
        start, end: the characters that spell it; equal when they are not known.
    """

    kind: str
    line: int
    text: str
    package: str = ""
    requirement: bool = False
    start: int = 0
    end: int = 0
    spelling: Spelling = Spelling.PLAIN


def stated_at(
    text: str, start: int, end: int, kind: str, *, package: str = "", requirement: bool = False
) -> Stated:
    r"""What the characters from `start` to `end` state.

    >>> stated_at("one\nv2.0.0", 5, 10, "link").line
    2
    """
    return Stated(
        kind=kind,
        line=line_at(text, start),
        text=text[start:end],
        package=package,
        requirement=requirement,
        start=start,
        end=end,
    )


def line_at(text: str, position: int) -> int:
    """The 1-based line of a character.

    >>> line_at("one two", 4)
    1
    """
    return text.count("\n", 0, position) + 1
