"""Places in other documents that gaterun keeps current, each between two comments.

``<!-- gaterun:begin PHASE -->`` to ``<!-- gaterun:end -->`` holds what a roadmap says about a
phase; ``<!-- gaterun:value METRIC -->`` to ``<!-- gaterun:end -->`` one number in a sentence.
Whatever stands in a block of code, or behind a backtick, shows how to write them and is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

_MARKER = re.compile(r"(?<!`)<!--[ \t]*gaterun:(begin|value|end)(?:[ \t]+([^\s<>]+))?[ \t]*-->")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")


class Place(Struct, frozen=True, kw_only=True):
    """What stands between two markers.

    Attributes:
        kind: ``begin`` or ``value``.
        name: the phase, or the metric.
        start, end: offsets of the text between the markers.
        line: of the first marker, from 1.
    """

    kind: str
    name: str
    start: int
    end: int
    line: int


class BadMarkersError(ValueError):
    """Markers that do not come in pairs.

    Attributes:
        line: of the marker that is wrong, from 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def places(text: str) -> list[Place]:
    """Every pair of markers, in order.

    Raises:
        BadMarkersError: one has no partner, or no name.

    >>> [(place.kind, place.name) for place in places("<!-- gaterun:value a.b -->1<!-- gaterun:end -->")]
    [('value', 'a.b')]
    """
    found: list[Place] = []
    opened: tuple[str, str, int, int] | None = None
    fenced = _fenced(text)
    for match in _MARKER.finditer(text):
        if any(start <= match.start() < end for start, end in fenced):
            continue
        kind, name = match[1], match[2] or ""
        line = text.count("\n", 0, match.start()) + 1
        if kind != "end":
            if opened:
                raise BadMarkersError(opened[3], f"gaterun:{opened[0]} {opened[1]} has no end")
            if not name:
                raise BadMarkersError(line, f"gaterun:{kind} does not say of what")
            opened = (kind, name, match.end(), line)
            continue
        if opened is None:
            raise BadMarkersError(line, "gaterun:end ends nothing")
        kind, name, start, line = opened
        found.append(Place(kind=kind, name=name, start=start, end=match.start(), line=line))
        opened = None
    if opened:
        raise BadMarkersError(opened[3], f"gaterun:{opened[0]} {opened[1]} has no end")
    return found


def with_block(text: str, phase: str, lines: Sequence[str]) -> str:
    """`text` with `lines` in the block of a phase.

    Raises:
        BadMarkersError: there is no such block, or more than one.
    """
    blocks = [place for place in places(text) if (place.kind, place.name) == ("begin", phase)]
    if not blocks:
        raise BadMarkersError(0, f"there is no <!-- gaterun:begin {phase} -->")
    if len(blocks) > 1:
        raise BadMarkersError(blocks[1].line, f"gaterun:begin {phase} is there twice")
    newline = "\r\n" if "\r\n" in text else "\n"
    (block,) = blocks
    content = newline.join(("", *lines, ""))
    return f"{text[: block.start]}{content}{text[block.end :]}"


def with_values(text: str, value: Callable[[Place], str]) -> str:
    """`text` with the current value at every place of one.

    Raises:
        BadMarkersError: a marker has no partner. Whatever `value` raises.
    """
    pieces, last = [], 0
    for place in places(text):
        if place.kind == "value":
            pieces += [text[last : place.start], value(place)]
            last = place.end
    return "".join((*pieces, text[last:]))


def _fenced(text: str) -> list[tuple[int, int]]:
    """Where blocks of code are, by offsets."""
    found: list[tuple[int, int]] = []
    fence, start, offset = "", 0, 0
    for line in text.splitlines(keepends=True):
        match = _FENCE.match(line)
        if match and not fence:
            fence, start = match[1], offset
        elif match and match[1].startswith(fence) and not match[2].strip():
            found.append((start, offset + len(line)))
            fence = ""
        offset += len(line)
    return [*found, (start, offset)] if fence else found
