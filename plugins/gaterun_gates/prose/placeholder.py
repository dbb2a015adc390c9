"""Text that stands where content should be."""

from __future__ import annotations

import re

from gaterun_gates.prose.markdown import without_code

_PATTERNS = (
    # A marker that opens an item, stands before a colon, or is all that follows one.
    re.compile(r"^\W*(?:TODO|TBD|TBA|TBC|FIXME|XXX|WIP)\b"),
    re.compile(r"\b(?:TODO|FIXME|TBD)\s*:"),
    re.compile(r"(?:[:(\[–—-]|\b(?:is|are))\s*(?:TODO|TBD|TBA|FIXME)\W*$"),
    re.compile(r"\blorem ipsum\b", re.IGNORECASE),
    re.compile(
        r"^\W*(?:coming soon|to be (?:added|announced|decided|done|written|filled in))\W*$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^\W*(?:your |the )?(?:release notes|changes|changelog|description|summary|text|content)"
        r" (?:go(?:es)? )?here\W*$",
        re.IGNORECASE,
    ),
    re.compile(r"\[(?:insert|describe|add|your)\b[^\]]{0,80}\](?!\()", re.IGNORECASE),
    re.compile(
        r"\{\{[^}]{0,80}\}\}|<(?:insert|your|version|date|title|description)\b[^>]{0,80}>",
        re.IGNORECASE,
    ),
    re.compile(r"^\W*(?:YYYY-MM-DD|X\.Y\.Z|placeholder|blah)\W*$", re.IGNORECASE),
)


def is_placeholder(text: str) -> bool:
    """Whether one item or paragraph says nothing yet.

    An item of punctuation alone (``...``, ``-``) says nothing. A sentence about TODO
    comments does say something, and so does code.

    Args:
        text: its Markdown source.

    >>> [is_placeholder(text) for text in ("TBD", "...", "Removed stale TODO comments")]
    [True, True, False]
    """
    prose = without_code(text)
    if not re.search(r"\w", prose):
        return True
    return any(pattern.search(prose) for pattern in _PATTERNS)
