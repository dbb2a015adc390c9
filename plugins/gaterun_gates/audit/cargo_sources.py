"""Judges where packages come from, and what cargo runs to get at them."""

from __future__ import annotations

from gaterun import Severity
from gaterun_gates.audit.entry import Found, Place, setting, shown


def judge_sources(value: object, place: Place) -> Found:
    """Judge ``[source]``."""
    for name, table in value.items() if isinstance(value, dict) else ():
        target = table.get("replace-with") if isinstance(table, dict) else None
        if target is None:
            continue
        replacement = value.get(target) if isinstance(value, dict) else None
        folder = replacement.get("directory") if isinstance(replacement, dict) else None
        vendored = isinstance(folder, str) and place.is_inside(folder)
        yield setting(
            "source",
            ("source", str(name), "replace-with"),
            target,
            f"dependencies come from {folder}, in the repository"
            if vendored
            else "dependencies come from somewhere else",
            Severity.NOTE if vendored else Severity.WARNING,
        )


def judge_registry(value: object, place: Place) -> Found:
    """Judge ``[registry]``."""
    del place
    yield from _providers(("registry",), value)


def judge_registries(value: object, place: Place) -> Found:
    """Judge ``[registries]``."""
    del place
    for name, table in value.items() if isinstance(value, dict) else ():
        yield from _providers(("registries", str(name)), table)


def _providers(keys: tuple[str, ...], value: object) -> Found:
    for key, each in value.items() if isinstance(value, dict) else ():
        if key in {"credential-provider", "global-credential-providers"}:
            built_in = shown(each).lstrip('["').startswith("cargo:")
            yield setting(
                "credential-provider",
                (*keys, str(key)),
                each,
                "is run whenever cargo talks to a registry",
                Severity.NOTE if built_in else Severity.WARNING,
            )
        elif key == "token":
            hidden = "a secret in the repository"
            yield setting("token", (*keys, str(key)), "…", hidden, Severity.WARNING)
        elif key in {"default", "index"}:
            why = "packages come from here"
            yield setting("registry", (*keys, str(key)), each, why, Severity.NOTE)


def judge_credential_aliases(value: object, place: Place) -> Found:
    """Judge ``[credential-alias]``."""
    del place
    for name, command in value.items() if isinstance(value, dict) else ():
        why = "is run whenever cargo talks to a registry"
        keys = ("credential-alias", str(name))
        yield setting("credential-provider", keys, command, why, Severity.WARNING)


def judge_patches(value: object, place: Place) -> Found:
    """Judge ``[patch]``."""
    del place
    for source, table in value.items() if isinstance(value, dict) else ():
        for name, each in table.items() if isinstance(table, dict) else ():
            why = "replaces a dependency where no manifest shows it"
            yield setting("patch", ("patch", str(source), str(name)), each, why, Severity.WARNING)


def judge_paths(value: object, place: Place) -> Found:
    """Judge ``paths``."""
    del place
    yield setting("patch", ("paths",), value, "replaces dependencies by folders", Severity.WARNING)


def judge_http(value: object, place: Place) -> Found:
    """Judge ``[http]``."""
    del place
    for key, each in value.items() if isinstance(value, dict) else ():
        if key in {"proxy", "cainfo", "proxy-cainfo", "check-revoke"}:
            why = "changes whom cargo believes on the network"
            yield setting("network", ("http", str(key)), each, why, Severity.NOTE)
