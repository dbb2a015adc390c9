"""Count what tests assert, by their text: assertions, tests without any, ``#[should_panic]``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gaterun_gates.rust.blob_cache import BlobCache
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.test_code import TEST_ATTRIBUTES, attributes, path_at
from gaterun_gates.rust.tokens import Token, split_arguments

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustSources

#: Macros that end a test when something does not hold: std's, proptest's, insta's, googletest's.
_ASSERTION = re.compile(r"(?:\w+_)?(?:assert|panic|expect|verify)(?:_\w+)?|unreachable")
#: Methods that panic on what is not there, and those of assertion libraries.
_CHECKING = re.compile(r"unwrap(?:_err|_none)?|expect(?:_\w+)?|assert(?:_\w+)?|should(?:_\w+)?")
_MODIFIERS = frozenset({"pub", "async", "unsafe", "const", "extern", "visibility_modifier"})
#: What no file without a match can have.
_CANDIDATE = re.compile(rb"\b(?:assert|panic|unwrap|expect|verify|unreachable)|\?|#\s*\[")


class CheckedFunction(NamedTuple):
    """A function with a body, or a macro.

    Attributes:
        test: an attribute makes it a test.
        should_panic: it is a test that passes when it panics.
        checks: something in its own text can fail: an assertion, ``unwrap`` and the like, ``?``.
        calls: names of the functions, methods and macros that it calls.
    """

    name: str
    line: int
    test: bool
    should_panic: bool
    checks: bool
    calls: list[str]


class FileAssertions(NamedTuple):
    """What a file asserts.

    Attributes:
        everywhere, in_tests: macros that assert, in all of it and in what only tests compile.
    """

    functions: list[CheckedFunction]
    everywhere: int
    in_tests: int


class UncheckedTest(NamedTuple):
    """A test in whose text nothing can fail."""

    path: str
    line: int
    name: str


class Assertions(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests of a workspace assert.

    Attributes:
        count: macros that assert, in test code.
        should_panic: tests that pass when they panic.
        without: tests in whose text, and in the text of what they call, nothing can fail.
    """

    count: int
    should_panic: int
    without: tuple[UncheckedTest, ...]


def find_assertions(sources: RustSources, state: Path | None = None) -> Assertions:
    """What the tests in compiled files assert.

    A function that a test calls is looked up by its name alone: of several of one name, one that
    checks something is enough.

    Args:
        sources: the compiled files.
        state: the folder that keeps findings from run to run.
    """
    path = state / "assertions.json" if state is not None else None
    cache = BlobCache(path, FileAssertions, in_file)
    found = {name: cache(file.source) for name, file in sources.files.items()}
    cache.save()
    functions = [function for each in found.values() for function in each.functions]
    checking = _checking(functions)
    count = 0
    without: list[UncheckedTest] = []
    should_panic = 0
    for name, each in found.items():
        file = sources.files[name]
        count += each.in_tests if file.production or file.build else each.everywhere
        for function in each.functions:
            if not function.test:
                continue
            should_panic += function.should_panic
            if not (function.should_panic or _checks(function, checking)):
                without.append(UncheckedTest(name, function.line, function.name))
    return Assertions(count=count, should_panic=should_panic, without=tuple(without))


def _checks(function: CheckedFunction, checking: set[str]) -> bool:
    return function.checks or not checking.isdisjoint(function.calls)


def _checking(functions: Iterable[CheckedFunction]) -> set[str]:
    """Names of the functions that check something, or call one that does."""
    helpers = [function for function in functions if not function.test]
    checking: set[str] = set()
    while True:
        more = {each.name for each in helpers if _checks(each, checking)} - checking
        if not more:
            return checking
        checking |= more


def in_file(source: Source) -> FileAssertions:
    """What a file that is looked at by itself asserts."""
    if not _CANDIDATE.search(source.data):
        return FileAssertions([], 0, 0)
    items = source.tokens
    macros = [
        token.start
        for token, after in itertools.pairwise(items)
        if after.kind == "!" and token.is_name and _ASSERTION.fullmatch(token.name)
    ]
    return FileAssertions(
        functions=list(_functions(items)),
        everywhere=len(macros),
        in_tests=sum(source.is_test_at(start) for start in macros),
    )


def _functions(items: Sequence[Token]) -> Iterator[CheckedFunction]:
    marks = _marks(items)
    # `#[zeroize(skip)]` is no call of `zeroize`.
    attributed = {at for each in attributes(items) for at in range(each.first, each.last)}
    for index, token in enumerate(items):
        macro = token.text.startswith("macro_rules")  # one token with its `!`, unless in a macro
        named = index + 1 + (token.text == "macro_rules")
        if not (macro or token.text == "fn") or named >= len(items) or not items[named].is_name:
            continue
        body = _body(items, index, macro=macro)
        if body is None:
            continue
        own = marks.get(index, frozenset())
        inside = [at for at in range(*body) if at not in attributed]
        yield CheckedFunction(
            name=items[named].name,
            line=token.line,
            test=bool(own & TEST_ATTRIBUTES),
            should_panic="should_panic" in own,
            checks=any(_is_check(items, at) for at in inside),
            calls=sorted({items[at].name for at in inside if _is_call(items, at)}),
        )


def _marks(items: Sequence[Token]) -> dict[int, frozenset[str]]:
    """The last parts of the attributes' paths before each ``fn``, by the index of that token."""
    found: dict[int, set[str]] = {}
    pending: set[str] = set()
    expected = -1
    for attribute in attributes(items):
        if attribute.inner:
            continue
        if attribute.first - 2 != expected:
            pending = set()
        path, index = path_at(items, attribute.first, attribute.last)
        pending.update(path[-1:])
        if path == ["cfg_attr"] and items[index].pair > index:  # `#[cfg_attr(…, should_panic)]`
            for begin, end in split_arguments(items, index + 1, items[index].pair)[1:]:
                pending.update(path_at(items, begin, end)[0][-1:])
        expected = attribute.last + 1
        at = expected
        while at < len(items) and _is_modifier(items, at):
            at = items[at].pair + 1 if items[at].pair > at else at + 1
        if at < len(items) and items[at].text == "fn":
            found[at] = pending
    return {at: frozenset(names) for at, names in found.items()}


def _is_modifier(items: Sequence[Token], at: int) -> bool:
    token = items[at]
    # `pub(crate)` and `extern "C"` have more than their keyword.
    return (
        token.text in _MODIFIERS
        or (token.kind == "(" and items[at - 1].text == "pub")
        or (token.is_string and items[at - 1].text == "extern")
    )


def _body(items: Sequence[Token], index: int, *, macro: bool) -> tuple[int, int] | None:
    """The tokens between the braces of the function or macro that begins at `index`."""
    while index < len(items):
        token = items[index]
        if token.kind == ";":
            return None
        if token.pair > index:
            if token.kind == "{" or macro:
                return index + 1, token.pair
            index = token.pair
        elif token.pair >= 0:
            return None
        index += 1
    return None


def _is_check(items: Sequence[Token], at: int) -> bool:
    token = items[at]
    if token.kind == "?":
        return True
    if not token.is_name or at + 1 >= len(items):
        return False
    if items[at + 1].kind == "!":
        return _ASSERTION.fullmatch(token.name) is not None
    called = items[at - 1].kind == "." and items[at + 1].kind == "("
    return called and _CHECKING.fullmatch(token.name) is not None


def _is_call(items: Sequence[Token], at: int) -> bool:
    after = items[at + 1].kind if at + 1 < len(items) else ""
    turbofish = after == "::" and at + 2 < len(items) and items[at + 2].kind == "<"
    called = after in {"(", "!"} or turbofish
    return items[at].is_name and items[at - 1].text != "fn" and called
