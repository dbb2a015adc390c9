"""Reads an HTML page as a browser without mercy would: what is not balanced is an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}

#: Text in one of these is not in one of the others.
BLOCKS = {
    "div",
    "dd",
    "dt",
    "figcaption",
    "h1",
    "h2",
    "h3",
    "li",
    "p",
    "pre",
    "summary",
    "td",
    "th",
}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    parts: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """Itself and all that is in it."""
        yield self
        for part in self.parts:
            if isinstance(part, Element):
                yield from part

    def all(self, name: str, **attributes: str) -> list[Element]:
        return [
            element
            for element in self
            if element.name == name
            and all(
                value in (element.attributes.get(key.rstrip("_").replace("_", "-")) or "").split()
                for key, value in attributes.items()
            )
        ]

    def one(self, name: str, **attributes: str) -> Element:
        (found,) = self.all(name, **attributes)
        return found

    def parts_of(self, *names: str) -> list[Element]:
        return [part for part in self.parts if isinstance(part, Element) and part.name in names]

    @property
    def raw(self) -> str:
        return "".join(part if isinstance(part, str) else part.raw for part in self.parts)

    @property
    def text(self) -> str:
        """What is shown, with single spaces."""
        return " ".join(self._spaced().split())

    def _spaced(self) -> str:
        inner = "".join(part if isinstance(part, str) else part._spaced() for part in self.parts)
        return f" {inner} " if self.name in BLOCKS or self.name == "br" else inner


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, dict(attrs))
        self.open[-1].parts.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/> closes itself")

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> in <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def read(page: str) -> Element:
    """The page's `html` element."""
    assert page.startswith("<!doctype html>\n")
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root], [element.name for element in reader.open]
    return reader.root.one("html")


#: Whatever a page may be made of; a script, a frame, a form or an image is not among it.
ELEMENTS = frozenset(
    """
    a body br circle code dd desc details div dl dt em figcaption figure footer g h1 h2 h3 head
    header html li line main meta nav p path polyline pre section span strong style summary svg
    symbol table tbody td text th thead title tr tspan ul use
    """.split()  # noqa: SIM905 - a paragraph reads better
)


def check(page: str) -> Element:
    """Read a page that loads nothing, runs nothing, and that everybody can read."""
    root = read(page)
    names = {element.name for element in root}
    assert names <= ELEMENTS, names - ELEMENTS
    ids = [element.attributes["id"] for element in root if "id" in element.attributes]
    assert len(ids) == len(set(ids)), "an id stands twice"
    assert all(name and not set(name) & set(" \t\n") for name in ids)
    for element in root:
        _check_attributes(element, set(ids))
    assert len(root.all("h1")) == len(root.all("main")) == len(root.all("header")) == 1
    levels = [int(element.name[1]) for element in root if element.name in {"h1", "h2", "h3"}]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for svg in root.all("svg"):
        told = svg.attributes.get("aria-label") or svg.attributes.get("aria-labelledby")
        assert svg.attributes.get("aria-hidden") == "true" or (
            svg.attributes.get("role") == "img" and told
        )
    for table in root.all("table"):
        for cell in table.all("th"):
            assert cell.attributes.get("scope") in {"col", "row", "rowgroup"}
            assert cell.text or cell.attributes["scope"] == "row"
        columns = len(table.one("thead").all("th"))
        for row in table.all("tr"):
            assert len(row.parts_of("th", "td")) in {columns, 1}
    return root


def _check_attributes(element: Element, ids: set[str | None]) -> None:
    for name, value in element.attributes.items():
        assert not name.startswith("on"), name
        assert name not in {"src", "style", "srcset", "action", "data", "background"}, name
        if name == "href" and value is not None and value.startswith("#"):
            assert value[1:] in ids, f"{value} leads nowhere"
        elif name == "href":
            assert element.name == "a", element.name
            assert value is not None
            assert value.startswith(("http://", "https://")), value
            assert element.attributes["rel"] == "noopener noreferrer"
        if name in {"aria-labelledby", "aria-describedby"}:
            assert value is not None
            assert set(value.split()) <= ids
