"""Measure how much code a tree of files has, and how much of it went from one to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from gaterun_gates.rust.line_count import Count, code_lines, recognisable
from gaterun_gates.rust.module_tree import walk
from gaterun_gates.rust.outline import Outline
from gaterun_gates.rust.source import Source

#: Folders of other people's code.
FOREIGN = frozenset({"vendor", "third_party", "third-party", "node_modules"})
_TEST_FOLDERS = frozenset({"tests", "benches", "examples"})
_TEST_FILES = frozenset({"tests.rs", "test.rs"})


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much code there is.

    Attributes:
        code, tokens: production code, lines and tokens.
        test_code: lines of test code.
        files: files that were counted.
        left_out: generated and foreign files that were not.
        errors: paths of files that are not wholly Rust to the parser.
    """

    code: int = 0
    tokens: int = 0
    test_code: int = 0
    files: int = 0
    left_out: int = 0
    errors: tuple[str, ...] = ()


class Side(msgspec.Struct, kw_only=True):
    """One of two trees: its files and which of them are for tests.

    Attributes:
        read: gives a file of this tree.
        paths: the Rust files.
        test_files: those that only tests compile.
        compiled: those that some target compiles.
        generated: those that git's attributes say a program wrote.
    """

    read: Callable[[str], Source | None]
    paths: tuple[str, ...]
    test_files: frozenset[str] = frozenset()
    compiled: frozenset[str] = frozenset()
    generated: frozenset[str] = frozenset()


def is_foreign(path: str) -> bool:
    """Whether a file lies in a folder of other people's code."""
    return bool(FOREIGN & set(path.split("/")[:-1]))


def side(
    paths: Collection[str],
    roots: Mapping[str, bool],
    read: Callable[[str], Source | None],
    outlined: Callable[[Source], Outline],
) -> Side:
    """Work out which files of a tree are compiled, and which for tests only.

    Args:
        paths: the tree's Rust files.
        roots: root files of targets, with "is a test, benchmark or example".
        read: gives a file of the tree.
        outlined: gives the outline of a file.
    """
    production: set[str] = set()
    test: set[str] = set()
    for root, for_test in roots.items():
        for file in walk(root, read, test=for_test, outlined=outlined)[0]:
            (test if file.test else production).add(file.path)
    everything = {*paths, *(p for p in production | test if not p.startswith("../"))}
    orphans = everything - production - test
    return Side(
        read=read,
        paths=tuple(sorted(everything)),
        test_files=frozenset(
            test - production | {path for path in orphans if _looks_like_test(path)}
        ),
        compiled=frozenset(production | test),
    )


def _looks_like_test(path: str) -> bool:
    *folders, name = path.split("/")
    return bool(_TEST_FOLDERS & set(folders)) or name in _TEST_FILES


def size(tree: Side, counted: Callable[[str], Count | None]) -> Size:
    """Add up the files of a tree."""
    code = tokens = test_code = files = left_out = 0
    errors: list[str] = []
    for path in tree.paths:
        found = counted(path)
        if found is None:
            continue
        if found.generated or is_foreign(path) or path in tree.generated:
            left_out += 1
            continue
        files += 1
        if found.has_errors:
            errors.append(path)
        if path in tree.test_files:
            test_code += found.code + found.test_code
        else:
            code += found.code
            tokens += found.tokens
            test_code += found.test_code
    return Size(
        code=code,
        tokens=tokens,
        test_code=test_code,
        files=files,
        left_out=left_out,
        errors=tuple(errors),
    )


def normalized_removed(base: Size, head: Size) -> int:
    """Removed production code in lines of the base's own width.

    Tokens do not change when code is laid out anew, so wider lines remove nothing.
    """
    if not base.tokens:
        return base.code - head.code
    return round((base.tokens - head.tokens) * base.code / base.tokens)


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """Code that left production code and is still in the tree.

    Attributes:
        lines: how many lines of code.
        places: where it went, with lines found there, most first.
    """

    lines: int
    places: tuple[tuple[str, int], ...] = ()


def moves(
    base: Side,
    head: Side,
    changed: Iterable[str],
    others: Iterable[tuple[str, str, str]],
    generated: Callable[[Source], bool],
) -> Moves:
    """Find lines that were production code and now are somewhere else in the tree.

    Args:
        base, head: the two trees.
        changed: Rust files that differ.
        others: changed files that are not Rust: path, text before, text now.
        generated: whether a file is left out because a program wrote it.
    """
    before: Counter[str] = Counter()
    weights: Counter[str] = Counter()
    after: Counter[str] = Counter()
    elsewhere: dict[str, Counter[str]] = {}
    for path in changed:
        for tree, kept in ((base, before), (head, after)):
            source = tree.read(path)
            if source is None:
                continue
            aside = path in tree.test_files or path in tree.generated
            aside = aside or is_foreign(path) or generated(source)
            for line, for_test, weight in code_lines(source):
                if aside or for_test:
                    elsewhere.setdefault(path, Counter())[line] += 1 if tree is head else -1
                    continue
                kept[line] += 1
                if tree is base:
                    weights[line] += weight
    for path, old, new in others:
        place = elsewhere.setdefault(path, Counter())
        for text, sign in ((old, -1), (new, 1)):
            for line in text.splitlines():
                plain = recognisable(line)
                if plain:
                    place[plain] += sign
    gone = before - after
    places: list[tuple[str, int]] = []
    left = gone.copy()
    total = 0.0
    for path, lines in sorted(elsewhere.items()):
        found = left & +lines
        if found:
            places.append((path, found.total()))
            total += sum(times * weights[line] / before[line] for line, times in found.items())
            left -= found
    return Moves(
        lines=round(total),
        places=tuple(sorted(places, key=lambda place: (-place[1], place[0]))),
    )
