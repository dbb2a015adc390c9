"""The syntax of a Rust file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from gaterun_gates.rust.collect import collect, collect_imports
from gaterun_gates.rust.items import Imports, Items
from gaterun_gates.rust.parser import parse, parse_parts
from gaterun_gates.rust.test_code import CodeForTests, code_for_tests
from gaterun_gates.rust.tokens import Token, tokens

if TYPE_CHECKING:
    from tree_sitter import Tree

#: Files whose syntax is kept at a time: it takes some fifty times the room of their bytes.
_PARSED = 256


class Syntax:
    """What parsing gives. It depends on the bytes alone, so equal files share it.

    Args:
        data: the file.
        left_out: byte ranges that are not parsed, in order and apart.
    """

    def __init__(self, data: bytes, left_out: Sequence[tuple[int, int]] = ()) -> None:
        self._data = data
        self.tree: Tree = parse_parts(data, left_out) if left_out else parse(data)

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens without comments."""
        return tokens(self.tree.root_node, self._data)

    @cached_property
    def imports(self) -> Imports:
        """Where the names come from that it uses."""
        return collect_imports(self.tree.root_node)

    @cached_property
    def items(self) -> Items:
        """Functions, constants and bindings."""
        return collect(self.tree.root_node)

    @cached_property
    def code_for_tests(self) -> CodeForTests:
        """What of it only tests compile, and what of that is ignored."""
        if not any(word in self._data for word in (b"test", b"bench", b"fixture", b"quickcheck")):
            return CodeForTests()
        return code_for_tests(self.tree.root_node, self._data)


@lru_cache(maxsize=_PARSED)
def syntax(data: bytes) -> Syntax:
    """The syntax of a file with these bytes, kept while few others were asked for since."""
    return Syntax(data)
