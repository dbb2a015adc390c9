"""Parse Rust source bytes with tree-sitter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query, Range, Tree


@lru_cache(maxsize=1)
def _language() -> Language:
    import tree_sitter
    import tree_sitter_rust

    return tree_sitter.Language(tree_sitter_rust.language())


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter

    return tree_sitter.Parser(_language())


@lru_cache(maxsize=16)
def _query(source: str) -> Query:
    import tree_sitter

    return tree_sitter.Query(_language(), source)


def parse(data: bytes) -> Tree:
    """The syntax tree of `data`; bytes that are no Rust become ``ERROR`` nodes in it."""
    return _parser().parse(data)


def parse_parts(data: bytes, left_out: Iterable[tuple[int, int]]) -> Tree:
    """The syntax tree of `data` as if some of it were not there; all places are those in `data`.

    Args:
        data: the whole file.
        left_out: byte ranges, in order and apart.
    """
    import tree_sitter

    parts = list(_parts(data, left_out))
    return tree_sitter.Parser(_language(), included_ranges=parts).parse(data)


def _parts(data: bytes, left_out: Iterable[tuple[int, int]]) -> Iterator[Range]:
    from tree_sitter import Range

    row = begin = 0
    for first, after in (*left_out, (len(data), len(data))):
        column = begin - (data.rfind(b"\n", 0, begin) + 1)
        rows = data.count(b"\n", begin, first)
        end = first - (data.rfind(b"\n", 0, first) + 1)
        if begin < first:
            yield Range((row, column), (row + rows, end), begin, first)
        row += data.count(b"\n", begin, after)
        begin = after


def captures(node: Node, query: str) -> dict[str, list[Node]]:
    """The nodes that a tree-sitter query captures below `node`, by capture name."""
    import tree_sitter

    return tree_sitter.QueryCursor(_query(query)).captures(node)
