"""Judges a measurement by a gate's conditions; thresholds live here and nowhere else."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from gaterun.core.baseline import BaselineValue
from gaterun.model.condition import Comparison, Improvement, Operator
from gaterun.model.figures import figure
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Better, Change, Measured, Metric, Unit, Value
from gaterun.model.phase import Requirement
from gaterun.model.verdict import Check, Outcome, Reason, Verdict

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GE: operator.ge,
    Operator.GT: operator.gt,
}

#: Baseline values by metric name, for the gate that is judged.
Baseline = Mapping[str, BaselineValue]


def measured_metrics(requirement: Requirement, measurement: Measurement) -> dict[str, Measured]:
    """Every declared metric of the gate with its value; what is absent was not measured."""
    found: dict[str, Measured] = {}
    for metric in requirement.gate.metrics:
        value = measurement.metrics.get(metric.name)
        measured = value if isinstance(value, Measured) else Measured(value=value)
        if measured.value is None:
            measured = Measured(value=None, why=measured.why or "the gate did not measure it")
        elif not _sound(measured.value):
            measured = replace(measured, value=None, why="not a finite number")
        if measured.samples or measured.breakdown or measured.change:
            measured = replace(
                measured,
                samples=tuple(filter(_sound, measured.samples)),
                breakdown={part: n for part, n in measured.breakdown.items() if _sound(n)},
                change=measured.change if _sound_change(measured.change) else None,
            )
        found[metric.name] = measured
    return found


def _sound(value: Value) -> bool:
    """Whether a record can hold it: no NaN, no infinity, no integer beyond 64 bits."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or value.bit_length() < 64


def _sound_change(change: Change | None) -> bool:
    numbers = (change.base, change.low, change.middle, change.high) if change else ()
    return all(map(_sound, numbers))


def judge(requirement: Requirement, measurement: Measurement, baseline: Baseline | None) -> Verdict:
    """Say what a measurement means under the conditions of its requirement.

    Args:
        baseline: ``None`` when there is no baseline at all.

    Returns:
        *fail* when a condition does not hold, else *inconclusive* when one could not be
        decided, else *pass*. Nothing inspected is *inconclusive* (``no-input``), fewer than
        the floor too (``below-floor``).
    """
    if sum(measurement.inspected.values()) <= 0:
        looked = ", ".join(measurement.inspected) or "nothing"
        return Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.NO_INPUT,
            message=f"nothing was inspected ({looked}: 0)",
            help="a gate that looked at nothing proves nothing: check its options",
        )
    values = measured_metrics(requirement, measurement)
    metrics = {metric.name: metric for metric in requirement.gate.metrics}
    checks = [
        *(_floor(name, least, values, measurement) for name, least in requirement.floor.items()),
        *(_compare(comparison, metrics, values) for comparison in requirement.require),
        *(_improve(improvement, metrics, values, baseline) for improvement in requirement.improve),
        *(_ratchet(metrics[name], values[name], baseline) for name in requirement.ratchet),
    ]
    return _conclude(checks)


def _conclude(checks: Sequence[Check]) -> Verdict:
    failed = [check for check in checks if check.holds is False]
    undecided = [check for check in checks if check.holds is None]
    below = [check for check in undecided if check.reason is Reason.BELOW_FLOOR]
    if below or (undecided and not failed):
        # Too few inspected: what failed or held on the rest says nothing about the whole.
        first = (below or undecided)[0]
        return Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=first.reason or Reason.UNDECIDED,
            message=f"{first.condition}: {first.why}",
            checks=tuple(checks),
        )
    if failed:
        return Verdict(
            outcome=Outcome.FAIL,
            message="; ".join(_failure(check) for check in failed),
            checks=tuple(checks),
        )
    return Verdict(
        outcome=Outcome.PASS,
        message=", ".join(dict.fromkeys(f"{check.metric} {_shown(check)}" for check in checks)),
        checks=tuple(checks),
    )


def _shown(check: Check) -> str:
    return check.why or str(check.actual)


def _failure(check: Check) -> str:
    return f"{check.metric} is {check.why}, wanted {check.target}"


def _undecided(condition: str, metric: str, reason: Reason, why: str, target: str = "") -> Check:
    return Check(condition=condition, metric=metric, reason=reason, why=why, target=target)


def _floor(
    name: str, least: float, values: Mapping[str, Measured], measurement: Measurement
) -> Check:
    condition = f"floor {name} {least:g}"
    actual: Value = measurement.inspected.get(name)
    if name in values:
        actual = values[name].value
    if not _is_number(actual) or not isinstance(actual, int | float):
        return _undecided(condition, name, Reason.BELOW_FLOOR, f"{name} was not counted")
    if actual < least:
        return Check(
            condition=condition,
            metric=name,
            actual=actual,
            target=f"at least {least:g}",
            distance=f"{least - actual:g} too few",
            reason=Reason.BELOW_FLOOR,
            why=f"only {actual:g}, the floor is {least:g}",
        )
    return Check(
        condition=condition,
        metric=name,
        actual=actual,
        target=f"at least {least:g}",
        holds=True,
        why=f"{actual:g}",
    )


def _missing(condition: str, metric: str, measured: Measured, target: str) -> Check:
    why = f"not measured: {measured.why}" if measured.why else "not measured"
    return _undecided(condition, metric, Reason.UNDECIDED, why, target)


def _compare(
    comparison: Comparison, metrics: Mapping[str, Metric], values: Mapping[str, Measured]
) -> Check:
    metric = metrics[comparison.metric]
    measured = values[comparison.metric]
    operand = comparison.operand
    target = f"{comparison.operator.value} {figure(operand, metric.unit)}"
    if comparison.operand_is_metric:
        other = values[str(operand)]
        target = f"{comparison.operator.value} {operand}"
        if other.value is None:
            return _missing(comparison.text, str(operand), other, target)
        operand = other.value
        target += f" ({figure(operand, metric.unit)})"
    actual = measured.value
    if actual is None:
        return _missing(comparison.text, metric.name, measured, target)
    if _kind(actual) is not _kind(operand):
        return _undecided(
            comparison.text,
            metric.name,
            Reason.PARSE_ERROR,
            f"the gate gave {actual!r} for a metric in {metric.unit.name.lower()}",
            target,
        )
    holds = bool(_COMPARE[comparison.operator](actual, operand))
    return Check(
        condition=comparison.text,
        metric=metric.name,
        actual=actual,
        target=target,
        distance=_distance(actual, operand, metric.unit),
        holds=holds,
        why=figure(actual, metric.unit),
    )


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Value) -> type:
    return float if _is_number(value) else type(value)


def _distance(actual: Value, operand: Value, unit: Unit) -> str:
    if isinstance(actual, bool) or isinstance(operand, bool):
        return ""
    if isinstance(actual, int | float) and isinstance(operand, int | float):
        return figure(abs(actual - operand), unit)
    return ""


def _against_baseline(
    condition: str, metric: str, baseline: Baseline | None
) -> BaselineValue | Check:
    if baseline is None or metric not in baseline:
        missing = "there is no baseline" if baseline is None else "the baseline lacks it"
        return _undecided(
            condition,
            metric,
            Reason.BASELINE_MISSING,
            f"{missing}: run `gaterun baseline` first",
        )
    value = baseline[metric]
    if value.obstacle:
        return _undecided(condition, metric, value.reason, value.obstacle)
    if value.value is None:
        return _undecided(
            condition, metric, Reason.BASELINE_MISSING, f"not measured at the base: {value.why}"
        )
    return value


def _improve(
    improvement: Improvement,
    metrics: Mapping[str, Metric],
    values: Mapping[str, Measured],
    baseline: Baseline | None,
) -> Check:
    metric = metrics[improvement.metric]
    measured = values[improvement.metric]
    condition = f"improve {improvement.text}"
    target = f"improved {improvement.operator.value} {improvement.by:.0%}"
    if not _is_number(measured.value):
        return _missing(condition, metric.name, measured, target)
    if measured.change is not None:
        return _paired(improvement, metric, measured, condition, target)
    against = _against_baseline(condition, metric.name, baseline)
    if isinstance(against, Check):
        return against
    if not isinstance(measured.value, int | float) or not isinstance(against.value, int | float):
        return _missing(condition, metric.name, measured, target)
    if against.value == 0:
        return _undecided(
            condition, metric.name, Reason.NOT_COMPARABLE, "the baseline is 0", target
        )
    gain = (measured.value - against.value) / abs(against.value)
    gain = -gain if metric.better is Better.LOWER else gain
    return Check(
        condition=condition,
        metric=metric.name,
        actual=measured.value,
        baseline=against.value,
        target=target,
        distance=f"{abs(gain - improvement.by) * 100:.1f} pp",
        holds=bool(_COMPARE[improvement.operator](gain, improvement.by)),
        why=f"{figure(measured.value, metric.unit)} from {figure(against.value, metric.unit)} "
        f"({gain:+.1%} better)",
    )


def _paired(
    improvement: Improvement, metric: Metric, measured: Measured, condition: str, target: str
) -> Check:
    """Judge a gate's own interleaved comparison: the whole interval must clear the target."""
    change = measured.change
    if change is None:
        return _missing(condition, metric.name, measured, target)
    gains = (change.low, change.high)
    if metric.better is Better.LOWER:
        gains = (-change.high, -change.low)
    middle = -change.middle if metric.better is Better.LOWER else change.middle
    compare = _COMPARE[improvement.operator]
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


def _ratchet(metric: Metric, measured: Measured, baseline: Baseline | None) -> Check:
    """Never worse than the baseline: in total, and in every part of the breakdown."""
    condition = f"ratchet {metric.name}"
    if isinstance(measured.value, bool) or not isinstance(measured.value, int | float):
        return _missing(condition, metric.name, measured, "not worse than the baseline")
    against = _against_baseline(condition, metric.name, baseline)
    if isinstance(against, Check):
        return against
    if isinstance(against.value, bool) or not isinstance(against.value, int | float):
        return _missing(condition, metric.name, measured, "not worse than the baseline")
    sign = 1 if metric.better is Better.LOWER else -1
    worse = {
        part: (against.breakdown.get(part, 0.0), measured.breakdown.get(part, 0.0))
        for part in {**against.breakdown, **measured.breakdown}
        if against.breakdown
        and sign * (measured.breakdown.get(part, 0.0) - against.breakdown.get(part, 0.0)) > 0
    }
    slack = sign * (against.value - measured.value)
    why = figure(measured.value, metric.unit)
    if worse:
        listed = ", ".join(
            f"{part} {before:g} to {now:g}" for part, (before, now) in sorted(worse.items())
        )
        why += f" ({listed})"
    elif slack > 0:
        why += f" ({figure(slack, metric.unit)} of slack to {figure(against.value, metric.unit)})"
    return Check(
        condition=condition,
        metric=metric.name,
        actual=measured.value,
        baseline=against.value,
        target=f"not worse than {figure(against.value, metric.unit)} at the base",
        distance=figure(abs(slack), metric.unit),
        holds=slack >= 0 and not worse,
        why=why,
    )
