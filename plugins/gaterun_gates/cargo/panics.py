"""Finds what a failed test said, and where, in its output."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NEW = re.compile(r"panicked at (?P<path>[^\n']+?):(?P<line>\d+):(?P<column>\d+):?[ \t]*(?:\n|$)")
# Before Rust 1.73 the message stood first, in quotes.
_OLD = re.compile(
    r"panicked at '(?P<text>.*?)', (?P<path>[^\n']+?):(?P<line>\d+):(?P<column>\d+)[ \t]*(?:\n|$)",
    re.DOTALL,
)
_END = re.compile(r"^(?:note: |stack backtrace:|thread '|----|failures:)", re.MULTILINE)
_ERROR = re.compile(r"^Error: .+", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_MOST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """What a test said when it failed; `line` is 0 where there is no place."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0


def _short(text: str) -> str:
    text = _SPACE.sub(" ", text).strip()
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def find_panic(output: str) -> Panic:
    r"""Return the first panic in a test's output, or else its error, or else its last line.

    >>> find_panic("thread 't' (7) panicked at src/lib.rs:3:5:\nno\nnote: run with").message
    'no'
    """
    if match := _OLD.search(output):
        text = match["text"]
    elif match := _NEW.search(output):
        rest = output[match.end() :]
        end = _END.search(rest)
        text = rest[: end.start()] if end else rest
    if match:
        return Panic(
            message=_short(text) or "panicked",
            path=match["path"].strip().replace("\\", "/").removeprefix("./"),
            line=int(match["line"]),
            column=int(match["column"]),
        )
    if error := _ERROR.search(output):
        return Panic(message=_short(error[0]))
    lines = [line for line in output.splitlines() if line.strip()]
    return Panic(message=_short(lines[-1]) if lines else "")
