"""Find the ``from_env`` functions of a workspace, and who calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from gaterun_gates.rust.calls import Calls, Match, Mention
from gaterun_gates.rust.declared import Definition, Workspace
from gaterun_gates.rust.items import Constant, Function

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustFile, RustSources

_NAME = re.compile(r"(try_)?from_env(_\w+)?")
_DEPTH = 8
_SETS_VARIABLES = frozenset(
    {
        "set_var",
        "remove_var",
        "with_var",
        "with_vars",
        "set_env",
        "env",
        "temp_env",
        "with_var_unset",
    }
)


class State(StrEnum):
    """What is known about tests of a function."""

    TESTED = "tested"
    UNTESTED = "untested"
    UNDECIDED = "undecided"


class FromEnv(msgspec.Struct, frozen=True, kw_only=True):
    """A ``from_env`` function of shipped code.

    Attributes:
        owner: its type; empty for a free function.
        why: what decided, or what hides the answer.
        direct: a test names it, not only something that calls it.
        sets_variables: a test that reaches it sets or removes a variable.
        called: shipped code calls it; ``None`` when that is not known.
        body: byte offset just inside its body; -1 where there is none to be seen.
        is_const: ``const fn``.
    """

    path: str
    line: int
    package: str
    owner: str
    name: str
    state: State
    why: str = ""
    direct: bool = False
    sets_variables: bool = False
    called: bool | None = None
    body: int = -1
    is_const: bool = False

    @property
    def title(self) -> str:
        """``Type::from_env``."""
        return f"{self.owner}::{self.name}" if self.owner else self.name


class _Evidence:
    """What the search for callers of one function came upon."""

    def __init__(self) -> None:
        self.direct = False
        self.tested = False
        self.sets_variables = False
        self.only_ignored = False
        self.doubts: list[str] = []
        self.called = False
        self.maybe_called = False


class _Search:
    def __init__(self, sources: RustSources) -> None:
        self._sources = sources
        self._calls = Calls(sources, Workspace(sources))
        self._setters: set[tuple[str, str]] | None = None
        self._documented: dict[str, bool] = {}

    def in_documentation(self, title: str) -> bool:
        """Whether a comment that is documentation has `title` in it."""
        if title not in self._documented:
            self._documented[title] = _in_documentation(self._sources, title)
        return self._documented[title]

    def of(self, target: Definition) -> _Evidence:
        evidence = _Evidence()
        pending: list[tuple[Definition, int]] = [(target, 0)]
        seen = {(target.file.path, target.function.start)}
        while pending:
            wanted, depth = pending.pop(0)
            for mention in self._calls.candidates(wanted):
                match = self._calls.match(mention, wanted)
                if match is Match.NO:
                    continue
                for caller in self._weigh(evidence, mention, match, wanted, depth):
                    key = (caller.file.path, caller.function.start)
                    if key not in seen and depth < _DEPTH:
                        seen.add(key)
                        pending.append((caller, depth + 1))
            if evidence.tested:
                break
        return evidence

    def _weigh(
        self, evidence: _Evidence, mention: Mention, match: Match, wanted: Definition, depth: int
    ) -> Iterator[Definition]:
        """Take note of a mention; give the shipped functions through which to go on."""
        file = mention.file
        token = file.source.tokens[mention.at]
        place = f"{file.path}:{token.line}"
        if file.is_test_at(token.start):
            if file.source.is_ignored_at(token.start):
                evidence.only_ignored = True
            elif match is Match.UNKNOWN:
                evidence.doubts.append(f"{place} may mean it")
            else:
                evidence.tested = True
                evidence.direct |= depth == 0
                evidence.sets_variables |= self._sets_variables(file, token.start)
            return
        own = wanted.function
        inside = file.path == wanted.file.path and own.start <= token.start < own.end
        if inside:
            return
        if depth == 0:
            evidence.called |= match is Match.YES
            evidence.maybe_called |= match is Match.UNKNOWN
        if match is Match.UNKNOWN:
            return
        caller = file.source.items.function_at(token.start)
        if caller is not None:
            if caller.name == "main" and not caller.owner and self._run_as_program(file):
                evidence.doubts.append("tests run the program")
            if caller.name != "main" or caller.owner:
                yield Definition(file, caller)
            return
        for constant in file.source.items.constants:
            if constant.start <= token.start < constant.end:
                yield from self._through_static(evidence, constant)
                return
        evidence.doubts.append(f"{place} is in a macro or an attribute")

    def _through_static(self, evidence: _Evidence, constant: Constant) -> Iterator[Definition]:
        for file in self._sources.containing(constant.name.encode()):
            for token in file.source.tokens:
                if token.name != constant.name or not token.is_name:
                    continue
                if file.is_test_at(token.start):
                    evidence.tested |= not file.source.is_ignored_at(token.start)
                    continue
                caller = file.source.items.function_at(token.start)
                if caller is not None:
                    yield Definition(file, caller)

    def _sets_variables(self, file: RustFile, position: int) -> bool:
        """Whether the test around `position` sets a variable, itself or by a helper."""
        around = file.source.items.function_at(position)
        if around is None:
            return False
        if _sets_variables(file, around):
            return True
        if self._setters is None:
            self._setters = {
                (function.owner, function.name)
                for other in self._sources.containing(b"set_var", b"with_var", b"set_env")
                for function in other.source.items.functions
                if other.is_test_at(function.start) and _sets_variables(other, function)
            }
        first, last = file.source.slice(around.start, around.end)
        tokens = file.source.tokens
        return any(
            tokens[i + 1].kind == "("
            and (
                ("", tokens[i].text) in self._setters
                or (tokens[i - 2].text, tokens[i].text) in self._setters
            )
            for i in range(first + 2, last - 1)
        )

    def _run_as_program(self, file: RustFile) -> bool:
        packages = set(file.packages)
        return any(
            other.test and packages & set(other.packages)
            for other in self._sources.containing(b"CARGO_BIN_EXE_", b"cargo_bin")
        )


def _sets_variables(file: RustFile, function: Function) -> bool:
    first, last = file.source.slice(function.start, function.end)
    tokens = file.source.tokens
    return any(
        tokens[i].text in _SETS_VARIABLES and tokens[i + 1].kind in {"(", "::"}
        for i in range(first, last - 1)
    )


def _in_documentation(sources: RustSources, title: str) -> bool:
    for file in sources.containing(title.encode()):
        for line in file.source.data.splitlines():
            if line.lstrip().startswith((b"///", b"//!")) and title.encode() in line:
                return True
    return False


def find(sources: RustSources) -> list[FromEnv]:
    """Every ``from_env`` function that ships, with what its callers say about tests."""
    search = _Search(sources)
    found: list[FromEnv] = []
    for file in sources.containing(b"from_env"):
        if not file.production:
            continue
        for function in file.source.items.functions:
            ships = function.visible is None and file.is_production_at(function.start)
            if ships and function.body is not None and _NAME.fullmatch(function.name):
                target = Definition(file, function)
                found.append(_described(search, target, search.of(target)))
        found += _made_by_macros(file)
    return sorted(found, key=lambda target: (target.path, target.line))


def _described(search: _Search, target: Definition, evidence: _Evidence) -> FromEnv:
    file, function = target
    title = f"{function.owner}::{function.name}" if function.owner else function.name
    state, why = State.UNTESTED, "no test that is run calls it"
    if evidence.tested:
        state, why = State.TESTED, "" if evidence.direct else "through functions that call it"
    elif evidence.doubts:
        state, why = State.UNDECIDED, evidence.doubts[0]
    elif search.in_documentation(title):
        state, why = State.UNDECIDED, "only an example in the documentation calls it"
    elif evidence.only_ignored:
        why = "only ignored tests call it"
    called: bool | None = evidence.called
    if not evidence.called and evidence.maybe_called:
        called = None
    return FromEnv(
        path=file.path,
        line=function.line,
        package=", ".join(file.packages),
        owner=function.owner,
        name=function.name,
        state=state,
        why=why,
        direct=evidence.direct,
        sets_variables=evidence.sets_variables,
        called=called,
        body=function.body[0] if function.body is not None else -1,
        is_const=function.is_const,
    )


def _made_by_macros(file: RustFile) -> Iterator[FromEnv]:
    tokens = file.source.tokens
    for index in range(1, len(tokens)):
        token = tokens[index]
        made = token.in_macro and tokens[index - 1].kind == "fn" and _NAME.fullmatch(token.name)
        if made and file.is_production_at(token.start):
            yield FromEnv(
                path=file.path,
                line=token.line,
                package=", ".join(file.packages),
                owner="",
                name=token.name,
                state=State.UNDECIDED,
                why="a macro makes it",
            )
