"""Judges rustfmt's configuration: it decides how many lines the same code has.

Source: rustfmt, "Configurations".
"""

from __future__ import annotations

from gaterun import Severity
from gaterun_gates.audit.entry import Entry, Found, Place, located, parse_toml, setting

#: Leave files out of what ``cargo fmt --check`` looks at.
_LEFT_OUT = frozenset({"disable_all_formatting", "ignore", "skip_children"})


def audit_rustfmt_config(text: str, place: Place) -> list[Entry]:
    """Judge one ``rustfmt.toml``.

    Raises:
        Unreadable: it is no TOML.
    """
    del place
    return list(located(text, _judge(parse_toml(text))))


def _judge(values: dict[str, object]) -> Found:
    for key, value in values.items():
        if key in _LEFT_OUT and value not in (False, []):
            why = "files that cargo fmt does not look at"
            yield setting("rustfmt", (key,), value, why, Severity.WARNING)
        elif key in ("max_width", "use_small_heuristics", "fn_single_line") or "width" in key:
            why = "decides how many lines the same code has"
            yield setting("rustfmt", (key,), value, why, Severity.NOTE)
