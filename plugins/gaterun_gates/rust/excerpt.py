"""A Rust file of which only the items that matter are parsed.

Most of what a scan takes goes into functions that have nothing to do with what is looked for. Here
such an item is a semicolon to the parser. Whoever asks for what is inside is told, and starts
again with the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from gaterun_gates.rust.item_bounds import items_without
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.tokens import Token, tokens

if TYPE_CHECKING:
    from gaterun_gates.rust.items import Items
    from gaterun_gates.rust.syntax import Syntax

_IMPORTS = frozenset({"use_declaration"})


class LeftOutError(Exception):
    """The inside of an item was asked for that was left out."""


class Excerpt(Source):
    """A file's text, and the syntax of some of its items.

    Its imports are those of what is here.

    Args:
        source: the file.
        code: its code text.
        left_out: the first byte and the closing brace of each item that is not parsed, in order.
    """

    def __init__(self, source: Source, code: bytes, left_out: Sequence[tuple[int, int]]) -> None:
        super().__init__(source.path, source.data, file=source.file, oid=source.oid)
        self._code = code
        self._left_out = left_out

    @cached_property
    def _syntax(self) -> Syntax:
        from gaterun_gates.rust.syntax import Syntax

        text = bytearray(self.data)
        for _, closing in self._left_out:
            text[closing] = ord(";")
        return Syntax(bytes(text), self._left_out)

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens without comments and items that do not matter; of a `use` only its end."""
        found = tokens(self.tree.root_node, self.data, whole=_IMPORTS)
        for token in found:
            if token.kind == "use_declaration":
                token.kind = ";"
        return found

    @property
    def items(self) -> Items:
        """Functions, constants and bindings.

        Raises:
            LeftOutError: some of them may be in an item that was left out.
        """
        raise LeftOutError

    def items_at(self, position: int) -> Items:
        """Those of them that the code at `position` is in."""
        del position  # of code that is here, all that is around it is here
        return super().items

    def items_named(self, name: str) -> Items:
        """Those that are called `name`, and some others.

        Raises:
            LeftOutError: one of them may be in an item that was left out.
        """
        declared = re.compile(
            rb"(?:const|static|mut|fn|struct)\s+(?:r#)?%b(?![\w\x80-\xff])"
            % re.escape(name.encode())
        )
        if any(declared.search(self._code, first, closing) for first, closing in self._left_out):
            raise LeftOutError
        return super().items

    def slice(self, start: int, end: int) -> tuple[int, int]:
        """Indices of the tokens between two byte offsets.

        Raises:
            LeftOutError: some of it is in an item that was left out.
        """
        if any(first < end and start <= closing for first, closing in self._left_out):
            raise LeftOutError
        return super().slice(start, end)


def excerpt(source: Source, code: bytes, places: Sequence[int]) -> Source:
    """Those items of `source` in which one of `places` lies; all of it where that is not certain.

    Args:
        source: the file.
        code: its code text.
        places: byte offsets, sorted.
    """
    left_out = items_without(code, places)
    if left_out is None:
        return source
    found = Excerpt(source, code, left_out)
    # What cannot be parsed may have been cut in a wrong place.
    return source if found.has_errors else found
