"""A Rust file of which only the items that matter are taken apart.

Most of what a scan takes goes into tokens of functions that have nothing to do with what is looked
for. Here such an item is one token. Whoever asks for what is inside is told, and starts again
with the whole file.
"""

from __future__ import annotations

import re
from functools import cached_property

from gaterun_gates.rust.source import Source
from gaterun_gates.rust.tokens import ITEMS, Token, tokens


class LeftOutError(Exception):
    """The inside of an item was asked for that was left whole."""


class Excerpt(Source):
    """A file's text and syntax; each item without a match is one token, of the kind of its node.

    Args:
        source: the file.
        wanted: matches something in every item that may matter.
    """

    def __init__(self, source: Source, wanted: re.Pattern[bytes]) -> None:
        super().__init__(source.path, source.data, file=source.file, oid=source.oid)
        self._wanted = wanted

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens without comments, items that do not matter whole."""
        return tokens(self.tree.root_node, self.data, only=self._wanted)

    def slice(self, start: int, end: int) -> tuple[int, int]:
        """Indices of the tokens between two byte offsets.

        Raises:
            LeftOutError: some of it is in an item that was left whole.
        """
        first, last = super().slice(start, end)
        items = self.tokens
        before = items[first - 1] if first else None
        if (before is not None and before.end > start) or any(
            token.kind in ITEMS for token in items[first:last]
        ):
            raise LeftOutError
        return first, last
