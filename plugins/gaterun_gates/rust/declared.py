"""Find functions, constants and structs by name: in a workspace, or in one file alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustFile, RustSources
    from gaterun_gates.rust.items import Constant, Function, Struct
    from gaterun_gates.rust.source import Source

#: What may stand between two words.
_GAP = r"(?:\s|//[^\n]*\n|/\*.*?\*/)+"


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

    def functions(self, name: str) -> list[Definition]:
        """Every function called `name`, closures left out."""
        if name not in self._functions:
            self._functions[name] = [
                Definition(file, function)
                for file in self._declaring(name, "fn")
                for function in file.source.items.functions
                if function.name == name and function.visible is None
            ]
        return self._functions[name]

    def constants(self, name: str) -> list[tuple[Source, Constant]]:
        """Every ``const`` and ``static`` called `name`."""
        if name not in self._constants:
            self._constants[name] = [
                (file.source, constant)
                for file in self._declaring(name, "const", "static", "mut")
                for constant in file.source.items.constants
                if constant.name == name
            ]
        return self._constants[name]

    def structs(self, name: str) -> list[tuple[Source, Struct]]:
        """Every struct called `name`."""
        return [
            (file.source, struct)
            for file in self._declaring(name, "struct")
            for struct in file.source.items.structs
            if struct.name == name
        ]

    def _declaring(self, name: str, *keywords: str) -> Iterator[RustFile]:
        patterns = [_declaration(keyword, name) for keyword in keywords]
        for file in self._sources.containing(name.encode()):
            data = file.source.data
            if _may_declare(data, name.encode(), keywords) and any(
                pattern.search(data) for pattern in patterns
            ):
                yield file


def _may_declare(data: bytes, name: bytes, keywords: Sequence[str]) -> bool:
    """Whether a keyword, or a gap of which more is to be seen, stands before `name` somewhere."""
    ends = (b"\n", b"*/", *(keyword.encode() for keyword in keywords))
    at = data.find(name)
    while at >= 0:
        before = data[max(at - 40, 0) : at].removesuffix(b"r#").rstrip(b" \t\r\f\v")
        if before.endswith(ends) or not before:
            return True
        at = data.find(name, at + 1)
    return False


@lru_cache(maxsize=1024)
def _declaration(keyword: str, name: str) -> re.Pattern[bytes]:
    # It begins with letters, not with the edge of a word, as that is found ten times as fast.
    text = rf"{keyword}{_GAP}(?:r#)?{re.escape(name)}\b"
    return re.compile(text.encode(), re.DOTALL)


def naming(files: Iterable[RustFile], name: str) -> Iterator[RustFile]:
    """Those of `files` whose bytes call something `name`, or pass it on as a value."""
    text = rf"{re.escape(name)}(?<!\w{re.escape(name)})(?:{_GAP})?(?:[(),;}}!]|::)"
    pattern = re.compile(text.encode(), re.DOTALL)
    for file in files:
        if pattern.search(file.source.data):
            yield file
