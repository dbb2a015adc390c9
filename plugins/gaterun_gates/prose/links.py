"""Links inside a repository: whether the file exists and has the heading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

from gaterun_gates.prose.markdown import Block, Document, Kind, Link, without_code

_UNDEFINED = re.compile(r"(?<![\\!\]])\[(?P<text>[^\[\]]+)\]\[(?P<label>[^\[\]]*)\]")
_LINK_TEXT = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLink:
    """A link that leads nowhere: its target, its 1-based line, and why."""

    target: str
    line: int
    why: str


def slugs(document: Document) -> frozenset[str]:
    r"""The anchors of a document's headings, as GitHub makes them, and those of its HTML.

    >>> from gaterun_gates.prose.markdown import read
    >>> sorted(slugs(read("# What's new?\n# What's new?")))
    ['whats-new', 'whats-new-1']
    """
    seen: dict[str, int] = {}
    found: set[str] = set(document.anchors)
    for heading in document.headings:
        text = _LINK_TEXT.sub(r"\1", heading.text).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return frozenset(found)


def broken_links(
    document: Document,
    blocks: tuple[Block, ...],
    path: str,
    load: Callable[[str], Document | bool],
) -> Iterator[BrokenLink]:
    """The links of `blocks` into the repository that lead nowhere.

    Args:
        document: the document, read with links, that the blocks belong to.
        path: where it is, from the root with ``/``.
        load: given such a path, the Markdown document there; for anything else whether it
            exists.
    """
    for block in blocks:
        for link in block.links:
            why = _why_broken(link, document, path, load)
            if why:
                yield BrokenLink(target=link.target, line=link.line, why=why)
        if block.kind in (Kind.ITEM, Kind.TEXT):
            for match in _UNDEFINED.finditer(without_code(block.text)):
                label = (match["label"] or match["text"]).lower()
                if label not in document.references:
                    yield BrokenLink(
                        target=match[0], line=block.line, why=f"no definition of [{label}]"
                    )


def _why_broken(
    link: Link, document: Document, path: str, load: Callable[[str], Document | bool]
) -> str:
    try:
        parts = urlsplit(link.target)
    except ValueError:
        return "it is no URL"
    if parts.scheme or parts.netloc:
        return ""
    fragment = unquote(parts.fragment)
    if not parts.path:
        if not fragment:
            return "" if parts.query else "it is empty"
        return _missing_anchor(document, fragment, path)
    target = unquote(parts.path)
    # A leading slash means the repository's root, as on GitHub.
    place = normpath(target.lstrip("/") if target.startswith("/") else join(dirname(path), target))
    if place == ".." or place.startswith("../"):
        return "it leads out of the repository"
    there = load(place)
    if there is False:
        return f"there is no {place}"
    if fragment and isinstance(there, Document):
        return _missing_anchor(there, fragment, place)
    return ""


def _missing_anchor(document: Document, fragment: str, path: str) -> str:
    # Line anchors and text fragments are the viewer's, not the document's.
    if re.fullmatch(r"L[0-9]+(?:-L[0-9]+)?|:~:.*|top", fragment):
        return ""
    if fragment.lower() in {anchor.lower() for anchor in slugs(document)}:
        return ""
    return f"{path} has no heading '#{fragment}'"
