"""Markdown as a flat list of blocks with line numbers, so that prose can be checked by rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

_CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LONGEST_PARAGRAPH = 20_000
_ANCHOR = re.compile(r"<[a-z][^<>]{0,300}?\s(?:id|name)\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_TAG_LINK = re.compile(
    r"<(?:a|img|source)\b[^<>]{0,300}?\s(?:href|src)\s*=\s*[\"']([^\"'<>]*)[\"']", re.IGNORECASE
)


class Kind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    ITEM = "item"
    TEXT = "text"
    CODE = "code"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link or an image: its target as written and the line it stands on."""

    target: str
    line: int
    image: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One piece of a document.

    Attributes:
        text: Markdown source of its inline content; of an item, its first paragraph.
        line: 1-based line where it starts.
        level: 1 … 6 of a heading, depth of nesting (from 1) of an item, else 0.
        links: filled when the document was read with ``links=True``.
    """

    kind: Kind
    text: str
    line: int
    level: int = 0
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A Markdown document.

    Attributes:
        blocks: in order. Headings inside quotes and lists are text.
        references: target and line of each link definition, by its label in lower case.
        unclosed_fences: lines of code fences that nothing closes.
        anchors: ``id`` and ``name`` attributes of HTML in the document.
    """

    blocks: tuple[Block, ...]
    references: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    unclosed_fences: tuple[int, ...] = ()
    anchors: frozenset[str] = frozenset()

    @property
    def headings(self) -> tuple[Block, ...]:
        """Its headings, in order."""
        return tuple(block for block in self.blocks if block.kind is Kind.HEADING)


def decode(data: bytes) -> str:
    r"""Text of a file: UTF-8 with or without a byte order mark, any line ends.

    >>> decode(bytes([0xEF, 0xBB, 0xBF]) + b"# A" + bytes([13, 10]))
    '# A\n'
    """
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


def without_code(text: str) -> str:
    """`text` without HTML comments, and with the word "code" for each code span.

    >>> without_code("call `TODO` <!-- x -->")
    'call code  '
    """
    prose = _COMMENT.sub(" ", text)
    # Looking for the ends of unmatched marks takes quadratic time.
    return _CODE_SPAN.sub("code", prose) if len(prose) <= _LONGEST_PARAGRAPH else prose


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def read(text: str, *, links: bool = False) -> Document:
    """Read CommonMark with tables.

    Args:
        text: the document; front matter between ``---`` lines at its start is left out.
        links: also read links, which costs about as much again.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    if not links:
        parser.core.ruler.enableOnly(["normalize", "block"])
    text = _without_front_matter(text)
    env: dict[str, dict[str, dict[str, object]]] = {}
    tokens = parser.parse(text, env)
    references = {
        label.lower(): (str(entry.get("href", "")), _first_line(entry.get("map")))
        for label, entry in env.get("references", {}).items()
    }
    lines = text.split("\n")
    return Document(
        blocks=tuple(_blocks(tokens)),
        references=references,
        unclosed_fences=tuple(_unclosed(tokens, lines)),
        anchors=frozenset(_anchors(tokens)),
    )


def _without_front_matter(text: str) -> str:
    """Blank the front matter, so that line numbers stay."""
    if not text.startswith("---\n"):
        return text
    end = text.find("\n---\n", 3)
    if end < 0:
        return text
    return "\n" * text.count("\n", 0, end + 5) + text[end + 5 :]


def _first_line(span: object) -> int:
    return int(span[0]) + 1 if isinstance(span, list) and span else 0


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    depth = 0
    open_item: int | None = None  # line of an item whose first text is still to come
    heading = 0
    for index, token in enumerate(tokens):
        line = _first_line(token.map)
        match token.type:
            case "list_item_open":
                if open_item is not None:  # an item that begins with a list
                    yield Block(kind=Kind.ITEM, text="", line=open_item, level=depth)
                depth += 1
                open_item = line
                if tokens[index + 1].type == "list_item_close":
                    yield Block(kind=Kind.ITEM, text="", line=line, level=depth)
                    open_item = None
            case "list_item_close":
                depth -= 1
                open_item = None
            case "heading_open" if token.level == 0:
                heading = int(token.tag[1:])
            case "heading_close":
                heading = 0
            case "inline" if heading:
                yield Block(
                    kind=Kind.HEADING,
                    text=token.content,
                    line=line,
                    level=heading,
                    links=_links(token),
                )
            case "inline" if open_item is not None:
                yield Block(
                    kind=Kind.ITEM,
                    text=token.content,
                    line=line,
                    level=depth,
                    links=_links(token),
                )
                open_item = None
            case "inline":
                yield Block(kind=Kind.TEXT, text=token.content, line=line, links=_links(token))
            case "fence" | "code_block":
                if open_item is not None:
                    yield Block(
                        kind=Kind.ITEM, text=f"`{token.content}`", line=open_item, level=depth
                    )
                    open_item = None
                yield Block(kind=Kind.CODE, text=token.content, line=line)
            case "html_block":
                links = tuple(
                    Link(target=match[1], line=line + token.content.count("\n", 0, match.start()))
                    for match in _TAG_LINK.finditer(_COMMENT.sub(_blank, token.content))
                )
                yield Block(kind=Kind.HTML, text=token.content, line=line, links=links)
            case _:
                pass


def _links(token: Token) -> tuple[Link, ...]:
    found: list[Link] = []
    line = _first_line(token.map)
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            line += 1
        elif child.type == "link_open":
            found.append(Link(target=str(child.attrs.get("href", "")), line=line))
        elif child.type == "image":
            found.append(Link(target=str(child.attrs.get("src", "")), line=line, image=True))
        elif child.type == "html_inline":
            found += (Link(target=target, line=line) for target in _TAG_LINK.findall(child.content))
    return tuple(found)


def _unclosed(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[int]:
    for token in tokens:
        if token.type == "fence" and token.map:
            first, end = token.map
            last = lines[end - 1].strip(" \t>") if end - 1 < len(lines) else ""
            if end - 1 == first or not last.startswith(token.markup) or last.strip(last[0]):
                yield first + 1


def _anchors(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("html_block", "inline"):
            yield from _ANCHOR.findall(token.content)
