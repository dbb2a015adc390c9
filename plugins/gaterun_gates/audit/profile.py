"""Judges profile tables, of manifests and of cargo's configuration alike."""

from __future__ import annotations

from collections.abc import Iterator

from gaterun import Severity
from gaterun_gates.audit.compiler_flags import judge_flags
from gaterun_gates.audit.entry import Found, setting

_CHECKS = ("overflow-checks", "debug-assertions")
#: On by default only here; other profiles start from `release`, where they are off anyway.
_CHECKED = frozenset({"dev", "test"})


def judge_profiles(profiles: object) -> Found:
    """Settings that switch checks off, and each changed profile.

    Args:
        profiles: the value of ``profile``.
    """
    if not isinstance(profiles, dict):
        return
    for name, values in profiles.items():
        if not isinstance(values, dict):
            continue
        keys = ("profile", str(name))
        yield from _judge(keys, values, checked=_is_checked(str(name), profiles))
        for package, inner in _tables(values.get("package")):
            own = package != "*"  # `*` means dependencies, not members
            yield from _judge(
                (*keys, "package", package), inner, checked=own and str(name) in _CHECKED
            )
        said = {key: value for key, value in values.items() if key not in _CHECKS}
        if said:
            why = "changes how everything is compiled"
            yield setting("profile", keys, said, why, Severity.NOTE)


def _is_checked(name: str, profiles: dict[str, object]) -> bool:
    seen: set[str] = set()
    while name not in _CHECKED and name not in seen:
        seen.add(name)
        values = profiles.get(name)
        parent = values.get("inherits") if isinstance(values, dict) else None
        name = parent if isinstance(parent, str) else ""
    return name in _CHECKED


def _tables(value: object) -> Iterator[tuple[str, dict[str, object]]]:
    for name, each in value.items() if isinstance(value, dict) else ():
        if isinstance(each, dict):
            yield str(name), each


def _judge(keys: tuple[str, ...], values: dict[str, object], *, checked: bool) -> Found:
    for check in _CHECKS:
        if values.get(check) is False and checked:
            yield setting(
                "checks-off",
                (*keys, check),
                value=False,
                why="tests no longer meet what this check would catch",
                severity=Severity.WARNING,
            )
    for flag, why, severity in judge_flags(values.get("rustflags")):
        yield setting("rustflags", (*keys, "rustflags"), flag, why, severity)
