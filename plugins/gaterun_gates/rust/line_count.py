"""Count the lines and tokens of code in a Rust file, production and test code apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gaterun_gates.rust.source import Source
from gaterun_gates.rust.tokens import leaves

_MARK = b"@generated"
_HEAD = 2048


class Count(NamedTuple):
    """What a file holds.

    Attributes:
        code, tokens: lines with at least one token outside comments, and such tokens, of
            production code. Every line of a string literal counts.
        test_code, test_tokens: the same for items that only tests compile.
        generated: the file says of itself that a program wrote it.
        has_errors: some of it could not be parsed; it is counted all the same.
    """

    code: int
    tokens: int
    test_code: int
    test_tokens: int
    generated: bool
    has_errors: bool


def is_generated(data: bytes) -> bool:
    """Whether a comment at the top of a file says ``@generated``."""
    head = data[:_HEAD]
    if _MARK not in head:
        return False
    return any(
        _MARK in line and line.lstrip().startswith((b"//", b"/*", b"*"))
        for line in head.splitlines()
    )


def count(source: Source) -> Count:
    """Count the code of a file. The split is by syntax; the file as a whole may be a test."""
    data = source.data
    lines: set[int] = set()
    test_lines: set[int] = set()
    tokens = test_tokens = 0
    line = position = 0
    line_end = -1
    for_tests = iter((*source.code_for_tests.test, (len(data), len(data))))
    test_start, test_end = next(for_tests)
    last_line = last_test_line = -1
    for _, start, end, _ in leaves(source.tree.root_node):
        if start > line_end:
            line += data.count(b"\n", position, start)
            position = start
            line_end = data.find(b"\n", start)
            line_end = len(data) if line_end < 0 else line_end
        while start >= test_end:
            test_start, test_end = next(for_tests)
        if start >= test_start:
            test_tokens += 1
            if line != last_test_line:
                test_lines.add(line)
                last_test_line = line
        else:
            tokens += 1
            if line != last_line:
                lines.add(line)
                last_line = line
        if end > line_end:
            more = range(line, line + data.count(b"\n", start, end) + 1)
            (test_lines if start >= test_start else lines).update(more)
    return Count(
        code=len(lines),
        tokens=tokens,
        test_code=len(test_lines - lines),
        test_tokens=test_tokens,
        generated=is_generated(data),
        has_errors=source.has_errors,
    )


def code_lines(source: Source) -> Iterator[tuple[str, bool, int]]:
    """The lines that hold code, without white space, with "is for tests" and their weight.

    Lines too short to recognise elsewhere (a brace, ``else {``) have no entry of their own:
    they weigh in with the line before them.
    """
    text: dict[int, list[str]] = {}
    test: dict[int, bool] = {}
    for token in source.tokens:
        text.setdefault(token.line, []).append(token.text)
        test.setdefault(token.line, source.is_test_at(token.start))
    last: tuple[str, bool] | None = None
    weight = 0
    for line, parts in text.items():
        plain = recognisable("".join(parts))
        if plain:
            if last is not None:
                yield *last, weight
            last, weight = (plain, test[line]), 1
        elif last is not None and last[1] == test[line]:
            weight += 1
    if last is not None:
        yield *last, weight


def recognisable(line: str) -> str:
    """`line` without white space; empty when it is too short to recognise elsewhere."""
    plain = "".join(line.split())
    return plain if len(plain) >= 8 and any(c.isalnum() for c in plain) else ""
