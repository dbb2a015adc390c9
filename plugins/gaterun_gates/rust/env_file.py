"""What one Rust file does with environment variables, as far as it says so by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from gaterun_gates.rust.code_text import code_text
from gaterun_gates.rust.declared import NotHereError, OneFile
from gaterun_gates.rust.env_attributes import attribute_reads
from gaterun_gates.rust.env_providers import provided
from gaterun_gates.rust.env_sites import Act, Site, sites
from gaterun_gates.rust.env_syntax import (
    annotated_names,
    default_after,
    is_discarded,
    metavariable_number,
)
from gaterun_gates.rust.env_words import importing_places, may_use_environment, wanted_places
from gaterun_gates.rust.excerpt import LeftOutError, excerpt
from gaterun_gates.rust.file_use import FileExport, FileOpenRead, FileRead, FileUse
from gaterun_gates.rust.nodes import text_of
from gaterun_gates.rust.templates import UNKNOWN, Callback, Parameter, Template, ends, literal
from gaterun_gates.rust.text_values import TextValues
from gaterun_gates.rust.tokens import split_arguments

if TYPE_CHECKING:
    from tree_sitter import Node

    from gaterun_gates.rust.declared import Declared
    from gaterun_gates.rust.source import Source

_DEPTH = 4
_STATEMENTS = frozenset(
    {"expression_statement", "let_declaration", "function_item", "const_item", "static_item"}
)
_NUMBERS = frozenset({"integer_literal", "float_literal", "boolean_literal", "true", "false"})


class Follow(Protocol):
    """Goes after a name that comes from elsewhere in the workspace."""

    def parameter(
        self, parameter: Parameter, template: Template, depth: int, *, compiling: bool
    ) -> None:
        """A function reads the variable that it is given."""
        ...

    def macro(self, source: Source, name: str, start: int, number: int, *, compiling: bool) -> None:
        """A macro does."""
        ...

    def given(self, source: Source, start: int, end: int) -> bool:
        """The expression at these bytes reads what it is called with; whether that was found."""
        ...

    def is_own_method(self, name: str) -> bool:
        """Whether the workspace defines a function called `name`."""
        ...


class Reading:
    """Reads one file, and hands over what leads out of it.

    Args:
        source: the file.
        declared: what names of other files can mean.
        follow: goes after names that come from other files; ``None`` for one file alone.
        found: where findings go, perhaps beside earlier ones.
    """

    def __init__(
        self,
        source: Source,
        declared: Declared,
        follow: Follow | None = None,
        found: FileUse | None = None,
    ) -> None:
        self.source = source
        self.found = found if found is not None else FileUse()
        self._declared = declared
        self._values = TextValues(declared)
        self._follow_if_any = follow
        self._reported = {(read.name, read.line, read.column) for read in self.found.reads}
        self._reported |= {
            (f"{read.prefix}\0{read.suffix}", read.line, read.column)
            for read in self.found.open_reads
        }

    @property
    def _follow(self) -> Follow:
        if self._follow_if_any is None:
            raise NotHereError
        return self._follow_if_any

    def all(self) -> FileUse:
        """Everything in the file.

        Raises:
            NotHereError: another file has a part in it, and there is nobody to go there.
        """
        for site in sites(self.source):
            self._site(site)
        for found in attribute_reads(self.source, self._values):
            self.names(found.index, found.names, default=found.default)
        return self.found

    def _site(self, site: Site) -> None:
        source, items = self.source, self.source.tokens
        arguments = (
            split_arguments(items, site.opening + 1, items[site.opening].pair)
            if site.opening >= 0
            else []
        )
        compiling = site.act is Act.COMPILE
        if site.act is Act.LOG:
            self.names(site.index, [("RUST_LOG",)])
        elif site.act is Act.READ_ALL:
            self._read_all(site)
        elif site.act is Act.BUILD:
            said = [literal(text) for text in self._values.formatted(source, arguments)]
            named = [(text.partition("env-changed=")[2].strip(),) for text in said if text]
            self.names(site.index, named, compiling=True)
        elif site.act in {Act.PREFIX, Act.FIELDS}:
            self._provider(site, arguments)
        elif site.act is Act.EXPORT:
            self._export(site, arguments)
        elif site.opening < 0:
            self._value(site.index)
        elif not arguments:
            self._open(site.index, UNKNOWN, why="no argument is given")
        elif site.act is Act.ONLY:
            self.names(site.index, self._values.elements(source, *arguments[0]))
        else:
            names = self._values.evaluate(source, *arguments[0])
            default = self.default(items[site.opening].pair + 1)
            if names == [UNKNOWN] and self._macro_parameter(arguments[0], compiling=compiling):
                return
            self.names(site.index, names, compiling=compiling, default=default)

    def names(
        self,
        index: int,
        names: Iterable[Template],
        *,
        compiling: bool = False,
        default: str | None = None,
        depth: int = 0,
    ) -> None:
        """Take note that the token at `index` reads each of `names`.

        Args:
            index: the token to point at.
            names: what the name can be.
            compiling: it is looked at by the compiler, not by the program.
            default: the literal that is used when it is not set.
            depth: through how many functions the name has come.
        """
        for template in names:
            known = literal(template)
            unknown = [part for part in template if not isinstance(part, str)]
            if known is not None:
                self._read(index, known, compiling=compiling, default=default)
            elif len(unknown) == 1 and isinstance(unknown[0], Parameter) and depth < _DEPTH:
                self._follow.parameter(unknown[0], template, depth, compiling=compiling)
            elif len(unknown) == 1 and isinstance(unknown[0], Callback):
                if not self._follow.given(self.source, unknown[0].start, unknown[0].end):
                    why = "the closure's caller is not known"
                    self._open(index, template, compiling=compiling, why=why)
            else:
                why = "the name is made at run time"
                self._open(index, template, compiling=compiling, why=why)

    def _read(self, index: int, name: str, *, compiling: bool, default: str | None) -> None:
        token = self.source.tokens[index]
        key = (name, token.line, token.column)
        if not name or key in self._reported:
            return
        self._reported.add(key)
        self.found.reads.append(
            FileRead(
                name=name,
                compiling=compiling,
                line=token.line,
                column=token.column,
                test=self.source.is_test_at(token.start),
                ignored=self.source.is_ignored_at(token.start),
                default=default,
                discarded=is_discarded(self.source.tokens, index),
            )
        )

    def _open(
        self,
        index: int,
        template: Template,
        *,
        why: str,
        compiling: bool = False,
        provider: bool = False,
    ) -> None:
        token = self.source.tokens[index]
        annotated = annotated_names(self.source.data, token.start)
        if annotated:
            for name in annotated:
                self._read(index, name, compiling=compiling, default=None)
            return
        prefix, suffix = ends(template)
        key = (f"{prefix}\0{suffix}", token.line, token.column)
        if key in self._reported:
            return
        self._reported.add(key)
        self.found.open_reads.append(
            FileOpenRead(
                prefix=prefix,
                suffix=suffix,
                compiling=compiling,
                line=token.line,
                column=token.column,
                test=self.source.is_test_at(token.start),
                provider=provider,
                why=why,
            )
        )

    def _provider(self, site: Site, arguments: Sequence[tuple[int, int]]) -> None:
        """A library that reads a variable for each field of a struct."""
        for given in provided(self.source, site, arguments, self._values, self._declared):
            if given.name:
                self._read(site.index, given.name, compiling=False, default=None)
            else:
                template: Template = (given.prefix, None) if given.prefix else UNKNOWN
                self._open(site.index, template, provider=bool(given.prefix), why=given.why)

    def _export(self, site: Site, arguments: Sequence[tuple[int, int]]) -> None:
        if not arguments:
            return
        items = self.source.tokens
        token = items[site.index]
        first, last = arguments[0]
        names = {literal(t) for t in self._values.evaluate(self.source, first, last)}
        if names == {None}:  # a list of names, or of pairs, as temp_env::with_vars takes
            whole = self._values.elements(self.source, first, last)
            pairs = self._values.elements(self.source, first, last, part=0)
            names = {literal(template) for template in (*whole, *pairs)}
        for name in sorted(name for name in names if name):
            self.found.exports.append(
                FileExport(
                    name=name,
                    line=token.line,
                    test=self.source.is_test_at(token.start),
                    ignored=self.source.is_ignored_at(token.start),
                )
            )

    def default(self, index: int) -> str | None:
        """The literal in the ``unwrap_or`` that follows a read in the same chain."""
        where = default_after(self.source.tokens, index)
        return self.literal(*where) if where is not None else None

    def literal(self, first: int, last: int) -> str | None:
        """The one number, truth value or text that tokens ``first`` to ``last`` stand for."""
        items = self.source.tokens
        if last - first == 1 and items[first].kind in _NUMBERS:
            return items[first].text
        values = self._values.evaluate(self.source, first, last)
        return literal(values[0]) if len(values) == 1 else None

    def _value(self, index: int) -> None:
        """``env::var`` given to something as a function."""
        items = self.source.tokens
        end = index
        while end + 2 < len(items) and items[end + 1].kind == "::":
            end += 2
        start_byte, end_byte = items[index].start, items[end].end
        names = self.elements_of_receiver(start_byte, end_byte)
        if names is not None:
            self.names(index, names)
        elif not self._follow.given(self.source, start_byte, end_byte):
            self._open(index, UNKNOWN, why="the function is passed on")

    def elements_of_receiver(self, start: int, end: int) -> list[Template] | None:
        """What the list holds whose method, not one of ours, gets the function at these bytes.

        Returns:
            ``None`` when the function is given to anything else.
        """
        node = self.source.tree.root_node.descendant_for_byte_range(start, end)
        if node is None or node.parent is None or node.parent.type != "arguments":
            return None
        call = node.parent.parent
        method = call.child_by_field_name("function") if call is not None else None
        if method is None or method.type != "field_expression":
            return None
        name = text_of(method.child_by_field_name("field"))
        value = method.child_by_field_name("value")
        if value is None or self._follow.is_own_method(name):
            return None
        return self._values.elements(
            self.source, *self.source.slice(value.start_byte, value.end_byte)
        )

    def _read_all(self, site: Site) -> None:
        source, items = self.source, self.source.tokens
        if items[site.index - 1].kind == "(" and items[site.index - 2].text == "envs":
            return  # handed to a child process as it is
        node: Node | None = source.tree.root_node.descendant_for_byte_range(
            items[site.index].start, items[site.index].end
        )
        while node is not None and node.type not in _STATEMENTS:
            node = node.parent
        first, last = source.slice(node.start_byte, node.end_byte) if node is not None else (0, 0)
        found = False
        for index in range(first, last - 1):
            token, after = items[index], items[index + 1]
            if token.text in {"starts_with", "strip_prefix"} and after.pair > index:
                for template in self._values.evaluate(source, index + 2, after.pair):
                    prefix = ends(template)[0]
                    if prefix:
                        found = True
                        why = "walks over the variables with this prefix"
                        self._open(index, (prefix, None), provider=True, why=why)
            elif token.kind == "==" and after.is_string:
                found = True
                self._read(index, after.string, compiling=False, default=None)
        if not found:
            self._open(site.index, UNKNOWN, why="walks over all variables")

    def _macro_parameter(self, where: tuple[int, int], *, compiling: bool) -> bool:
        """Whether the name is a macro's parameter, which makes the macro a wrapper."""
        items = self.source.tokens
        tokens = [items[i] for i in range(*where) if items[i].kind == "metavariable"]
        if len(tokens) != 1 or where[1] - where[0] > 2:
            return False
        for name, start, end in self.source.items_at(tokens[0].start).macros:
            if not start <= tokens[0].start < end:
                continue
            first, _ = self.source.slice(start, end)
            index = metavariable_number(items, first, where[0], tokens[0].text)
            if index >= 0:
                self._follow.macro(self.source, name, start, index, compiling=compiling)
                return True
        return False


def quick_use(data: bytes) -> FileUse | None:
    """What a file with these bytes does, where the bytes say so without being parsed: nothing."""
    return None if may_use_environment(data) else FileUse()


def use_of_file(source: Source) -> FileUse:
    """What a file does by its bytes alone."""
    if not may_use_environment(source.data):
        return FileUse()
    try:
        return read_file(source, OneFile())
    except NotHereError:
        return FileUse(complete=False)


def read_file(source: Source, declared: Declared, follow: Follow | None = None) -> FileUse:
    """What a file does, from no more of its syntax than it takes.

    Args:
        source: the file.
        declared: what names of other files can mean.
        follow: goes after names that come from other files. It may be told of one twice.

    Raises:
        NotHereError: another file has a part in it, and there is nobody to go there.
    """
    part = what_matters(source)
    if part is None:
        return FileUse()
    try:
        return Reading(part, declared, follow, FileUse(has_errors=part.has_errors)).all()
    except LeftOutError:
        return Reading(source, declared, follow, FileUse(has_errors=source.has_errors)).all()


def what_matters(source: Source) -> Source | None:
    """`source`, or what of it can have to do with the environment; ``None`` for nothing."""
    data = source.data
    code = code_text(data)
    if code is None or b"rename_all_env" in data:  # a style counts up to the struct's end
        return source
    places = wanted_places(data, code)
    if not places:
        return None
    return excerpt(source, code, sorted([*places, *importing_places(code)]))
