"""Parse Rust source bytes with tree-sitter."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query, Tree


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


def captures(node: Node, query: str) -> dict[str, list[Node]]:
    """The nodes that a tree-sitter query captures below `node`, by capture name."""
    import tree_sitter

    return tree_sitter.QueryCursor(_query(query)).captures(node)
