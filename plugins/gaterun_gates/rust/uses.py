"""Collect what the ``use`` declarations of a Rust file bring into scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gaterun_gates.rust.items import Imports
from gaterun_gates.rust.nodes import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


def add_use(node: Node, prefix: tuple[str, ...], imports: Imports) -> None:
    """Add what a ``use`` tree below `prefix` brings into scope."""
    kind = node.type
    if kind in {"identifier", "crate", "self", "super", "type_identifier", "metavariable"}:
        name = text_of(node).removeprefix("r#")
        if name == "self" and prefix:
            imports.aliases[prefix[-1]] = prefix
        else:
            imports.aliases[name] = (*prefix, name)
    elif kind == "scoped_identifier":
        path = (*prefix, *_segments(node))
        imports.aliases[path[-1]] = path
    elif kind == "use_as_clause":
        path = (*prefix, *_segments(node.child_by_field_name("path")))
        if path[-1] == "self":
            path = path[:-1]
        imports.aliases[text_of(node.child_by_field_name("alias")).removeprefix("r#")] = path
    elif kind == "use_wildcard":
        inner = node.named_children
        imports.globs.append((*prefix, *(_segments(inner[0]) if inner else ())))
    elif kind == "scoped_use_list":
        path = (*prefix, *_segments(node.child_by_field_name("path")))
        inner_list = node.child_by_field_name("list")
        for child in inner_list.named_children if inner_list is not None else ():
            add_use(child, path, imports)
    elif kind == "use_list":
        for child in node.named_children:
            add_use(child, prefix, imports)


def _segments(node: Node | None) -> tuple[str, ...]:
    return tuple(
        part.strip().removeprefix("r#") for part in text_of(node).split("::") if part.strip()
    )
