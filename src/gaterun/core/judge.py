"""Judges a measurement by a gate's conditions; thresholds live here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from gaterun.core.checks import COMPARE, Baseline, missing, number, undecided
from gaterun.model.condition import Comparison, nearest
from gaterun.model.figures import figure
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Change, Measured, Metric, Unit, Value
from gaterun.model.phase import Requirement, Scope
from gaterun.model.verdict import Check, Outcome, Reason, Verdict


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
        *(
            _compare(comparison, metrics, values)
            if requirement.scope is Scope.ALL
            else _compare_new(comparison, metrics, values, measurement, baseline)
            for comparison in requirement.require
        ),
        *_against_the_base(requirement, metrics, values, measurement, baseline),
    ]
    return _conclude(checks)


def _against_the_base(
    requirement: Requirement,
    metrics: Mapping[str, Metric],
    values: Mapping[str, Measured],
    measurement: Measurement,
    baseline: Baseline | None,
) -> Iterator[Check]:
    """The checks of improvements and ratchets; what judges them is imported for them only."""
    if requirement.improve:
        from gaterun.core.relative import improve

        for improvement in requirement.improve:
            name = improvement.metric
            tolerance = requirement.tolerance.get(name)
            yield improve(improvement, metrics[name], values[name], baseline, tolerance)
    if requirement.ratchet:
        from gaterun.core.ratchet import ratchet

        for name in requirement.ratchet:
            tolerance = requirement.tolerance.get(name)
            found = measurement.findings
            yield ratchet(metrics[name], values[name], found, baseline, tolerance)


def _conclude(checks: Sequence[Check]) -> Verdict:
    failed = [check for check in checks if check.holds is False]
    unclear = [check for check in checks if check.holds is None]
    below = [check for check in unclear if check.reason is Reason.BELOW_FLOOR]
    if below or (unclear and not failed):
        # Too few inspected: what failed or held on the rest says nothing about the whole.
        first = (below or unclear)[0]
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


def _floor(
    name: str, least: float, values: Mapping[str, Measured], measurement: Measurement
) -> Check:
    condition = f"floor {name} {least:g}"
    actual: Value = measurement.inspected.get(name)
    if name in values:
        actual = values[name].value
    counted = number(actual)
    if counted is None:
        why = f"{name} was not counted"
        if name not in values and name not in measurement.inspected:
            # What a gate counts beside its metrics is known only once it has measured.
            why += f"; {nearest(name, [*values, *measurement.inspected])}"
        return undecided(condition, name, Reason.BELOW_FLOOR, why, f"at least {least:g}")
    if counted < least:
        return Check(
            condition=condition,
            metric=name,
            actual=actual,
            target=f"at least {least:g}",
            distance=f"{least - counted:g}",
            reason=Reason.BELOW_FLOOR,
            why=f"only {counted:g}, the floor is {least:g}",
        )
    return Check(
        condition=condition,
        metric=name,
        actual=actual,
        target=f"at least {least:g}",
        holds=True,
        distance=f"{counted - least:g}",
        why=f"{counted:g}",
    )


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
            return missing(comparison.text, str(operand), other, target)
        operand = other.value
        target += f" ({figure(operand, metric.unit)})"
    actual = measured.value
    if actual is None:
        return missing(comparison.text, metric.name, measured, target)
    if _kind(actual) is not _kind(operand):
        return undecided(
            comparison.text,
            metric.name,
            Reason.PARSE_ERROR,
            f"the gate gave {actual!r} for a metric in {metric.unit.name.lower()}",
            target,
        )
    holds = bool(COMPARE[comparison.operator](actual, operand))
    return Check(
        condition=comparison.text,
        metric=metric.name,
        actual=actual,
        target=target,
        distance=_distance(actual, operand, metric.unit),
        holds=holds,
        why=figure(actual, metric.unit),
    )


def _compare_new(
    comparison: Comparison,
    metrics: Mapping[str, Metric],
    values: Mapping[str, Measured],
    measurement: Measurement,
    baseline: Baseline | None,
) -> Check:
    """As `_compare`, of the number of findings that the baseline does not have."""
    from gaterun.core.ratchet import compare_findings

    metric = metrics[comparison.metric]
    condition = f"new {comparison.text}"
    target = f"{comparison.operator.value} {figure(comparison.operand, metric.unit)} new"
    found = compare_findings(
        condition, metric, values[metric.name], measurement.findings, baseline, target=target
    )
    if isinstance(found, Check):
        return found
    new = len(found.new)
    rules = f": {found.rules}" if new else ""
    return Check(
        condition=condition,
        metric=metric.name,
        actual=new,
        baseline=found.baseline.value,
        target=target,
        distance=_distance(new, comparison.operand, metric.unit),
        holds=bool(COMPARE[comparison.operator](new, comparison.operand)),
        why=f"{new} new of {found.total}{rules}",
        new=found.fingerprints,
        accepted=found.baseline.accepted,
    )


def _kind(value: Value) -> type:
    return float if number(value) is not None else type(value)


def _distance(actual: Value, operand: Value, unit: Unit) -> str:
    if isinstance(actual, bool) or isinstance(operand, bool):
        return ""
    if isinstance(actual, int | float) and isinstance(operand, int | float):
        return figure(abs(actual - operand), unit)
    return ""
