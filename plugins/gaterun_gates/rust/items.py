"""The items and bindings of a Rust file that name resolution needs."""

from __future__ import annotations

import msgspec


class Function(msgspec.Struct, frozen=True, kw_only=True):
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


class Constant(msgspec.Struct, frozen=True, kw_only=True):
    """A ``const`` or ``static`` with a value: the byte range of that value."""

    name: str
    owner: str
    start: int
    end: int
    visible: tuple[int, int]


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A name bound in a body.

    Attributes:
        kind: ``let`` (`value` is what it is bound to), ``for`` (`value` is what is walked),
            ``element`` (a closure's parameter; `value` is the receiver of the call that the
            closure is given to), ``callback`` (a closure's first parameter; `value` is the
            closure), ``parameter`` (of the function in `function`) or ``pattern`` (unknown).
        visible: byte range where it can be used.
        value: byte range of the expression; ``None`` when there is none.
        index: the parameter's number, or the number in the tuples that a ``for`` walks; else -1.
        type: the declared type as written; empty without one.
    """

    name: str
    kind: str
    visible: tuple[int, int]
    value: tuple[int, int] | None = None
    function: Function | None = None
    index: int = -1
    type: str = ""


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """A struct: its name, byte range and the node of its fields."""

    name: str
    start: int
    end: int
    fields: tuple[tuple[str, int, int], ...] = ()


class Imports(msgspec.Struct, kw_only=True):
    """Where names that a file uses come from.

    Attributes:
        aliases: name in scope to the full path that ``use`` gives it.
        globs: the paths of glob imports.
        modules: names of modules declared here, inline or not.
    """

    aliases: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    globs: list[tuple[str, ...]] = msgspec.field(default_factory=list)
    modules: set[str] = msgspec.field(default_factory=set)


class Items(msgspec.Struct, kw_only=True):
    """What a file declares.

    Attributes:
        macros: names and byte ranges of ``macro_rules!``.
        type_aliases: name to the name of the type that ``type`` gives it.
    """

    functions: list[Function] = msgspec.field(default_factory=list)
    constants: list[Constant] = msgspec.field(default_factory=list)
    bindings: dict[str, list[Binding]] = msgspec.field(default_factory=dict)
    structs: list[Struct] = msgspec.field(default_factory=list)
    macros: list[tuple[str, int, int]] = msgspec.field(default_factory=list)
    type_aliases: dict[str, str] = msgspec.field(default_factory=dict)

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
