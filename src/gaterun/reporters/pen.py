"""Lays out lines for a terminal: colours, columns, wrapping, and what ASCII can say."""

from __future__ import annotations

import unicodedata

from msgspec import Struct

from gaterun.model.report import Style
from gaterun.reporters import clean

_SGR = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
}

_ASCII = str.maketrans(
    {
        "…": "...",
        "−": "-",
        "–": "-",
        "—": "-",
        "→": "->",
        "·": "-",
        "×": "x",
        "±": "+/-",
        "≤": "<=",
        "≥": ">=",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "\u00a0": " ",
    }
)


def columns(text: str) -> int:
    """How many columns a terminal gives to `text`, which must be clean.

    >>> columns("größe"), columns("検査")
    (5, 4)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def encodable(text: str, encoding: str | None) -> str:
    """`text` with what `encoding` lacks written as escapes."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)


class Pen(Struct, frozen=True):
    """Writes in a style. Text goes through `line` first, colour comes last."""

    style: Style

    @property
    def width(self) -> int:
        """Columns of the terminal, never so few that nothing fits."""
        return max(self.style.width, 20)

    def line(self, text: str) -> str:
        """`text` cleaned, on one line, in characters that the stream has."""
        return self.plain(clean.line(text))

    def plain(self, text: str) -> str:
        """`text` in characters that the stream has."""
        if self.style.unicode or text.isascii():
            return text
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode()

    def paint(self, text: str, *names: str) -> str:
        """`text` in colour where colours are wanted."""
        if not self.style.colour or not text or not names:
            return text
        codes = ";".join(_SGR[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def fit(self, text: str, width: int) -> str:
        """`text` cut to `width` columns, with dots where something is gone."""
        if columns(text) <= width:
            return text
        dots = self.plain("…")
        room = width - len(dots)
        if room < 1:
            return dots[: max(width, 0)]
        kept, used = [], 0
        for char in text:
            used += _columns(char)
            if used > room:
                break
            kept.append(char)
        return "".join(kept).rstrip() + dots

    def pad(self, text: str, width: int) -> str:
        """`text` in exactly `width` columns."""
        text = self.fit(text, width)
        return text + " " * (width - columns(text))

    def wrap(self, text: str, indent: str = "", hanging: str | None = None) -> list[str]:
        """`text` on lines no wider than the terminal.

        A word longer than a line stays whole, so that paths and commands can be copied.

        Args:
            text: any text; its own line breaks do not count.
            indent: before the first line.
            hanging: before the others; `indent` when not given.
        """
        lines = []
        current, empty = indent, True
        for word in self.line(text).split(" "):
            if not empty and columns(current) + 1 + columns(word) > self.width:
                lines.append(current)
                current, empty = indent if hanging is None else hanging, True
            current += word if empty else f" {word}"
            empty = False
        return [*lines, current.rstrip()]

    def rule(self, title: str, char: str, *names: str) -> str:
        """A line of `char` with a title in its middle."""
        title = self.line(title)
        # Never cut: the counts at the end of a run must be whole.
        room = max(self.width - columns(title) - 2, 2)
        left = room // 2
        return self.paint(f"{char * left} {title} {char * (room - left)}", *names)
