"""Collect the names that a Rust file binds in bodies: parameters, closures, ``let``, ``for``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gaterun_gates.rust.items import Binding, Function, Items
from gaterun_gates.rust.nodes import around, names_in, span, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_BLOCKS = frozenset({"block", "source_file", "declaration_list"})


def parameters_of(node: Node) -> tuple[list[str], list[str], bool]:
    """Names and types of a function's parameters, and whether it has ``self``."""
    names: list[str] = []
    types: list[str] = []
    has_self = False
    parameters = node.child_by_field_name("parameters")
    for child in parameters.named_children if parameters is not None else ():
        if child.type == "self_parameter":
            has_self = True
        elif child.type == "parameter":
            pattern = child.child_by_field_name("pattern")
            plain = [*names_in(pattern)]
            names.append(plain[0] if len(plain) == 1 else "")
            types.append(text_of(child.child_by_field_name("type")))
        elif child.type in {"identifier", "reference_pattern", "tuple_pattern"}:
            plain = [*names_in(child)]
            names.append(plain[0] if len(plain) == 1 else "")
            types.append("")
    return names, types, has_self


def bind_parameters(items: Items, function: Function) -> None:
    """Bind the parameters of `function` inside it."""
    for index, name in enumerate(function.parameters):
        if name:
            items.bind(
                Binding(
                    name=name,
                    kind="parameter",
                    visible=(function.start, function.end),
                    function=function,
                    index=index,
                    type=function.types[index],
                )
            )


def _receiver(closure: Node) -> Node | None:
    """The receiver of the method call that `closure` is an argument of."""
    call = closure.parent.parent if closure.parent is not None else None
    if call is None or call.type != "call_expression":
        return None
    method = call.child_by_field_name("function")
    if method is not None and method.type == "generic_function":
        method = method.child_by_field_name("function")
    if method is None or method.type != "field_expression":
        return None
    return method.child_by_field_name("value")


def add_closure(items: Items, node: Node) -> None:
    """Bind a closure's parameters; one bound to a name by ``let`` is a function."""
    names, types, _ = parameters_of(node)
    above = node.parent
    if above is not None and above.type == "let_declaration":
        pattern = above.child_by_field_name("pattern")
        if pattern is not None and pattern.type == "identifier":
            body = node.child_by_field_name("body")
            block = around(above, _BLOCKS)
            function = Function(
                name=text_of(pattern),
                owner="",
                trait="",
                parameters=tuple(names),
                types=tuple(types),
                has_self=False,
                start=node.start_byte,
                end=node.end_byte,
                line=node.start_point[0] + 1,
                body=span(body),
                visible=(above.end_byte, block[1]),
            )
            items.functions.append(function)
            bind_parameters(items, function)
            return
    receiver = span(_receiver(node))
    kind = "element" if receiver is not None and len(names) == 1 else "callback"
    for index, name in enumerate(names):
        if name:
            items.bind(
                Binding(
                    name=name,
                    kind=kind if index == 0 else "pattern",
                    visible=(node.start_byte, node.end_byte),
                    value=receiver if kind == "element" else (node.start_byte, node.end_byte),
                )
            )


def _bind_parts(
    items: Items, pattern: Node, visible: tuple[int, int], value: tuple[int, int] | None
) -> None:
    """``for (a, b) in value``: each name is a part of every element."""
    for index, part in enumerate(pattern.named_children):
        plain = part.type == "identifier" and value is not None
        for name in names_in(part):
            items.bind(
                Binding(
                    name=name,
                    kind="for" if plain else "pattern",
                    visible=visible,
                    value=value if plain else None,
                    index=index if plain else -1,
                )
            )


def add_binding(items: Items, node: Node, kind: str) -> None:
    """Bind the names of a ``let``, a ``for`` or a pattern, as `kind` says."""
    pattern = node.child_by_field_name("pattern")
    if kind == "let":
        visible = (node.end_byte, around(node, _BLOCKS)[1])
        plain = pattern is not None and pattern.type == "identifier"
        value = span(node.child_by_field_name("value")) if plain else None
    elif kind == "for":
        visible = span(node.child_by_field_name("body")) or (0, 0)
        plain = pattern is not None and pattern.type in {"identifier", "reference_pattern"}
        value = span(node.child_by_field_name("value"))
        if pattern is not None and pattern.type == "tuple_pattern":
            _bind_parts(items, pattern, visible, value)
            return
        value = value if plain else None
    else:
        above = node.parent if node.type == "let_condition" else node
        visible = (node.start_byte, above.end_byte if above is not None else node.end_byte)
        plain, value = False, None
    declared = text_of(node.child_by_field_name("type")) if kind == "let" else ""
    for name in names_in(pattern):
        items.bind(
            Binding(
                name=name,
                kind=kind if plain else "pattern",
                visible=visible,
                value=value,
                type=declared,
            )
        )
