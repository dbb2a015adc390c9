"""A changelog in the shape of Keep a Changelog: its releases, their sections and items.

Source: Keep a Changelog 1.1.0 (https://keepachangelog.com/en/1.1.0/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from gaterun_gates.prose.markdown import Block, Document, Kind, read
from gaterun_gates.prose.placeholder import is_placeholder

#: ``## [crate-2.0.0] - 2025-01-31 [YANKED]`` and what people write instead of it.
_HEADING = re.compile(
    r"""(?P<open>\[)?
        (?P<crate>[A-Za-z_][A-Za-z0-9_-]*?[-@/\s])??
        (?P<word>[Vv]ersion\s+|[Rr]elease\s+)?
        (?P<v>[vV])?
        (?P<version>[0-9]+(?:\.[0-9]+)+(?:[-+][0-9A-Za-z.+-]*)?)
        (?P<close>\])?
        (?:\((?P<url>[^)\s]*)\)|\[[^\]]*\])?
        (?P<rest>.*)\Z""",
    re.VERBOSE,
)
_UNRELEASED = re.compile(
    r"\[?unreleased\]?(?:\([^)]*\)|\[[^\]]*\])?\s*(?P<rest>.*)\Z", re.IGNORECASE
)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DAY = r"[0-9]{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    r"\s*(?:-|–|—|/|:|,|\()?\s*(?P<date>[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
    rf"|{_MONTH} {_DAY},? [0-9]{{4}}|{_DAY} {_MONTH},? [0-9]{{4}})",
    re.IGNORECASE,
)
_NO_DATE = re.compile(
    r"\b(?:TBD|TBA|TODO|unreleased|not yet released|in progress|ReleaseDate|YYYY-MM-DD|"
    r"[0-9]{4}-(?:[0-9]{2}|[xX?]{2})-[xX?]{2})|\?{2,}",
    re.IGNORECASE,
)
_YANKED = re.compile(r"\[yanked\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of changes in a release (``### Added``)."""

    name: str
    line: int
    blocks: tuple[Block, ...]

    @property
    def has_content(self) -> bool:
        """Whether anything in it says something."""
        return any(says_something(block) for block in self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release, or what is not released yet.

    Attributes:
        heading: text of its heading.
        crate: the crate it names in a changelog of several; else empty.
        version: as written, without ``v``; empty for what is not released yet.
        date: as written; empty when there is none.
        undated: what stands where the date should be (``TBD``); empty when nothing does.
        bracketed: the version stands in brackets, which makes it a link.
        standard: the heading has exactly the form that Keep a Changelog shows.
        url: target of an inline link in the heading.
        loose: blocks before the first section.
    """

    heading: str
    line: int
    crate: str = ""
    version: str = ""
    date: str = ""
    undated: str = ""
    bracketed: bool = False
    standard: bool = False
    yanked: bool = False
    url: str = ""
    loose: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()

    @property
    def unreleased(self) -> bool:
        """Whether these changes are not released yet."""
        return not self.version

    @property
    def name(self) -> str:
        """How to call it: the version with the crate, or ``Unreleased``."""
        return f"{self.crate}-{self.version}" if self.crate else self.version or "Unreleased"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Everything in it but its headings."""
        return (*self.loose, *(block for part in self.sections for block in part.blocks))

    @property
    def bullets(self) -> int:
        """Number of items that say something, nested ones included."""
        return sum(block.kind is Kind.ITEM and says_something(block) for block in self.blocks)

    @property
    def has_content(self) -> bool:
        """Whether anything in it says something."""
        return any(says_something(block) for block in self.blocks)

    @property
    def lines(self) -> frozenset[str]:
        """What it says, each line without list marks and with single spaces."""
        return frozenset(
            line
            for block in self.blocks
            if says_something(block)
            for text in block.text.split("\n")
            if (line := " ".join(text.split()))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changelog:
    """A changelog.

    Attributes:
        titled: it begins with a heading of level 1.
        releases: in the order of the file, *Unreleased* among them.
        strangers: headings of the releases' level that name no version.
        references: target and line of link definitions, by label in lower case.
        unclosed_fences: lines of code fences that swallow what follows.
        lines: everything it says anywhere, as `Release.lines`.
    """

    titled: bool
    releases: tuple[Release, ...]
    strangers: tuple[Block, ...] = ()
    references: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    unclosed_fences: tuple[int, ...] = ()

    @property
    def released(self) -> tuple[Release, ...]:
        """The releases without *Unreleased*."""
        return tuple(release for release in self.releases if release.version)

    @property
    def unreleased(self) -> Release | None:
        """The changes not released yet, if they have a heading."""
        return next((release for release in self.releases if release.unreleased), None)

    def entry(self, version: str, crate: str = "") -> Release | None:
        """The release of `version`; of `crate`, where headings name crates."""
        found = [item for item in self.released if item.version == version]
        if crate:
            found = [item for item in found if item.crate == crate] or [
                item for item in found if not item.crate
            ]
        return found[0] if found else None

    @property
    def lines(self) -> frozenset[str]:
        """What all its releases say."""
        return frozenset(line for release in self.releases for line in release.lines)


def says_something(block: Block) -> bool:
    """Whether a block is content: not a placeholder, not HTML (comments among it)."""
    return (
        block.kind in (Kind.ITEM, Kind.TEXT, Kind.CODE)
        and bool(block.text.strip())
        and not (block.kind is not Kind.CODE and is_placeholder(block.text))
    )


def read_changelog(text: str, *, unreleased: str = "") -> Changelog:
    """Read a changelog; headings in code fences, quotes and comments are no releases.

    Args:
        unreleased: what *Unreleased* is called in another language.
    """
    document = read(text)
    if unreleased:
        document = _with_heading(document, unreleased)
    level = _release_level(document.headings)
    releases: list[Release] = []
    strangers: list[Block] = []
    for heading, body in _split(document.blocks, level):
        release = _release(heading, body)
        if release is None:
            strangers.append(heading)
        else:
            releases.append(release)
    first = document.headings[0] if document.headings else None
    return Changelog(
        titled=first is not None and first.level == 1 and not _names_release(first.text),
        releases=tuple(releases),
        strangers=tuple(strangers),
        references=document.references,
        unclosed_fences=document.unclosed_fences,
    )


def _with_heading(document: Document, unreleased: str) -> Document:
    """The document in which the heading *Unreleased* has its English name."""
    wanted = unreleased.lower()
    blocks = tuple(
        replace(block, text=block.text.replace(block.text.strip("[] "), "Unreleased"))
        if block.kind is Kind.HEADING and block.text.strip("[] ").lower() == wanted
        else block
        for block in document.blocks
    )
    references = {
        "unreleased" if label == wanted else label: place
        for label, place in document.references.items()
    }
    return replace(document, blocks=blocks, references=references)


def _names_release(text: str) -> bool:
    return bool(_HEADING.match(text) or _UNRELEASED.match(text))


def _release_level(headings: Sequence[Block]) -> int:
    """The level on which releases stand: 2, or 1 in files that never use 2 for them."""
    levels = {heading.level for heading in headings if _names_release(heading.text)}
    return 2 if 2 in levels or 1 not in levels else 1


def _split(blocks: Sequence[Block], level: int) -> Iterator[tuple[Block, list[Block]]]:
    heading: Block | None = None
    body: list[Block] = []
    for block in blocks:
        if block.kind is Kind.HEADING and block.level <= level:
            if heading is not None:
                yield heading, body
            heading, body = (block if block.level == level else None), []
        else:
            body.append(block)
    if heading is not None:
        yield heading, body


def _release(heading: Block, body: Sequence[Block]) -> Release | None:
    loose, sections = _sections(body, heading.level + 1)
    text = heading.text.strip()
    if match := _UNRELEASED.match(text):
        return Release(
            heading=text,
            line=heading.line,
            bracketed=text.startswith("["),
            standard=match["rest"] in ("", "- ReleaseDate"),
            loose=loose,
            sections=sections,
        )
    match = _HEADING.match(text)
    if match is None:
        return None
    rest = match["rest"]
    when = _DATE.match(rest)
    undated = _NO_DATE.search(rest)
    yanked = _YANKED.search(rest)
    standard = (
        bool(match["open"]) == bool(match["close"])
        and match["open"] is not None
        and not (match["v"] or match["word"])
        and re.fullmatch(r" - [0-9]{4}-[0-9]{2}-[0-9]{2}(?: \[YANKED\])?", rest) is not None
    )
    return Release(
        heading=text,
        line=heading.line,
        crate=(match["crate"] or "").rstrip("-@/ \t"),
        version=match["version"],
        date=when["date"] if when else "",
        undated=undated[0].strip() if undated else "",
        bracketed=match["open"] is not None,
        standard=standard,
        yanked=yanked is not None,
        url=match["url"] or "",
        loose=loose,
        sections=sections,
    )


def _sections(body: Sequence[Block], level: int) -> tuple[tuple[Block, ...], tuple[Section, ...]]:
    loose: list[Block] = []
    sections: list[tuple[Block, list[Block]]] = []
    for block in body:
        if block.kind is Kind.HEADING and block.level <= level:
            sections.append((block, []))
        elif block.kind is not Kind.HEADING:
            (sections[-1][1] if sections else loose).append(block)
    return tuple(loose), tuple(
        Section(name=heading.text.strip(), line=heading.line, blocks=tuple(blocks))
        for heading, blocks in sections
    )


def calendar_day(text: str) -> date | None:
    """The day that a date names, in ISO form or in English words; ``None`` for no real day.

    >>> calendar_day("2025-02-30"), calendar_day("July 4th, 2025")
    (None, datetime.date(2025, 7, 4))
    """
    plain = re.sub(r"(?<=[0-9])(?:st|nd|rd|th)|[,.](?=\s)", "", text.strip(), flags=re.IGNORECASE)
    plain = re.sub(r"[A-Za-z]+", lambda word: word[0][:3], plain)
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%b %d %Y", "%d %b %Y"):
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
