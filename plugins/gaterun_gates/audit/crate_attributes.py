"""Judges attributes of Rust sources that silence lints for a whole file or hide code from clippy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gaterun import Severity
from gaterun_gates.audit.entry import Entry
from gaterun_gates.audit.lint_weight import is_group, weigh

if TYPE_CHECKING:
    from gaterun_gates.cargo.suppressions import Suppression


def source_auditor() -> Callable[[bytes], list[Entry]]:
    """A function that judges Rust sources; its parser is made once.

    Attributes of single items are left to the gate ``clippy``, which counts them, unless
    they name a whole group of lints.
    """
    from gaterun_gates.cargo.suppressions import SuppressionCounter

    counter = SuppressionCounter()

    def audit(source: bytes) -> list[Entry]:
        found = [entry for each in counter.find(source) if (entry := _judge(each)) is not None]
        return sorted(found, key=lambda entry: entry.line)

    return audit


def _judge(each: Suppression) -> Entry | None:
    from gaterun_gates.cargo.suppressions import CFG_CLIPPY

    if each.lint == CFG_CLIPPY:
        severity = Severity.ERROR if each.whole_file else Severity.WARNING
        why = "clippy sees other code than the compiler"
        return Entry(
            rule="cfg-clippy", subject=CFG_CLIPPY, why=why, severity=severity, line=each.line
        )
    if each.whole_file:
        why = "for the whole file, and if it is a crate's root for the whole crate"
        return Entry(
            rule="lints-allowed",
            subject=f"#![allow({each.lint})]",
            why=why,
            severity=weigh(each.lint),
            line=each.line,
        )
    if is_group(each.lint):
        return Entry(
            rule="lints-allowed",
            subject=f"#[allow({each.lint})]",
            why="a whole group of lints",
            severity=Severity.WARNING,
            line=each.line,
        )
    return None
