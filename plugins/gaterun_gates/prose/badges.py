"""Versions in web addresses: badges, and pages of crates.io, docs.rs and releases of a crate."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote

from gaterun_gates.prose.semver_text import SEMVER
from gaterun_gates.prose.stated_version import Stated, line_at

_BADGE = re.compile(r"shields\.io/(?:static/v1|badge)/(?P<text>[^\s)\"'>?]+)", re.IGNORECASE)
_QUERY = re.compile(r"shields\.io/(?:static/v1|badge/?)\?(?P<query>[^\s)\"'>]+)", re.IGNORECASE)
_PAGE = re.compile(
    rf"(?:docs\.rs|crates\.io/crates|deps\.rs/crate|lib\.rs/crates)/"
    rf"(?P<name>[A-Za-z0-9_-]+)/(?P<version>{SEMVER})(?![0-9.]*[0-9])"
)
_SITES = ("docs.rs/", "crates.io/", "deps.rs/", "lib.rs/")
_LABELS = frozenset({"version", "release", "latest", "stable", "crates.io", "crate", "current"})


def find_badges(text: str, names: Collection[str]) -> Iterator[Stated]:
    """Static badges that show a version, and addresses of one version of a crate of `names`.

    A badge counts when its label is a word such as *version*, or one of `names`; a badge for
    the least Rust version does not.
    """
    if "shields.io" not in text and not any(site in text for site in _SITES):
        return
    for match in _BADGE.finditer(text):
        parts = _badge_parts(match["text"])
        yield from _badge(text, match.start(), parts[:2], names)
    for match in _QUERY.finditer(text):
        fields = {
            unquote(key).lower(): unquote(value)
            for key, _, value in (part.partition("=") for part in match["query"].split("&"))
        }
        parts = [fields.get("label", ""), fields.get("message", "")]
        yield from _badge(text, match.start(), parts, names)
    for match in _PAGE.finditer(text):
        name = next((name for name in names if _same(name, match["name"])), "")
        if name:
            yield Stated(
                kind="link",
                line=line_at(text, match.start("version")),
                text=match["version"],
                package=name,
            )


def _badge_parts(text: str) -> list[str]:
    """Label, message and colour; ``--`` is a dash and ``__`` an underscore (shields.io)."""
    text = re.sub(r"\.(?:svg|png|json)$", "", text)
    parts = re.split(r"(?<!-)-(?!-)", re.sub(r"--", "\0", text))
    return [
        unquote(part.replace("\0", "-").replace("__", "\1").replace("_", " ").replace("\1", "_"))
        for part in parts
    ]


def _badge(text: str, position: int, parts: list[str], names: Collection[str]) -> Iterator[Stated]:
    if len(parts) < 2:
        return
    label, message = parts
    name = next((name for name in names if _same(name, label.strip())), "")
    version = re.fullmatch(rf"v?(?P<version>{SEMVER})", message.strip())
    if version and (name or label.strip().lower() in _LABELS):
        yield Stated(
            kind="badge",
            line=line_at(text, position),
            text=version["version"],
            package=name,
        )


def _same(one: str, other: str) -> bool:
    return one.replace("_", "-").lower() == other.replace("_", "-").lower()
