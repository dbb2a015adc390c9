"""Where the bytes of a Rust file speak of environment variables, to know what need not be parsed."""

from __future__ import annotations

import re

from gaterun_gates.rust.env_sites import FUNCTIONS

#: A cheap test on bytes: a file without a match reads and exports nothing.
_CANDIDATE = re.compile(
    rb"\b(?:vars?(?:_os)?|set_var|remove_var|(?:async_)?with_vars?(?:_unset)?|option_env|dotenv"
    rb"|env_remove|set_env|(?:try_)?from_(?:default_)?env|filter_or|write_style_or|envconfig"
    rb"|prefixed|env_logger|tracing_subscriber|Env|Environment)\b|\benv\s*(?:[!(=,)]|/[/*])"
    rb"|rerun-if-env-changed="
)
#: Every match of it begins with a word that has one of these in it, but for the last.
_STEMS = (b"env", b"Env", b"var", b"filter_or", b"write_style_or", b"prefixed", b"tracing_subs")
_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_IN_A_STRING = b"rerun-if-env-changed="


def may_use_environment(data: bytes) -> bool:
    """Whether a file with these bytes can have anything to do with environment variables."""
    if not any(word in data for word in (b"env", b"Env", b"ENV", b"fmt::init")):
        return False
    # To look for each stem, and match where its word begins, is several times as fast as a search.
    for stem in _STEMS:
        at = data.find(stem)
        while at >= 0:
            start = at
            while start and data[start - 1] in _WORD:
                start -= 1
            if _CANDIDATE.match(data, start):
                return True
            at = data.find(stem, at + len(stem))
    return _IN_A_STRING in data


#: Words that a file must have for a function of this name to be one that is looked for.
_ONLY_WITH = {
    b"init": (b"env_logger", b"tracing_subscriber"),
    b"try_init": (b"env_logger", b"tracing_subscriber"),
    b"default": (b"Environment",),
    b"raw": (b"figment",),
}
#: Names that say enough without a path before them, or are no functions.
_ALONE = frozenset(
    {
        *(b"init_from_env", b"try_init_from_env", b"from_default_env", b"try_from_default_env"),
        *(b"option_env", b"dotenv", b"Env", b"Environment", b"env_remove", b"set_env"),
        *(b"filter_or", b"write_style_or", b"envconfig"),
    }
)
_FUNCTIONS = frozenset(name.encode() for name in FUNCTIONS - {"env"})
#: Every other word that is looked for has one of these in it.
_COMMON = (b"env", b"Env", b"var")
_WITH_COMMON = frozenset(
    word for word in _FUNCTIONS | _ALONE if any(common in word for common in _COMMON)
)
#: `env` where it is a macro or a method, or may be a word of an attribute.
_CALLED = re.compile(rb"\s*[!(]")
_GIVEN = re.compile(rb"\s*[=,)]")
_USE = re.compile(rb"use\b(?<![\w\x80-\xff]use)[^;]*")
_NAME = re.compile(rb"[\w\x80-\xff]+")
_RENAMED = re.compile(rb"\bas\s+(?:r#)?([\w\x80-\xff]+)")
_LETTER = re.compile(rb"[\w\x80-\xff]")


def wanted_places(data: bytes, code: bytes) -> list[int]:
    """Where something stands that by itself has to do with the environment.

    Args:
        data: a file.
        code: its code text.

    Returns:
        Byte offsets, sorted.
    """
    functions = _FUNCTIONS - {
        name for name, any_of in _ONLY_WITH.items() if not any(word in data for word in any_of)
    }
    imported = _imported(code, functions)
    alone = _ALONE | imported
    others = (_FUNCTIONS - _WITH_COMMON) & functions | (_ALONE - _WITH_COMMON) | imported
    found: set[int] = set()
    for stem in (*_COMMON, *others):
        at = code.find(stem)
        while at >= 0:
            start, end = _around(code, at)
            word = code[start:end]
            if word == b"env":
                wanted = _CALLED.match(code, end) is not None or (
                    _GIVEN.match(code, end) is not None and _is_after(code, start, (b"(", b","))
                )
            else:
                wanted = word in alone or (word in functions and _is_after(code, start, b"::"))
            if wanted:
                found.add(start)
            at = code.find(stem, end)
    at = data.find(_IN_A_STRING)
    while at >= 0:
        found.add(at)
        at = data.find(_IN_A_STRING, at + 1)
    return sorted(found)


def _imported(code: bytes, functions: frozenset[bytes]) -> set[bytes]:
    """Names that `use` declarations may give to functions that are looked for, or more."""
    found: set[bytes] = set()
    for use in _USE.findall(code):
        words = set(_NAME.findall(use))
        named = words & functions
        if named:
            found |= named
            found.update(_RENAMED.findall(use))
        if b"*" in use and b"env" in words:
            found |= functions
    return found


def _around(code: bytes, at: int) -> tuple[int, int]:
    """The word around a byte of it."""
    start = at
    while start and _LETTER.match(code, start - 1):
        start -= 1
    match = _NAME.match(code, at)
    return start, match.end() if match is not None else at


def _is_after(code: bytes, start: int, what: bytes | tuple[bytes, ...]) -> bool:
    """Whether `what` may stand before the name at `start`."""
    near = code[max(start - 80, 0) : start]
    before = near.removesuffix(b"r#").rstrip()
    return before.endswith(what) or (not before and len(near) == 80)  # a long comment


_IMPORTING = (
    re.compile(rb"use\b(?<![\w\x80-\xff]use)"),
    re.compile(rb"mod\b(?<![\w\x80-\xff]mod)"),
)


def importing_places(code: bytes) -> list[int]:
    """Where a declaration may stand that says what a name of the file means: `use` and `mod`."""
    return [match.start() for word in _IMPORTING for match in word.finditer(code)]
