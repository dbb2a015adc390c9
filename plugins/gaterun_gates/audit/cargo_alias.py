"""Judges aliases: an external command, unlike a built-in one, can be replaced by an alias."""

from __future__ import annotations

from gaterun import Severity
from gaterun_gates.audit.entry import Found, Place, setting

#: External commands that gates, phases and CI take for granted; cargo lets an alias win.
_RELIED_ON = frozenset({"clippy", "nextest"})
_CHECKERS = frozenset(
    {
        "audit",
        "careful",
        "check-external-types",
        "crev",
        "cyclonedx",
        "deny",
        "fmt",
        "geiger",
        "hack",
        "llvm-cov",
        "machete",
        "miri",
        "msrv",
        "mutants",
        "outdated",
        "public-api",
        "semver-checks",
        "shear",
        "spellcheck",
        "sweep",
        "tarpaulin",
        "udeps",
        "vendor",
        "vet",
    }
)
_BUILT_IN = frozenset(
    {
        "add",
        "bench",
        "build",
        "check",
        "clean",
        "doc",
        "fetch",
        "fix",
        "generate-lockfile",
        "help",
        "info",
        "init",
        "install",
        "locate-project",
        "login",
        "logout",
        "metadata",
        "new",
        "owner",
        "package",
        "pkgid",
        "publish",
        "read-manifest",
        "remove",
        "report",
        "run",
        "rustc",
        "rustdoc",
        "search",
        "test",
        "tree",
        "uninstall",
        "update",
        "vendor",
        "verify-project",
        "version",
        "yank",
    }
)


def judge_aliases(value: object, place: Place) -> Found:
    """Judge the ``[alias]`` table."""
    del place
    for name, command in value.items() if isinstance(value, dict) else ():
        if name in _RELIED_ON:
            why, severity = f"cargo {name} runs something else", Severity.ERROR
        elif name in _CHECKERS:
            why, severity = f"cargo {name} runs something else", Severity.WARNING
        elif name in _BUILT_IN:
            why, severity = "shadows a built-in command; cargo ignores it", Severity.NOTE
        else:
            why, severity = "a command of the repository's own", Severity.NOTE
        help_ = "give the alias another name" if severity is not Severity.NOTE else ""
        yield setting("alias", ("alias", name), command, why, severity, help=help_)
