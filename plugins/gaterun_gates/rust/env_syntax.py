"""Read what stands around the place where an environment variable is read."""

from __future__ import annotations

import re

from gaterun_gates.rust.tokens import Token

_NOTE = re.compile(rb"//[/!]?\s*gaterun:\s*env\s*=\s*([\w*, \t]+)")


def metavariable_number(items: list[Token], first: int, position: int, name: str) -> int:
    """The number of a macro's parameter in the matcher of the rule around `position`."""
    number, found = 0, -1
    for index in range(first, position):
        if items[index].kind == "=>" and items[index + 1].pair > index:
            if items[index + 1].pair > position:
                return found
            number, found = 0, -1
        if items[index].kind == "metavariable" and items[index + 1].kind == ":":
            if items[index].text == name:
                found = number
            number += 1
    return found


def default_after(items: list[Token], index: int) -> tuple[int, int] | None:
    """The tokens of the default in the ``unwrap_or`` of the method chain that goes on at `index`."""
    while index + 2 < len(items) and items[index].kind == "." and items[index + 1].is_name:
        method, opening = items[index + 1].name, index + 2
        closing = items[opening].pair
        if items[opening].kind != "(" or closing < 0:
            return None
        if method.startswith("unwrap_or"):
            first = opening + 1
            if items[first].kind in {"|", "||"}:
                bars = [i for i in range(first, closing) if items[i].kind == "|"]
                first = (bars[1] if len(bars) > 1 else first) + 1
            return first, closing
        index = closing + 1
    return None


def is_discarded(items: list[Token], index: int) -> bool:
    """Whether the path that starts at `index` begins the value of ``let _ =``."""
    before = [token.text for token in items[max(index - 3, 0) : index] if token.kind != "::"]
    if before[-3:] != ["let", "_", "="]:
        return False
    end = index
    while end < len(items) and items[end].kind != ";":
        end = items[end].pair + 1 if items[end].pair > end else end + 1
    # `let _ = env::var("X").map(store);` does something with it.
    calls = [token for token in items[index:end] if token.kind in {"(", "|"}]
    return len(calls) <= 1 or (items[end - 1].text in {"?", ")"} and _only_asks(items, index, end))


def _only_asks(items: list[Token], index: int, end: int) -> bool:
    asked = {items[i + 1].text for i in range(index, end - 1) if items[i].kind == "."}
    return asked <= {"ok", "is_ok", "is_err", "is_some", "is_none", "unwrap_or_default"}


def annotated_names(data: bytes, position: int) -> list[str]:
    """Names that a comment ``// gaterun: env=A,B`` on this line or the one above gives."""
    line_end = data.find(b"\n", position)
    line_start = data.rfind(b"\n", 0, position)
    above = data.rfind(b"\n", 0, max(line_start, 0))
    text = data[above + 1 : line_end if line_end >= 0 else len(data)]
    match = _NOTE.search(text)
    if match is None:
        return []
    return [name.strip() for name in match.group(1).decode("ascii", "replace").split(",")]
