"""Judges ``improve``: better than the baseline by at least a share of it."""

from __future__ import annotations

from gaterun.core.checks import COMPARE, Baseline, against, missing, number, undecided
from gaterun.model.condition import Improvement, Tolerance
from gaterun.model.figures import figure
from gaterun.model.metric import Better, Measured, Metric
from gaterun.model.verdict import Check, Reason


def improve(
    improvement: Improvement,
    metric: Metric,
    measured: Measured,
    baseline: Baseline | None,
    tolerance: Tolerance | None,
) -> Check:
    """Judge an improvement.

    What the gate compared itself is judged by its interval. Otherwise the value is as good as
    the tolerance says: a target inside of it is neither reached nor missed (``noise``).
    """
    condition = f"improve {improvement.text}"
    if tolerance:
        condition += f" ± {tolerance.text}"
    target = f"improved {improvement.operator.value} {improvement.by:.0%}"
    now = number(measured.value)
    if now is None:
        return missing(condition, metric.name, measured, target)
    if measured.change is not None:
        return _paired(improvement, metric, measured, condition, target)
    before = against(condition, metric.name, measured, baseline, target)
    if isinstance(before, Check):
        return before
    base = number(before.value)
    if base is None:
        return missing(condition, metric.name, Measured(value=None, why="at the base"), target)
    if base == 0:
        why = "the baseline is 0"
        return undecided(
            condition,
            metric.name,
            Reason.NOT_COMPARABLE,
            why,
            target,
            actual=measured.value,
            baseline=base,
        )
    gain = (now - base) / abs(base)
    gain = -gain if metric.better is Better.LOWER else gain
    noise = tolerance.around(base) / abs(base) if tolerance else 0.0
    compare = COMPARE[improvement.operator]
    holds: bool | None = None
    if compare(gain - noise, improvement.by):
        holds = True
    elif not compare(gain + noise, improvement.by):
        holds = False
    moved = f"{figure(now, metric.unit)} from {figure(base, metric.unit)} ({gain:+.1%} better)"
    why = moved if holds is not None else f"{moved}, and the target is within ± {noise:.1%} of it"
    return Check(
        condition=condition,
        metric=metric.name,
        actual=measured.value,
        baseline=before.value,
        target=target,
        distance=f"{abs(gain - improvement.by) * 100:.1f} pp",
        holds=holds,
        why=why,
        reason=Reason.NOISE if holds is None else None,
        accepted=before.accepted,
    )


def _paired(
    improvement: Improvement, metric: Metric, measured: Measured, condition: str, target: str
) -> Check:
    """Judge a gate's own interleaved comparison: the whole interval must clear the target."""
    change = measured.change
    if change is None:
        return missing(condition, metric.name, measured, target)
    gains = (change.low, change.high)
    if metric.better is Better.LOWER:
        gains = (-change.high, -change.low)
    middle = -change.middle if metric.better is Better.LOWER else change.middle
    compare = COMPARE[improvement.operator]
    holds: bool | None = None
    if compare(gains[0], improvement.by):
        holds = True
    elif not compare(gains[1], improvement.by):
        holds = False
    interval = f"{gains[0]:+.1%} to {gains[1]:+.1%}"
    why = (
        f"{middle:+.1%} better ({change.confidence:.0%} interval {interval}, "
        f"{change.pairs} pairs, {figure(change.base, metric.unit)} to "
        f"{figure(measured.value, metric.unit)})"
    )
    if holds is None:
        why = f"the interval {interval} contains the target; more pairs would narrow it"
    return Check(
        condition=condition,
        metric=metric.name,
        actual=measured.value,
        baseline=change.base,
        target=target,
        distance=f"{abs(gains[0] - improvement.by) * 100:.1f} pp",
        holds=holds,
        why=why,
        reason=Reason.NOISE if holds is None else None,
    )
