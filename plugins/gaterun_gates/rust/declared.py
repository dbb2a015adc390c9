"""Find functions, constants and structs by name: in a workspace, or in one file alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustFile, RustSources
    from gaterun_gates.rust.items import Constant, Function, Struct
    from gaterun_gates.rust.source import Source

#: What may stand between two words.
_GAP = r"(?:\s|//[^\n]*\n|/\*.*?\*/)+"
_NAME = r"(?:r#)?([\w\x80-\xff]+)"
#: What declares something, each to be looked for by its first letters: without the edge of a word
#: before them, as that is found ten times as fast. The rest is only looked at, as it may be another.
_FUNCTION = (re.compile(rf"fn(?={_GAP}{_NAME})".encode(), re.DOTALL),)
_CONSTANT = (
    re.compile(rf"const(?={_GAP}{_NAME})".encode(), re.DOTALL),
    re.compile(rf"static(?={_GAP}(?:mut{_GAP})?{_NAME})".encode(), re.DOTALL),
)
_STRUCT = (re.compile(rf"struct(?={_GAP}{_NAME})".encode(), re.DOTALL),)


class Definition(NamedTuple):
    """A function and the file that defines it."""

    file: RustFile
    function: Function


class NotHereError(Exception):
    """One file alone does not tell."""


class Declared(Protocol):
    """What a name outside of a file can mean."""

    def functions(self, name: str) -> list[Definition]:
        """Every function called `name`, closures left out."""
        ...

    def constants(self, name: str) -> list[tuple[Source, Constant]]:
        """Every ``const`` and ``static`` called `name`."""
        ...

    def structs(self, name: str) -> list[tuple[Source, Struct]]:
        """Every struct called `name`."""
        ...


class OneFile:
    """What is known of other files when a file is looked at by itself: nothing."""

    def functions(self, name: str) -> NoReturn:
        """There may be others of that name."""
        raise NotHereError(name)

    def constants(self, name: str) -> NoReturn:
        """It may be in another file."""
        raise NotHereError(name)

    def structs(self, name: str) -> NoReturn:
        """It may be in another file."""
        raise NotHereError(name)


class Workspace:
    """The compiled files of a workspace, parsed where the bytes say that a name is declared."""

    def __init__(self, sources: RustSources) -> None:
        self._sources = sources
        self._functions: dict[str, list[Definition]] = {}
        self._constants: dict[str, list[tuple[Source, Constant]]] = {}
        self._by_name: dict[tuple[re.Pattern[bytes], ...], defaultdict[bytes, list[RustFile]]] = {}

    def functions(self, name: str) -> list[Definition]:
        """Every function called `name`, closures left out."""
        if name not in self._functions:
            self._functions[name] = [
                Definition(file, function)
                for file in self._declaring(name, _FUNCTION)
                for function in file.source.items.functions
                if function.name == name and function.visible is None
            ]
        return self._functions[name]

    def constants(self, name: str) -> list[tuple[Source, Constant]]:
        """Every ``const`` and ``static`` called `name`."""
        if name not in self._constants:
            self._constants[name] = [
                (file.source, constant)
                for file in self._declaring(name, _CONSTANT)
                for constant in file.source.items.constants
                if constant.name == name
            ]
        return self._constants[name]

    def structs(self, name: str) -> list[tuple[Source, Struct]]:
        """Every struct called `name`."""
        return [
            (file.source, struct)
            for file in self._declaring(name, _STRUCT)
            for struct in file.source.items.structs
            if struct.name == name
        ]

    def _declaring(self, name: str, patterns: tuple[re.Pattern[bytes], ...]) -> list[RustFile]:
        """The files whose bytes may declare `name`."""
        # One look at all files for all names: a workspace asks for a dozen of them, and more.
        if patterns not in self._by_name:
            by_name = self._by_name[patterns] = defaultdict(list)
            for file in self._sources.files.values():
                data = file.source.data
                for found in {found for each in patterns for found in each.findall(data)}:
                    by_name[found].append(file)
        return self._by_name[patterns].get(name.encode(), [])


def naming(files: Iterable[RustFile], name: str) -> Iterator[RustFile]:
    """Those of `files` whose bytes call something `name`, or pass it on as a value."""
    text = rf"{re.escape(name)}(?<!\w{re.escape(name)})(?:{_GAP})?(?:[(),;}}!]|::)"
    pattern = re.compile(text.encode(), re.DOTALL)
    for file in files:
        if pattern.search(file.source.data):
            yield file
