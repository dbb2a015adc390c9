"""Judges nextest's configuration: tests left out, run again, or run by something else.

Source: nexte.st, "Repository configuration".
"""

from __future__ import annotations

from gaterun import Severity
from gaterun_gates.audit.entry import Entry, Found, Place, located, parse_toml, setting


def _retries(value: object) -> object:
    return value.get("count", 0) if isinstance(value, dict) else value


def _judge(keys: tuple[str, ...], values: dict[str, object], *, default: bool) -> Found:
    worst = Severity.ERROR if default else Severity.WARNING
    for key, value in values.items():
        where = (*keys, key)
        if key == "default-filter" and value not in {"all()", "test(*)"}:
            why = "leaves tests out without a word in the command"
            yield setting("nextest-filter", where, value, why, worst)
        elif key == "run-wrapper":
            why = "a program around every test, which can say what it likes"
            yield setting("nextest-wrapper", where, value, why, worst)
        elif key == "retries" and _retries(value) != 0:
            why = "a test that fails and then passes counts as passed"
            yield setting("nextest-retries", where, value, why, Severity.WARNING)
        elif key in {"slow-timeout", "leak-timeout"} and isinstance(value, dict):
            if "pass" in {value.get("on-timeout"), value.get("result")}:
                why = "a test that does not end counts as passed"
                yield setting("nextest-timeout", where, value, why, worst)
        elif key in {"overrides", "scripts"} and isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    yield from _judge(where, each, default=default)


def audit_nextest_config(text: str, place: Place) -> list[Entry]:
    """Judge every profile of a ``nextest.toml``; what `default` says holds for all of them.

    Raises:
        Unreadable: it is no TOML.
    """
    del place
    found: list[tuple[tuple[str, ...], Entry]] = []
    values = parse_toml(text)
    profiles = values.get("profile")
    for name, profile in profiles.items() if isinstance(profiles, dict) else ():
        if isinstance(profile, dict):
            found += _judge(("profile", str(name)), profile, default=name == "default")
    scripts = values.get("scripts", values.get("script"))
    if scripts:
        why = "programs that run before or around tests"
        found.append(setting("nextest-scripts", ("scripts",), scripts, why, Severity.WARNING))
    return list(located(text, found))
