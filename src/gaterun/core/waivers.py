"""Judges a failure once more with what waivers accept; what they do not cover goes on failing.

A condition that fails is covered in one of two ways. By waivers of findings: where its metric
counts findings one for one, it holds once those that live waivers match are taken off. Or by a
waiver of the condition: what that accepts instead holds. Only when every failed condition is
covered, and none is undecided, is the gate *waived* (docs/design/waivers.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from gaterun.core.checks import Baseline
from gaterun.core.glob import glob_matcher
from gaterun.core.judge import judge
from gaterun.model.condition import parse_comparison, parse_improvement
from gaterun.model.finding import Finding, Severity
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Measured, Metric
from gaterun.model.phase import Requirement, Scope
from gaterun.model.record import GateResult
from gaterun.model.verdict import Check, Outcome, Reason, Verdict, Waived
from gaterun.model.waiver import InForce, Waiver

#: Outcomes of a gate that has been measured whole.
_WHOLE = frozenset({Outcome.PASS, Outcome.FAIL, Outcome.WAIVED})


def concerns(waiver: Waiver, node_id: str, gate: str) -> bool:
    """Whether a waiver is for the gate of this node id and this name."""
    return waiver.gate in {node_id, gate, node_id.rpartition("::")[2]}


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether a waiver of findings matches one; notes are counted nowhere and need none."""
    return (
        not waiver.condition
        and finding.severity is not Severity.NOTE
        and waiver.fingerprint in {"", finding.fingerprint}
        and bool(not waiver.rule or _any_text(waiver.rule)(finding.rule))
        and bool(not waiver.message or _any_text(waiver.message)(finding.message))
        and bool(not waiver.path or glob_matcher(waiver.path)(finding.path))
    )


@lru_cache(maxsize=256)
def _any_text(pattern: str) -> Callable[[str], object]:
    """Compile a glob over texts, which have no folders."""
    parts = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", pattern)
    )
    return re.compile("".join(parts) + r"\Z", re.DOTALL).match


def apply(
    in_force: InForce,
    requirement: Requirement,
    measurement: Measurement,
    verdict: Verdict,
    baseline: Baseline | None,
) -> Verdict:
    """Return the verdict on a gate as waivers leave it.

    Only a *fail* is ever changed: to *waived*, or to *inconclusive* where all that fails is
    covered and something else could not be decided.
    """
    ours = [w for w in in_force.waivers if concerns(w, requirement.node_id, requirement.gate.name)]
    if verdict.outcome is not Outcome.FAIL or not ours:
        return verdict
    live = [waiver for waiver in ours if waiver.live(in_force.today)]
    again = _Again(requirement, measurement, baseline, [w for w in live if not w.condition])
    waived: list[Waived] = []
    remarks: list[str] = []
    uncovered = False
    for check in verdict.checks:
        if check.holds is not False:
            continue
        why_not: list[str] = []
        found = again.by_findings(check, why_not) or again.by_condition(check, live, why_not)
        waived += found
        if not found:
            uncovered = True
            remarks += why_not
    if uncovered:
        remarks += [
            f"the waiver of {waiver.place} expired on {waiver.expires} ({waiver.owner})"
            for waiver in ours
            if not waiver.live(in_force.today) and _fails(waiver, verdict.checks, measurement)
        ]
        help = "; ".join(part for part in (verdict.help, *dict.fromkeys(remarks)) if part)
        return replace(verdict, help=help, waived=tuple(waived))
    undecided = next((check for check in verdict.checks if check.holds is None), None)
    if undecided is not None:
        return replace(
            verdict,
            outcome=Outcome.INCONCLUSIVE,
            reason=undecided.reason or Reason.UNDECIDED,
            message=f"{undecided.condition}: {undecided.why}",
            waived=tuple(waived),
        )
    told = dict.fromkeys(f"until {w.expires} by {w.owner}: {w.reason}" for w in waived)
    return replace(
        verdict,
        outcome=Outcome.WAIVED,
        message="waived " + "; ".join(told),
        waived=tuple(waived),
    )


def _fails(waiver: Waiver, checks: Iterable[Check], measurement: Measurement) -> bool:
    """Whether something fails that a waiver is of."""
    return _of_condition(waiver, checks) or any(
        covers(waiver, finding) for finding in measurement.findings
    )


def _of_condition(waiver: Waiver, checks: Iterable[Check]) -> bool:
    return bool(waiver.condition) and any(
        check.holds is False and same_condition(waiver.condition, check.condition)
        for check in checks
    )


def same_condition(one: str, other: str) -> bool:
    """Whether two conditions differ in white space only."""
    return one.split() == other.split()


class _Again:
    """One gate's measurement, to be judged again condition by condition.

    Args:
        waivers: live ones, of findings.
    """

    def __init__(
        self,
        requirement: Requirement,
        measurement: Measurement,
        baseline: Baseline | None,
        waivers: Sequence[Waiver],
    ) -> None:
        self._requirement = requirement
        self._measurement = measurement
        self._baseline = baseline
        self._metrics = {metric.name: metric for metric in requirement.gate.metrics}
        matched = [(w, [f for f in measurement.findings if covers(w, f)]) for w in waivers]
        self._over = [(w, len(found)) for w, found in matched if w.limit and len(found) > w.limit]
        over = {w for w, _ in self._over}
        #: The findings that are waived, each with the first waiver that matches it.
        self._waived: dict[int, Waiver] = {}
        for waiver, found in matched:
            for finding in found if waiver not in over else ():
                self._waived.setdefault(id(finding), waiver)

    def by_findings(self, check: Check, remarks: list[str]) -> list[Waived]:
        """What waivers of findings cover of a failed condition; nothing unless it holds then."""
        remarks += [
            f"the waiver of {w.place} covers at most {w.limit} findings, there are {number}"
            for w, number in self._over
        ]
        metric = self._metrics[check.metric]
        alone = self._alone(check)
        if alone is None or not self._waived:
            return []
        counts = counted(metric, self._measurement.findings)
        value = self._measurement.value(metric.name)
        if not metric.counts:
            remarks.append(f"{metric.name} does not count findings: waive its condition by name")
            return []
        if value != len(counts):
            remarks.append(
                f"{metric.name} is {value} and {len(counts)} findings are told, so that nobody "
                "can say which are waived"
            )
            return []
        taken = self._taken(counts, compared=bool(alone.ratchet) or alone.scope is Scope.NEW)
        if not taken:
            return []
        left = len(counts) - len(taken)
        gone = set(map(id, taken))
        rest = replace(
            self._measurement,
            metrics={**self._measurement.metrics, metric.name: Measured(value=left)},
            findings=[f for f in self._measurement.findings if id(f) not in gone],
        )
        if not self._holds(alone, rest):
            remarks.append(
                f"waivers cover {len(taken)} of {len(counts)}, which leaves {metric.name} at {left}"
            )
            return []
        credit: dict[Waiver, list[str]] = {}
        for finding in taken:
            credit.setdefault(self._waived[id(finding)], []).append(finding.fingerprint)
        return [_waived(w, check, fingerprints=found) for w, found in credit.items()]

    def _alone(self, check: Check) -> Requirement | None:
        """A requirement of a check's condition alone; ``None`` where findings decide nothing.

        What is compared number by number (improvements, ratchets of what counts no findings) is
        left out: findings that are waived and were there at the base would make room for new ones.
        """
        new = "new " if self._requirement.scope is Scope.NEW else ""
        for comparison in self._requirement.require:
            if same_condition(f"{new}{comparison.text}", check.condition):
                return replace(self._bare, require=(comparison,))
        for name in self._requirement.ratchet:
            if check.condition == f"ratchet {name}" and self._metrics[name].counts:
                return replace(self._bare, ratchet=(name,))
        return None

    def _taken(self, counts: Sequence[Finding], *, compared: bool) -> list[Finding]:
        """The waived ones among the findings that a metric counts.

        Args:
            compared: with those of the base. Then all that are alike have to be waived, so that
                one that is not waived is never taken for the one of the base.
        """
        taken = [finding for finding in counts if id(finding) in self._waived]
        if not compared:
            return taken
        from gaterun.core.known import identity

        kept = {identity(finding) for finding in counts if id(finding) not in self._waived}
        return [finding for finding in taken if identity(finding) not in kept]

    def by_condition(
        self, check: Check, live: Sequence[Waiver], remarks: list[str]
    ) -> list[Waived]:
        """The waiver that accepts something instead of a failed condition which does hold."""
        for waiver in live:
            if not waiver.condition or not same_condition(waiver.condition, check.condition):
                continue
            if self._holds(with_instead(self._bare, waiver.instead), self._measurement):
                return [_waived(waiver, check, instead=waiver.instead)]
            remarks.append(
                f"the waiver of {waiver.place} accepts {waiver.instead}, which does not hold"
            )
        return []

    @property
    def _bare(self) -> Requirement:
        return bare(self._requirement)

    def _holds(self, requirement: Requirement, measurement: Measurement) -> bool:
        return judge(requirement, measurement, self._baseline).outcome is Outcome.PASS


def bare(requirement: Requirement) -> Requirement:
    """A requirement without conditions."""
    return replace(requirement, require=(), improve=(), ratchet=(), floor={})


def with_instead(requirement: Requirement, text: str) -> Requirement:
    """A requirement with the condition that a waiver accepts.

    Raises:
        ConditionError: it cannot be read.
    """
    metrics: Mapping[str, Metric] = {metric.name: metric for metric in requirement.gate.metrics}
    word, _, rest = text.strip().partition(" ")
    if word == "improve":
        return replace(requirement, improve=(parse_improvement(rest, metrics),))
    return replace(requirement, require=(parse_comparison(text, metrics),))


def counted(metric: Metric, findings: Iterable[Finding]) -> list[Finding]:
    """The findings that a metric says that it counts."""
    counts = metric.counts
    return [] if counts is None else [finding for finding in findings if counts.has(finding)]


def _waived(
    waiver: Waiver, check: Check, *, fingerprints: Sequence[str] = (), instead: str = ""
) -> Waived:
    return Waived(
        condition=check.condition,
        reason=waiver.reason,
        owner=waiver.owner,
        expires=waiver.expires.isoformat(),
        findings=len(fingerprints),
        fingerprints=tuple(dict.fromkeys(fingerprints)),
        instead=instead,
        issue=waiver.issue,
        place=waiver.place,
    )


class Use(Struct, frozen=True, kw_only=True):
    """Whether a waiver is used in a run.

    Attributes:
        used: something fails, or would be counted, that it is of.
        whole: every gate that it is for was measured whole, so that "not used" means something.
    """

    used: bool
    whole: bool

    @property
    def unused(self) -> bool:
        """Whether it is known to cover nothing any more."""
        return self.whole and not self.used


def use_of(waiver: Waiver, results: Sequence[GateResult], nodes: Mapping[str, str]) -> Use:
    """Say whether a waiver is used in a run.

    Args:
        results: of the run.
        nodes: the name of each gate of the phase by its node id, those not run included.
    """
    ours = {node for node, gate in nodes.items() if concerns(waiver, node, gate)}
    found = [result for result in results if result.node_id in ours]
    used = any(
        _of_condition(waiver, result.verdict.checks)
        or any(covers(waiver, finding) for finding in result.findings)
        for result in found
    )
    measured = {result.node_id for result in found if result.outcome in _WHOLE}
    return Use(used=used, whole=bool(ours) and measured == ours)


def leftovers(
    in_force: InForce, results: Sequence[GateResult], nodes: Mapping[str, str]
) -> list[str]:
    """What has to be said at the end of a run: expired waivers, and those that nothing needs."""
    told = []
    for waiver in in_force.waivers:
        if not any(concerns(waiver, node, gate) for node, gate in nodes.items()):
            continue
        which = f"{waiver.place}: the waiver of {waiver.gate} ({waiver.owner}), {waiver.what},"
        if not waiver.live(in_force.today):
            told.append(f"{which} expired on {waiver.expires}")
        elif use_of(waiver, results, nodes).unused:
            told.append(f"{which} is unused: nothing that it covers fails any more")
    return told
