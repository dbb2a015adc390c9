"""Read small things off the nodes of a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


def text_of(node: Node | None) -> str:
    """The source text of `node`; empty for ``None``."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def type_name(node: Node | None) -> str:
    """The last segment of a type's path, generics and references left out."""
    while node is not None:
        if node.type in {"generic_type", "reference_type", "pointer_type"}:
            node = node.child_by_field_name("type")
        elif node.type in {"scoped_type_identifier", "scoped_identifier"}:
            node = node.child_by_field_name("name")
        elif node.type in {"dynamic_type", "abstract_type"}:
            node = node.child_by_field_name("trait")
        else:
            return text_of(node).removeprefix("r#")
    return ""


def around(node: Node, kinds: frozenset[str]) -> tuple[int, int]:
    """The byte range of the innermost node of one of `kinds` around `node`."""
    above = node.parent
    while above is not None and above.type not in kinds:
        above = above.parent
    return (above.start_byte, above.end_byte) if above is not None else (0, node.end_byte)


def names_in(pattern: Node | None) -> Iterator[str]:
    """The names that a pattern binds."""
    if pattern is None:
        return
    if pattern.type == "identifier":
        yield text_of(pattern).removeprefix("r#")
        return
    skipped = pattern.child_by_field_name("type")
    for child in pattern.named_children:
        if skipped is None or child.id != skipped.id:
            yield from names_in(child)


def span(node: Node | None) -> tuple[int, int] | None:
    """The byte range of `node`; ``None`` for ``None``."""
    return (node.start_byte, node.end_byte) if node is not None else None
