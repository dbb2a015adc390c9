"""Judges ``rust-toolchain`` files: a path, or a channel that is another compiler tomorrow.

Source: the rustup book, "Overrides".
"""

from __future__ import annotations

import re

from gaterun import Severity
from gaterun_gates.audit.entry import Entry, Place, located, parse_toml, setting

_PINNED = re.compile(
    r"\d+\.\d+(?:\.\d+)?(?:-beta(?:\.\d+)?)?(?:-[\w-]+)?|(?:nightly|beta|stable)-\d{4}-\d\d-\d\d.*"
)
_FLOATING = re.compile(r"(?P<channel>stable|beta|nightly)(?:-[a-z][\w-]*)?")


def audit_toolchain(text: str, place: Place) -> list[Entry]:
    """Judge a ``rust-toolchain.toml`` or the older file without extension.

    Args:
        text: its content.
        place: where it lies; the older name may hold a channel and nothing else.

    Raises:
        Unreadable: it is neither.
    """
    if not place.path.endswith(".toml") and len(text.split()) == 1 and "=" not in text:
        return list(located("", [_channel(("channel",), text.strip())]))
    values = parse_toml(text).get("toolchain")
    found = []
    for key, value in values.items() if isinstance(values, dict) else ():
        keys = ("toolchain", str(key))
        if key == "path":
            why = "a compiler from a folder, of which nothing else is known"
            help_ = "name a released version by channel"
            found.append(setting("toolchain", keys, value, why, Severity.ERROR, help=help_))
        elif key == "channel" and isinstance(value, str):
            found.append(_channel(keys, value))
    return list(located(text, found))


def _channel(keys: tuple[str, ...], value: str) -> tuple[tuple[str, ...], Entry]:
    floating = _FLOATING.fullmatch(value)
    if _PINNED.fullmatch(value):
        why, severity = "a version, the same for everybody", Severity.NOTE
    elif floating is None:
        why, severity = (
            "a toolchain that somebody named, of which nothing is known",
            Severity.WARNING,
        )
    elif floating["channel"] == "stable":
        why, severity = "another compiler, with other lints, every six weeks", Severity.NOTE
    else:
        why, severity = "another compiler, with other lints, at any time", Severity.WARNING
    help_ = "" if severity is Severity.NOTE else "name a version, 1.95.0 or nightly-2026-01-31"
    return setting("toolchain", keys, value, why, severity, help=help_)
