"""One number out of a JSON document, by a small path language.

::

    path  = ["$" "."] step { "." step }
    step  = name { index } | index
    name  = letters, digits, "_", "-" … up to the next "." or "[" | '["' any '"]'
    index = "[" number "]" | "[*]"

``summary.failed`` is a number. ``items[*]`` reaches every element, and a path with ``[*]``
counts what it reaches: ``items[*]`` is the length, ``files[*].errors[*]`` the total.
"""

from __future__ import annotations

import json
import re
from typing import Never

_STEP = re.compile(
    r"""(?P<dot>\.)?(?:
          \[(?P<star>\*)\] | \[(?P<index>-?[0-9]+)\] | \["(?P<quoted>[^"]*)"\]
        | (?P<name>[^.\[\]"]+))""",
    re.VERBOSE,
)

#: A step of a parsed path: a key, an index, or every element.
Step = str | int | None


def parse_path(text: str) -> tuple[Step, ...]:
    """Read a path.

    Returns:
        Names, indices, and ``None`` for ``[*]``.

    Raises:
        ValueError: it is no path; says at which character.

    >>> parse_path("files[*].errors")
    ('files', None, 'errors')
    """
    rest = text.removeprefix("$").removeprefix(".") if text.startswith("$") else text
    steps: list[Step] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        wants_dot = bool(steps) and match is not None and match["name"] is not None
        if match is None or bool(match["dot"]) != wants_dot:
            at = position + len(text) - len(rest) + 1
            raise ValueError(f"'{text}' is no path: character {at} is not understood")
        if match["star"]:
            steps.append(None)
        elif match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            steps.append(match["quoted"] if match["name"] is None else match["name"])
        position = match.end()
    if not steps:
        raise ValueError("a path names at least one step, such as summary.failed")
    return tuple(steps)


def read_number(data: bytes, path: str) -> tuple[float | None, str]:
    """The number at `path`, or ``None`` and why there is none.

    Raises:
        ValueError: `data` is no JSON, or `path` no path.
    """
    document = read_json(data)
    steps = parse_path(path)
    reached, lost = _walk(document, steps)
    if lost:
        return None, f"{path}: {lost}"
    if None in steps:
        return float(len(reached)), ""
    value = reached[0]
    if isinstance(value, (bool, int, float)):
        return float(value), ""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", value):
        return float(value), ""
    kind = {dict: "an object", list: "a list", str: "text", type(None): "null"}[type(value)]
    hint = f"; {path}[*] counts its elements" if isinstance(value, list) else ""
    return None, f"{path} is {kind}, not a number{hint}"


def read_json(data: bytes) -> object:
    """Decode one JSON document.

    Raises:
        ValueError: it is none; ``NaN`` and ``Infinity`` are none (RFC 8259, section 6).
    """
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_number(name: str) -> Never:
    raise ValueError(f"{name} is not a number of JSON")


def _walk(document: object, steps: tuple[Step, ...]) -> tuple[list[object], str]:
    """What the steps reach, or in which step they get lost.

    Below a ``[*]`` an element may lack a key: it is then not reached, as long as any is.
    """
    reached = [document]
    starred = False
    for step in steps:
        following: list[object] = []
        for value in reached:
            if step is None:
                if isinstance(value, list):
                    following.extend(value)
                elif isinstance(value, dict):
                    following.extend(value.values())
                else:
                    return [], "[*] stands on something that has no elements"
            elif isinstance(step, int):
                if isinstance(value, list) and -len(value) <= step < len(value):
                    following.append(value[step])
            elif isinstance(value, dict) and step in value:
                following.append(value[step])
        if not following and reached and step is not None:
            return [], f"there is no '{step}'"
        starred = starred or step is None
        reached = following
    return reached, ""
