"""Counts how often a session was kept from ending over one claim, so that it ends some time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gaterun.core import lock
from gaterun.core.aside import written_aside

#: How often one claim may keep a session from ending.
MOST = 3

#: How many claims are remembered; sessions end, and nobody tells us.
_KEPT = 500

_FILE = "blocks.json"


def count(state: Path, session: str, claims: Sequence[str]) -> dict[str, int]:
    """Count once more for each claim.

    Args:
        state: the workspace's state folder, made where there is none.
        session: its id.
        claims: what tells each from the others.

    Returns:
        How often each was counted before now, at most `MOST`.

    Raises:
        OSError: it cannot be remembered, so that nothing may be blocked.
    """
    (state / "locks").mkdir(parents=True, exist_ok=True)
    ignore = state / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    held = lock.take(
        state / "locks", "blocks", alone=True, stopped=lambda: False, waiting=lambda _: None
    )
    try:
        counts = _read(state / _FILE)
        before = {}
        for claim in dict.fromkeys(claims):
            name = f"{session}\n{claim}"
            before[claim] = min(counts.pop(name, 0), MOST)
            counts[name] = before[claim] + 1  # moves it to the end, as the newest
        newest = dict(list(counts.items())[-_KEPT:])
        with written_aside(state / _FILE) as aside:
            aside.write_bytes(msgspec.json.encode(newest))
        return before
    finally:
        os.close(held)


def _read(path: Path) -> dict[str, int]:
    """What is remembered; a file that somebody has damaged remembers nothing."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
