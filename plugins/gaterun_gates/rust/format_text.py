"""Work out the text that ``format!`` makes when all of its arguments are literals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gaterun_gates.rust.tokens import Token, split_arguments


def filled_in(items: Sequence[Token], first: int, last: int) -> str | None:
    """The text of ``format!`` with the arguments ``items[first:last]``.

    ``None`` where it has no arguments, where one is no literal, and for a format that only Rust
    has, such as ``{:?}``.
    """
    arguments = split_arguments(items, first, last)
    if len(arguments) < 2 or not items[first].is_string or arguments[0][1] != first + 1:
        return None
    named: dict[str, str] = {}
    positional: list[str] = []
    for begin, end in arguments[1:]:
        name = items[begin].name if end - begin == 3 and items[begin + 1].kind == "=" else ""
        if end - begin != (3 if name else 1) or (text := _shown(items[end - 1])) is None:
            return None
        if name:
            named[name] = text
        else:
            positional.append(text)
    try:
        return items[first].string.format(*positional, **named)
    except (LookupError, ValueError, AttributeError):
        return None


def _shown(token: Token) -> str | None:
    """A literal as ``{}`` shows it."""
    if token.is_string:
        return None if token.text.startswith(("b", "c")) else token.string
    if token.kind == "integer_literal":
        digits = re.fullmatch(r"([0-9][0-9_]*)(?:[iu](?:8|16|32|64|128|size))?", token.text)
        return str(int(digits[1].replace("_", ""))) if digits else None
    return None
