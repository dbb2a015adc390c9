"""Where the items of a Rust file begin and end, by its code text alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

_BRACES = re.compile(rb"[{}]")
_BRACKETED = rb"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]"
#: What stands before the braces of an item. Attributes of the module around it come first.
_HEADER = re.compile(
    rb"(?:\s|#\s*!\s*" + _BRACKETED + rb")*"
    rb"(?P<item>(?:#\s*" + _BRACKETED + rb"\s*)*"
    rb"(?:pub\b(?:\s*\([\w\s:]*\))?\s*)?(?:(?:default|async|unsafe|safe|const|extern)\s+)*"
    rb"(?P<kind>fn|impl|trait|mod|struct|enum|union|macro_rules)\b)"
)
#: Items that have others in them.
_CONTAINERS = frozenset({b"impl", b"trait", b"mod"})


def items_without(code: bytes, places: Sequence[int]) -> list[tuple[int, int]] | None:
    """The items with braces in which none of `places` lies, outermost ones, in order.

    Args:
        code: as `code_text` gives it.
        places: byte offsets, sorted.

    Returns:
        Of each its first byte, attributes with it, and its closing brace; ``None`` where the
        braces do not pair up.

    >>> items_without(b"fn a() {} impl B { fn c() {} fn d() {} }", [34])
    [(0, 8), (19, 27)]
    """
    found: list[tuple[int, int]] = []
    around: list[tuple[int, int]] = []  # first byte of a container, how many were found before
    begin, depth, first = 0, 0, -1  # depth: of braces in an item or whatever else has them

    def matters(start: int, end: int) -> bool:
        at = bisect_left(places, start)
        return at < len(places) and places[at] < end

    for brace in _BRACES.finditer(code):
        at = brace.start()
        opens = code[at] == 0x7B
        if depth:
            depth += 1 if opens else -1
            if not depth:
                if first >= 0 and not matters(first, at):
                    found.append((first, at))
                begin = at + 1
        elif opens:
            first, kind = _header(code, begin, at)
            if kind in _CONTAINERS:
                around.append((first, len(found)))
                begin = at + 1
            else:
                depth = 1
        elif around:
            first, before = around.pop()
            if not matters(first, at):
                del found[before:]
                found.append((first, at))
            begin = at + 1
        else:
            return None
    return None if depth or around else found


def _header(code: bytes, begin: int, brace: int) -> tuple[int, bytes]:
    """The first byte and the keyword of the item whose braces begin at `brace`; -1 for no item."""
    semicolon = code.rfind(b";", begin, brace)
    while semicolon >= 0 and code.count(b"]", semicolon, brace) > code.count(
        b"[", semicolon, brace
    ):
        semicolon = code.rfind(b";", begin, semicolon)  # that was `[u8; 4]`
    begin = max(begin, semicolon + 1)
    header = _HEADER.match(code, begin, brace)
    if header is None or code.count(b"(", begin, brace) != code.count(b")", begin, brace):
        return -1, b""
    return header.start("item"), header["kind"]
