"""Judges a cargo configuration file: every key through which it reaches into a gate's work.

Source of the keys: the cargo reference, chapter "Configuration".
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from gaterun import Severity
from gaterun_gates.audit import cargo_sources
from gaterun_gates.audit.cargo_alias import judge_aliases
from gaterun_gates.audit.cargo_env_table import judge_env
from gaterun_gates.audit.cargo_programs import judge_build, judge_targets
from gaterun_gates.audit.entry import Entry, Found, Place, located, parse_toml, setting
from gaterun_gates.audit.profile import judge_profiles

_HARMLESS = frozenset(
    {"cache", "cargo-new", "doc", "future-incompat-report", "install", "net", "resolver", "term"}
)


def audit_cargo_config(text: str, place: Place) -> list[Entry]:
    """Judge one ``config.toml``.

    Args:
        text: its content.
        place: where it lies, which decides what relative paths mean.

    Raises:
        Unreadable: it is no TOML.
    """
    values = parse_toml(text)
    found: list[tuple[tuple[str, ...], Entry]] = []
    if posixpath.basename(place.path) == "config":
        why = "the old name, which wins over a config.toml beside it"
        found.append(((), Entry(rule="legacy", subject="config", why=why, severity=Severity.NOTE)))
    for key, value in values.items():
        judge = _TABLES.get(key)
        if judge is not None:
            found += judge(value, place)
        elif key not in _HARMLESS and key != "target":
            why = "not known to this gate"
            found.append(setting("unknown", (key,), value, why, Severity.NOTE))
    found += judge_targets(values.get("target"), values.get("build"), place)
    return list(located(text, found))


def included(text: str, place: Place) -> dict[str, str]:
    """The files that ``include`` names in the repository.

    Returns:
        Path to the folder that relative paths in the file start from, both from the workspace
        root.

    Raises:
        Unreadable: it is no TOML.
    """
    found: dict[str, str] = {}
    for name in _includes(parse_toml(text).get("include")):
        if path := _beside(name, place):
            # Cargo goes two folders up from the path as written, with any `..` still in it.
            raw = posixpath.join(posixpath.dirname(place.path), name)
            folder = posixpath.normpath(posixpath.dirname(posixpath.dirname(raw)) or ".")
            found[path] = "" if folder == "." else folder
    return found


def _includes(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        path = item.get("path") if isinstance(item, dict) else item
        if isinstance(path, str):
            yield path


def _beside(path: str, place: Place) -> str:
    """The included file, from the workspace root; empty when it lies outside the repository."""
    # Unlike other paths, it starts from the folder of the file itself.
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(place.path), path))
    ups = [part for part in whole.split("/") if part == ".."]
    return "" if posixpath.isabs(whole) or len(ups) > place.above else whole


def _include(value: object, place: Place) -> Found:
    for path in _includes(value):
        if _beside(path, place):
            why, severity = "more configuration, audited like this file", Severity.NOTE
        else:
            why, severity = "more configuration, outside of the repository", Severity.WARNING
        yield setting("include", ("include",), path, why, severity)


def _env(value: object, place: Place) -> Found:
    del place
    return judge_env(value)


def _profile(value: object, place: Place) -> Found:
    del place
    return judge_profiles(value)


def _unstable(value: object, place: Place) -> Found:
    del place
    yield setting("unstable", ("unstable",), value, "in force on a nightly cargo", Severity.NOTE)


_TABLES: dict[str, Callable[[object, Place], Found]] = {
    "alias": judge_aliases,
    "build": judge_build,
    "credential-alias": cargo_sources.judge_credential_aliases,
    "env": _env,
    "http": cargo_sources.judge_http,
    "include": _include,
    "patch": cargo_sources.judge_patches,
    "paths": cargo_sources.judge_paths,
    "profile": _profile,
    "registries": cargo_sources.judge_registries,
    "registry": cargo_sources.judge_registry,
    "source": cargo_sources.judge_sources,
    "unstable": _unstable,
}
