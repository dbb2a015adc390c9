"""One Rust source file: its bytes, and on demand its syntax."""

from __future__ import annotations

import bisect
from pathlib import Path
from typing import TYPE_CHECKING

from gaterun_gates.rust.git_tree import blob_id

if TYPE_CHECKING:
    from tree_sitter import Tree

    from gaterun_gates.rust.items import Imports, Items
    from gaterun_gates.rust.syntax import Syntax
    from gaterun_gates.rust.test_code import CodeForTests
    from gaterun_gates.rust.tokens import Token


class Source:
    """A file's text and syntax.

    Args:
        path: relative to the workspace root with ``/``.
        data: its bytes; read from `file` when they are first needed if not given.
        file: where it is.
        oid: git's object id of its bytes; computed from them if not given.
    """

    def __init__(
        self, path: str, data: bytes | None = None, *, file: str | None = None, oid: str = ""
    ) -> None:
        self.path = path
        self._data = data
        self._file = file
        self._oid = oid

    @property
    def data(self) -> bytes:
        """Its bytes.

        Raises:
            OSError: it is no longer there.
        """
        if self._data is None:
            self._data = Path(self._file).read_bytes() if self._file is not None else b""
        return self._data

    @property
    def file(self) -> str | None:
        """Where it is; ``None`` for one that is not in the working tree."""
        return self._file

    @property
    def oid(self) -> str:
        """Git's object id of its bytes."""
        if not self._oid:
            self._oid = blob_id(self.data)
        return self._oid

    @property
    def _syntax(self) -> Syntax:
        from gaterun_gates.rust.syntax import syntax

        return syntax(self.data)

    @property
    def tree(self) -> Tree:
        """The syntax tree."""
        return self._syntax.tree

    @property
    def tokens(self) -> list[Token]:
        """The tokens without comments."""
        return self._syntax.tokens

    @property
    def imports(self) -> Imports:
        """Where the names come from that it uses."""
        return self._syntax.imports

    @property
    def items(self) -> Items:
        """Functions, constants and bindings."""
        return self._syntax.items

    def items_at(self, position: int) -> Items:
        """At least those of them that the code at `position` is in."""
        del position
        return self.items

    def items_named(self, name: str) -> Items:
        """At least those functions, constants and structs that are called `name`."""
        del name
        return self.items

    @property
    def code_for_tests(self) -> CodeForTests:
        """What of it only tests compile, and what of that is ignored."""
        return self._syntax.code_for_tests

    @property
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

    def is_test_at(self, position: int) -> bool:
        """Whether the byte at `position` is compiled for tests only."""
        return _within(self.code_for_tests.test, position)

    def is_ignored_at(self, position: int) -> bool:
        """Whether the byte at `position` is in an ``#[ignore]`` test."""
        return _within(self.code_for_tests.ignored, position)

    def slice(self, start: int, end: int) -> tuple[int, int]:
        """Indices of the tokens between two byte offsets."""
        items = self.tokens
        first = bisect.bisect_left(items, start, key=_start)
        return first, bisect.bisect_left(items, end, lo=first, key=_start)


def _start(token: Token) -> int:
    return token.start


def _within(ranges: tuple[tuple[int, int], ...], position: int) -> bool:
    return any(start <= position < end for start, end in ranges)
