"""Judges compiler flags that a configuration adds: which of them silence lints or checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gaterun import Severity
from gaterun_gates.cargo.config import split_lint_flags

_LEVEL = re.compile(
    r"(?:-(?P<short>[AWDF])|--(?P<long>allow|warn|deny|forbid|force-warn|cap-lints|expect))"
    r"[ =]?(?P<value>.*)",
    re.DOTALL,
)
_OFF = re.compile(r"(?:overflow-checks|debug-assertions)=(?:n|no|off|false|0)")
_TELLTALE = re.compile(r"\b(?:clippy|test|miri|doctest)\b")
_TEST_FLAG = re.compile(r"--(?:no-run|test-args|test-runtool|runtool|test-run-directory)\b")


def words(value: object) -> list[str]:
    """Flags given as one text or as a list."""
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list):
        return [word for word in value if isinstance(word, str)]
    return []


def _lint(flag: str) -> tuple[str, Severity]:
    match = _LEVEL.match(flag)
    if match is None:
        return "sets lint levels", Severity.WARNING
    level = match["long"] or {"A": "allow", "W": "warn", "D": "deny", "F": "forbid"}[match["short"]]
    if level == "cap-lints":
        if match["value"] == "allow":
            return "empties every lint report", Severity.ERROR
        if match["value"] == "warn":
            return "turns denied lints into warnings", Severity.WARNING
    elif level in {"allow", "expect"}:
        return "switches lints off where no source shows it", Severity.ERROR
    return "sets lint levels where no source shows it", Severity.NOTE


def judge_flags(value: object) -> Iterator[tuple[str, str, Severity]]:
    """The flags that bear on a gate: each with what it can do and how bad that is.

    Args:
        value: ``rustflags`` as configured.
    """
    others, lints = split_lint_flags(words(value))
    for flag in lints:
        yield flag, *_lint(flag)
    stream = iter(others)
    for flag in stream:
        whole = f"{flag} {next(stream, '')}" if flag in {"-C", "-Z", "--codegen", "--cfg"} else flag
        if flag.startswith("@"):
            yield whole, "reads flags from a file, which can hold any", Severity.ERROR
        elif _OFF.search(whole):
            yield whole, "switches off checks that tests rely on", Severity.WARNING
        elif re.search(r"\blinker=", whole):
            yield whole, "the linker makes the programs that tests are", Severity.WARNING
        elif _TEST_FLAG.match(whole):
            yield whole, "changes whether and how documentation tests run", Severity.ERROR
        elif whole.startswith("--cfg") and _TELLTALE.search(whole):
            yield whole, "pretends to be compiled for another purpose", Severity.WARNING
        else:
            yield whole, "changes what is compiled, or how", Severity.NOTE
