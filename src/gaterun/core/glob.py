"""Globs over paths of a workspace, alone and as a list of what is in and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


#: What an entry of a list begins with that takes files away, in whatever place it stands.
TAKES_AWAY = "!"


def in_scope(name: str, globs: Iterable[str]) -> bool:
    """Whether a path is what a list of globs is about.

    >>> [in_scope(name, ["src/**", "!src/gen/*"]) for name in ("src/a", "src/gen/a", "b")]
    [True, False, False]
    """
    wanted = False
    for glob in globs:
        if glob.startswith(TAKES_AWAY):
            if glob_matcher(glob[1:])(name):
                return False
        elif not wanted:
            wanted = bool(glob_matcher(glob)(name))
    return wanted
