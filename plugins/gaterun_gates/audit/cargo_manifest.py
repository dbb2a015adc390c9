"""Judges a manifest: lints allowed, checks switched off, tests that cargo is told not to build."""

from __future__ import annotations

from collections.abc import Iterable

from gaterun import Severity
from gaterun_gates.audit.entry import Entry, Found, Place, located, parse_toml, setting
from gaterun_gates.audit.lint_weight import weigh
from gaterun_gates.audit.profile import judge_profiles

_TARGETS = ("lib", "bin", "test")
_FEATURED = ("bin", "test", "bench", "example")
_AUTO = {"autotests": Severity.WARNING, "autobins": Severity.NOTE, "autoexamples": Severity.NOTE}
_NARROWING = {
    "exclude": "not part of what `--workspace` covers",
    "default-members": "cargo covers only these unless told `--workspace`",
}


def audit_manifest(text: str, place: Place) -> list[Entry]:
    """Judge one ``Cargo.toml``.

    Raises:
        Unreadable: it is no TOML.
    """
    del place
    values = parse_toml(text)
    workspace = _dict(values.get("workspace"))
    found: list[tuple[tuple[str, ...], Entry]] = []
    found += _lints(("lints",), values.get("lints"))
    found += _lints(("workspace", "lints"), workspace.get("lints"))
    found += judge_profiles(values.get("profile"))
    for key in _TARGETS:
        found += _tests_off(key, values.get(key))
    for key in _FEATURED:
        found += _featured(key, values.get(key))
    package = _dict(values.get("package"))
    for key, severity in _AUTO.items():
        if package.get(key) is False:
            why = "files that the manifest does not list are not built"
            found.append(setting("targets", ("package", key), False, why, severity))
    for key, why in _NARROWING.items():
        if workspace.get(key):
            entry = setting("narrowed", ("workspace", key), workspace[key], why, Severity.NOTE)
            found.append(entry)
    for key in ("patch", "replace"):
        for source in _dict(values.get(key)):
            why = "dependencies replaced by others"
            found.append(setting("patch", (key, source), values[key][source], why, Severity.NOTE))
    return list(located(text, found))


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _lints(keys: tuple[str, ...], value: object) -> Found:
    for tool, lints in _dict(value).items():
        for lint, level in _dict(lints).items():
            named = level.get("level") if isinstance(level, dict) else level
            if named == "allow":
                path = lint if tool == "rust" else f"{tool}::{lint}"
                severity = weigh(path)
                yield setting(
                    "lints-allowed", (*keys, tool, lint), level, f"switches {path} off", severity
                )


def _featured(key: str, value: object) -> Found:
    for entry in value if isinstance(value, list) else ():
        table = _dict(entry)
        needed = table.get("required-features")
        if needed:
            why = f"{table.get('name', key)} is left out where these are not asked for"
            keys = (key, "required-features")
            yield setting("narrowed", keys, needed, why, Severity.NOTE)


def _tests_off(key: str, value: object) -> Found:
    entries: Iterable[object] = value if isinstance(value, list) else [value]
    for entry in entries:
        table = _dict(entry)
        name = table.get("name", key)
        if table.get("test") is False:
            why = f"tests of {name} are never run"
            yield setting("targets", (key, "test"), False, why, Severity.WARNING)
        if table.get("doctest") is False:
            why = f"documentation tests of {name} are never run"
            yield setting("targets", (key, "doctest"), False, why, Severity.NOTE)
        if table.get("harness") is False and key == "test":
            why = f"{name} is its own judge: its exit status is one test"
            yield setting("targets", (key, "harness"), False, why, Severity.NOTE)
