"""Tell which bytes of a Rust file are compiled for tests only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from gaterun_gates.rust.parser import captures
from gaterun_gates.rust.tokens import Token, split_arguments, tokens

if TYPE_CHECKING:
    from tree_sitter import Node

_QUERY = """
[(attribute_item) @outer
 (inner_attribute_item) @inner
 (macro_invocation) @macro
 (macro_definition) @macro]
"""
_SKIPPED = frozenset({"attribute_item", "line_comment", "block_comment"})
#: Nodes that hold their own attributes; everywhere else these stand before what they are for.
_OWNERS = frozenset({"match_arm", "field_initializer", "shorthand_field_initializer"})
#: Last path segments of attributes that make a function a test: the compiler's own, and
#: those of test frameworks that are published as crates.
TEST_ATTRIBUTES = frozenset(
    {
        "test",
        "bench",
        "rstest",
        "rstest_parametrize",
        "test_case",
        "quickcheck",
        "wasm_bindgen_test",
        "gtest",
        "proptest",
        "traced_test",
        "test_log",
        "parameterized",
        "fixture",
    }
)


#: A cheap test on the bytes of attributes: without a match none is one that is looked for.
_CANDIDATE = re.compile(rb"test|bench|quickcheck|parameterized|fixture|ignore")


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute as a range of tokens.

    Attributes:
        first, last: indices of the first token inside the brackets and of the ``]``.
        inner: ``#![…]``.
    """

    first: int
    last: int
    inner: bool


def attributes(items: Sequence[Token]) -> Iterator[Attribute]:
    """Every attribute in `items`, those inside macros too."""
    for index, token in enumerate(items):
        if token.kind != "#" or index + 1 >= len(items):
            continue
        inner = items[index + 1].kind == "!"
        bracket = index + 1 + inner
        if bracket < len(items) and items[bracket].kind == "[" and items[bracket].pair > bracket:
            yield Attribute(first=bracket + 1, last=items[bracket].pair, inner=inner)


def path_at(items: Sequence[Token], index: int, end: int) -> tuple[list[str], int]:
    """The path that starts at `index` and the index after it."""
    path: list[str] = []
    while index < end and items[index].is_name:
        path.append(items[index].name)
        index += 1
        if index + 1 < end and items[index].kind == "::" and items[index + 1].is_name:
            index += 1
        else:
            break
    return path, index


def cfg_without_test(items: Sequence[Token], first: int, last: int) -> bool | None:
    """Whether a ``cfg`` predicate can hold in a build without tests.

    Returns:
        ``False`` when it never holds, ``True`` when it always does as far as ``test`` is
        concerned, ``None`` when other settings decide.
    """
    if first >= last:
        return None
    name = items[first].name
    if last - first == 1:
        return False if name == "test" else None
    if items[first + 1].kind != "(" or items[first + 1].pair < 0:
        return None
    parts = [
        cfg_without_test(items, begin, end)
        for begin, end in split_arguments(items, first + 2, items[first + 1].pair)
    ]
    if name == "not" and len(parts) == 1:
        return None if parts[0] is None else not parts[0]
    if name == "all":
        if False in parts:
            return False
        return None if None in parts else True
    if name == "any":
        if True in parts:
            return True
        return None if None in parts else False
    return None


def is_test_attribute(items: Sequence[Token], attribute: Attribute) -> bool:
    """Whether what follows `attribute` exists in test builds only."""
    path, index = path_at(items, attribute.first, attribute.last)
    if not path:
        return False
    if path == ["cfg"] and index < attribute.last and items[index].kind == "(":
        return cfg_without_test(items, index + 1, items[index].pair) is False
    return path[-1] in TEST_ATTRIBUTES or path[0] in {"test_log", "tokio_test"}


def is_ignore_attribute(items: Sequence[Token], attribute: Attribute) -> bool:
    """Whether `attribute` is ``#[ignore]``, conditional or not."""
    path, _ = path_at(items, attribute.first, attribute.last)
    if path == ["cfg_attr"]:
        return any(
            items[index].text == "ignore" and items[index - 1].kind == ","
            for index in range(attribute.first + 1, attribute.last)
        )
    return path == ["ignore"]


def _item_of(node: Node) -> tuple[int, int] | None:
    """What an outer attribute is for: from its first attribute to the comma behind it."""
    first: Node | None = node
    start = node.start_byte
    while first is not None and first.type in _SKIPPED:
        if first.type == "attribute_item":
            start = first.start_byte
        first = first.prev_sibling
    item: Node | None = node
    if node.parent is not None and node.parent.type in _OWNERS:
        item = node.parent
    while item is not None and item.type in _SKIPPED:
        item = item.next_sibling
    if item is None:
        return None
    comma = item.next_sibling
    return start, (comma if comma is not None and comma.type == "," else item).end_byte


def _range_in_macro(items: Sequence[Token], attribute: Attribute) -> tuple[int, int]:
    """From the attribute to the end of the braces, or to the semicolon, that follow it."""
    index = attribute.last + 1
    while index < len(items):
        token = items[index]
        if token.pair > index:
            if token.kind == "{":
                return items[attribute.first].start, items[token.pair].end
            index = token.pair
        elif token.kind == ";" or (token.pair >= 0 and token.pair < index):
            break
        index += 1
    end = items[min(index, len(items) - 1)].end
    return items[attribute.first].start, end


class CodeForTests(msgspec.Struct, frozen=True, kw_only=True):
    """Byte ranges of a file, in order and apart: what only tests compile, and ignored tests."""

    test: tuple[tuple[int, int], ...] = ()
    ignored: tuple[tuple[int, int], ...] = ()


def _outermost(nodes: Sequence[Node]) -> Iterator[Node]:
    end = 0
    for node in sorted(nodes, key=lambda node: node.start_byte):
        if node.start_byte >= end:
            end = node.end_byte
            yield node


def code_for_tests(root: Node, data: bytes) -> CodeForTests:
    """Find the test-only and the ignored byte ranges of a file.

    Args:
        root: the file's tree.
        data: the file.
    """
    found = captures(root, _QUERY)
    outer, inner = found.get("outer", ()), found.get("inner", ())
    by_first_byte: dict[int, tuple[int, int]] = {}
    for node in outer:
        item = _item_of(node)
        if item is not None:
            by_first_byte[node.start_byte] = item
    for node in inner:
        if node.parent is not None:
            by_first_byte[node.start_byte] = (node.parent.start_byte, node.parent.end_byte)
    nodes = [*outer, *inner]
    nodes += [
        m for m in _outermost(found.get("macro", ())) if b"#" in data[m.start_byte : m.end_byte]
    ]
    if root.has_error:  # broken syntax has attributes without a node of their own
        nodes = [root]
    test: list[tuple[int, int]] = []
    ignored: list[tuple[int, int]] = []
    for node in nodes:
        if not _CANDIDATE.search(data, node.start_byte, node.end_byte):
            continue
        items = tokens(node, data)
        for attribute in attributes(items):
            for wanted, ranges in ((is_test_attribute, test), (is_ignore_attribute, ignored)):
                if wanted(items, attribute):
                    hash_token = items[attribute.first - 2 - attribute.inner]
                    ranges.append(
                        by_first_byte.get(hash_token.start) or _range_in_macro(items, attribute)
                    )
    return CodeForTests(test=_merged(test), ignored=_merged(ignored))


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """`ranges` in order, those that touch put together."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)
