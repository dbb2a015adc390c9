"""Collect the items and bindings of a Rust file that name resolution needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gaterun_gates.rust.parser import captures

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
 (use_declaration) @use
 (mod_item) @module
 (struct_item) @struct
 (type_item) @alias
 (macro_definition) @macro]
"""
_BLOCKS = frozenset({"block", "source_file", "declaration_list"})
_BOUNDARIES = frozenset({"function_item", "closure_expression", "source_file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function, or a closure bound to a name.

    Attributes:
        owner: the type or trait it belongs to, without generics; empty for a free function.
        trait: the trait that the surrounding ``impl`` implements; empty without one.
        parameters: names in order, ``self`` left out; empty for a pattern.
        types: the parameters' types as written.
        has_self: whether it is a method.
        start, end: byte range.
        body: byte range between the braces, ``None`` without a body.
        visible: byte range where a closure's name can be used; ``None`` for a function.
        is_const: ``const fn``.
    """

    name: str
    owner: str
    trait: str
    parameters: tuple[str, ...]
    types: tuple[str, ...]
    has_self: bool
    start: int
    end: int
    line: int
    body: tuple[int, int] | None
    visible: tuple[int, int] | None = None
    is_const: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A ``const`` or ``static`` with a value: the byte range of that value."""

    name: str
    owner: str
    start: int
    end: int
    visible: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A name bound in a body.

    Attributes:
        kind: ``let`` (`value` is what it is bound to), ``for`` (`value` is what is walked),
            ``element`` (a closure's parameter; `value` is the receiver of the call that the
            closure is given to), ``callback`` (a closure's first parameter; `value` is the
            closure), ``parameter`` (of the function in `function`) or ``pattern`` (unknown).
        visible: byte range where it can be used.
        value: byte range of the expression; ``None`` when there is none.
        type: the declared type as written; empty without one.
    """

    name: str
    kind: str
    visible: tuple[int, int]
    value: tuple[int, int] | None = None
    function: Function | None = None
    index: int = -1
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Struct:
    """A struct: its name, byte range and the node of its fields."""

    name: str
    start: int
    end: int
    fields: tuple[tuple[str, int, int], ...] = ()


@dataclass(slots=True, kw_only=True)
class Items:
    """What a file declares.

    Attributes:
        aliases: name in scope to the full path that ``use`` gives it.
        globs: the paths of glob imports.
        modules: names of modules declared here, inline or not.
        macros: names and byte ranges of ``macro_rules!``.
        type_aliases: name to the name of the type that ``type`` gives it.
    """

    functions: list[Function] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    globs: list[tuple[str, ...]] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    structs: list[Struct] = field(default_factory=list)
    macros: list[tuple[str, int, int]] = field(default_factory=list)
    type_aliases: dict[str, str] = field(default_factory=dict)

    def bind(self, binding: Binding) -> None:
        """Add a binding."""
        self.bindings.setdefault(binding.name, []).append(binding)

    def binding_at(self, name: str, position: int) -> Binding | None:
        """The innermost binding of `name` that is visible at `position`."""
        best: Binding | None = None
        for binding in self.bindings.get(name, ()):
            start, end = binding.visible
            if start <= position < end and (best is None or start >= best.visible[0]):
                best = binding
        return best

    def function_at(self, position: int) -> Function | None:
        """The innermost function, closures left out, around `position`."""
        best: Function | None = None
        for function in self.functions:
            inside = function.visible is None and function.start <= position < function.end
            if inside and (best is None or function.start >= best.start):
                best = function
        return best


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


def _around(node: Node, kinds: frozenset[str]) -> tuple[int, int]:
    above = node.parent
    while above is not None and above.type not in kinds:
        above = above.parent
    return (above.start_byte, above.end_byte) if above is not None else (0, node.end_byte)


def _names_in(pattern: Node | None) -> Iterator[str]:
    if pattern is None:
        return
    if pattern.type == "identifier":
        yield text_of(pattern).removeprefix("r#")
        return
    skipped = pattern.child_by_field_name("type")
    for child in pattern.named_children:
        if skipped is None or child.id != skipped.id:
            yield from _names_in(child)


def _span(node: Node | None) -> tuple[int, int] | None:
    return (node.start_byte, node.end_byte) if node is not None else None


def _parameters(node: Node) -> tuple[list[str], list[str], bool]:
    names: list[str] = []
    types: list[str] = []
    has_self = False
    parameters = node.child_by_field_name("parameters")
    for child in parameters.named_children if parameters is not None else ():
        if child.type == "self_parameter":
            has_self = True
        elif child.type == "parameter":
            pattern = child.child_by_field_name("pattern")
            plain = [*_names_in(pattern)]
            names.append(plain[0] if len(plain) == 1 else "")
            types.append(text_of(child.child_by_field_name("type")))
        elif child.type in {"identifier", "reference_pattern", "tuple_pattern"}:
            plain = [*_names_in(child)]
            names.append(plain[0] if len(plain) == 1 else "")
            types.append("")
    return names, types, has_self


def _add_function(items: Items, node: Node) -> None:
    names, types, has_self = _parameters(node)
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
    _bind_parameters(items, function)


def _bind_parameters(items: Items, function: Function) -> None:
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


def _add_closure(items: Items, node: Node) -> None:
    names, types, _ = _parameters(node)
    above = node.parent
    if above is not None and above.type == "let_declaration":
        pattern = above.child_by_field_name("pattern")
        if pattern is not None and pattern.type == "identifier":
            body = node.child_by_field_name("body")
            around = _around(above, _BLOCKS)
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
                body=_span(body),
                visible=(above.end_byte, around[1]),
            )
            items.functions.append(function)
            _bind_parameters(items, function)
            return
    receiver = _span(_receiver(node))
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


def _use_paths(node: Node, prefix: tuple[str, ...], items: Items) -> None:
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
            _use_paths(child, path, items)
    elif kind == "use_list":
        for child in node.named_children:
            _use_paths(child, prefix, items)


def _segments(node: Node | None) -> tuple[str, ...]:
    return tuple(
        part.strip().removeprefix("r#") for part in text_of(node).split("::") if part.strip()
    )


def _add_binding(items: Items, node: Node, kind: str) -> None:
    pattern = node.child_by_field_name("pattern")
    if kind == "let":
        visible = (node.end_byte, _around(node, _BLOCKS)[1])
        plain = pattern is not None and pattern.type == "identifier"
        value = _span(node.child_by_field_name("value")) if plain else None
    elif kind == "for":
        visible = _span(node.child_by_field_name("body")) or (0, 0)
        plain = pattern is not None and pattern.type in {"identifier", "reference_pattern"}
        value = _span(node.child_by_field_name("value")) if plain else None
    else:
        above = node.parent if node.type == "let_condition" else node
        visible = (node.start_byte, above.end_byte if above is not None else node.end_byte)
        plain, value = False, None
    declared = text_of(node.child_by_field_name("type")) if kind == "let" else ""
    for name in _names_in(pattern):
        items.bind(
            Binding(
                name=name,
                kind=kind if plain else "pattern",
                visible=visible,
                value=value,
                type=declared,
            )
        )


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
            visible=_around(node, _BOUNDARIES),
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


def collect(root: Node) -> Items:
    """Collect the items and bindings below `root`."""
    items = Items()
    found = captures(root, _QUERY)
    for node in found.get("function", ()):
        _add_function(items, node)
    for node in found.get("closure", ()):
        _add_closure(items, node)
    for node in found.get("constant", ()):
        _add_constant(items, node)
    for kind in ("let", "for", "pattern"):
        for node in found.get(kind, ()):
            _add_binding(items, node, kind)
    for node in found.get("use", ()):
        argument = node.child_by_field_name("argument")
        if argument is not None:
            _use_paths(argument, (), items)
    for node in found.get("module", ()):
        items.modules.add(text_of(node.child_by_field_name("name")).removeprefix("r#"))
    for node in found.get("struct", ()):
        _add_struct(items, node)
    for node in found.get("alias", ()):
        alias = text_of(node.child_by_field_name("name"))
        items.type_aliases[alias] = type_name(node.child_by_field_name("type"))
    for node in found.get("macro", ()):
        name = text_of(node.child_by_field_name("name"))
        items.macros.append((name, node.start_byte, node.end_byte))
    return items
