"""What a document says in words: pieces of plain text that speak of now, with their lines."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gaterun_gates.prose.badges import shown_on
from gaterun_gates.prose.markdown import Block, Kind, read
from gaterun_gates.prose.semver_text import mentions
from gaterun_gates.prose.version_scan import is_history

#: Stands where something was that is no running text; nothing matches across it.
GAP = "\ufffc"

_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_MARKED = re.compile(
    r"<!--[ \t]*gaterun:value[ \t]+([^\s<>]+)[ \t]*-->(.*?)<!--[ \t]*gaterun:end[ \t]*-->",
    re.DOTALL,
)
_BLOCK = re.compile(r"<!--[ \t]*gaterun:(begin|end)\b[^>]*-->")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_AUTOLINK = re.compile(r"<(?:https?|mailto):[^>]*>|https?://\S+")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_STRUCK = re.compile(r"~~.+?~~|<(del|s)\b[^>]*>.*?</\1>", re.DOTALL)
_EMPHASIS = re.compile(r"\*+|(?<!\w)_+|_+(?!\w)|\\(?=[!-/:-@\[-`{-~])")
#: A heading under which a document tells of one release, or of one day.
_OF_THEN = re.compile(
    r"\W*(?:(?:version|release|v)\s*)?\[?v?(?:\d+(?:\.\d+)+(?:[-+][\w.+-]*)?|\d{4}-\d\d-\d\d)\b"
    r"|.*\b\d{4}-\d\d-\d\d\W*$|[\w -]{1,40}[ -]v?\d+\.\d+\.\d+(?:[-+][\w.+-]*)?\W*$",
    re.IGNORECASE,
)
_UNRELEASED = re.compile(r"\W*unreleased\b", re.IGNORECASE)
#: Longer ones are data, and looking through them takes long.
_LONGEST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some running text.

    Attributes:
        line: of its beginning, from 1.
        metric: id of the metric whose value it is, where it stands between gaterun's markers.
        then: it tells of an earlier release, or of one day.
        unread: whether it was too long to be read; it has no text then.
    """

    text: str
    line: int
    metric: str = ""
    then: bool = False
    unread: bool = False

    def line_of(self, offset: int) -> int:
        """The line on which a character stands."""
        return self.line + self.text.count("\n", 0, offset)


def pieces(path: str, text: str, version: str) -> Iterator[Piece]:
    """The running text of a document, without code, comments, links' targets and what is struck out.

    Args:
        path: says whether it is Markdown, and whether it tells of the past.
        version: whose section of a changelog speaks of now; only *Unreleased* when empty.
    """
    past = is_history(path) and not (version and mentions(path, version))
    if not path.lower().endswith((".md", ".markdown")):
        for start, paragraph in _paragraphs(text):
            if len(paragraph) > _LONGEST:
                yield Piece(text="", line=start, unread=True)
            else:
                yield Piece(text=plain(paragraph), line=start, then=past)
        return
    written = False
    then, level = past, 0
    for _, together in groupby(read(text).blocks, key=lambda block: (block.line, block.kind)):
        blocks = list(together)
        first = blocks[0]
        if first.kind is Kind.CODE:
            continue
        if first.kind is Kind.HEADING and (not level or first.level <= level):
            names = _names(first.text, version)
            then, level = (past, 0) if names is None else (not names, first.level)
        for block in blocks:
            for mark in _BLOCK.finditer(_CODE.sub(GAP, block.text)):
                written = mark[1] == "begin"  # by gaterun, and kept by it
        if not written:
            yield from _of_blocks(blocks, then=then)


def _names(heading: str, version: str) -> bool | None:
    """Whether a heading names what is now, or a release of the past; ``None`` for neither."""
    if _UNRELEASED.match(heading) or (version and mentions(heading, version)):
        return True
    return False if _OF_THEN.match(heading) else None


def _of_blocks(blocks: Sequence[Block], *, then: bool) -> Iterator[Piece]:
    """The pieces of a block, or of the cells of a table's row."""
    long = [block for block in blocks if len(block.text) > _LONGEST]
    yield from (Piece(text="", line=block.line, unread=True) for block in long)
    blocks = [block for block in blocks if len(block.text) <= _LONGEST]
    for block in blocks:
        bare = _without_code(block.text)
        for mark in _MARKED.finditer(bare):
            line = block.line + bare.count("\n", 0, mark.start())
            yield Piece(text=plain(mark[2]).strip(), line=line, metric=mark[1], then=then)
        for label, message, offset in shown_on(bare):
            line = block.line + bare.count("\n", 0, offset)
            # Some label the number, some say what it counts.
            yield Piece(text=f"{label}: {message} {label}", line=line, then=then)
    texts = [plain(_MARKED.sub(_gap, _without_code(block.text))) for block in blocks]
    if len(blocks) == 2 and blocks[0].kind is Kind.TEXT:
        yield Piece(text=f"{texts[0].strip()}: {texts[1].strip()}", line=blocks[0].line, then=then)
    for block, text in zip(blocks, texts, strict=True):
        yield Piece(text=text, line=block.line, then=then)


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    line = 1
    for part in re.split(r"(\n[ \t]*\n)", text):
        if part.strip():
            yield line, part
        line += part.count("\n")


def _without_code(text: str) -> str:
    """A number in code font is a number; other code is none of what is said."""

    def kept(match: re.Match[str]) -> str:
        return match[2] if re.fullmatch(r"\s*[\d.,/ %]+\s*", match[2]) else _gap(match)

    return _CODE.sub(kept, text)


def _gap(match: re.Match[str]) -> str:
    return GAP + "\n" * match[0].count("\n")


def plain(text: str) -> str:
    r"""Inline Markdown as the text that readers see; lines stay where they are.

    >>> plain("**630** [tests](a.md) <!-- x -->, `cargo`, ~~12~~ 13&nbsp;warnings")
    '630 tests \ufffc, `cargo`, \ufffc 13\xa0warnings'
    """
    for pattern in (_COMMENT, _STRUCK):
        text = pattern.sub(_gap, text)
    for pattern in (_IMAGE, _LINK):
        text = pattern.sub(lambda match: match[1], text)
    text = _AUTOLINK.sub(GAP, text)
    text = _TAG.sub("", text)
    return html.unescape(_EMPHASIS.sub("", text))
