"""Judges ``[build]`` and ``[target]``: programs around the compiler and flags for it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from gaterun import Severity
from gaterun_gates.audit.compiler_flags import judge_flags, words
from gaterun_gates.audit.entry import Found, Origin, Place, setting

#: Cargo's own names for places, in ``build.build-dir`` only.
_ROOT = "{workspace-root}"
_CACHES = frozenset({"cachepot", "ccache", "sccache"})
_LINKERS = re.compile(
    r"(?:.*-)?(?:cc|gcc|g\+\+|clang|clang\+\+|ld|lld|mold|wild|link|flip-link)\d*"
)
_EMULATORS = re.compile(
    r"qemu-[\w-]+|wine\d*|wasmtime|wasmer|wasm-bindgen-test-runner|node|probe-rs|cross|"
    r"espflash|elf2uf2-rs|cargo-embed|valgrind"
)
_WRAPPERS = frozenset({"env", "nice", "sudo", "time", "taskset"})
#: Targets that nothing is tested on unless asked for by name.
_FOREIGN = re.compile(r"wasm|-none\b|-none-|-uefi|\bavr|thumb|msp430|nvptx|bpf|\bnone\b")


def _program(keys: tuple[str, ...], value: object, place: Place, *, what: str) -> Found:
    """A program that stands in for the compiler or around it."""
    name = value if isinstance(value, str) else ""
    if not name:  # an empty one switches a wrapper off
        return
    origin = place.origin(name)
    if origin is Origin.REPOSITORY:
        severity = Severity.ERROR
    elif keys[-1] == "rustc-wrapper" and PurePosixPath(name).stem in _CACHES:
        severity = Severity.NOTE
    else:
        severity = Severity.WARNING
    yield setting(keys[-1], keys, name, f"{origin}, {what}", severity)


_BUILD_PROGRAMS = {
    "rustc": "in place of the compiler",
    "rustdoc": "in place of rustdoc, which also runs documentation tests",
    "rustc-wrapper": "called in place of the compiler",
    "rustc-workspace-wrapper": "called in place of the compiler for members, as clippy is",
}


def _flags(keys: tuple[str, ...], value: object, *, foreign: bool = False) -> Found:
    for flag, why, severity in judge_flags(value):
        if foreign and severity is Severity.ERROR:
            severity = Severity.WARNING  # noqa: PLW2901 - the one place where it is lowered
        help_ = "set lint levels in [workspace.lints]" if "lint" in why else ""
        yield setting(keys[-1], keys, flag, why, severity, help=help_)


def _is_outside(folder: str, place: Place) -> bool:
    if folder.startswith(_ROOT):
        return not replace(place, folder="").is_inside(f"./{folder.removeprefix(_ROOT)}")
    return folder.startswith("{") or not place.is_inside(folder)


def judge_build(value: object, place: Place) -> Found:
    """Judge the ``[build]`` table."""
    for key, each in value.items() if isinstance(value, dict) else ():
        keys = ("build", str(key))
        if key in _BUILD_PROGRAMS:
            yield from _program(keys, each, place, what=_BUILD_PROGRAMS[key])
        elif key in {"rustflags", "rustdocflags"}:
            yield from _flags(keys, each)
        elif key in {"target-dir", "build-dir"} and isinstance(each, str):
            if _is_outside(each, place):
                why = "artefacts lie outside of the repository, where others can write them"
                yield setting("target-dir", keys, each, why, Severity.WARNING)
        elif key == "warnings":
            if each == "allow":
                why = "hides every warning since cargo 1.97"
                yield setting("warnings", keys, each, why, Severity.ERROR)
            elif each != "warn":
                yield setting("warnings", keys, each, "changes what is reported", Severity.NOTE)
        elif key == "target":
            spec = any(word.endswith(".json") for word in words(each))
            yield setting(
                "target",
                keys,
                each,
                "everything is built for a platform that the repository describes itself"
                if spec
                else "everything is built for this platform",
                Severity.WARNING if spec else Severity.NOTE,
            )


def judge_targets(value: object, build: object, place: Place) -> Found:
    """Judge the ``[target]`` table.

    Args:
        value: the table.
        build: the ``[build]`` table, which says what is built for.
        place: where the file lies.
    """
    asked = words(build.get("target")) if isinstance(build, dict) else []
    for name, table in value.items() if isinstance(value, dict) else ():
        foreign = bool(_FOREIGN.search(name)) and name not in asked
        for key, each in table.items() if isinstance(table, dict) else ():
            keys = ("target", str(name), str(key))
            if key in {"rustflags", "rustdocflags"}:
                yield from _flags(keys, each, foreign=foreign)
            elif key == "linker":
                yield from _linker(keys, each, place)
            elif key == "runner":
                yield from _runner(keys, each, place, foreign=foreign)
            elif isinstance(each, dict):
                why = "replaces the build script of a package that links this library"
                yield setting("build-script", keys, each, why, Severity.WARNING)


def _linker(keys: tuple[str, ...], value: object, place: Place) -> Found:
    name = value if isinstance(value, str) else ""
    if place.origin(name) is Origin.REPOSITORY:
        severity = Severity.ERROR
    elif _LINKERS.fullmatch(PurePosixPath(name).stem):
        severity = Severity.NOTE
    else:
        severity = Severity.WARNING
    why = f"{place.origin(name)}, makes the programs that tests are"
    yield setting("linker", keys, value, why, severity)


def _runner(keys: tuple[str, ...], value: object, place: Place, *, foreign: bool) -> Found:
    command = words(value)
    program = command[0] if command else ""
    name = PurePosixPath(program).name
    own = any(place.origin(word) is Origin.REPOSITORY for word in command)
    if not program:
        return
    if own or not (_EMULATORS.fullmatch(name) or name in _WRAPPERS):
        severity = Severity.WARNING if foreign else Severity.ERROR
        why = "stands between cargo and every test, and can say what it likes"
    elif name in _WRAPPERS:
        severity, why = Severity.WARNING, "stands between cargo and every test"
    else:
        severity, why = Severity.NOTE, "runs programs for another platform"
    yield setting("runner", keys, value, why, severity)
