"""What review tools show of a run: findings, and failures that have none, worst first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from gaterun.model.finding import Finding, Severity
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Outcome
from gaterun.reporters import clean, standing
from gaterun.reporters.standing import ADVISORY, FAILED, NO_VERDICT, WAIVED

#: Characters of a message; a report is not a log.
LONGEST = 2000

#: Every cargo workspace has it at its root: the place of last resort.
LAST_RESORT = "Cargo.toml"

#: The rule of a condition that does not hold. Where there is no verdict its reason is the rule.
CONDITION = "gaterun/condition"

#: No file system has longer ones, in bytes.
_LONGEST_PATH = 4096

_SEVERITIES = tuple(Severity)
_OUTSIDE = re.compile(r"[A-Za-z]:|/")


class Issue(Struct, frozen=True, kw_only=True):
    """One thing to look at, every text clean and on one line, but for the path.

    Attributes:
        node_id: the gate that says so.
        rule: ``gate/rule``, the same in every run whatever other gates there are.
        path: below the workspace root, as the file system has it; never empty.
        line: 1-based.
        column: 1-based; 0 when unknown.
        key: tells it from every other issue of the run, and survives moved lines.
        waived: why it is accepted; empty when it is not.
        of_gate: it is about the gate as a whole, and its place is in the phase file.
        counts: its gate failed or has no verdict.
    """

    node_id: str
    rule: str
    message: str
    severity: Severity
    path: str
    line: int = 1
    column: int = 0
    help: str = ""
    key: str = ""
    waived: str = ""
    of_gate: bool = False
    counts: bool = False


def issues(record: RunRecord) -> list[Issue]:
    """Everything there is to look at in a run.

    First what made gates fail, then gates without verdict, advisory ones, findings of gates
    that passed, and last what is waived; within each the worst first, in the order of the run.
    """
    found = [(_rank(result, issue), issue) for result in record.results for issue in _of(result)]
    found.sort(key=lambda ranked: ranked[0])
    return [issue for _, issue in found]


def bounded(text: str, longest: int = LONGEST) -> str:
    """`text` cleaned, on one line, and cut with a word about how long it was.

    What is cut is never looked at: a line may have 100 MB.

    >>> bounded("a" * 30, 5)
    'aaaaa… (30 characters)'
    """
    plain = len(text) <= longest and text.isascii() and text.isprintable()
    if plain and "  " not in text and text[:1] != " " != text[-1:]:
        return text
    short = clean.line(text[: longest * 2])
    if len(text) <= longest * 2 and len(short) <= longest:
        return short
    return f"{short[:longest]}… ({len(text):,} characters)"


def inside(path: str) -> str:
    """`path` with ``/`` if it stays below the root; otherwise empty.

    >>> inside("./src//lib.rs"), inside("../x"), inside("/etc/passwd"), inside("a/../../x")
    ('src/lib.rs', '', '', '')
    """
    if len(path) > _LONGEST_PATH or _OUTSIDE.match(path) or "\0" in path:
        return ""
    if "\\" not in path and "." not in path[:1] and "//" not in path and "/." not in path:
        return path.rstrip("/")
    parts = [part for part in path.replace("\\", "/").split("/") if part not in {"", "."}]
    return "" if ".." in parts else "/".join(parts)


def phase_place(result: GateResult) -> tuple[str, int]:
    """Where the phase file defines the gate, if that is in the workspace."""
    path = inside(result.file)
    return (path, max(result.line, 1)) if path else (LAST_RESORT, 1)


def _rank(result: GateResult, issue: Issue) -> tuple[int, int, bool]:
    order = (FAILED, NO_VERDICT, ADVISORY)
    kind = standing.standing(result)
    place = order.index(kind) if kind in order else len(order)
    severity = _SEVERITIES.index(issue.severity)
    return (place if not issue.waived else len(order) + 1, severity, not issue.of_gate)


def _of(result: GateResult) -> Iterator[Issue]:
    file, line = phase_place(result)
    yield from _of_gate(result, file, line)
    counts = standing.standing(result) in {FAILED, NO_VERDICT, ADVISORY}
    gate = bounded(result.gate, 100) or "gate"
    waived = _waived(result)
    everything = waived.get("", "")
    seen: Counter[str] = Counter()
    for finding in result.findings:
        path = inside(finding.path)
        identity = f"{result.node_id}\0finding\0{finding.fingerprint}"
        seen[identity] += 1
        yield Issue(
            node_id=result.node_id,
            rule=f"{gate}/{bounded(finding.rule, 100) or 'finding'}",
            message=_message(finding, path),
            severity=finding.severity,
            path=path or file,
            line=max(finding.line, 1) if path else line,
            column=max(finding.column, 0) if path and finding.line > 0 else 0,
            help=bounded(finding.help),
            key=f"{identity}\0{seen[identity]}",
            waived=everything or waived.get(finding.fingerprint, "") if waived else "",
            counts=counts,
        )


def _message(finding: Finding, path: str) -> str:
    message = bounded(finding.message) or bounded(finding.rule, 100) or "no message"
    # A place that review tools cannot show is told.
    return message if path or not finding.path else f"{bounded(finding.place, 300)}: {message}"


def _of_gate(result: GateResult, file: str, line: int) -> Iterator[Issue]:
    """A failure that no finding shows: a missing verdict, or conditions without findings."""
    kind = standing.standing(result)
    name = bounded(result.node_id, 200)
    severity = Severity.ERROR if result.blocking else Severity.WARNING
    told = []
    if result.outcome is Outcome.INCONCLUSIVE:
        reason = result.verdict.reason.value if result.verdict.reason else "undecided"
        told = [(f"gaterun/{reason}", reason, bounded(standing.gist(result)))]
    elif kind in {FAILED, ADVISORY, WAIVED} and all(
        finding.severity is Severity.NOTE for finding in result.findings
    ):
        for check in standing.failed_checks(result):
            short = standing.shortfall(result, check)
            text = standing.measured_against_target(result, check)
            message = bounded(f"{text}: {short}" if short else text)
            told.append((CONDITION, bounded(check.condition, 300), message))
        if not told and kind is not WAIVED:
            told = [(CONDITION, "", bounded(result.verdict.message) or "it failed")]
    by_name = {
        bounded(each.condition, 300): _justified(each.reason, each.owner, each.expires)
        for each in result.verdict.waived
    }
    everything = bounded(result.verdict.message) or "waived" if kind is WAIVED else ""
    seen: Counter[str] = Counter()
    for rule, what, message in told:
        seen[what] += 1
        yield Issue(
            node_id=result.node_id,
            rule=rule,
            message=f"{name}: {message}",
            severity=severity,
            path=file,
            line=line,
            help=bounded(result.verdict.help),
            key=f"{result.node_id}\0{rule}\0{what}\0{seen[what]}",
            waived=by_name.get(what) or everything if rule == CONDITION else "",
            of_gate=True,
            counts=kind is not WAIVED,
        )


def _waived(result: GateResult) -> dict[str, str]:
    """Why findings are accepted, by fingerprint; all of them under the empty one."""
    found: dict[str, str] = {}
    for each in result.verdict.waived:
        why = _justified(each.reason, each.owner, each.expires)
        for fingerprint in each.fingerprints:
            found.setdefault(fingerprint, why)
    if result.outcome is Outcome.WAIVED and not found:
        first = next(iter(result.verdict.waived), None)
        why = _justified(first.reason, first.owner, first.expires) if first else ""
        found[""] = why or bounded(result.verdict.message) or "waived"
    return found


def _justified(reason: str, owner: str, expires: str) -> str:
    return bounded(f"{reason} (waived until {expires} by {owner})")
