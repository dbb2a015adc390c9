"""Semantic versions in running text: recognised, compared, and told from longer numbers.

Source: Semantic Versioning 2.0.0, sections 2, 9, 10 and 11.
"""

from __future__ import annotations

import re
from functools import cache

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"

#: A version, without anchors and without groups.
SEMVER = (
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PART}(?:\.{_PART})*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_PRE_RELEASE = r"-(?:alpha|beta|dev|nightly|pre|preview|rc|snapshot|[0-9])"

#: Orders versions by precedence (section 11); build metadata does not count.
Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def is_semver(text: str) -> bool:
    """Whether `text` is a semantic version, whole.

    >>> is_semver("2.0.0-rc.1"), is_semver("2.0"), is_semver("v2.0.0")
    (True, False, False)
    """
    return re.fullmatch(SEMVER, text) is not None


def precedence(version: str) -> Precedence:
    """The key that sorts versions.

    Raises:
        ValueError: `version` is no semantic version.

    >>> precedence("2.0.0-rc.1") < precedence("2.0.0")
    True
    """
    if not is_semver(version):
        raise ValueError(f"'{version}' is not a semantic version")
    core, _, pre = version.partition("+")[0].partition("-")
    major, minor, patch = (int(part) for part in core.split("."))
    parts = tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part)
        for part in (pre.split(".") if pre else ())
    )
    return (major, minor, patch, not pre, parts)


@cache
def token(version: str) -> re.Pattern[str]:
    """A pattern that finds `version` as a version of its own.

    Not inside a longer number (``12.0.0``, ``2.0.01``, ``1.2.0.0``) and not as the core of
    a pre-release (``2.0.0-rc.1``).

    >>> [bool(token("2.0.0").search(text)) for text in ("v2.0.0.", "12.0.0", "2.0.0-rc.1")]
    [True, False, False]
    """
    return re.compile(
        rf"(?<![0-9.])(?<![0-9][A-Za-z]){re.escape(version)}(?![0-9])(?!\.[0-9])(?!{_PRE_RELEASE})",
        re.IGNORECASE,
    )


def mentions(text: str, version: str) -> bool:
    """Whether `text` names `version`."""
    return token(version).search(text) is not None
