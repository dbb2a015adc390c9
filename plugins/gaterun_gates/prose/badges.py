"""Versions in web addresses: badges, and pages of crates.io, docs.rs and releases of a crate."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import quote, unquote

from gaterun_gates.prose.semver_text import SEMVER
from gaterun_gates.prose.stated_version import Spelling, Stated, line_at, stated_at

_BADGE = re.compile(r"shields\.io/(?:static/v1|badge)/(?P<text>[^\s)\"'>?]+)", re.IGNORECASE)
_QUERY = re.compile(r"shields\.io/(?:static/v1|badge/?)\?(?P<query>[^\s)\"'>]+)", re.IGNORECASE)
_FIELD = re.compile(r"(?:^|&)(?P<key>[^=&]*)=(?P<value>[^&]*)")
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
        parts = _split(match["text"])
        if len(parts) >= 2:
            start = match.start("text") + len(parts[0]) + 1
            shown = _shown_by(_unbadged(parts[0]), _unbadged(parts[1]), names)
            yield from _badge(text, start, parts[1], shown, Spelling.BADGE)
    for match in _QUERY.finditer(text):
        fields = {unquote(part["key"]).lower(): part for part in _FIELD.finditer(match["query"])}
        if "label" in fields and "message" in fields:
            written = fields["message"]["value"]
            start = match.start("query") + fields["message"].start("value")
            shown = _shown_by(unquote(fields["label"]["value"]), unquote(written), names)
            yield from _badge(text, start, written, shown, Spelling.QUERY)
    for match in _PAGE.finditer(text):
        name = next((name for name in names if _same(name, match["name"])), "")
        if name:
            yield stated_at(
                text, match.start("version"), match.end("version"), "link", package=name
            )


def shown_on(text: str) -> Iterator[tuple[str, str, int]]:
    """Label and message of every static badge in a text, and where it stands.

    >>> list(shown_on("![t](https://img.shields.io/badge/unit__tests-630%20passing-green)"))
    [('unit_tests', '630 passing', 17)]
    """
    for match in _BADGE.finditer(text):
        parts = [_unbadged(part) for part in _split(match["text"])]
        if len(parts) >= 2:
            yield parts[0], parts[1], match.start()
    for match in _QUERY.finditer(text):
        fields = {unquote(part["key"]).lower(): part for part in _FIELD.finditer(match["query"])}
        if "label" in fields and "message" in fields:
            label, message = fields["label"]["value"], fields["message"]["value"]
            yield unquote(label), unquote(message), match.start()


def _split(text: str) -> list[str]:
    """Label, message and colour as written; a dash between them is single."""
    text = re.sub(r"\.(?:svg|png|json)$", "", text)
    parts = re.split(r"(?<!-)-(?!-)", text.replace("--", "\0\0"))
    return [part.replace("\0", "-") for part in parts]


def _unbadged(part: str) -> str:
    """What a part of a badge shows; ``--`` is a dash and ``__`` an underscore (shields.io)."""
    plain = part.replace("--", "-").replace("__", "\0").replace("_", " ").replace("\0", "_")
    return unquote(plain)


def spelled(version: str, spelling: Spelling) -> str:
    """A version as it is written in a text.

    >>> spelled("2.0.0-rc.1+x", Spelling.BADGE), spelled("2.0.0-rc.1+x", Spelling.QUERY)
    ('2.0.0--rc.1%2Bx', '2.0.0-rc.1%2Bx')
    """
    if spelling is Spelling.PLAIN:
        return version
    return quote(version.replace("-", "--") if spelling is Spelling.BADGE else version)


def _shown_by(label: str, message: str, names: Collection[str]) -> tuple[str, str]:
    """The version that a badge shows, or nothing, and the crate that it names."""
    name = next((name for name in names if _same(name, label.strip())), "")
    version = re.fullmatch(rf"v?(?P<version>{SEMVER})", message.strip())
    ours = name or label.strip().lower() in _LABELS
    return (version["version"] if version and ours else "", name)


def _badge(
    text: str, start: int, written: str, shown: tuple[str, str], spelling: Spelling
) -> Iterator[Stated]:
    version, package = shown
    if version:
        start += len(written) - len(written.lstrip("v_"))
        yield Stated(
            kind="badge",
            line=line_at(text, start),
            text=version,
            package=package,
            start=start,
            end=start + len(written.strip("v_")),
            spelling=spelling,
        )


def _same(one: str, other: str) -> bool:
    return one.replace("_", "-").lower() == other.replace("_", "-").lower()
