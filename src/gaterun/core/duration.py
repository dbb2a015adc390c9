"""Durations as a phase file writes them."""

from __future__ import annotations

import re

_DURATION = r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?\s*\Z"
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}

#: The longest duration that is taken for meant, a year.
_LONGEST = 365 * 86400.0


def seconds(value: str | float) -> float:
    """Read a duration such as ``90s``, ``30m`` or ``1.5h``; a bare number is seconds.

    Raises:
        ValueError: it is none, or not positive.

    >>> seconds("30m")
    1800.0
    """
    match = re.match(_DURATION, value) if isinstance(value, str) else None
    if isinstance(value, str) and match is None:
        raise ValueError(f"'{value}' is not a duration")
    result = float(match[1]) * _SECONDS[match[2] or ""] if match is not None else float(value)
    if not 0 < result <= _LONGEST:
        raise ValueError("a duration is more than 0, and at most a year")
    return result
