"""Gate `env-coverage`: names that shipped code reads, by syn and a person's list of helpers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from by_hand import survey
from by_hand.rows import Clone, Row
from by_hand.tools import matches

#: Names of cargo's own, and what every tool reads: as the phase's `ignore` has them.
IGNORE = ("CARGO", "CARGO_*", "OUT_DIR", "RUST_LOG", "RUST_BACKTRACE", "HOME", "PATH")


def rows(clone: Clone) -> Iterator[Row]:
    names, unclear = read_names(clone)
    said = {
        re.split(r"[ `]", f["message"].strip("`"))[0]
        for f in clone.report.findings("env-coverage", "undocumented")
    }
    # What a build script hands to the compiler is no variable of whoever runs the program.
    given = matches(clone.root, "cargo::?rustc-env=", "*.rs")
    names -= {re.split("rustc-env=", line)[1].split("=")[0] for line in given}
    kept = frozenset(n for n in names if not any(fnmatchcase(n, glob) for glob in IGNORE))
    yield Row(
        gate="env-coverage",
        metric="names read by shipped code",
        gaterun=frozenset(said),
        by_hand=kept,
        how="syn: calls, macros and clap attributes; constants by name; helpers listed by a person",
    )
    yield Row(
        gate="env-coverage",
        metric="dynamic",
        gaterun=clone.report.places("env-coverage", "dynamic"),
        by_hand=unclear,
        how="syn: reads whose argument is neither a text nor a constant nor a listed helper",
    )


def read_names(clone: Clone) -> tuple[set[str], frozenset[str]]:
    """Names, and places where the name is not in the text."""
    sources = survey.read(clone.root, clone.scratch)
    constants: dict[str, set[str]] = {}
    for facts in sources.files.values():
        for name, value in facts["constants"]:
            constants.setdefault(name, set()).add(value)
    helpers: dict[str, int] = clone.settings.get("env_helpers", {})
    by_eye: dict[str, list[str]] = clone.settings.get("env_by_eye", {})
    names: set[str] = set()
    unclear: set[str] = set()
    for path in sources.shipped - sources.build:
        facts = sources.files[path]
        for read in facts["reads"]:
            if sources.is_test(path, read["line"]):
                continue
            place = f"{path}:{read['line']}"
            found = set(by_eye[place]) if place in by_eye else resolve(read["name"], constants)
            names |= found
            if not found and read["function"] not in _bare(helpers):
                unclear.add(place)
        for call in facts["calls"]:
            index = helpers.get(call["callee"])
            if index is None or sources.is_test(path, call["line"]):
                continue
            if index < len(call["arguments"]):
                names |= resolve(call["arguments"][index], constants)
    return names, frozenset(unclear)


def resolve(text: str, constants: dict[str, set[str]]) -> set[str]:
    """A literal's text, or that of the constant of this name."""
    if text.startswith('"'):
        return {text.strip('"')}
    values = constants.get(text.rsplit("::", 1)[-1], set())
    return {value.strip('"') for value in values if value.startswith('"')}


def _bare(helpers: dict[str, Any]) -> set[str]:
    return {re.split(r"::|\.", name)[-1] for name in helpers}
