"""Strings of which a part may not be known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gaterun_gates.rust.items import Function


class Parameter(NamedTuple):
    """The value of a function's parameter, or each element of it."""

    path: str
    function: Function
    number: int
    each: bool


class Callback(NamedTuple):
    """The argument that a closure is called with: the closure's byte range."""

    start: int
    end: int


Part = str | Parameter | Callback | None
#: The parts of a string in order; ``None`` stands for text that is not known.
Template = tuple[Part, ...]
UNKNOWN: Template = (None,)


def joined(parts: Sequence[Part]) -> Template:
    """`parts` with neighbouring texts put together."""
    result: list[Part] = []
    for part in parts:
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        elif part != "":
            result.append(part)
    return tuple(result) or ("",)


def literal(template: Template) -> str | None:
    """The text of a template that is wholly known."""
    if len(template) == 1 and isinstance(template[0], str):
        return template[0]
    return None


def ends(template: Template) -> tuple[str, str]:
    """The known beginning and end of a template."""
    first, last = template[0], template[-1]
    known_end = last if isinstance(last, str) and len(template) > 1 else ""
    return first if isinstance(first, str) else "", known_end
