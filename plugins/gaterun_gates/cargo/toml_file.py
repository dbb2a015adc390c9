"""Reads TOML files of cargo's as plain values, whatever state they are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any]:
    """Read a manifest or a configuration file; empty when it cannot be read.

    Cargo itself says what is wrong with a file. By tomlkit, because cargo takes TOML 1.1,
    which the standard library refuses.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return dict(tomlkit.parse(path.read_text("utf-8-sig")).unwrap())
    except (OSError, UnicodeDecodeError, TOMLKitError):
        return {}


def table(values: object, *keys: str) -> dict[str, Any]:
    """The table at a path of keys; empty when there is none."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values if isinstance(values, dict) else {}
