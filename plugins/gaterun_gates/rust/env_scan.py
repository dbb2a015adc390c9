"""Collect every read and export of environment variables in a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gaterun_gates.rust.calls import Calls, Definition, Match, Mention
from gaterun_gates.rust.env_attributes import attribute_reads
from gaterun_gates.rust.env_reads import (
    Act,
    EnvExport,
    EnvRead,
    EnvUse,
    Kind,
    OpenRead,
    Site,
    sites,
)
from gaterun_gates.rust.env_syntax import (
    annotated_names,
    default_after,
    is_discarded,
    metavariable_number,
)
from gaterun_gates.rust.items import text_of
from gaterun_gates.rust.text_values import (
    UNKNOWN,
    Callback,
    Parameter,
    Template,
    TextValues,
    ends,
    joined,
    literal,
)
from gaterun_gates.rust.tokens import split_arguments

if TYPE_CHECKING:
    from tree_sitter import Node

    from gaterun_gates.rust_sources import RustFile, RustSources

_DEPTH = 4
_DEFAULT_NAMES = frozenset({"default", "fallback", "default_value", "def", "dflt", "otherwise"})
_STATEMENTS = frozenset(
    {"expression_statement", "let_declaration", "function_item", "const_item", "static_item"}
)


class _Wrapper(NamedTuple):
    """A function (or macro) that reads the variable named by one of its arguments."""

    path: str
    name: str
    start: int
    number: int
    each: bool
    template: Template
    kind: Kind
    depth: int
    function: object  # a Function; None for a macro


class _Reader(NamedTuple):
    """A parameter that is called with the name of a variable to read."""

    definition: Definition
    number: int


class _Scan:
    def __init__(self, sources: RustSources, confirmed: Iterable[str]) -> None:
        self._sources = sources
        self._values = TextValues(sources)
        self._calls = Calls(sources)
        self._confirmed = frozenset(confirmed)
        self._use = EnvUse()
        self._seen: set[object] = set()
        self._wrappers: list[_Wrapper] = []
        self._readers: list[_Reader] = []
        self._reported: set[tuple[str, str, int, int]] = set()

    def run(self) -> EnvUse:
        looked_at = list(self._sources.containing(b"env", b"Env", b"ENV"))
        for file in looked_at:
            for site in sites(file.source):
                self._site(file, site)
            for found in attribute_reads(file.source, self._values):
                self._record(file, found.index, found.names, Kind.RUNTIME, default=found.default)
        while self._wrappers or self._readers:
            if self._wrappers:
                self._propagate(self._wrappers.pop())
            else:
                self._propagate_reader(self._readers.pop())
        self._use.parse_errors = self._sources.parse_errors(looked_at)
        return self._use

    def _site(self, file: RustFile, site: Site) -> None:
        source, items = file.source, file.source.tokens
        arguments = (
            split_arguments(items, site.opening + 1, items[site.opening].pair)
            if site.opening >= 0
            else []
        )
        if site.act is Act.LOG:
            self._record(file, site.index, [("RUST_LOG",)], Kind.RUNTIME)
        elif site.act is Act.READ_ALL:
            self._read_all(file, site)
        elif site.act is Act.FIELDS:
            self._fields(file, site)
        elif site.act is Act.EXPORT:
            self._export(file, site, arguments)
        elif site.opening < 0:
            self._value(file, site.index)
        elif not arguments:
            self._open(file, site.index, UNKNOWN, Kind.RUNTIME, why="no argument is given")
        elif site.act is Act.ONLY:
            names = self._values.elements(source, *arguments[0])
            self._record(file, site.index, names, Kind.RUNTIME)
        elif site.act is Act.PREFIX:
            for template in self._values.evaluate(source, *arguments[0]):
                prefix = ends(template)[0]
                if items[site.index].text in {"Environment", "prefix"} or "Environment" in {
                    token.text for token in items[max(site.index - 4, 0) : site.index + 4]
                }:
                    prefix = prefix.upper() + "_" if prefix else ""
                self._open(file, site.index, (prefix, None), Kind.RUNTIME, provider=bool(prefix))
        else:
            kind = Kind.COMPILE if site.act is Act.COMPILE else Kind.RUNTIME
            names = self._values.evaluate(source, *arguments[0])
            default = self._default(file, items[site.opening].pair + 1)
            if names == [UNKNOWN] and self._macro_parameter(file, arguments[0], kind):
                return
            self._record(file, site.index, names, kind, default=default)

    def _record(
        self,
        file: RustFile,
        index: int,
        names: Iterable[Template],
        kind: Kind,
        *,
        default: str | None = None,
        depth: int = 0,
    ) -> None:
        for template in names:
            known = literal(template)
            unknown = [part for part in template if not isinstance(part, str)]
            if known is not None:
                self._read(file, index, known, kind, default)
            elif len(unknown) == 1 and isinstance(unknown[0], Parameter) and depth < _DEPTH:
                parameter = unknown[0]
                self._wrap(
                    _Wrapper(
                        parameter.path,
                        parameter.function.name,
                        parameter.function.start,
                        parameter.number,
                        parameter.each,
                        template,
                        kind,
                        depth,
                        parameter.function,
                    )
                )
            elif len(unknown) == 1 and isinstance(unknown[0], Callback):
                callback = unknown[0]
                given = self._calls.called_with(file, callback.start, callback.end)
                if given is None:
                    self._open(file, index, template, kind, why="the closure's caller is not known")
                else:
                    self._read_by(_Reader(*given))
            else:
                self._open(file, index, template, kind, why="the name is made at run time")

    def _kind(self, file: RustFile, kind: Kind) -> Kind:
        return Kind.BUILD if file.build and not file.production else kind

    def _read(self, file: RustFile, index: int, name: str, kind: Kind, default: str | None) -> None:
        token = file.source.tokens[index]
        key = (name, file.path, token.line, token.column)
        if not name or key in self._reported:
            return
        self._reported.add(key)
        self._use.reads.append(
            EnvRead(
                name=name,
                kind=self._kind(file, kind),
                path=file.path,
                line=token.line,
                column=token.column,
                packages=file.packages,
                test=file.is_test_at(token.start),
                ignored=file.source.is_ignored_at(token.start),
                default=default,
                discarded=is_discarded(file.source.tokens, index),
            )
        )

    def _open(
        self,
        file: RustFile,
        index: int,
        template: Template,
        kind: Kind,
        *,
        provider: bool = False,
        why: str = "",
    ) -> None:
        token = file.source.tokens[index]
        annotated = annotated_names(file.source.data, token.start)
        if annotated:
            for name in annotated:
                self._read(file, index, name, kind, None)
            return
        prefix, suffix = ends(template)
        key = (f"{prefix}\0{suffix}", file.path, token.line, token.column)
        if key in self._reported:
            return
        self._reported.add(key)
        self._use.open_reads.append(
            OpenRead(
                prefix=prefix,
                suffix=suffix,
                kind=self._kind(file, kind),
                path=file.path,
                line=token.line,
                column=token.column,
                packages=file.packages,
                test=file.is_test_at(token.start),
                provider=provider,
                why=why,
            )
        )

    def _export(self, file: RustFile, site: Site, arguments: Sequence[tuple[int, int]]) -> None:
        if not arguments:
            return
        items = file.source.tokens
        token = items[site.index]
        first, last = arguments[0]
        names = {literal(t) for t in self._values.evaluate(file.source, first, last)}
        if names == {None}:  # a list of pairs, as temp_env::with_vars takes
            names = {
                items[i].string
                for i in range(first + 1, last)
                if items[i].is_string and items[i - 1].kind in {"(", "["}
            }
        for name in sorted(name for name in names if name):
            self._use.exports.append(
                EnvExport(
                    name=name,
                    path=file.path,
                    line=token.line,
                    test=file.is_test_at(token.start),
                    ignored=file.source.is_ignored_at(token.start),
                )
            )

    def _default(self, file: RustFile, index: int) -> str | None:
        """The literal in the ``unwrap_or`` that follows a read in the same chain."""
        where = default_after(file.source.tokens, index)
        return self._literal(file, *where) if where is not None else None

    def _literal(self, file: RustFile, first: int, last: int) -> str | None:
        items = file.source.tokens
        if last - first == 1 and items[first].kind in {
            "integer_literal",
            "float_literal",
            "boolean_literal",
            "true",
            "false",
        }:
            return items[first].text
        values = self._values.evaluate(file.source, first, last)
        return literal(values[0]) if len(values) == 1 else None

    def _value(self, file: RustFile, index: int) -> None:
        """``env::var`` given to something as a function."""
        source = file.source
        end = index
        while end + 2 < len(source.tokens) and source.tokens[end + 1].kind == "::":
            end += 2
        start_byte, end_byte = source.tokens[index].start, source.tokens[end].end
        receiver = self._method_receiver(file, start_byte, end_byte)
        if receiver is not None:
            names = self._values.elements(source, *source.slice(*receiver))
            self._record(file, index, names, Kind.RUNTIME)
            return
        given = self._calls.called_with(file, start_byte, end_byte)
        if given is None:
            self._open(file, index, UNKNOWN, Kind.RUNTIME, why="the function is passed on")
        else:
            self._read_by(_Reader(*given))

    def _method_receiver(self, file: RustFile, start: int, end: int) -> tuple[int, int] | None:
        """The receiver when the bytes are an argument of a method that is not ours."""
        node = file.source.tree.root_node.descendant_for_byte_range(start, end)
        if node is None or node.parent is None or node.parent.type != "arguments":
            return None
        call = node.parent.parent
        method = call.child_by_field_name("function") if call is not None else None
        if method is None or method.type != "field_expression":
            return None
        name = text_of(method.child_by_field_name("field"))
        value = method.child_by_field_name("value")
        if value is None or self._calls.definitions(name):
            return None
        return value.start_byte, value.end_byte

    def _read_all(self, file: RustFile, site: Site) -> None:
        source, items = file.source, file.source.tokens
        if items[site.index - 1].kind == "(" and items[site.index - 2].text == "envs":
            return  # handed to a child process as it is
        node: Node | None = source.tree.root_node.descendant_for_byte_range(
            items[site.index].start, items[site.index].end
        )
        while node is not None and node.type not in _STATEMENTS:
            node = node.parent
        if node is None:
            self._open(file, site.index, UNKNOWN, Kind.RUNTIME, why="walks over all variables")
            return
        first, last = source.slice(node.start_byte, node.end_byte)
        found = False
        for index in range(first, last - 1):
            token, after = items[index], items[index + 1]
            if token.text in {"starts_with", "strip_prefix"} and after.pair > index:
                for template in self._values.evaluate(source, index + 2, after.pair):
                    prefix = ends(template)[0]
                    found = found or bool(prefix)
                    if not prefix:
                        continue
                    self._open(file, index, (prefix, None), Kind.RUNTIME, provider=bool(prefix))
            elif token.kind == "==" and after.is_string:
                found = True
                self._read(file, index, after.string, Kind.RUNTIME, None)
        if not found:
            self._open(file, site.index, UNKNOWN, Kind.RUNTIME, why="walks over all variables")

    def _fields(self, file: RustFile, site: Site) -> None:
        """``envy::from_env::<T>()``: a variable for each field of ``T``."""
        items = file.source.tokens
        names = [t.name for t in items[site.index : site.opening] if t.kind == "type_identifier"]
        fields = self._struct_fields(names[0]) if names else None
        if fields is None:
            self._open(file, site.index, UNKNOWN, Kind.RUNTIME, why="the struct is not known")
            return
        self._record(file, site.index, [(name.upper(),) for name in fields], Kind.RUNTIME)

    def _struct_fields(self, name: str) -> list[str] | None:
        found = [
            [field for field, _, _ in struct.fields]
            for file in self._sources.containing(name.encode())
            for struct in file.source.items.structs
            if struct.name == name
        ]
        return found[0] if len(found) == 1 else None

    def _wrap(self, wrapper: _Wrapper) -> None:
        key = wrapper._replace(depth=0, function=None)
        if key not in self._seen:
            self._seen.add(key)
            self._wrappers.append(wrapper)

    def _macro_parameter(self, file: RustFile, where: tuple[int, int], kind: Kind) -> bool:
        """Whether the name is a macro's parameter, which makes the macro a wrapper."""
        items = file.source.tokens
        tokens = [items[i] for i in range(*where) if items[i].kind == "metavariable"]
        if len(tokens) != 1 or where[1] - where[0] > 2:
            return False
        for name, start, end in file.source.items.macros:
            if not start <= tokens[0].start < end:
                continue
            first, _ = file.source.slice(start, end)
            index = metavariable_number(items, first, where[0], tokens[0].text)
            if index >= 0:
                self._wrap(_Wrapper(file.path, name, start, index, False, (None,), kind, 0, None))
                return True
        return False

    def _propagate(self, wrapper: _Wrapper) -> None:
        if wrapper.function is None:
            self._propagate_macro(wrapper)
            return
        home = self._sources.files[wrapper.path]
        function = next(
            f
            for f in home.source.items.functions
            if f.start == wrapper.start and f.name == wrapper.name
        )
        wanted = Definition(home, function)
        confirmed = self._confirmed & {function.name, f"{function.owner}::{function.name}"}
        for mention in self._calls.mentions(function.name):
            match = self._calls.match(mention, wanted)
            if match is Match.UNKNOWN and not confirmed:
                owner = f"{function.owner}::" if function.owner else ""
                self._use.ambiguous.add(f"{owner}{function.name}")
            elif match is not Match.NO:
                self._through(wrapper, mention, function.parameters)

    def _through(self, wrapper: _Wrapper, mention: Mention, parameters: tuple[str, ...]) -> None:
        source, items = mention.file.source, mention.file.source.tokens
        default = None
        if mention.opening < 0:
            token = items[mention.at]
            receiver = self._method_receiver(mention.file, token.start, token.end)
            if receiver is None:
                return
            values = self._values.elements(source, *source.slice(*receiver))
        else:
            arguments = split_arguments(items, mention.opening + 1, items[mention.opening].pair)
            if wrapper.number >= len(arguments):
                return
            where = arguments[wrapper.number]
            evaluate = self._values.elements if wrapper.each else self._values.evaluate
            values = evaluate(source, *where)
            for number, name in enumerate(parameters[: len(arguments)]):
                if name in _DEFAULT_NAMES:
                    default = self._literal(mention.file, *arguments[number])
            if default is None:
                default = self._default(mention.file, items[mention.opening].pair + 1)
        names = [
            joined(
                [
                    inner
                    for part in wrapper.template
                    for inner in ((part,) if isinstance(part, str) else value)
                ]
            )
            for value in values
        ]
        self._record(
            mention.file,
            mention.at,
            names,
            wrapper.kind,
            default=default,
            depth=wrapper.depth + 1,
        )

    def _propagate_macro(self, wrapper: _Wrapper) -> None:
        for file in self._sources.containing(wrapper.name.encode()):
            items = file.source.tokens
            for index in range(len(items) - 2):
                if items[index].text != wrapper.name or items[index + 1].kind != "!":
                    continue
                if items[index + 2].pair > index:
                    self._through(wrapper, Mention(file, index, index + 2), ())

    # Lookups that are passed in

    def _read_by(self, reader: _Reader) -> None:
        key = (reader.definition.file.path, reader.definition.function.start, reader.number)
        if key not in self._seen:
            self._seen.add(key)
            self._readers.append(reader)

    def _propagate_reader(self, reader: _Reader) -> None:
        file, function = reader.definition
        if function.body is None or reader.number >= len(function.parameters):
            return
        name = function.parameters[reader.number]
        items = file.source.tokens
        first, last = file.source.slice(*function.body)
        for index in range(first, last):
            token = items[index]
            if token.text != name or not token.is_name or items[index - 1].kind == ".":
                continue
            after = items[index + 1]
            if after.kind == "(" and after.pair > index:
                arguments = split_arguments(items, index + 2, after.pair)
                if arguments:
                    values = self._values.evaluate(file.source, *arguments[0])
                    default = self._default(file, after.pair + 1)
                    self._record(file, index, values, Kind.RUNTIME, default=default)
            elif after.kind in {",", ")"}:
                given = self._calls.called_with(file, token.start, token.end)
                if given is not None:
                    self._read_by(_Reader(*given))
                else:
                    receiver = self._method_receiver(file, token.start, token.end)
                    if receiver is not None:
                        values = self._values.elements(file.source, *file.source.slice(*receiver))
                        self._record(file, index, values, Kind.RUNTIME)


def scan(sources: RustSources, *, wrappers: Iterable[str] = ()) -> EnvUse:
    """Find the environment variables that the compiled files of a workspace use.

    Args:
        sources: the compiled files.
        wrappers: functions (``name`` or ``Type::name``) that are known to read the
            variable that they are given, where several functions share the name.
    """
    return _Scan(sources, wrappers).run()
