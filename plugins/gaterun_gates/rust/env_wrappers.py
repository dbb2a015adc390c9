"""Follow the names of environment variables across files, through what reads them for others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gaterun_gates.rust.calls import Calls, Match, Mention
from gaterun_gates.rust.declared import Definition, Workspace
from gaterun_gates.rust.env_file import Reading, read_file
from gaterun_gates.rust.templates import Parameter, Template, joined
from gaterun_gates.rust.text_values import TextValues
from gaterun_gates.rust.tokens import split_arguments

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustFile, RustSources
    from gaterun_gates.rust.file_use import FileUse
    from gaterun_gates.rust.source import Source

_DEFAULT_NAMES = frozenset({"default", "fallback", "default_value", "def", "dflt", "otherwise"})


class _Wrapper(NamedTuple):
    """A function that reads the variable named by one of its arguments."""

    parameter: Parameter
    template: Template
    compiling: bool
    depth: int


class _Macro(NamedTuple):
    """A macro that does."""

    path: str
    name: str
    start: int
    number: int
    compiling: bool


class _Reader(NamedTuple):
    """A parameter that is called with the name of a variable to read."""

    definition: Definition
    number: int


class Wrappers:
    """The files that do not tell everything by themselves, and whatever their names lead to.

    Args:
        sources: the compiled files.
        found: what each file does; replaced where other files have a part in it.
        confirmed: functions that are known to read the variable they are given.
    """

    def __init__(
        self, sources: RustSources, found: dict[str, FileUse], confirmed: Iterable[str]
    ) -> None:
        self._sources = sources
        self._found = found
        self._confirmed = frozenset(confirmed)
        self._declared = Workspace(sources)
        self._values = TextValues(self._declared)
        self._calls = Calls(sources, self._declared)
        self._readings: dict[str, Reading] = {}
        self._pending: list[_Wrapper | _Macro | _Reader] = []
        self._seen: set[object] = set()
        self._ambiguous: set[str] = set()

    def run(self) -> set[str]:
        """Follow every name to its end.

        Returns:
            Functions whose calls could not be told from those of others by name.
        """
        incomplete = [path for path, use in self._found.items() if not use.complete]
        for path in incomplete:
            self._found[path] = read_file(self._sources.files[path].source, self._declared, self)
        while self._pending:
            following = self._pending.pop()
            if isinstance(following, _Wrapper):
                self._through_function(following)
            elif isinstance(following, _Macro):
                self._through_macro(following)
            else:
                self._through_lookup(following)
        return self._ambiguous

    def _reading(self, file: RustFile) -> Reading:
        if file.path not in self._readings:
            kept = self._found[file.path]  # shared with files of the same bytes
            mine = replace(
                kept,
                reads=[*kept.reads],
                open_reads=[*kept.open_reads],
                exports=[*kept.exports],
            )
            self._found[file.path] = mine
            self._readings[file.path] = Reading(file.source, self._declared, self, mine)
        return self._readings[file.path]

    def _follow(self, following: _Wrapper | _Macro | _Reader, key: object) -> None:
        if key not in self._seen:
            self._seen.add(key)
            self._pending.append(following)

    # What `Reading` hands over

    def parameter(
        self, parameter: Parameter, template: Template, depth: int, *, compiling: bool
    ) -> None:
        """A function reads the variable that it is given."""
        key = (parameter.path, parameter.function.start, parameter.number, template, compiling)
        self._follow(_Wrapper(parameter, template, compiling, depth), key)

    def macro(self, source: Source, name: str, start: int, number: int, *, compiling: bool) -> None:
        """A macro reads the variable that it is given."""
        following = _Macro(source.path, name, start, number, compiling)
        self._follow(following, following)

    def given(self, source: Source, start: int, end: int) -> bool:
        """Some function is given an expression that reads what it is called with."""
        reader = self._calls.called_with(self._sources.files[source.path], start, end)
        if reader is not None:
            self._lookup(_Reader(*reader))
        return reader is not None

    def is_own_method(self, name: str) -> bool:
        """Whether the workspace defines a function called `name`."""
        return bool(self._declared.functions(name))

    def _lookup(self, reader: _Reader) -> None:
        definition = reader.definition
        self._follow(reader, (definition.file.path, definition.function.start, reader.number))

    # Where it leads

    def _through_function(self, wrapper: _Wrapper) -> None:
        function = wrapper.parameter.function
        wanted = Definition(self._sources.files[wrapper.parameter.path], function)
        confirmed = self._confirmed & {function.name, f"{function.owner}::{function.name}"}
        for mention in self._calls.mentions(function.name):
            match = self._calls.match(mention, wanted)
            if match is Match.UNKNOWN and not confirmed:
                owner = f"{function.owner}::" if function.owner else ""
                self._ambiguous.add(f"{owner}{function.name}")
            elif match is not Match.NO:
                self._through(
                    mention,
                    number=wrapper.parameter.number,
                    each=wrapper.parameter.each,
                    template=wrapper.template,
                    compiling=wrapper.compiling,
                    depth=wrapper.depth + 1,
                    parameters=function.parameters,
                )

    def _through_macro(self, macro: _Macro) -> None:
        for file in self._sources.containing(macro.name.encode()):
            items = file.source.tokens
            for index in range(len(items) - 2):
                if items[index].text != macro.name or items[index + 1].kind != "!":
                    continue
                if items[index + 2].pair > index:
                    self._through(
                        Mention(file, index, index + 2),
                        number=macro.number,
                        compiling=macro.compiling,
                    )

    def _through(
        self,
        mention: Mention,
        *,
        number: int,
        compiling: bool,
        each: bool = False,
        template: Template = (None,),
        depth: int = 1,
        parameters: tuple[str, ...] = (),
    ) -> None:
        """Take note of what a call of a function or macro reads."""
        reading = self._reading(mention.file)
        source, items = reading.source, reading.source.tokens
        default = None
        if mention.opening < 0:
            token = items[mention.at]
            receiver = reading.elements_of_receiver(token.start, token.end)
            if receiver is None:
                return
            values = receiver
        else:
            arguments = split_arguments(items, mention.opening + 1, items[mention.opening].pair)
            if number >= len(arguments):
                return
            evaluate = self._values.elements if each else self._values.evaluate
            values = evaluate(source, *arguments[number])
            for other, name in enumerate(parameters[: len(arguments)]):
                if name in _DEFAULT_NAMES:
                    default = reading.literal(*arguments[other])
            if default is None:
                default = reading.default(items[mention.opening].pair + 1)
        names = [
            joined(
                [
                    inner
                    for part in template
                    for inner in ((part,) if isinstance(part, str) else value)
                ]
            )
            for value in values
        ]
        reading.names(mention.at, names, compiling=compiling, default=default, depth=depth)

    def _through_lookup(self, reader: _Reader) -> None:
        """A function calls its parameter with the names of variables."""
        file, function = reader.definition
        if function.body is None or reader.number >= len(function.parameters):
            return
        name = function.parameters[reader.number]
        reading, items = self._reading(file), file.source.tokens
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
                    default = reading.default(after.pair + 1)
                    reading.names(index, values, default=default)
            elif after.kind in {",", ")"} and not self.given(file.source, token.start, token.end):
                elements = reading.elements_of_receiver(token.start, token.end)
                if elements is not None:
                    reading.names(index, elements)
