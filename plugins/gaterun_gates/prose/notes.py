"""Release notes: which part of a document they are, how much they say, and what they lack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gaterun_gates.prose.keepachangelog import says_something
from gaterun_gates.prose.markdown import Block, Document, Kind, without_code
from gaterun_gates.prose.placeholder import is_placeholder
from gaterun_gates.prose.semver_text import SEMVER, is_semver, mentions, precedence

#: Comparing takes quadratic time; this many words of each side tell a copy.
_MOST_WORDS = 4000

_WORD = re.compile(r"\w[\w'’-]*")
_URL = re.compile(r"\]\([^)]*\)|<[^>]*>|https?://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The notes of one release.

    Attributes:
        title: the heading that they stand under; ``None`` when there is none.
        blocks: everything after it.
    """

    title: Block | None
    blocks: tuple[Block, ...]

    @property
    def words(self) -> int:
        """Words in paragraphs, lists and tables; no headings, code, comments, placeholders."""
        return len(self.vocabulary)

    @property
    def vocabulary(self) -> list[str]:
        """Those words in order, in lower case."""
        return [
            word.lower()
            for block in self.blocks
            if block.kind in (Kind.ITEM, Kind.TEXT) and not is_placeholder(block.text)
            for word in _WORD.findall(_URL.sub("] ", without_code(block.text)))
        ]

    @property
    def placeholders(self) -> tuple[Block, ...]:
        """Items, paragraphs and headings that say nothing yet."""
        return tuple(
            block
            for block in self.blocks
            if block.kind in (Kind.ITEM, Kind.TEXT, Kind.HEADING) and is_placeholder(block.text)
        )


def find_notes(document: Document, version: str, *, whole: bool = False) -> Notes:
    """The part of a document that is about `version`.

    It is everything below the document's title when that names the version or nothing
    else does; in a file of several releases the section whose heading names it.

    Args:
        whole: the file is about this version alone.
    """
    headings = document.headings
    if headings and not whole:
        named = [heading for heading in headings if mentions(heading.text, version)]
        if named and named[0] is not headings[0]:
            return _below(document.blocks, min(named, key=lambda heading: heading.level))
    title = headings[0] if headings else None
    return Notes(
        title=title, blocks=tuple(block for block in document.blocks if block is not title)
    )


def _below(blocks: Sequence[Block], heading: Block) -> Notes:
    start = next(index for index, block in enumerate(blocks) if block is heading) + 1
    end = next(
        (
            index
            for index, block in enumerate(blocks)
            if index >= start and block.kind is Kind.HEADING and block.level <= heading.level
        ),
        len(blocks),
    )
    return Notes(title=heading, blocks=tuple(blocks[start:end]))


def missing_sections(notes: Notes, wanted: Sequence[str]) -> list[tuple[str, int]]:
    """The wanted headings that are not there (line 0), or that have nothing below them.

    Case, code marks, numbering and emoji before a heading's text do not matter.
    """
    lines: dict[str, list[int]] = {}
    filled: set[int] = set()
    opened: list[Block] = []
    for block in notes.blocks:
        if block.kind is Kind.HEADING:
            opened = [heading for heading in opened if heading.level < block.level]
            opened.append(block)
            lines.setdefault(_plain(block.text), []).append(block.line)
        elif says_something(block):
            filled.update(heading.line for heading in opened)
    missing: list[tuple[str, int]] = []
    for name in wanted:
        found = lines.get(_plain(name), [])
        if not any(line in filled for line in found):
            missing.append((name, found[0] if found else 0))
    return missing


def _plain(heading: str) -> str:
    return re.sub(r"^[\W\d_]+|[\W_]+$", "", heading.replace("`", "")).lower()


def older_notes(paths: Sequence[str], file: str, version: str) -> list[str]:
    """The files named like `file` for versions below `version`, the nearest first.

    >>> older_notes(["a/1.9.0.md", "a/1.10.0.md", "a/2.1.0.md"], "a/2.0.0.md", "2.0.0")
    ['a/1.10.0.md', 'a/1.9.0.md']
    """
    if file.count(version) != 1 or not is_semver(version):
        return []
    shape = re.compile(f"(?P<version>{SEMVER})".join(map(re.escape, file.split(version))))
    others = [
        (precedence(match["version"]), path) for path in paths if (match := shape.fullmatch(path))
    ]
    return [
        path for _, path in sorted((o for o in others if o[0] < precedence(version)), reverse=True)
    ]


def section_before(document: Document, notes: Notes) -> Notes | None:
    """The notes of the release before in the same file, which stand below `notes`."""
    if notes.title is None:
        return None
    for heading in document.headings:
        below = heading.line > notes.title.line and heading.level == notes.title.level
        if below and re.search(SEMVER, heading.text):
            return _below(document.blocks, heading)
    return None


def similarity(one: Notes, other: Notes, *, at_least: float = 0.0) -> float:
    """How much two notes are alike, 0 … 1, word by word; versions count as equal words.

    Args:
        at_least: what is surely less is not worked out, and is 0.
    """
    sides = [
        _WORD.findall(re.sub(SEMVER, "version", " ".join(side.vocabulary)))[:_MOST_WORDS]
        for side in (one, other)
    ]
    if not all(sides):
        return 0.0
    matcher = SequenceMatcher(a=sides[0], b=sides[1], autojunk=False)
    if matcher.real_quick_ratio() < at_least or matcher.quick_ratio() < at_least:
        return 0.0
    return matcher.ratio()
