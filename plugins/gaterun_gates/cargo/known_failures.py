"""Test outcomes against a list of known failures, as findings and counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import gaterun
from gaterun_gates.cargo.outcome import CaseOutcome, Status
from gaterun_gates.cargo.panics import find_panic


def normalise(entry: str) -> str:
    """An entry of a list of known failures as an id: ``binary-id$name`` or ``binary-id name``.

    >>> normalise("one::it  a::b"), normalise("one$t")
    ('one::it$a::b', 'one$t')
    """
    entry = entry.strip()
    if "$" in entry:
        return entry
    binary, _, name = entry.partition(" ")
    return f"{binary}${name.strip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Outcomes beside the known failures, as ids in order."""

    new: tuple[str, ...]
    known: tuple[str, ...]
    fixed: tuple[str, ...]
    missing: tuple[str, ...]


def compare(outcomes: Sequence[CaseOutcome], known_failures: Iterable[str]) -> Compared:
    """Sort failed tests into new and known, and known ones into failed, fixed and gone.

    Args:
        outcomes: every test.
        known_failures: entries as `normalise` reads them.
    """
    known = {normalise(entry) for entry in known_failures if entry.strip()}
    status = {outcome.id: outcome.status for outcome in outcomes}
    failed = {name for name, value in status.items() if value is Status.FAILED}
    return Compared(
        new=tuple(sorted(failed - known)),
        known=tuple(sorted(failed & known)),
        fixed=tuple(sorted(name for name in known if status.get(name) is Status.PASSED)),
        # An ignored test is no longer a known failure: it says nothing any more.
        missing=tuple(sorted(name for name in known if status.get(name) in {None, Status.IGNORED})),
    )


def _fingerprint(rule: str, name: str) -> str:
    return hashlib.sha256(f"{rule}\0{name}".encode("utf-8", "replace")).hexdigest()[:16]


def _failed(outcome: CaseOutcome, *, known: bool) -> gaterun.Finding:
    panic = find_panic(outcome.output)
    inside = not (PurePosixPath(panic.path).is_absolute() or panic.path[1:2] == ":")
    said = f": {panic.message}" if panic.message else ""
    return gaterun.Finding(
        rule="test-failed",
        message=f"{'known failure ' if known else ''}{outcome.id}{said}",
        path=panic.path if inside else "",
        line=panic.line if inside else 0,
        column=panic.column if inside else 0,
        severity=gaterun.Severity.NOTE if known else gaterun.Severity.ERROR,
        fingerprint=_fingerprint("test-failed", outcome.id),
    )


def _listed(rule: str, name: str, message: str, severity: gaterun.Severity) -> gaterun.Finding:
    return gaterun.Finding(
        rule=rule,
        message=f"{name} {message}",
        severity=severity,
        help="take it out of known_failures",
        fingerprint=_fingerprint(rule, name),
    )


def removed_findings(removed: gaterun.Measured | float) -> list[gaterun.Finding]:
    """A finding for each test of the base that is gone."""
    return [
        gaterun.Finding(
            rule="test-removed",
            message=f"{name} is a test of the base and is gone",
            severity=gaterun.Severity.WARNING,
            help="a test that was renamed or moved is counted as removed and added",
            fingerprint=_fingerprint("test-removed", name),
        )
        for name in (removed.breakdown if isinstance(removed, gaterun.Measured) else ())
    ]


def findings(outcomes: Sequence[CaseOutcome], compared: Compared) -> list[gaterun.Finding]:
    """The findings for failed tests, flaky ones, and entries of the list that are out of date."""
    new, known = frozenset(compared.new), frozenset(compared.known)
    note, warning = gaterun.Severity.NOTE, gaterun.Severity.WARNING
    return [
        *(_failed(outcome, known=False) for outcome in outcomes if outcome.id in new),
        *(
            _listed("known-failure-passes", name, "is listed as failing and passes", warning)
            for name in compared.fixed
        ),
        *(
            gaterun.Finding(
                rule="test-flaky",
                message=f"{outcome.id} failed and passed when run again",
                severity=warning,
                fingerprint=_fingerprint("test-flaky", outcome.id),
            )
            for outcome in outcomes
            if outcome.flaky
        ),
        *(_failed(outcome, known=True) for outcome in outcomes if outcome.id in known),
        *(
            _listed("known-failure-missing", name, "is listed as failing and was not run", note)
            for name in compared.missing
        ),
    ]
