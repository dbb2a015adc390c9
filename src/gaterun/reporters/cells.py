"""Puts any text into Markdown so that it shows as it is and breaks nothing around it.

Tried on GitHub's renderer: backslashes do not protect a pipe inside backticks, numeric
character references inside ``<code>`` do.
"""

from __future__ import annotations

import re
import string

from gaterun.reporters import clean

#: Characters of a text in a cell or a list; a report is not a log.
LONGEST = 300

_REFERENCES = str.maketrans(
    {char: f"&#{ord(char)};" for char in set(string.punctuation) - set(".,-/()=%+:;?'\"")}
)
_WORD_JOINER = "\N{WORD JOINER}"

#: What would begin a list, a heading or a rule, where it is the first of a line or an item.
_BEGINNING = re.compile(r"\A(?:[0-9]{1,9}[.)]|[-+])(?=\s|\Z)|\A[-=\s]+\Z")


def short(text: str, longest: int = LONGEST) -> str:
    """`text` cleaned, on one line, cut with an ellipsis."""
    # What is cut anyway is never looked at: a line may have 100 MB.
    head = text[: longest * 8]
    line = clean.line(head)
    if len(head) == len(text) and len(line) <= longest:
        return line
    return f"{line[: longest - 1]}…"


def code(text: str) -> str:
    """`text` as code, where GitHub links neither people nor issues nor commits.

    >>> code("a|b")
    '<code>a&#124;b</code>'
    """
    text = _referenced(text)
    return f"<code>{text}</code>" if text else ""


def prose(text: str) -> str:
    """`text` as running text that mentions nobody, and begins nothing where it stands first.

    >>> prose("1. not a list"), prose("- neither"), prose("2.5 s")
    ('1&#46; not a list', '&#45; neither', '2.5 s')
    """
    text = _BEGINNING.sub(_as_text, _referenced(text))
    # Mentions are looked for when references are resolved already; a colon makes an emoji.
    text = re.sub("(&#64;|&#35;)(?=[^ ])", rf"\1{_WORD_JOINER}", text)
    return re.sub(":(?=[^ ])", "&#58;", text)


def _as_text(mark: re.Match[str]) -> str:
    return re.sub(r"[-+=.)]", lambda sign: f"&#{ord(sign[0])};", mark[0])


def table(header: str, alignment: str, rows: list[list[str]]) -> list[str]:
    """The lines of a table whose cells are ready.

    Args:
        header: titles, separated by ``|``.
        alignment: a letter a column: ``l``, ``c`` or ``r``.
        rows: the cells.
    """
    marks = {"l": ":--", "c": ":-:", "r": "--:"}
    return [
        f"| {' | '.join(title.strip() for title in header.split('|'))} |",
        f"|{'|'.join(marks[letter] for letter in alignment)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def fence(text: str, language: str = "") -> list[str]:
    """`text` as a code block, whatever backticks it has."""
    text = clean.block(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{language}", *text.split("\n"), ticks]


def details(summary: str, lines: list[str], *, opened: bool = False) -> list[str]:
    """`lines` behind a line that can be unfolded. The blank lines make them Markdown again."""
    start = "<details open>" if opened else "<details>"
    return [f"{start}<summary>{summary}</summary>", "", *lines, "", "</details>", ""]


def _referenced(text: str) -> str:
    text = short(text).translate(_REFERENCES)
    # In what looks like a link, references would be shown as they are.
    return re.sub("(?i)w(?=ww[.])", lambda match: f"&#{ord(match.group())};", text).replace(
        ":/", "&#58;/"
    )
