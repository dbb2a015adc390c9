"""Work out which strings a Rust expression can stand for, as far as its text says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gaterun_gates.rust.declared import Declared
from gaterun_gates.rust.items import Binding, Function
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.std_names import STD_METHODS
from gaterun_gates.rust.templates import UNKNOWN, Callback, Parameter, Template, joined
from gaterun_gates.rust.test_code import path_at
from gaterun_gates.rust.tokens import Token, split_arguments

_DEPTH = 8
_SAME_TEXT = frozenset(
    {
        "to_string",
        "to_owned",
        "into",
        "as_str",
        "as_ref",
        "clone",
        "as_os_str",
        "into_owned",
        "into_string",
        "borrow",
        "trim",
    }
)
_UPPER = frozenset({"to_uppercase", "to_ascii_uppercase"})
_SAME_ELEMENTS = frozenset(
    {"iter", "into_iter", "copied", "cloned", "by_ref", "as_slice", "to_vec", "iter_mut", "rev"}
)
_FROM = frozenset({"from", "new", "Borrowed", "Some", "Owned", "from_str"})
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}:]*)(?::[^{}]*)?\}")


class TextValues:
    """Evaluates expressions against the constants and bindings of a file, and of others.

    Args:
        declared: what a name that the file does not explain can mean.
    """

    def __init__(self, declared: Declared) -> None:
        self._declared = declared

    def evaluate(self, source: Source, first: int, last: int, depth: int = 0) -> list[Template]:
        """The strings that the expression of tokens ``first`` to ``last`` can be."""
        items = source.tokens
        first, last = _bare(items, first, last)
        if first >= last or depth > _DEPTH:
            return [UNKNOWN]
        token = items[first]
        if last - first == 1 and token.is_string:
            return [(token.string,)]
        trimmed = _method_at_end(items, first, last)
        if trimmed is not None:
            dot, method = trimmed
            if method in _SAME_TEXT:
                return self.evaluate(source, first, dot, depth + 1)
            if method in _UPPER:
                inner = self.evaluate(source, first, dot, depth + 1)
                return [
                    tuple(part.upper() if isinstance(part, str) else None for part in template)
                    for template in inner
                ]
            arguments = split_arguments(items, items[last - 1].pair + 1, last - 1)
            own = self._own_method(source, first, dot, method)
            if own is not None:
                return self._result(own, source, arguments, depth)
            if method not in STD_METHODS:
                return self._returned(source, method, arguments, depth)
            return [UNKNOWN]
        if token.kind == "if":
            return self._branches(source, first, last, depth)
        if token.kind == "match":
            return self._arms(source, first, last, depth)
        if token.kind == "{" and token.pair == last - 1:
            return self.evaluate(source, first + 1, last - 1, depth + 1)
        if token.is_name or token.kind == "::":
            return self._path(source, first, last, depth)
        return [UNKNOWN]

    def elements(
        self, source: Source, first: int, last: int, depth: int = 0, *, part: int = -1
    ) -> list[Template]:
        """The strings that the elements of a list-like expression can be.

        Args:
            source: the file.
            first: of the expression's tokens.
            last: the index after them.
            depth: of expressions in expressions.
            part: the number in the tuple where the elements are tuples; -1 for whole elements.
        """
        items = source.tokens
        first, last = _bare(items, first, last)
        if first >= last or depth > _DEPTH:
            return [UNKNOWN]
        token = items[first]
        if token.text == "vec" and last - first > 2 and items[first + 1].kind == "!":
            first += 2
            token = items[first]
        if token.kind == "[" and token.pair == last - 1:
            return [
                template
                for begin, end in split_arguments(items, first + 1, last - 1)
                for template in self._element(source, begin, end, depth, part)
            ]
        trimmed = _method_at_end(items, first, last)
        if trimmed is not None:
            if trimmed[1] in _SAME_ELEMENTS:
                return self.elements(source, first, trimmed[0], depth + 1, part=part)
            return [UNKNOWN]
        path, index = path_at(items, first, last)
        if index < last and items[index].kind == "(" and path[-1:] == ["Some"]:
            return self._element(source, index + 1, last - 1, depth, part)
        if index == last and path and part < 0:
            return self._named(source, path, items[first].start, depth, each=True)
        return [UNKNOWN]

    def _element(
        self, source: Source, first: int, last: int, depth: int, part: int
    ) -> list[Template]:
        if part < 0:
            return self.evaluate(source, first, last, depth + 1)
        opening = source.tokens[first]
        if opening.kind != "(" or opening.pair != last - 1:
            return [UNKNOWN]
        parts = split_arguments(source.tokens, first + 1, last - 1)
        return self.evaluate(source, *parts[part], depth + 1) if part < len(parts) else [UNKNOWN]

    def _branches(self, source: Source, first: int, last: int, depth: int) -> list[Template]:
        items, found, index = source.tokens, [], first
        while index < last:
            token = items[index]
            if token.pair > index:
                if token.kind == "{":
                    found += self.evaluate(source, index + 1, token.pair, depth + 1)
                index = token.pair
            index += 1
        return found or [UNKNOWN]

    def _arms(self, source: Source, first: int, last: int, depth: int) -> list[Template]:
        items = source.tokens
        opening = next((i for i in range(first, last) if items[i].kind == "{"), last)
        if opening >= last or items[opening].pair != last - 1:
            return [UNKNOWN]
        found: list[Template] = []
        for begin, end in split_arguments(items, opening + 1, last - 1):
            arrow = next((i for i in range(begin, end) if items[i].kind == "=>"), None)
            if arrow is None:
                return [UNKNOWN]
            found += self.evaluate(source, arrow + 1, end, depth + 1)
        return found or [UNKNOWN]

    def _path(self, source: Source, first: int, last: int, depth: int) -> list[Template]:
        items = source.tokens
        start = first + (items[first].kind == "::")
        path, index = path_at(items, start, last)
        if index == last:
            return self._named(source, path, items[first].start, depth, each=False)
        after = items[index]
        if after.kind == "!" and index + 1 < last and items[index + 1].pair == last - 1:
            arguments = split_arguments(items, index + 2, last - 1)
            if path[-1] == "concat":
                return self._product(source, arguments, depth)
            if path[-1] == "format" and arguments:
                return self._format(source, arguments, depth)
        if after.kind == "[" and after.pair == last - 1:
            # Which of them, only the running program knows, unless it is a number.
            found = self._named(source, path, items[first].start, depth, each=True)
            number = items[index + 1].text if last - index == 3 else ""
            return found[int(number) :][:1] or [UNKNOWN] if number.isdecimal() else found
        if after.kind == "(" and after.pair == last - 1:
            if path[-1] in _FROM:
                return self.evaluate(source, index + 1, last - 1, depth + 1)
            arguments = split_arguments(items, index + 1, last - 1)
            return self._returned(source, path[-1], arguments, depth)
        return [UNKNOWN]

    def _returned(
        self, source: Source, name: str, arguments: Sequence[tuple[int, int]], depth: int
    ) -> list[Template]:
        """What the only function of that name in the workspace can return."""
        found = [d for d in self._declared.functions(name) if d.function.body is not None]
        if len(found) != 1:
            return [UNKNOWN]
        return self._result((found[0].file.source, found[0].function), source, arguments, depth)

    def _own_method(
        self, source: Source, first: int, dot: int, method: str
    ) -> tuple[Source, Function] | None:
        """What ``self.method`` means: a method of the same type in the same file."""
        start = source.tokens[first].start
        around = source.items_at(start).function_at(start)
        if dot - first != 1 or source.tokens[first].text != "self" or around is None:
            return None
        found = [
            (source, function)
            for function in source.items_named(method).functions
            if function.name == method and function.owner == around.owner and function.has_self
        ]
        return found[0] if len(found) == 1 else None

    def _result(
        self,
        called: tuple[Source, Function],
        source: Source,
        arguments: Sequence[tuple[int, int]],
        depth: int,
    ) -> list[Template]:
        """What a function can return when it is called with these arguments."""
        home, function = called
        body = function.body or (0, 0)
        results: list[Template] = []
        for template in self.evaluate(home, *home.slice(*body), depth + 1):
            filled: list[Template] = [()]
            for part in template:
                values: list[Template] = [(part,)]
                if isinstance(part, Parameter):
                    own = part.function == function and not part.each
                    given = own and part.number < len(arguments)
                    values = (
                        self.evaluate(source, *arguments[part.number], depth + 1)
                        if given
                        else [UNKNOWN]
                    )
                filled = [joined((*left, *right)) for left in filled for right in values][:64]
            results += filled
        return results

    def _product(
        self, source: Source, ranges: Sequence[tuple[int, int]], depth: int
    ) -> list[Template]:
        found: list[Template] = [()]
        for begin, end in ranges:
            values = self.evaluate(source, begin, end, depth + 1)
            found = [joined((*left, *right)) for left in found for right in values][:64]
        return found

    def formatted(self, source: Source, arguments: Sequence[tuple[int, int]]) -> list[Template]:
        """What ``format!`` and its like make of their arguments."""
        return self._format(source, arguments, 0)

    def _format(
        self, source: Source, arguments: Sequence[tuple[int, int]], depth: int
    ) -> list[Template]:
        items = source.tokens
        shape = items[arguments[0][0]]
        if not shape.is_string:
            return [UNKNOWN]
        named: dict[str, tuple[int, int]] = {}
        positional: list[tuple[int, int]] = []
        for begin, end in arguments[1:]:
            if end - begin > 2 and items[begin + 1].kind == "=":
                named[items[begin].name] = (begin + 2, end)
            else:
                positional.append((begin, end))
        text, position, counter = shape.string, 0, 0
        found: list[Template] = [()]
        for match in _PLACEHOLDER.finditer(text):
            between = text[position : match.start()]
            position = match.end()
            values: list[Template]
            if match.group(1) is None:
                values = [(match.group(0)[0],)]
            else:
                key = match.group(1).strip()
                if key == "" or key.isdigit():
                    number = int(key) if key else counter
                    counter += key == ""
                    where = positional[number] if number < len(positional) else None
                    values = self.evaluate(source, *where, depth + 1) if where else [UNKNOWN]
                elif key in named:
                    values = self.evaluate(source, *named[key], depth + 1)
                else:
                    values = self._named(source, [key], shape.start, depth, each=False)
            found = [joined((*left, between, *right)) for left in found for right in values][:64]
        return [joined((*template, text[position:])) for template in found]

    def _named(
        self, source: Source, path: list[str], position: int, depth: int, *, each: bool
    ) -> list[Template]:
        if not path:
            return [UNKNOWN]
        if len(path) == 1:
            binding = source.items_at(position).binding_at(path[0], position)
            if binding is not None:
                return self._bound(source, binding, depth, each=each)
        return self._constant(source, path, position, depth, each=each)

    def _bound(self, source: Source, binding: Binding, depth: int, *, each: bool) -> list[Template]:
        if binding.kind == "parameter" and binding.function is not None:
            return [(Parameter(source.path, binding.function, binding.index, each),)]
        if binding.kind == "callback" and binding.value is not None:
            return [(Callback(*binding.value),)]
        if binding.value is None or binding.kind == "pattern":
            return [UNKNOWN]
        where = source.slice(*binding.value)
        if binding.kind in {"for", "element"} or each:
            return self.elements(source, *where, depth + 1, part=binding.index)
        return self.evaluate(source, *where, depth + 1)

    def _constant(
        self, source: Source, path: list[str], position: int, depth: int, *, each: bool
    ) -> list[Template]:
        path = [*source.imports.aliases.get(path[0], (path[0],)), *path[1:]]
        name = path[-1]
        qualifier = path[-2] if len(path) > 1 else ""
        if qualifier == "Self":
            around = source.items_at(position).function_at(position)
            qualifier = around.owner if around is not None else ""
        here = [
            (source, constant)
            for constant in source.items_named(name).constants
            if constant.name == name and constant.visible[0] <= position < constant.visible[1]
        ]
        local = [pair for pair in here if pair[1].owner == qualifier or not qualifier]
        candidates = local or self._declared.constants(name)
        if qualifier not in {"", "crate", "self", "super"}:
            nearer = [
                pair
                for pair in candidates
                if qualifier == pair[1].owner or qualifier in module_names(pair[0].path)
            ]
            candidates = nearer or candidates
        values = {
            tuple(
                self.elements(home, *home.slice(constant.start, constant.end), depth + 1)
                if each
                else self.evaluate(home, *home.slice(constant.start, constant.end), depth + 1)
            )
            for home, constant in candidates
        }
        # Two constants of one name with different values: which is meant is not known here.
        return list(values.pop()) if len(values) == 1 else [UNKNOWN]


def module_names(path: str) -> set[str]:
    """The names under which a file's module may be known: its stem, or its folder's name."""
    parts = path.removesuffix(".rs").split("/")
    names = {parts[-1]}
    if parts[-1] in {"mod", "lib", "main"} and len(parts) > 1:
        names.add(parts[-2])
        if parts[-2] == "src" and len(parts) > 2:
            names.add(parts[-3].replace("-", "_"))
    return names


def _bare(items: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """Without references, enclosing parentheses and a ``?`` at the end."""
    while first < last:
        if items[first].kind in {"&", "*", "mut", "&&"}:
            first += 1
        elif items[first].kind == "(" and items[first].pair == last - 1:
            first, last = first + 1, last - 1
        elif items[last - 1].kind in {"?", ";"}:
            last -= 1
        else:
            break
    return first, last


def _method_at_end(items: Sequence[Token], first: int, last: int) -> tuple[int, str] | None:
    """The dot and the name of the method call that the expression ends with."""
    closing = last - 1
    if items[closing].kind != ")" or items[closing].pair < first + 3:
        return None
    name = items[closing].pair - 1
    if items[name].is_name and items[name - 1].kind == ".":
        return name - 1, items[name].name
    return None
