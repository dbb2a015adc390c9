"""Understands what was stored under a key: a status, a number, or something else."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gaterun import Claim, PhaseOutline, Said

#: Before a value that claude-flow 2 found too long: plain base64 follows, whatever it says.
_COMPRESSED = "__compressed__"

#: First words that say that all is done, *verified* among them: it is a word like any other.
_COMPLETED = frozenset(
    {"closed", "complete", "completed", "done", "finished", "merged", "ok", "passed", "resolved"}
    | {"succeeded", "success", "successful", "true", "validated", "verified"}
)
_IN_PROGRESS = frozenset({"active", "running", "started", "starting", "wip", "working", "ongoing"})

#: Words after which a first word does not mean what it says: ``done except for the tests``.
_BUT = re.compile(r"\b(?:but|except|almost|partially|not|pending|remaining|todo|blocked)\b")

_MILLISECONDS = 1e11  # as seconds it would be the year 5138

#: How long a value may be, characters; a longer one is no status.
LONGEST = 1_000_000


def is_there(path: Path) -> bool:
    """Whether there is something at a path, or nobody can tell; reading it will say why.

    It is opened to find out: kept answers depend on what was tried to be opened.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        pass  # it may be a link to nothing
    else:
        return True
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def claims_of(
    value: object,
    phase: PhaseOutline,
    *,
    key: str,
    source: str,
    place: str,
    time: float | None,
) -> Iterator[Claim]:
    """What was stored under a key, as one claim, and one for each number that can be compared.

    Args:
        value: as stored: text, bytes, or what JSON holds.
        time: seconds since the epoch.
    """
    text, value = _unpacked(value)
    key, place, raw = (_encodable(part) for part in (key, place, text[:160]))
    numbers: Mapping[str, float] = {}
    said = Said.OTHER
    if (number := _number(value)) is not None:
        numbers = {key.rpartition("/")[2].strip() or "value": number}
    elif isinstance(value, Mapping):
        said = _status(value)
        numbers = {
            name: number
            for name, item in value.items()
            if name in phase.metrics and (number := _number(item)) is not None
        }
    elif isinstance(value, str):
        said = said_by(value)
    elif value is True:
        said = Said.COMPLETED
    if said is not Said.OTHER or not numbers:
        yield Claim(key=key, said=said, source=source, place=place, time=time, raw=raw)
    for metric, number in sorted(numbers.items()):
        yield Claim(
            key=key,
            said=Said.NUMBER,
            source=source,
            place=place,
            metric=metric,
            number=number,
            time=time,
            raw=raw,
        )


def said_by(text: str) -> Said:
    """What a status in words comes to; only its first word counts, and nothing may follow it up.

    >>> said_by("✅ COMPLETE (4/4 gates)"), said_by("in_progress"), said_by("Not done")
    (<Said.COMPLETED: 'completed'>, <Said.IN_PROGRESS: 'in-progress'>, <Said.OTHER: 'other'>)
    >>> said_by("done, but for the tests")
    <Said.OTHER: 'other'>
    """
    words = re.sub(r"[\s_-]+", " ", text[:1000].casefold())
    first = re.match(r"[^a-z]*([a-z]+)", words)
    if first is None:
        return Said.OTHER
    if words[first.start(1) :].startswith("in progress") or first[1] in _IN_PROGRESS:
        return Said.IN_PROGRESS
    if first[1] in _COMPLETED and not _BUT.search(words):
        return Said.COMPLETED
    return Said.OTHER


def seconds(stamp: object) -> float | None:
    """A moment as seconds since the epoch, whether it was stored as such or as milliseconds.

    >>> seconds(1764000000), seconds("1764000000500"), seconds("yesterday")
    (1764000000.0, 1764000000.5, None)
    >>> seconds("2025-11-24T16:00:00Z")
    1764000000.0
    """
    if isinstance(stamp, bool) or not isinstance(stamp, int | float | str):
        return None
    try:
        number = float(stamp)
    except ValueError:
        return _from_text(str(stamp))
    if not 0 < number < _MILLISECONDS * 1000:
        return None
    return number / 1000 if number > _MILLISECONDS else number


def _encodable(text: str) -> str:
    """A text without halves of characters, which JSON can name and nobody can write."""
    return text.encode("utf-8", "replace").decode()


def _from_text(stamp: str) -> float | None:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(stamp)
        # SQLite's CURRENT_TIMESTAMP is UTC, and does not say so.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _unpacked(value: object) -> tuple[str, object]:
    """A value as text, and decoded as far as it can be."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str), value
    text = value
    if text.startswith(_COMPRESSED):
        try:
            packed = text.removeprefix(_COMPRESSED).lstrip(":")
            text = base64.b64decode(packed, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return text, text
    try:
        decoded: object = json.loads(text)
    except (ValueError, RecursionError):
        return text, text
    return text, decoded


def _status(value: Mapping[str, Any]) -> Said:
    for name in ("status", "state"):
        if isinstance(value.get(name), str):
            return said_by(value[name])
    return Said.COMPLETED if value.get("success") is True else Said.OTHER


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < float("inf") else None
