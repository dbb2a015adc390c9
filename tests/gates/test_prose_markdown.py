from __future__ import annotations

import pytest

from gaterun_gates.prose.links import broken_links, slugs
from gaterun_gates.prose.markdown import Document, Kind, decode, read
from gaterun_gates.prose.placeholder import is_placeholder


def test_blocks_have_kind_text_line_and_level() -> None:
    document = read("# One\n\n- a\n  - b\n-\n\n```\n# not\n```\n\n<!-- c -->\n\nText\nmore\n")

    assert [(b.kind, b.text, b.line, b.level) for b in document.blocks] == [
        (Kind.HEADING, "One", 1, 1),
        (Kind.ITEM, "a", 3, 1),
        (Kind.ITEM, "b", 4, 2),
        (Kind.ITEM, "", 5, 1),
        (Kind.CODE, "# not\n", 7, 0),
        (Kind.HTML, "<!-- c -->\n", 11, 0),
        (Kind.TEXT, "Text\nmore", 13, 0),
    ]


def test_setext_headings_and_crlf_and_byte_order_mark() -> None:
    document = read(decode(b"\xef\xbb\xbfTitle\r\n=====\r\n\r\nSub\r\n---\r\n"))

    assert [(h.text, h.level, h.line) for h in document.headings] == [
        ("Title", 1, 1),
        ("Sub", 2, 4),
    ]


def test_headings_in_quotes_and_lists_are_text() -> None:
    assert read("> # quoted\n\n- # listed\n").headings == ()


def test_front_matter_is_left_out_and_lines_stay() -> None:
    document = read("---\ntitle: x\n---\n# One\n")

    assert [(h.text, h.line) for h in document.headings] == [("One", 4)]


def test_item_that_begins_with_a_list_or_code_is_one_item() -> None:
    blocks = read("- - inner\n\n1. ```\n   x\n   ```\n").blocks

    assert [block.text for block in blocks if block.kind is Kind.ITEM] == ["", "inner", "`x\n`"]


@pytest.mark.parametrize(
    ("text", "unclosed"),
    [
        ("```\na\n```\n", ()),
        ("```\na\n", (1,)),
        ("~~~~\n```\n~~~~\n", ()),
        ("````\na\n```\n", (1,)),
        ("text\n\n```", (3,)),
        ("> ```\n> a\n> ```\n", ()),
    ],
)
def test_unclosed_fences(text: str, unclosed: tuple[int, ...]) -> None:
    assert read(text).unclosed_fences == unclosed


@pytest.mark.parametrize(
    "text",
    ["", "-", "...", "…", "TODO", "**TBD**", "Date: TBD", "TODO: write", "lorem ipsum dolor",
     "Coming soon!", "Release notes here", "[insert summary]", "{{ version }}", "<your text>",
     "FIXME", "YYYY-MM-DD", "The date is TBD."],
)  # fmt: skip
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    ["Removed stale TODO comments", "`TODO`", "Added `<version>` to the output", "None.", "`...`",
     "Todo lists are sorted", "New [insert mode](docs/modes.md)", "Dates are YYYY-MM-DD now", "1"],
)  # fmt: skip
def test_content_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)


def test_slugs_are_those_of_github() -> None:
    document = read("# What's `new`?\n## A & B\n## A & B\n### [Link](x)\n<a id='Here'></a>\n")

    assert slugs(document) == {"whats-new", "a--b", "a--b-1", "link", "Here"}


def _broken(text: str, files: dict[str, str], path: str = "docs/notes.md") -> dict[str, str]:
    def load(place: str) -> Document | bool:
        if place not in files:
            return False
        return read(files[place]) if place.endswith(".md") else True

    document = read(text, links=True)
    return {link.target: link.why for link in broken_links(document, document.blocks, path, load)}


def test_links_into_the_repository_are_followed() -> None:
    files = {"README.md": "# Use it\n", "docs/a b.md": "# A\n", "src/lib.rs": ""}
    text = (
        "# Top\n[1](#top) [2](../README.md#use-it) [3](a%20b.md) [4](/src/lib.rs#L3-L9)\n"
        "[5](https://example.org/x#y) [6](mailto:a@b.c) ![7](../src/lib.rs) [8][ref] `[a][b]`\n\n"
        "[ref]: ../README.md\n"
    )

    assert _broken(text, files) == {}


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("[x](gone.md)", "there is no docs/gone.md"),
        ("[x](#gone)", "docs/notes.md has no heading '#gone'"),
        ("[x](../README.md#gone)", "README.md has no heading '#gone'"),
        ("[x](../../etc/passwd)", "it leads out of the repository"),
        ("[x][gone]", "no definition of [gone]"),
        ("[x]()", "it is empty"),
    ],
)
def test_broken_links_say_why(link: str, why: str) -> None:
    assert list(_broken(f"# N\n\nSee {link}.\n", {"README.md": "# Use it\n"}).values()) == [why]


def test_line_of_a_link_in_a_long_paragraph() -> None:
    document = read("# N\n\nOne\ntwo\n[x](gone.md)\n", links=True)

    broken = list(broken_links(document, document.blocks, "n.md", lambda _: False))

    assert [link.line for link in broken] == [5]
