"""Globs over paths of a workspace."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=256)
def glob_matcher(pattern: str) -> Callable[[str], object]:
    """Compile a glob in which ``*`` stays in a folder and ``**`` crosses folders.

    >>> [bool(glob_matcher("a/**/*.rs")(path)) for path in ("a/b.rs", "a/b/c.rs", "b.rs")]
    [True, True, False]
    """
    import re

    expression = ""
    position = 0
    while position < len(pattern):
        if pattern.startswith("**/", position):
            expression += "(?:.*/)?"
            position += 3
        elif pattern.startswith("**", position):
            expression += ".*"
            position += 2
        elif pattern[position] == "*":
            expression += "[^/]*"
            position += 1
        elif pattern[position] == "?":
            expression += "[^/]"
            position += 1
        else:
            expression += re.escape(pattern[position])
            position += 1
    return re.compile(expression + r"\Z", re.DOTALL).match
