"""Judges the ``[env]`` table of a cargo configuration file, variable by variable."""

from __future__ import annotations

import re

from gaterun import Severity
from gaterun_gates.audit.entry import Found, setting

_ERRORS = frozenset(
    {
        "CLIPPY_ARGS",
        "CLIPPY_CONF_DIR",
        "DYLD_INSERT_LIBRARIES",
        "LD_PRELOAD",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
    }
)
#: Common and without a say in what is found.
_LEGITIMATE = re.compile(
    r"RUST_(?:BACKTRACE|LIB_BACKTRACE|LOG|MIN_STACK|TEST_THREADS|TEST_NOCAPTURE)|"
    r"CARGO_WORKSPACE_DIR|CARGO_WORKSPACE_ROOT|CARGO_INCREMENTAL|SCCACHE_\w+"
)
_WARNINGS = re.compile(
    r"(?:CARGO|CLIPPY|DYLD|INSTA|LD|NEXTEST|PROPTEST|RUST|RUSTC|RUSTDOC|RUSTFLAGS|RUSTUP|TRYBUILD)"
    r"(?:_\w+)?|RUSTDOCFLAGS|(?:CC|CXX|AR)(?:_\w+)?"
)


def _judge(name: str, *, force: bool) -> tuple[str, Severity]:
    if name in _ERRORS:
        return "replaces or controls the compiler, clippy or the programs they load", Severity.ERROR
    if name == "PATH":
        if force:
            return "decides which programs are found", Severity.ERROR
        return "without force and so mostly without effect", Severity.WARNING
    if _LEGITIMATE.fullmatch(name):
        return "reaches the compiler, build scripts and tests", Severity.NOTE
    if _WARNINGS.fullmatch(name):
        return "controls a tool that gates use", Severity.WARNING
    return "reaches the compiler, build scripts and tests", Severity.NOTE


def judge_env(value: object) -> Found:
    """Judge every variable of the table."""
    for name, each in value.items() if isinstance(value, dict) else ():
        force = isinstance(each, dict) and each.get("force") is True
        why, severity = _judge(str(name).upper(), force=force)
        yield setting("env", ("env", str(name)), each, why, severity)
