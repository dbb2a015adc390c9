"""Writes an XML tree as text: the same bytes on every Python, no empty element by accident.

The standard library's pretty printer changed how it writes attributes in Python 3.13, and
its plain writer makes character references of what XML forbids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"}
)


def serialize(root: Element) -> str:
    """The document with its declaration and a final newline.

    Texts must be clean already. An element has either text or children; the text of an
    element with children is not written.
    """
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', *_lines(root, 0), ""))


def _lines(element: Element, depth: int) -> Iterator[str]:
    indent = "  " * depth
    attributes = "".join(
        f' {name}="{value.translate(_ATTRIBUTE)}"' for name, value in element.attrib.items()
    )
    if len(element):
        yield f"{indent}<{element.tag}{attributes}>"
        for child in element:
            yield from _lines(child, depth + 1)
        yield f"{indent}</{element.tag}>"
    elif element.text:
        text = element.text.translate(_TEXT)
        yield f"{indent}<{element.tag}{attributes}>{text}</{element.tag}>"
    else:
        yield f"{indent}<{element.tag}{attributes}/>"
