"""The code of a Rust file alone: comments, strings and characters blank, to be searched for words.

It decides nothing by itself. What it says is used to leave items out of what is parsed
(`excerpt`), and where anything is odd it says that it does not know, so that all is parsed.
"""

from __future__ import annotations

import re

#: What makes a letter before a quote a part of another word, of `r#b`, or of a lifetime.
_WORD = rb"\w\x80-\xff'\#"


def _raw(after: bytes) -> bytes:
    """Before `after` there is an ``r``, ``br`` or ``cr`` that is no end of a word."""
    return b"(?:(?<=r%b)(?<![%b]r%b)|(?<=[bc]r%b)(?<![%b][bc]r%b))" % (
        *(after, _WORD, after),
        *(after, _WORD, after),
    )


# Each choice begins with its first letter, and looks back from there: so Python's expressions skip
# what has none of these letters, and are a hundred times as fast.
_NO_CODE = re.compile(
    b"|".join(
        (
            rb"//[^\n]*",
            rb"/\*[^*/]*(?:(?:\*(?!/)|/(?!\*))[^*/]*)*\*/",
            # "…", b"…" and c"…"
            rb'"(?:(?<![\w\x80-\xff]")|(?<=[bc]")(?<![' + _WORD + rb'][bc]"))'
            rb'[^"\\]*(?:\\[\s\S][^"\\]*)*"',
            # r"…" and r#"…"#
            rb'"' + _raw(b'"') + rb'[^"]*"',
            rb"#" + _raw(rb"\#") + rb'(?P<hashes>#*)"[\s\S]*?"#(?P=hashes)',
            # a character, as rustc tells it from a lifetime
            rb"'(?:[^\\'\n\x80-\xff]|[\xc0-\xff][\x80-\xbf]+|\\[^\n][^'\n]*)'",
            rb"'(?P<lifetime>[A-Za-z_\x80-\xff][\w\x80-\xff]*(?!'))",
            # nested comments, what does not end, and prefixes of strings that nobody knows
            rb"/(?P<nested>\*)",
            rb'"(?P<open>)',
            rb'#(?<=r#)(?P<raw>#*")',
            rb"'(?P<quote>)",
        )
    )
)
_PAIRS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))


class _OddError(Exception):
    """Something that is not understood here."""


def _blank(match: re.Match[bytes]) -> bytes:
    kind = match.lastgroup
    if kind is None or kind == "hashes":
        start, end = match.span()
        return b" " * (end - start)
    if kind == "lifetime":
        return match.group()
    raise _OddError


def code_text(data: bytes) -> bytes | None:
    """`data`, as long as before, with blanks for each comment, string and character.

    Returns:
        ``None`` where it is not certain what is code: nested comments, a quote that nothing ends,
        brackets that do not pair up, a ``#!`` line, carriage returns of their own.

    >>> code_text(b'let a = f("//", b); // c')
    b'let a = f(    , b);     '
    >>> code_text(b"let a = '") is None
    True
    """
    odd = data.startswith((b"#!", b"---")) and not data.startswith(b"#![")
    if odd or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return None
    try:
        code = _NO_CODE.sub(_blank, data)
    except _OddError:
        return None
    even = all(code.count(opening) == code.count(closing) for opening, closing in _PAIRS)
    return code if even else None
