"""Find words in the code and the tables of Markdown documents."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _code(markdown: str) -> Iterator[str]:
    from markdown_it import MarkdownIt

    in_table = 0
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type in {"table_open", "table_close"}:
            in_table += token.nesting
        elif token.type in {"fence", "code_block"}:
            yield token.content
        elif token.type == "inline":
            for child in token.children or ():
                if child.type == "code_inline" or (in_table and child.type == "text"):
                    yield child.content


def words_in_code(markdown: str) -> frozenset[str]:
    """Every word in code spans, code blocks and table cells; prose does not count.

    >>> sorted(words_in_code("Set PORT, or `HOST_NAME`."))
    ['HOST_NAME']
    """
    return frozenset(word for text in _code(markdown) for word in _WORD.findall(text))
