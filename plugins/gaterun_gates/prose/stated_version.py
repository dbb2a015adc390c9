"""A version that some text states of some crate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A version, or a requirement, stated somewhere.

    Attributes:
        kind: the detector's name.
        line: 1-based.
        text: the version or requirement as it stands there, decoded.
        package: the crate it is about; empty for the one that owns the file.
        requirement: it is a requirement (``2`` or ``^2.0``), which the version must satisfy.
    """

    kind: str
    line: int
    text: str
    package: str = ""
    requirement: bool = False


def line_at(text: str, position: int) -> int:
    """The 1-based line of a character.

    >>> line_at("one two", 4)
    1
    """
    return text.count("\n", 0, position) + 1
