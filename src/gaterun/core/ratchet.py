"""Judges ``ratchet``: never worse than the baseline; better never fails.

A metric that counts findings is compared finding by finding: one that was mended does not pay
for a new one. Any other is compared in total and in every part of its breakdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from gaterun.core.baseline import BaselineValue
from gaterun.core.checks import Baseline, against, missing, number, undecided
from gaterun.core.known import identity, newer
from gaterun.model.condition import Tolerance
from gaterun.model.figures import figure
from gaterun.model.finding import Finding
from gaterun.model.metric import Better, Measured, Metric
from gaterun.model.verdict import Check, Reason

#: Rules that a check names; the others are counted.
_NAMED_RULES = 5


class Compared(Struct, frozen=True, kw_only=True):
    """The findings of a metric beside those of the baseline.

    Attributes:
        total: how many there are now.
        new: those that the baseline does not have.
        gone: how many of the baseline's there are no more.
    """

    baseline: BaselineValue
    total: int
    new: tuple[Finding, ...]
    gone: int

    @property
    def rules(self) -> str:
        """The new ones by rule, most first: ``unused 2, clippy::needless_return 1``."""
        counts = sorted(
            Counter(f.rule for f in self.new).items(), key=lambda rule: (-rule[1], rule)
        )
        named = [f"{rule} {count}" for rule, count in counts[:_NAMED_RULES]]
        more = len(counts) - len(named)
        return ", ".join([*named, *([f"{more} more rules"] if more else [])])

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of the new ones."""
        return tuple(finding.fingerprint for finding in self.new)


def compare_findings(
    condition: str,
    metric: Metric,
    measured: Measured,
    findings: Sequence[Finding],
    baseline: Baseline | None,
    *,
    target: str,
) -> Compared | Check:
    """Set a metric's findings beside the baseline's, or say why that cannot be done."""
    value = number(measured.value)
    if value is None or metric.counts is None:
        return missing(condition, metric.name, measured, target)
    counted = [finding for finding in findings if metric.counts.has(finding)]
    if len(counted) != value:
        return undecided(
            condition,
            metric.name,
            Reason.INCOMPLETE,
            f"the gate counts {figure(value, metric.unit)} and names {len(counted)} findings, "
            "so that new ones cannot be told from known ones",
            target,
            actual=value,
        )
    before = against(condition, metric.name, measured, baseline, target)
    if isinstance(before, Check):
        return before
    known = before.known
    if known is None and before.value == 0:
        known = {}
    if known is None:
        return undecided(
            condition,
            metric.name,
            Reason.BASELINE_MISSING,
            "the baseline keeps the number and not the findings: run `gaterun baseline` again",
            target,
            actual=value,
            baseline=before.value,
        )
    here = Counter(map(identity, counted))
    gone = sum(max(0, count - here[key]) for key, count in known.items())
    return Compared(
        baseline=before, total=len(counted), new=tuple(newer(counted, known)), gone=gone
    )


def ratchet(
    metric: Metric,
    measured: Measured,
    findings: Sequence[Finding],
    baseline: Baseline | None,
    tolerance: Tolerance | None,
) -> Check:
    """Judge a ratchet."""
    if metric.counts is not None:
        return _by_finding(metric, measured, findings, baseline)
    return _by_part(metric, measured, baseline, tolerance)


def _by_finding(
    metric: Metric, measured: Measured, findings: Sequence[Finding], baseline: Baseline | None
) -> Check:
    condition = f"ratchet {metric.name}"
    found = compare_findings(
        condition, metric, measured, findings, baseline, target="nothing new since the base"
    )
    if isinstance(found, Check):
        return found
    new, gone = len(found.new), found.gone
    why = f"{found.total}"
    if new:
        why += f" ({new} new: {found.rules}" + (f"; {gone} gone)" if gone else ")")
    slack = f"{gone} better than the baseline" if gone and not new else ""
    return Check(
        condition=condition,
        metric=metric.name,
        actual=measured.value,
        baseline=found.baseline.value,
        target=f"nothing new beside the {found.total - new + gone} of the base",
        distance=f"{new or gone}",
        holds=not new,
        why=f"{why} ({slack})" if slack else why,
        new=found.fingerprints,
        slack=slack,
        accepted=found.baseline.accepted,
    )


def _by_part(
    metric: Metric, measured: Measured, baseline: Baseline | None, tolerance: Tolerance | None
) -> Check:
    condition = f"ratchet {metric.name}" + (f" ± {tolerance.text}" if tolerance else "")
    target = "not worse than the baseline"
    now = number(measured.value)
    if now is None:
        return missing(condition, metric.name, measured, target)
    before = against(condition, metric.name, measured, baseline, target)
    if isinstance(before, Check):
        return before
    base = number(before.value)
    if base is None:
        return missing(condition, metric.name, Measured(value=None, why="at the base"), target)
    sign = 1 if metric.better is Better.LOWER else -1

    def beyond(old: float, new: float) -> bool:
        if tolerance is None:
            return sign * (new - old) > 0
        noise = tolerance.around(old)
        # 50 % less 48 % is a little more than 2 % in binary.
        return sign * (new - old) > noise + 1e-9 * (abs(old) + noise)

    worse = {
        part: (before.breakdown.get(part, 0.0), measured.breakdown.get(part, 0.0))
        for part in {**before.breakdown, **measured.breakdown}
        if before.breakdown
        and beyond(before.breakdown.get(part, 0.0), measured.breakdown.get(part, 0.0))
    }
    gain = sign * (base - now)
    why = figure(now, metric.unit)
    slack = ""
    if worse:
        listed = ", ".join(
            f"{part} {old:g} to {new:g}" for part, (old, new) in sorted(worse.items())
        )
        why += f" ({listed})"
    elif gain > 0:
        slack = f"{figure(gain, metric.unit)} better than the baseline"
        why += f" ({slack} of {figure(base, metric.unit)})"
    allowance = f" ± {tolerance.text}" if tolerance else ""
    return Check(
        condition=condition,
        metric=metric.name,
        actual=measured.value,
        baseline=before.value,
        target=f"not worse than {figure(base, metric.unit)}{allowance} at the base",
        distance=figure(abs(gain), metric.unit),
        holds=not worse and not beyond(base, now),
        why=why,
        slack=slack,
        accepted=before.accepted,
    )
