"""Makes text that tools wrote safe to print: no escape sequences, no invisible characters."""

from __future__ import annotations

import re

# Patterns are compiled by whoever meets a text that is more than plain ASCII; `re` keeps them.

# An OSC, DCS or APC string that is never closed ends with its line, so that a stray
# introducer cannot swallow the rest of a log.
_ANSI = r"""
      \x1b\][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?      # OSC, hyperlinks included
    | \x1b[PX^_][^\x1b\x9c\n]*(?:\x1b\\|\x9c)?           # DCS, SOS, PM, APC
    | (?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?                  # CSI
    | \x1b[ -/]*[0-~]?                                   # two bytes, or a lone escape
    """
_SURROGATE = "[\ud800-\udfff]"
# Illegal in XML 1.0, discouraged there, or able to reorder what a reader sees.
_UNWANTED = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)


#: Characters of a text that are looked at. No report shows as many, and a line may have 100 MB.
LONGEST = 200_000


def block(value: str | bytes) -> str:
    r"""`value` as text of any number of lines, each character of it legal in XML 1.0.

    Escape sequences go, of a line that was redrawn the last state stays, and a control
    character becomes visible. Of what is longer than `LONGEST` head and tail are left, and a
    line that says so.

    >>> block("\x1b[31mred\x1b[0m\x07 10%\r100%")
    '100%'
    >>> block(b"caf\xc3\xa9 \x00")
    'café \\x00'
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if len(text) > LONGEST:
        head, tail = int(LONGEST * 0.4), int(LONGEST * 0.6)
        cut = len(text) - head - tail
        text = f"{text[:head]}\n[… {cut:,} characters cut …]\n{text[-tail:]}"
    if text.isascii() and text.isprintable():
        return text
    text = re.sub(_ANSI, "", encodable(text), flags=re.VERBOSE)
    if "\r" in text:
        redrawn = (part.rstrip("\r").rpartition("\r")[2] for part in text.split("\n"))
        text = "\n".join(redrawn)
    return re.sub(_UNWANTED, _visible, text)


def line(value: str | bytes) -> str:
    r"""`value` cleaned, on one line, with single spaces.

    >>> line("a\n\tb\x07")
    'a b\\x07'
    """
    return " ".join(block(value).split())


def clip(text: str, limit: int) -> str:
    """`text` cut to about `limit` bytes of UTF-8: its head, a line that says so, its tail.

    The tail gets the greater part, as the end of a log tells more than its beginning.
    """
    data = text.encode("utf-8")
    if len(data) <= limit:
        return text
    head, tail = int(limit * 0.4), int(limit * 0.6)
    first = data[:head].decode("utf-8", "ignore")
    last = data[len(data) - tail :].decode("utf-8", "ignore")
    return f"{first}\n[… {len(data) - head - tail:,} bytes cut …]\n{last}"


def encodable(text: str) -> str:
    r"""`text` without surrogates, which UTF-8 cannot hold; nothing else changes.

    >>> encodable("caf\udcc3\udca9")
    'café'
    """
    if text.isascii() or not re.search(_SURROGATE, text):
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else "\ufffd"
