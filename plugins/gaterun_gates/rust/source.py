"""One Rust source file, read and parsed at most once for every gate that asks."""

from __future__ import annotations

import bisect
from functools import cached_property
from typing import TYPE_CHECKING

from gaterun_gates.rust.items import Items, collect
from gaterun_gates.rust.parser import parse
from gaterun_gates.rust.test_code import CodeForTests, code_for_tests
from gaterun_gates.rust.tokens import Token, tokens

if TYPE_CHECKING:
    from tree_sitter import Tree


class Source:
    """A file's text and, on demand, its syntax.

    Attributes:
        path: relative to the workspace root with ``/``.
        data: its bytes.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    @cached_property
    def tree(self) -> Tree:
        """The syntax tree."""
        return parse(self.data)

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens without comments."""
        return tokens(self.tree.root_node)

    @cached_property
    def items(self) -> Items:
        """Functions, constants, imports and bindings."""
        return collect(self.tree.root_node)

    @cached_property
    def is_utf8(self) -> bool:
        """Whether rustc would accept its encoding."""
        try:
            self.data.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    @property
    def has_errors(self) -> bool:
        """Whether some of it could not be parsed; the rest still can be used."""
        return self.tree.root_node.has_error

    @cached_property
    def _code_for_tests(self) -> CodeForTests:
        if not any(word in self.data for word in (b"test", b"bench", b"fixture", b"quickcheck")):
            return CodeForTests()
        return code_for_tests(self.tree.root_node, self.tokens)

    def is_test_at(self, position: int) -> bool:
        """Whether the byte at `position` is compiled for tests only."""
        return any(start <= position < end for start, end in self._code_for_tests.test)

    def is_ignored_at(self, position: int) -> bool:
        """Whether the byte at `position` is in an ``#[ignore]`` test."""
        return any(start <= position < end for start, end in self._code_for_tests.ignored)

    def slice(self, start: int, end: int) -> tuple[int, int]:
        """Indices of the tokens between two byte offsets."""
        first = bisect.bisect_left(self.tokens, start, key=lambda token: token.start)
        last = bisect.bisect_left(self.tokens, end, key=lambda token: token.start)
        return first, last
