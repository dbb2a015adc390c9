"""What one gate's verdict says in JUnit's terms: a test case with at most one verdict child."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from gaterun.model.figures import duration
from gaterun.model.finding import Finding
from gaterun.model.record import GateResult
from gaterun.model.verdict import Check, Outcome, Reason
from gaterun.reporters import clean, standing

#: How many findings the text of a failure lists; the rest is counted.
TOP = 20

#: Bytes of an attribute's text.
ATTRIBUTE_LIMIT = 1000

#: Every cargo workspace has it at its root: the place of last resort.
LAST_RESORT = "Cargo.toml"


class Kind(StrEnum):
    """The verdict child; a passed case has none."""

    PASSED = ""
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


class Case(Struct, frozen=True, kw_only=True):
    """A test case, every text clean.

    Attributes:
        type: dotted, so that no reader takes it for a type of its own (Ruby on Rails
            decodes elements with ``type="array"``).
        message: one line, never empty in a case that has not passed.
        body: begins with the message.
        output: what else is worth knowing; may be empty.
    """

    name: str
    kind: Kind
    type: str
    message: str
    body: str
    output: str
    file: str
    line: int


def case(result: GateResult, name: str, limit: int) -> Case:
    """The test case of a result; no text is longer than about `limit` bytes."""
    kind = _kind(result)
    message = attribute(_message(result)) or "no message"
    file, line = _place(result)
    return Case(
        name=name,
        kind=kind,
        type=f"gaterun.{_type(result)}",
        message=message,
        body="" if kind is Kind.PASSED else clean.clip("\n".join(_body(result, message)), limit),
        output=clean.clip("\n".join(_output(result)), limit),
        file=file,
        line=line,
    )


def attribute(text: str) -> str:
    """`text` as an attribute's value: clean, on one line, short."""
    return clean.line(clean.clip(clean.line(text), ATTRIBUTE_LIMIT))


def _kind(result: GateResult) -> Kind:
    kind = {
        Outcome.PASS: Kind.PASSED,
        Outcome.FAIL: Kind.FAILURE,
        Outcome.INCONCLUSIVE: Kind.ERROR,
    }.get(result.outcome, Kind.SKIPPED)
    # An advisory gate must not turn a build red: seen, but not counted as failed.
    return Kind.SKIPPED if kind and not result.blocking else kind


def _type(result: GateResult) -> str:
    if result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE} and not result.blocking:
        return "advisory"
    if result.outcome is Outcome.FAIL:
        failed = standing.failed_checks(result)
        if not failed:
            return "GateFailed"
        regressed = all(check.baseline is not None for check in failed)
        return "BaselineRegressed" if regressed else "ThresholdExceeded"
    if result.outcome is Outcome.INCONCLUSIVE:
        reason = result.verdict.reason or Reason.UNDECIDED
        return reason.value.title().replace("-", "")
    return result.outcome.value


def _in_words(condition: str) -> str:
    """Operators as words: Allure 3 shows entities in messages undecoded."""
    words = {"<=": "at most", ">=": "at least", "<": "below", ">": "above", "==": "", "!=": "not"}
    return re.sub("<=|>=|==|!=|<|>", lambda match: words[match.group()], clean.line(condition))


def _message(result: GateResult) -> str:
    failed = standing.failed_checks(result)
    if result.outcome is Outcome.FAIL and failed:
        text = "; ".join(
            f"{check.metric} is {standing.actual(result, check)}, "
            f"wanted: {_in_words(check.target or check.condition)}"
            for check in failed
        )
    else:
        text = standing.gist(result)
    if result.blocking or _kind(result) is Kind.PASSED:
        return text
    until = f" until {result.advisory_until}" if result.advisory_until else ""
    return f"advisory{until}: {text}"


def _body(result: GateResult, message: str) -> Iterator[str]:
    yield message
    verdict = result.verdict
    told = bool(standing.failed_checks(result)) or clean.line(verdict.message) in message
    if verdict.message and not told:
        yield clean.block(verdict.message)
    if verdict.help:
        yield f"help: {clean.block(verdict.help)}"
    yield from standing.waivers(result)
    for check in verdict.checks:
        if check.holds is not True:
            yield ""
            yield from _check(result, check)
    if result.findings:
        yield ""
        for finding in standing.worst_of(result)[:TOP]:
            yield from _finding(finding)
        if len(result.findings) > TOP:
            yield f"and {len(result.findings) - TOP:,} more"
    if result.repeat:
        yield ""
        yield f"repeat: {clean.line(result.repeat)}"


def _check(result: GateResult, check: Check) -> Iterator[str]:
    rows = {
        "condition": check.condition,
        "actual": standing.actual(result, check),
        "baseline": standing.baseline(result, check),
        "target": check.target,
        "distance": check.distance,
        "why": standing.explanation(result, check),
    }
    for label, text in rows.items():
        if text:
            yield f"{label + ':':<10} {clean.line(text)}"


def _finding(finding: Finding) -> Iterator[str]:
    rule = f" [{clean.line(finding.rule)}]" if finding.rule else ""
    yield f"{finding.severity.value}: {clean.line(finding.message)}{rule}"
    if finding.place:
        yield f" --> {clean.line(finding.place)}"


def _output(result: GateResult) -> Iterator[str]:
    if result.flaky:
        yield "flaky: passed only after a retry"
    yield from (f"note: {clean.line(note)}" for note in result.notes)
    for command in result.evidence:
        argv = " ".join(clean.line(part) for part in command.argv)
        yield f"$ {argv}"
        spent = duration(command.seconds)
        yield f"  exit status {command.exit_status}, {spent}, log {clean.line(command.log)}"


def _place(result: GateResult) -> tuple[str, int]:
    """The worst finding's place, else the gate's definition, inside the workspace."""
    if result.outcome is not Outcome.PASS:
        for finding in standing.worst_of(result):
            path = _inside(finding.path)
            if path:
                return path, max(finding.line, 1)
    path = _inside(result.file)
    return (path, max(result.line, 1)) if path else (LAST_RESORT, 1)


def _inside(path: str) -> str:
    """`path` when it is relative and stays below the root; otherwise empty."""
    path = clean.line(path.replace("\\", "/"))
    absolute = path.startswith("/") or re.match("[A-Za-z]:", path)
    return "" if absolute or ".." in path.split("/") else path
