"""Collect the items and bindings of a Rust file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gaterun_gates.rust.bindings import add_binding, add_closure, bind_parameters, parameters_of
from gaterun_gates.rust.items import Constant, Function, Imports, Items, Struct
from gaterun_gates.rust.nodes import around, text_of, type_name
from gaterun_gates.rust.parser import captures
from gaterun_gates.rust.uses import add_use

if TYPE_CHECKING:
    from tree_sitter import Node

_QUERY = """
[(function_item) @function
 (closure_expression) @closure
 (const_item) @constant
 (static_item) @constant
 (let_declaration) @let
 (for_expression) @for
 (let_condition) @pattern
 (match_arm) @pattern
 (struct_item) @struct
 (type_item) @alias
 (macro_definition) @macro]
"""
_IMPORTS = """
[(use_declaration) @use
 (mod_item) @module]
"""
_BOUNDARIES = frozenset({"function_item", "closure_expression", "source_file"})


def _owner(node: Node) -> tuple[str, str]:
    """The type and the trait of the ``impl`` or ``trait`` right around an item."""
    above = node.parent
    while above is not None and above.type in {"declaration_list", "ERROR"}:
        above = above.parent
    if above is None:
        return "", ""
    if above.type == "impl_item":
        return (
            type_name(above.child_by_field_name("type")),
            type_name(above.child_by_field_name("trait")),
        )
    if above.type == "trait_item":
        name = text_of(above.child_by_field_name("name"))
        return name, name
    return "", ""


def _add_function(items: Items, node: Node) -> None:
    names, types, has_self = parameters_of(node)
    owner, trait = _owner(node)
    body = node.child_by_field_name("body")
    modifiers = next((c for c in node.children if c.type == "function_modifiers"), None)
    function = Function(
        name=text_of(node.child_by_field_name("name")).removeprefix("r#"),
        owner=owner,
        trait=trait,
        parameters=tuple(names),
        types=tuple(types),
        has_self=has_self,
        start=node.start_byte,
        end=node.end_byte,
        line=node.start_point[0] + 1,
        body=(body.start_byte + 1, body.end_byte - 1) if body is not None else None,
        is_const="const" in text_of(modifiers).split(),
    )
    items.functions.append(function)
    bind_parameters(items, function)


def _add_constant(items: Items, node: Node) -> None:
    value = node.child_by_field_name("value")
    if value is None:
        return
    items.constants.append(
        Constant(
            name=text_of(node.child_by_field_name("name")).removeprefix("r#"),
            owner=_owner(node)[0],
            start=value.start_byte,
            end=value.end_byte,
            visible=around(node, _BOUNDARIES),
        )
    )


def _add_struct(items: Items, node: Node) -> None:
    body = node.child_by_field_name("body")
    fields = tuple(
        (text_of(child.child_by_field_name("name")), child.start_byte, child.end_byte)
        for child in (body.named_children if body is not None else ())
        if child.type == "field_declaration"
    )
    name = text_of(node.child_by_field_name("name"))
    items.structs.append(Struct(name=name, start=node.start_byte, end=node.end_byte, fields=fields))


def collect_imports(root: Node) -> Imports:
    """Collect where the names used below `root` come from."""
    imports = Imports()
    found = captures(root, _IMPORTS)
    for node in found.get("use", ()):
        argument = node.child_by_field_name("argument")
        if argument is not None:
            add_use(argument, (), imports)
    for node in found.get("module", ()):
        imports.modules.add(text_of(node.child_by_field_name("name")).removeprefix("r#"))
    return imports


def collect(root: Node) -> Items:
    """Collect the items and bindings below `root`."""
    items = Items()
    found = captures(root, _QUERY)
    for node in found.get("function", ()):
        _add_function(items, node)
    for node in found.get("closure", ()):
        add_closure(items, node)
    for node in found.get("constant", ()):
        _add_constant(items, node)
    for kind in ("let", "for", "pattern"):
        for node in found.get(kind, ()):
            add_binding(items, node, kind)
    for node in found.get("struct", ()):
        _add_struct(items, node)
    for node in found.get("alias", ()):
        alias = text_of(node.child_by_field_name("name"))
        items.type_aliases[alias] = type_name(node.child_by_field_name("type"))
    for node in found.get("macro", ()):
        name = text_of(node.child_by_field_name("name"))
        items.macros.append((name, node.start_byte, node.end_byte))
    return items
