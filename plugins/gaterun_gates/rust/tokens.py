"""Turn a Rust syntax tree into its flat list of tokens, comments left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tree_sitter import Node

#: Node types that count as one token although they have parts.
STRINGS = frozenset({"string_literal", "raw_string_literal"})
_WHOLE = STRINGS | {"char_literal", "lifetime", "line_comment", "block_comment"}
_COMMENTS = frozenset({"line_comment", "block_comment"})
_OPEN = {"(": ")", "[": "]", "{": "}"}
_CLOSE = frozenset(_OPEN.values())
_NAMES = frozenset(
    {
        "identifier",
        "type_identifier",
        "field_identifier",
        "shorthand_field_identifier",
        "primitive_type",
        "metavariable",
        "self",
        "super",
        "crate",
    }
)
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F_]+)\}|x([0-9a-fA-F]{2})|(\r?\n\s*)|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class Token(msgspec.Struct, gc=False):  # there are millions, and none refers to another
    """One token.

    Attributes:
        kind: tree-sitter's node type; punctuation and keywords are their own kind.
        text: as written.
        start, end: byte offsets.
        line: 1-based.
        column: 1-based, in bytes.
        pair: index of the bracket that belongs to this one; -1 for anything else.
        in_macro: it is part of a macro's token tree, where syntax is unknown.
    """

    kind: str
    text: str
    start: int
    end: int
    line: int
    column: int
    pair: int
    in_macro: bool

    @property
    def is_name(self) -> bool:
        """Whether it is an identifier or a path keyword (``self``, ``super``, ``crate``)."""
        return self.kind in _NAMES

    @property
    def name(self) -> str:
        """The identifier without ``r#``."""
        return self.text.removeprefix("r#")

    @property
    def is_string(self) -> bool:
        """Whether it is a string literal, raw or not."""
        return self.kind in STRINGS

    @property
    def string(self) -> str:
        """The value of a string literal, escapes resolved."""
        return string_value(self.text)


def string_value(literal: str) -> str:
    r"""The value of a Rust string literal.

    >>> string_value('"a\\"b"'), string_value('r#"x"y"#')
    ('a"b', 'x"y')
    """
    start = literal.find('"')
    head = literal[:start]
    if "r" in head:
        return literal[start + 1 : len(literal) - 1 - head.count("#")]

    def resolve(match: re.Match[str]) -> str:
        code, byte, continuation, other = match.groups()
        if code or byte:
            number = int((code or byte).replace("_", ""), 16)
            return chr(number) if number < 0x110000 else "\ufffd"
        return "" if continuation else _SIMPLE.get(other, other)

    return _ESCAPE.sub(resolve, literal[start + 1 : -1])


def leaves(root: Node, whole: frozenset[str] = frozenset()) -> Iterator[tuple[str, int, int, bool]]:
    """The leaves below `root` in order, comments left out, strings whole.

    Args:
        root: where to begin.
        whole: types of nodes that are given whole too, as if they were leaves.

    Yields:
        Node type, first byte, byte after the last, and whether it is in a macro's token tree.
    """
    cursor = root.walk()
    in_token_trees = 0
    entered: list[bool] = []
    while True:
        node = cursor.node
        if node is None:
            return
        kind = node.type
        if kind not in _WHOLE and kind not in whole and cursor.goto_first_child():
            is_tree = kind == "token_tree"
            entered.append(is_tree)
            in_token_trees += is_tree
            continue
        if kind not in _COMMENTS:
            start, end = node.start_byte, node.end_byte
            if end > start:
                yield kind, start, end, in_token_trees > 0
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            in_token_trees -= entered.pop()


def tokens(root: Node, data: bytes, whole: frozenset[str] = frozenset()) -> list[Token]:
    """Every token below `root`, brackets paired.

    Args:
        root: a node of the tree of `data`.
        data: the whole file.
        whole: types of nodes that are one token each.
    """
    found: list[Token] = []
    open_brackets: list[int] = []
    row, column = root.start_point
    line, line_start, position = row + 1, root.start_byte - column, root.start_byte
    line_end = position  # the next one that is known to follow, at the least
    for kind, start, end, in_macro in leaves(root, whole):
        # Counted here: to ask each node for its place costs as much as all the rest.
        if start > line_end:
            breaks = data.count(b"\n", position, start)
            if breaks:
                line += breaks
                line_start = data.rfind(b"\n", position, start) + 1
            position = start
            line_end = data.find(b"\n", start)
            if line_end < 0:
                line_end = len(data)
        pair = -1
        if kind in _OPEN:
            open_brackets.append(len(found))
        elif kind in _CLOSE and open_brackets:
            wanted = open_brackets[-1]
            if _OPEN[found[wanted].kind] == kind:
                pair = open_brackets.pop()
                found[pair].pair = len(found)
        text = data[start:end].decode("utf-8", "replace")
        found.append(Token(kind, text, start, end, line, start - line_start + 1, pair, in_macro))
    return found


def split_arguments(items: Sequence[Token], start: int, end: int) -> list[tuple[int, int]]:
    """The ranges between the commas of ``items[start:end]``, brackets and closures kept whole."""
    ranges: list[tuple[int, int]] = []
    begin = index = start
    while index < end:
        token = items[index]
        if token.pair > index:
            index = token.pair
        elif token.kind == "|" and _opens_closure(items, index, begin):
            index = _closure_bar(items, index, end)
        elif token.kind == ",":
            ranges.append((begin, index))
            begin = index + 1
        index += 1
    if begin < end:
        ranges.append((begin, end))
    return ranges


def _opens_closure(items: Sequence[Token], index: int, begin: int) -> bool:
    return index == begin or items[index - 1].kind in {"move", "async", "=", "=>", "(", ","}


def _closure_bar(items: Sequence[Token], index: int, end: int) -> int:
    for other in range(index + 1, end):
        if items[other].kind == "|":
            return other
    return index
