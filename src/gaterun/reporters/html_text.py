"""Builds HTML so that no text can become markup: whatever is not an `Html` value is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from gaterun.reporters import clean

#: Characters of one text; a page is not a log.
LONGEST = 2000

_VOID = frozenset({"br", "hr", "link", "meta", "wbr"})
_ON_A_LINE = frozenset(
    [
        "article",
        "body",
        "dd",
        "desc",
        "details",
        "div",
        "dl",
        "dt",
        "footer",
        "g",
        "h1",
        "h2",
        "h3",
        "h4",
        "head",
        "header",
        "html",
        "li",
        "main",
        "meta",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "style",
        "summary",
        "svg",
        "symbol",
        "table",
        "tbody",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)


class Html(str):
    """Markup, made by `tag` alone."""

    __slots__ = ()


#: What an element may have in it: nothing, text, markup, or any number of these.
Child = str | int | None | Iterable["Child"]

#: ``None`` and ``False`` leave the attribute out, ``True`` writes it without a value.
Attribute = str | int | float | bool | None


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    r"""An element.

    Args:
        name: as written in HTML or SVG.
        children: text is cleaned and escaped, `Html` is taken as it is.
        attributes: a final underscore is for Python's keywords, one inside is a hyphen.

    >>> tag("p", "1 < 2 ", tag("b", "so"), class_="x")
    '<p class="x">1 &lt; 2 <b>so</b></p>\n'
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {attribute}")
        else:
            parts.append(f' {attribute}="{escape(brief(str(value)))}"')
    parts.append(">")
    if name not in _VOID:
        parts.extend(_texts(children))
        parts.append(f"</{name}>")
    if name in _ON_A_LINE:
        parts.append("\n")
    return Html("".join(parts))


def joined(*children: Child) -> Html:
    """Several things after each other.

    >>> joined("a & b", tag("br"))
    'a &amp; b<br>'
    """
    return Html("".join(_texts(children)))


def verbatim(text: str) -> Html:
    """Text of many lines, cleaned and escaped, for ``pre``: nothing of it is cut."""
    return Html(escape(clean.block(text), quote=False))


def brief(text: str, longest: int = LONGEST) -> str:
    r"""`text` cleaned, on one line, cut with an ellipsis.

    >>> brief("a  b\n cd", 4)
    'a b…'
    """
    if len(text) > 8 * longest:
        text = f"{text[: 8 * longest]}…"  # cleaning all of it would take long
    text = clean.line(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


class Anchors:
    """Gives out ids: readable, equal for equal runs, and never twice on a page."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    def __call__(self, kind: str, name: str = "") -> str:
        """The id of a thing, the same whenever it is asked for.

        >>> Anchors()("gate", "7.1::clippy")
        'gate-7-1-clippy'
        """
        if (kind, name) not in self._ids:
            slug = re.sub("[^A-Za-z0-9]+", "-", f"{kind} {name}"[:80]).strip("-")
            free = slug
            number = 1
            while free in self._taken:
                number += 1
                free = f"{slug}.{number}"
            self._taken.add(free)
            self._ids[kind, name] = free
        return self._ids[kind, name]


def _texts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            yield child
        elif isinstance(child, str):
            yield escape(_spaced(child), quote=False)
        elif isinstance(child, int):
            yield str(child)
        else:
            yield from _texts(child)


def _spaced(text: str) -> str:
    """`text` as `brief` has it, but that words still stand apart from what is around them."""
    short = brief(text)
    if not short:
        return " " if text[:1].isspace() else ""
    return f"{' ' * text[:1].isspace()}{short}{' ' * text[-1:].isspace()}"
