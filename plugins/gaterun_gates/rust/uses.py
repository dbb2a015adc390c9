"""Collect what the ``use`` declarations of a Rust file bring into scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gaterun_gates.rust.items import Items
from gaterun_gates.rust.nodes import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


def add_use(node: Node, prefix: tuple[str, ...], items: Items) -> None:
    """Add what a ``use`` tree below `prefix` brings into scope."""
    kind = node.type
    if kind in {"identifier", "crate", "self", "super", "type_identifier", "metavariable"}:
        name = text_of(node).removeprefix("r#")
        if name == "self" and prefix:
            items.aliases[prefix[-1]] = prefix
        else:
            items.aliases[name] = (*prefix, name)
    elif kind == "scoped_identifier":
        path = (*prefix, *_segments(node))
        items.aliases[path[-1]] = path
    elif kind == "use_as_clause":
        path = (*prefix, *_segments(node.child_by_field_name("path")))
        if path[-1] == "self":
            path = path[:-1]
        items.aliases[text_of(node.child_by_field_name("alias")).removeprefix("r#")] = path
    elif kind == "use_wildcard":
        inner = node.named_children
        items.globs.append((*prefix, *(_segments(inner[0]) if inner else ())))
    elif kind == "scoped_use_list":
        path = (*prefix, *_segments(node.child_by_field_name("path")))
        inner_list = node.child_by_field_name("list")
        for child in inner_list.named_children if inner_list is not None else ():
            add_use(child, path, items)
    elif kind == "use_list":
        for child in node.named_children:
            add_use(child, prefix, items)


def _segments(node: Node | None) -> tuple[str, ...]:
    return tuple(
        part.strip().removeprefix("r#") for part in text_of(node).split("::") if part.strip()
    )
