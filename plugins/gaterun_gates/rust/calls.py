"""Decide which calls in a workspace mean a given function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from gaterun_gates.rust.declared import Definition, Workspace, naming
from gaterun_gates.rust.namesakes import Namesakes
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.std_names import STD_METHODS
from gaterun_gates.rust.test_code import path_at
from gaterun_gates.rust.text_values import module_names
from gaterun_gates.rust.tokens import Token

if TYPE_CHECKING:
    from tree_sitter import Node

    from gaterun_gates.rust.compiled import RustFile, RustSources

#: What follows a function's name where it is passed on as a value.
_AFTER_VALUE = frozenset({")", ",", ";", "}"})


class Match(Enum):
    """Whether a call means the function."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Mention(NamedTuple):
    """A place that names a function.

    Attributes:
        at: the token of the name.
        opening: the token of the arguments' bracket; -1 where it is passed as a value.
    """

    file: RustFile
    at: int
    opening: int


class _Type(NamedTuple):
    """What stands before the `::` of a mention.

    Attributes:
        name: as it is written there.
        target: the path that a ``use`` gives it.
        real: what it is called where it is defined.
    """

    qualifier: Token
    name: str
    target: tuple[str, ...] | None
    real: str


def _order(numbered: tuple[int, Mention]) -> int:
    return numbered[0]


class Calls:
    """The functions of a workspace by name, and the places that call them."""

    def __init__(self, sources: RustSources, declared: Workspace) -> None:
        self._sources = sources
        self._declared = declared
        self._mentions: dict[str, list[Mention]] = {}
        self._known_roots: set[str] = set()
        self._named: dict[tuple[str, str], Namesakes] = {}
        self._types: dict[tuple[str, int], _Type] = {}
        self._meant: dict[tuple[str, int, str], str] = {}
        self._open: dict[tuple[str, str], list[tuple[int, Mention]]] = {}
        self._decided: dict[tuple[str, str, str], list[tuple[int, Mention]]] = {}

    def definitions(self, name: str) -> list[Definition]:
        """Every function called `name`, closures left out."""
        return self._declared.functions(name)

    def _roots(self) -> set[str]:
        """What a path into this workspace can begin with: packages and modules."""
        if not self._known_roots:
            for file in self._sources.files.values():
                self._known_roots |= module_names(file.path)
                self._known_roots |= {name.replace("-", "_") for name in file.packages}
        return self._known_roots

    def mentions(self, name: str) -> list[Mention]:
        """Every place that calls something called `name` or passes it on as a value."""
        if name not in self._mentions:
            self._mentions[name] = list(self._find_mentions(name))
        return self._mentions[name]

    def candidates(self, wanted: Definition) -> list[Mention]:
        """The mentions of `wanted`'s name, in order, without those of a type of another file."""
        function = wanted.function
        if not function.owner or function.trait or function.visible is not None:
            return self.mentions(function.name)
        key = (function.name, function.owner)
        if key not in self._open:
            self._open[key] = []
            for order, mention in enumerate(self.mentions(function.name)):
                items = mention.file.source.tokens
                qualified = mention.at > 1 and items[mention.at - 1].kind == "::"
                found = self._type_at(mention) if qualified else None
                if found is None or found.name == "Self":
                    self._open[key].append((order, mention))
                elif found.real == function.owner:
                    meant = self._file_meant(mention, wanted)
                    kept = self._decided.setdefault((*key, meant), []) if meant else self._open[key]
                    kept.append((order, mention))
        decided = self._decided.get((*key, wanted.file.path), [])
        return [mention for _, mention in sorted([*self._open[key], *decided], key=_order)]

    def _find_mentions(self, name: str) -> Iterator[Mention]:
        for file in naming(self._sources.containing(name.encode()), name):
            items = file.source.tokens
            for index, token in enumerate(items):
                if token.text != name or not token.is_name:
                    continue
                if index and items[index - 1].kind in {"fn", "let", "mod", "struct"}:
                    continue
                opening = opening_after(items, index + 1)
                if opening >= 0:
                    yield Mention(file, index, opening)
                elif (
                    index + 1 < len(items)
                    and items[index + 1].kind in _AFTER_VALUE
                    and not in_use_declaration(file.source, token.start)
                ):
                    yield Mention(file, index, -1)

    def match(self, mention: Mention, wanted: Definition) -> Match:
        """Whether `mention` means the function `wanted`."""
        file, function = mention.file, wanted.function
        items = file.source.tokens
        index = mention.at
        position = items[index].start
        same_file = file.path == wanted.file.path
        before = items[index - 1].kind if index else ""
        if function.visible is not None:
            start, end = function.visible
            inside = same_file and start <= position < end and before not in {".", "::"}
            return Match.YES if inside else Match.NO
        if before == ".":
            return self._method(mention, wanted)
        if before == "::":
            return self._qualified(mention, wanted)
        if function.owner or mention.file.source.items.binding_at(function.name, position):
            return Match.NO
        target = file.source.imports.aliases.get(function.name)
        if same_file and target is None:
            return Match.YES
        if target is None and file.path in self._namesakes(function.name).free:
            return Match.NO  # the file's own function of that name
        if target is not None:
            return self._by_path(mention, wanted, list(target))
        if file.source.imports.globs or items[index].in_macro:
            return self._unless_shared(mention, wanted)
        return Match.NO

    def _unless_shared(self, mention: Mention, wanted: Definition) -> Match:
        """Yes when no other function of the name can be meant."""
        namesakes = self._namesakes(wanted.function.name)
        shared = _shared(mention.file, wanted.file)
        rivals = len(namesakes.near(mention.file)) if shared else len(namesakes)
        return Match.YES if rivals <= 1 else Match.UNKNOWN

    def _namesakes(self, name: str, owner: str = "") -> Namesakes:
        """Every function called `name`; with `owner`, the methods of types called that."""
        key = (name, owner)
        if key not in self._named:
            found = self.definitions(name)
            self._named[key] = Namesakes(
                each for each in found if not owner or each.function.owner == owner
            )
        return self._named[key]

    def _by_path(self, mention: Mention, wanted: Definition, path: list[str]) -> Match:
        if path[-1] != wanted.function.name:
            return Match.NO
        rooted_here = path[0] in {"crate", "self", "super"}
        if rooted_here and not _shared(mention.file, wanted.file):
            return Match.NO
        module = path[-2] if len(path) > 1 else ""
        if module in module_names(wanted.file.path):
            return Match.YES
        if module in wanted.file.source.imports.modules:
            return Match.YES
        if not rooted_here and path[0] not in self._roots():
            return Match.NO  # another crate's
        return self._unless_shared(mention, wanted)

    def _qualified(self, mention: Mention, wanted: Definition) -> Match:
        source, function = mention.file.source, wanted.function
        qualifier, name, target, real = self._type_at(mention)
        if name == "Self":
            around = source.items.function_at(qualifier.start)
            same = around is not None and around.owner == function.owner
            return Match.YES if same and _shared(mention.file, wanted.file) else Match.NO
        if function.owner:
            if function.trait and real == function.trait != function.owner:
                return Match.UNKNOWN  # the type behind the trait is inferred
            if function.trait and _is_type_parameter(source, qualifier, real):
                return Match.UNKNOWN
            if real != function.owner:
                return Match.NO
            meant = self._file_meant(mention, wanted)
            if not meant:
                return Match.UNKNOWN
            return Match.YES if meant == wanted.file.path else Match.NO
        if real[:1].isupper():
            return Match.NO
        path = [*(target or (name,)), function.name]
        if name in {"self", "super", "crate"}:
            path = [name, function.name]
        return self._by_path(mention, wanted, path)

    def _type_at(self, mention: Mention) -> _Type:
        """What stands before the `::` of a mention."""
        key = (mention.file.path, mention.at)
        if key not in self._types:
            source = mention.file.source
            qualifier = source.tokens[mention.at - 2]
            generic = qualifier.kind in {">", ">>"}
            name = (
                _type_before_generics(source.tokens, mention.at - 2) if generic else qualifier.name
            )
            target = source.imports.aliases.get(name)
            real = target[-1] if target is not None else name
            self._types[key] = _Type(
                qualifier, name, target, source.items.type_aliases.get(real, real)
            )
        return self._types[key]

    def _file_meant(self, mention: Mention, wanted: Definition) -> str:
        """Which file's type of the name of `wanted`'s is meant; empty where several can be."""
        owner = wanted.function.owner
        key = (mention.file.path, mention.at, owner)
        if key not in self._meant:
            target = self._type_at(mention).target
            path = target or _path_to(mention.file.source.tokens, mention.at - 2)
            namesakes = self._namesakes(wanted.function.name, owner)
            self._meant[key] = namesakes.meant(mention.file, path)
        return self._meant[key]

    def _method(self, mention: Mention, wanted: Definition) -> Match:
        source, function = mention.file.source, wanted.function
        if not function.has_self:
            return Match.NO
        items, index = source.tokens, mention.at
        receiver = items[index - 2]
        simple = receiver.is_name and items[index - 3].kind not in {".", "::"}
        if simple and receiver.text == "self":
            around = source.items.function_at(receiver.start)
            same = around is not None and function.owner in {around.owner, around.trait}
            return Match.YES if same else Match.NO
        if simple:
            known = self._type_of(source, receiver)
            if known:
                return Match.YES if function.owner in known else Match.NO
        if len(self.definitions(function.name)) == 1 and function.name not in STD_METHODS:
            return Match.YES
        return Match.UNKNOWN

    def _type_of(self, source: Source, receiver: Token) -> set[str]:
        """Names that occur in the type of a variable, as far as its binding says."""
        binding = source.items.binding_at(receiver.name, receiver.start)
        if binding is None:
            return set()
        if binding.type:
            words = "".join(c if c.isalnum() or c == "_" else " " for c in binding.type).split()
            return {word for word in words if word[:1].isupper()}
        if binding.value is None or binding.kind != "let":
            return set()
        first, _ = source.slice(*binding.value)
        while source.tokens[first].kind in {"&", "mut"}:
            first += 1
        path, _ = path_at(source.tokens, first, len(source.tokens))
        # The first type on the path: `collections::HashMap::new()`, `Kind::Default`.
        return set([name for name in path if name[:1].isupper()][:1])

    def called_with(self, file: RustFile, start: int, end: int) -> tuple[Definition, int] | None:
        """The one function to which the expression at these bytes is given, and which argument.

        Returns:
            ``None`` when it is no argument of a call or the function is not known.
        """
        node: Node | None = file.source.tree.root_node.descendant_for_byte_range(start, end)
        while node is not None and (node.parent is not None and node.parent.type != "arguments"):
            if node.start_byte < start and node.type != "reference_expression":
                return None
            node = node.parent
        if node is None or node.parent is None or node.parent.parent is None:
            return None
        call = node.parent.parent.child_by_field_name("function")
        if call is None:
            return None
        arguments = [c for c in node.parent.named_children if not c.type.endswith("_comment")]
        number = next((i for i, c in enumerate(arguments) if c.id == node.id), -1)
        _, last = file.source.slice(call.start_byte, call.end_byte)
        if call.type == "generic_function":
            inner = call.child_by_field_name("function")
            _, last = file.source.slice(call.start_byte, inner.end_byte if inner else 0)
        name = file.source.tokens[last - 1].name
        opening = next(
            (i for i in range(last, len(file.source.tokens)) if file.source.tokens[i].kind == "("),
            -1,
        )
        mention = Mention(file, last - 1, opening)
        found = [d for d in self.definitions(name) if self.match(mention, d) is Match.YES]
        return (found[0], number) if len(found) == 1 and number >= 0 else None


def _is_type_parameter(source: Source, token: Token, name: str) -> bool:
    """Whether `name` is a generic parameter of an item around `token`."""
    node = source.tree.root_node.descendant_for_byte_range(token.start, token.end)
    while node is not None:
        parameters = node.child_by_field_name("type_parameters")
        if parameters is not None:
            words = re.findall(rb"\w+", parameters.text or b"")
            if name.encode() in words:
                return True
        node = node.parent
    return False


def _path_to(items: list[Token], index: int) -> tuple[str, ...]:
    """The path that ends with the name at `index`."""
    path = [items[index].name]
    while index > 1 and items[index - 1].kind == "::" and items[index - 2].is_name:
        index -= 2
        path.insert(0, items[index].name)
    return tuple(path)


def _shared(left: RustFile, right: RustFile) -> bool:
    return bool(set(left.packages) & set(right.packages))


def _type_before_generics(items: list[Token], closing: int) -> str:
    """The type's name in ``Type::<T>`` or ``<Type as Trait>``, given the closing ``>``."""
    depth = 0
    for index in range(closing, max(closing - 60, -1), -1):
        depth += items[index].kind.count(">") if items[index].kind in {">", ">>"} else 0
        depth -= items[index].kind == "<"
        if depth == 0:
            before = index - 1 - (items[index - 1].kind == "::")
            if items[before].is_name:
                return items[before].name
            names = [t for t in items[index + 1 : closing] if t.is_name or t.kind == "as"]
            plain = [t.name for t in names]
            return plain[plain.index("as") - 1] if "as" in plain else (plain or [""])[-1]
    return ""


def in_use_declaration(source: Source, position: int) -> bool:
    """Whether the byte at `position` belongs to a ``use``, which names without calling."""
    node = source.tree.root_node.descendant_for_byte_range(position, position + 1)
    while node is not None:
        if node.type == "use_declaration":
            return True
        if node.type in {"block", "declaration_list", "token_tree"}:
            return False
        node = node.parent
    return False


def opening_after(items: list[Token], index: int) -> int:
    """The index of the ``(`` of a call whose name ends before `index`; -1 when it is none."""
    if index + 1 < len(items) and items[index].kind == "::" and items[index + 1].kind == "<":
        depth = 0
        for other in range(index + 1, min(index + 200, len(items))):
            kind = items[other].kind
            depth += kind.count("<") if kind in {"<", "<<"} else 0
            depth -= kind.count(">") if kind in {">", ">>"} else 0
            if depth <= 0:
                index = other + 1
                break
    if index < len(items) and items[index].kind == "(" and items[index].pair > index:
        return index
    return -1
