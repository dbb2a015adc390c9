"""How long ago something was, as people say it; imports nothing, as kept answers need it."""

from __future__ import annotations


def age(seconds: float) -> str:
    """How long ago something was, roughly.

    >>> age(0.4), age(200), age(9000), age(200000)
    ('0 s', '3 min', '2 h', '2 d')
    """
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"
