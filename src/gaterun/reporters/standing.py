"""How a gate's verdict is called, coloured and counted in every report."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from gaterun.model.age import age
from gaterun.model.finding import Finding, Severity
from gaterun.model.metric import Value
from gaterun.model.record import GateResult
from gaterun.model.verdict import Check, Outcome
from gaterun.reporters import clean, figures


class Standing(Struct, frozen=True, kw_only=True):
    """A kind of verdict.

    Attributes:
        word: as in a result line.
        phrase: as in a count, after the number.
        letter: of the option ``-r``.
        icon: for Markdown.
        colour: a name that `gaterun.reporters.pen` knows.
    """

    word: str
    phrase: str
    letter: str
    icon: str
    colour: str


FAILED = Standing(word="FAILED", phrase="failed", letter="f", icon="❌", colour="red")
NO_VERDICT = Standing(
    word="NO VERDICT", phrase="without verdict", letter="i", icon="⚠️", colour="magenta"
)
BLOCKED = Standing(word="BLOCKED", phrase="blocked", letter="b", icon="🚫", colour="yellow")
ADVISORY = Standing(word="ADVISORY", phrase="advisory", letter="a", icon="🔶", colour="yellow")
WAIVED = Standing(word="WAIVED", phrase="waived", letter="w", icon="📌", colour="yellow")
SKIPPED = Standing(word="SKIPPED", phrase="skipped", letter="s", icon="⏭️", colour="cyan")
PASSED = Standing(word="PASSED", phrase="passed", letter="p", icon="✅", colour="green")

#: Worst first.
STANDINGS = (FAILED, NO_VERDICT, BLOCKED, ADVISORY, WAIVED, SKIPPED, PASSED)

_OF_OUTCOME = {
    Outcome.PASS: PASSED,
    Outcome.FAIL: FAILED,
    Outcome.INCONCLUSIVE: NO_VERDICT,
    Outcome.BLOCKED: BLOCKED,
    Outcome.SKIPPED: SKIPPED,
    Outcome.WAIVED: WAIVED,
}


def standing(result: GateResult) -> Standing:
    """The standing of a result; a failure that does not block is advisory."""
    if result.outcome is Outcome.FAIL and not result.blocking:
        return ADVISORY
    return _OF_OUTCOME[result.outcome]


def chosen(results: Iterable[GateResult], *standings: Standing) -> list[GateResult]:
    """Those of `results` that stand so, in their order."""
    return [result for result in results if standing(result) in standings]


def tally(results: Iterable[GateResult]) -> list[tuple[int, Standing]]:
    """How many results stand how, worst first, without zeros."""
    found = [standing(result) for result in results]
    return [(found.count(kind), kind) for kind in STANDINGS if kind in found]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by severity, otherwise in their order."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def new_findings(result: GateResult) -> frozenset[str]:
    """Fingerprints of the findings that make conditions about what is new fail."""
    return frozenset(name for check in failed_checks(result) for name in check.new)


def worst_of(result: GateResult) -> list[Finding]:
    """A gate's findings, those first that made it fail by being new, then by severity."""
    new = new_findings(result)
    return sorted(worst_first(result.findings), key=lambda finding: finding.fingerprint not in new)


def failed_checks(result: GateResult) -> list[Check]:
    """The conditions that do not hold."""
    return [check for check in result.verdict.checks if check.holds is False]


def actual(result: GateResult, check: Check) -> str:
    """The measured value of a check with its unit."""
    return _with_unit(result, check, check.actual)


def baseline(result: GateResult, check: Check) -> str:
    """The baseline value of a check with its unit, and why it is not the base's own, if so.

    Empty where it compares with none.
    """
    if check.baseline is None:
        return ""
    value = _with_unit(result, check, check.baseline)
    return f"{value} (accepted {clean.line(check.accepted)})" if check.accepted else value


def measured_against_target(result: GateResult, check: Check) -> str:
    """A check in a few words, such as ``warnings 25 (< 20)``."""
    target = clean.line(check.target) or clean.line(check.condition)
    return f"{clean.line(check.metric)} {actual(result, check)} ({target})"


def explanation(result: GateResult, check: Check) -> str:
    """What a check says beyond its value, which it often begins with; may be empty."""
    why, value = clean.line(check.why), actual(result, check)
    if why == value:
        return ""
    if why.startswith(f"{value} (") and why.endswith(")"):
        return why[len(value) + 2 : -1]
    return why


def off_by(result: GateResult, check: Check) -> str:
    """How far a check that does not hold is from its target; empty where that means nothing."""
    distance = clean.line(check.distance)
    if distance.partition(" ")[0] not in {"0", "0.0"}:
        return f"off by {distance}" if distance else ""
    # A part of it may be worse while the whole is not; then the explanation says so.
    return "" if explanation(result, check) else "exactly at the limit"


def shortfall(result: GateResult, check: Check) -> str:
    """How far a check is from its target, and what it says about that."""
    parts = (off_by(result, check), explanation(result, check))
    return ": ".join(part for part in parts if part)


def gist(result: GateResult) -> str:
    """Why a gate stands as it does, on one line: failed conditions, a reason or the values."""
    verdict = result.verdict
    message = clean.line(verdict.message)
    if result.outcome is Outcome.INCONCLUSIVE:
        reason = verdict.reason.value if verdict.reason else "undecided"
        return f"{reason}: {message}" if message else reason
    if result.outcome is Outcome.BLOCKED:
        blocker = clean.line(result.blocked_by)
        return f"blocked by {blocker}" if blocker else message or "blocked"
    if result.outcome is Outcome.PASS:
        checks = list(verdict.checks)
    elif result.outcome is Outcome.FAIL:
        checks = failed_checks(result)
    else:
        checks = []
    if not checks:
        return message or standing(result).phrase
    return ", ".join(measured_against_target(result, check) for check in checks)


def waivers(result: GateResult) -> list[str]:
    """What waivers cover of a gate, a line each: condition, how much, until when, whose, why."""
    lines = []
    for waived in result.verdict.waived:
        covered = figures.plural(waived.findings, "finding") if waived.findings else ""
        if waived.instead:
            covered = f"{clean.line(waived.instead)} instead,"
        issue = f" ({clean.line(waived.issue)})" if waived.issue else ""
        lines.append(
            f"{clean.line(waived.condition)}: {covered} waived until {clean.line(waived.expires)} "
            f"by {clean.line(waived.owner)}: {clean.line(waived.reason)}{issue} "
            f"[{clean.line(waived.place)}]"
        )
    return lines


def flags(result: GateResult) -> str:
    """What else must be known beside the verdict, in brackets; empty when nothing."""
    parts = []
    if result.advisory_until and not result.blocking:
        parts.append(f"advisory until {clean.line(result.advisory_until)}")
    elif not result.blocking:
        parts.append("advisory")
    if result.flaky:
        parts.append("flaky")
    if result.reused:
        parts.append(f"reused, {age(result.started - result.reused.measured)} old")
    return f"[{', '.join(parts)}]" if parts else ""


def _with_unit(result: GateResult, check: Check, value: Value) -> str:
    metric = result.metrics.get(check.metric)
    return figures.figure(value, metric.unit) if metric else figures.figure(value)
