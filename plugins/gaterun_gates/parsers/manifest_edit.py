"""Writes versions into a Cargo.toml; comments, spaces and quotes stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The path of a key in the document, and the text that it should have.
Changes = Mapping[tuple[str, ...], str]


def with_values(text: str, changes: Changes) -> str:
    """`text` with other values for some of its keys; unchanged where that cannot be done safely.

    A requirement may be given as the key of its table or, where the dependency is nothing but
    a requirement, one level below it.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        if tomlkit.dumps(document) != text:
            return text  # what is not given back as it was read is not to be trusted with more
        for path, value in changes.items():
            _set(document, path, value)
        changed = tomlkit.dumps(document)
    except (TOMLKitError, RecursionError, KeyError, TypeError, AttributeError, ValueError):
        return text
    lines, after = text.split("\n"), changed.split("\n")
    others = sum(one != other for one, other in zip(lines, after, strict=False))
    return changed if len(lines) == len(after) and 0 < others <= len(changes) else text


def _set(document: Any, path: tuple[str, ...], value: str) -> None:
    import tomlkit

    table = document
    for key in path[:-1]:
        if isinstance(table[key], str):
            break  # `name = "1.2"` has no table
        table = table[key]
    else:
        key = path[-1]
    literal = table[key].as_string().startswith("'")
    table[key] = tomlkit.string(value, literal=literal)
