"""Judges ``.gitattributes``: sources declared generated, or shown otherwise than they are.

Source: gitattributes(5), and GitHub's linguist, "Overrides".
"""

from __future__ import annotations

import posixpath
import re

from gaterun import Severity
from gaterun_gates.audit.entry import Entry, Place

_LINGUIST = re.compile(r"linguist-(?:generated|vendored|documentation)(?:=(?:true|1))?")


def _may_be_rust(pattern: str) -> bool:
    name = posixpath.basename(pattern.rstrip("/"))
    extension = posixpath.splitext(name)[1]
    return not extension or extension == ".rs" or "*" in extension


def audit_git_attributes(text: str, place: Place) -> list[Entry]:
    """Judge every line of a ``.gitattributes``.

    Patterns that can only mean other files than Rust's are notes.
    """
    del place
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if len(parts) < 2 or parts[0].startswith("#"):
            continue
        pattern, attributes = parts[0], parts[1:]
        rust = _may_be_rust(pattern)
        for attribute in attributes:
            if _LINGUIST.fullmatch(attribute):
                rule, why = "generated", "declared not to be the repository's own code"
            elif attribute.startswith("filter=") and attribute != "filter=lfs":
                rule, why = "git-filter", "git shows something else than what is compiled"
            elif attribute in {"-diff", "binary"} and rust:
                rule, why = "hidden-diff", "changes do not show in a diff"
            else:
                continue
            severity = Severity.WARNING if rust else Severity.NOTE
            subject = f"{pattern} {attribute}"
            found.append(Entry(rule=rule, subject=subject, why=why, severity=severity, line=number))
    return found
