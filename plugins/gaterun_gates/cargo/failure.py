"""What a cargo call that went wrong means, as a reason that people can act on."""

from __future__ import annotations

import os
import re

import gaterun

_NOT_EXECUTED = re.compile(
    r"could not execute process `(?P<program>[^` ]+)[^`]*` \(never executed\)"
)
_TOOLCHAIN = re.compile(
    r"toolchain '[^']+' is not installed|no default toolchain|could not choose a version of cargo"
)
_COMPONENT = re.compile(r"'(?P<name>[\w-]+)' is not installed for the toolchain")
_NO_COMMAND = re.compile(r"no such (?:sub)?command: `(?P<name>[\w-]+)`")
_LOCKED = re.compile(r"--locked was passed to prevent this")
_TOO_OLD = re.compile(
    r"requires (?:rustc|Rust) \d|lock ?file version .* (?:requires|was found)|"
    r"feature `edition\d+` is required|requires a newer (?:version of )?[Cc]argo"
)
_KILLED = re.compile(
    r"didn't exit successfully: `[^`]*\b(?:rustc|clippy-driver|rustdoc)(?:\.exe)? [^`]*` "
    r"\((?P<signal>signal: [^)]*)\)"
)
_NOISE = re.compile(r"\s*(?:Compiling|Checking|Downloaded|Downloading|Updating|Blocking|Fresh)\b")
_MOST = 400


def first_error(text: str) -> str:
    r"""Return the first error in cargo's standard error with its causes, as one line.

    >>> first_error("warning: x\nerror: no\n\nCaused by:\n  why\n\nStack backtrace:\n 0: f")
    'no: why'
    """
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("error")), 0)
    parts: list[str] = []
    for line in lines[start:]:
        stripped = line.strip()
        if stripped.startswith("Stack backtrace") or (parts and line.startswith(("error", "warn"))):
            break
        if stripped and stripped != "Caused by:" and not _NOISE.match(line):
            parts.append(re.sub(r"^error(\[\w+\])?: ", "", stripped))
    joined = ": ".join(parts)
    return joined if len(joined) <= _MOST else joined[: _MOST - 1] + "…"


def killed_compiler(text: str) -> str:
    """How the compiler itself died, from cargo's standard error; empty when it did not."""
    match = _KILLED.search(text)
    return match.group("signal") if match else ""


def explain(completed: gaterun.Completed, *, otherwise: gaterun.Reason) -> gaterun.CannotMeasure:
    """Say why a cargo call that failed measured nothing.

    Args:
        completed: the call.
        otherwise: the reason where cargo's words are not known here.

    Returns:
        The error to raise: a missing wrapper, toolchain, component or subcommand is
        ``tool-missing``; a toolchain that is too old ``tool-version``; a process that a
        signal ended ``crashed``.
    """
    text = completed.err()
    reason, message, help_ = otherwise, first_error(text), ""
    if match := _NOT_EXECUTED.search(text):
        reason, message, help_ = _not_executed(completed, match["program"])
    elif match := _COMPONENT.search(text):
        component = match["name"].removeprefix("cargo-")
        reason = gaterun.Reason.TOOL_MISSING
        help_ = f"rustup component add {component}"
    elif match := _NO_COMMAND.search(text):
        reason = gaterun.Reason.TOOL_MISSING
        help_ = f"install cargo-{match['name']}"
    elif _TOOLCHAIN.search(text):
        reason, help_ = gaterun.Reason.TOOL_MISSING, "rustup toolchain install"
    elif _LOCKED.search(text):
        reason = gaterun.Reason.BUILD_FAILED
        help_ = "bring Cargo.lock up to date (cargo update --workspace) and commit it"
    elif _TOO_OLD.search(text):
        reason, help_ = gaterun.Reason.TOOL_VERSION, "rustup update"
    elif completed.exit_status < 0:
        reason = gaterun.Reason.CRASHED
        message = f"{completed.argv[0]} was ended by signal {-completed.exit_status}"
    elif signal := killed_compiler(text):
        reason, message = gaterun.Reason.CRASHED, f"the compiler was killed ({signal})"
    if not message:
        message = f"{completed.argv[0]} exited with {completed.exit_status} and said nothing"
    return gaterun.CannotMeasure(reason, message, help=help_)


def _not_executed(completed: gaterun.Completed, program: str) -> tuple[gaterun.Reason, str, str]:
    from gaterun_gates.cargo.config import wrapper_setting

    setting = wrapper_setting(completed.cwd)
    name = program.replace("\\", "/").rsplit("/", 1)[-1]
    if setting is not None and setting.value.replace("\\", "/").rsplit("/", 1)[-1] == name:
        source = setting.source.removeprefix(f"{completed.cwd}{os.sep}")
        return (
            gaterun.Reason.TOOL_MISSING,
            f"the rustc wrapper '{setting.value}', configured in {source}, cannot be run",
            f"install {name}, or switch it off with an empty RUSTC_WRAPPER",
        )
    return gaterun.Reason.TOOL_MISSING, f"cargo cannot run '{program}'", f"install {name}"
