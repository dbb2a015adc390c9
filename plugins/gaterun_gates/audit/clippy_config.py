"""Judges ``clippy.toml``: thresholds that let more pass than clippy's own, and exceptions.

Source of the defaults: the clippy book, "Lint Configuration Options".
"""

from __future__ import annotations

from gaterun import Severity
from gaterun_gates.audit.entry import Entry, Place, located, parse_toml, setting

#: A greater value lets more pass.
_DEFAULTS = {
    "array-size-threshold": 16384,
    "cognitive-complexity-threshold": 25,
    "enum-variant-name-threshold": 3,
    "enum-variant-size-threshold": 200,
    "future-size-threshold": 16384,
    "large-error-threshold": 128,
    "literal-representation-threshold": 16384,
    "max-fn-params-bools": 3,
    "max-include-file-size": 1000000,
    "max-struct-bools": 3,
    "max-suggested-slice-pattern-length": 3,
    "max-trait-bounds": 3,
    "pass-by-value-size-limit": 256,
    "single-char-binding-names-threshold": 4,
    "stack-size-threshold": 512000,
    "struct-field-name-threshold": 3,
    "too-large-for-stack": 200,
    "too-many-arguments-threshold": 7,
    "too-many-lines-threshold": 100,
    "type-complexity-threshold": 250,
    "unnecessary-box-size": 128,
    "vec-box-size-threshold": 4096,
    "verbose-bit-mask-threshold": 1,
}
_STRICTER = ("disallowed-", "enforced-", "warn-", "check-", "enforce-")


def audit_clippy_config(text: str, place: Place) -> list[Entry]:
    """Judge every key of a ``clippy.toml``.

    Raises:
        Unreadable: it is no TOML.
    """
    del place
    found = []
    for key, value in parse_toml(text).items():
        if key.startswith(_STRICTER):
            continue
        known = _DEFAULTS.get(key)
        number = isinstance(value, int) and not isinstance(value, bool)
        if number and known is not None:
            if value <= known:
                continue
            why, severity = f"laxer than clippy's own {known}", Severity.WARNING
        elif number:
            why, severity = "a threshold of the repository's own", Severity.WARNING
        else:
            why, severity = "changes what clippy reports", Severity.NOTE
        found.append(setting("clippy-config", (key,), value, why, severity))
    return list(located(text, found))
