"""Writes frozen values as JSON that every reader can read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gaterun.reporters import clean

# The greatest integers that readers keep exactly (JSON readers of 64 bits).
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


def builtins(value: object) -> Any:
    """`value` as dicts, lists, strings, finite numbers and ``None``.

    Fields stand in the order of their declaration and mappings in their own, so equal
    values give equal text. A number that JSON cannot hold becomes ``None``: it is never 0.
    """
    import msgspec

    return _plain(msgspec.to_builtins(value, str_keys=True, enc_hook=_other))


def document(value: object) -> str:
    """`value` as an indented JSON document with a final newline."""
    import msgspec

    return msgspec.json.format(_encoded(value), indent=2).decode() + "\n"


def one_line(value: object) -> str:
    """`value` as JSON on one line with a final newline."""
    return _encoded(value).decode() + "\n"


def _encoded(value: object) -> bytes:
    """`builtins` as JSON; without making them first where that gives the same."""
    import re

    import msgspec

    try:
        data = msgspec.json.encode(value, enc_hook=_other)
    except UnicodeEncodeError:
        return msgspec.json.encode(builtins(value))
    # As many digits as the greatest integer has, or in a text: then it is looked at closely.
    return msgspec.json.encode(builtins(value)) if re.search(rb"\d{19}", data) else data


def _other(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean.encodable(value)
    if isinstance(value, dict):
        return {clean.encodable(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not _INT_MIN <= value <= _INT_MAX:
        return None
    return value
