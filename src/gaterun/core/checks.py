"""What the judges of the different kinds of conditions have in common."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from gaterun.core.baseline import BaselineValue
from gaterun.model.condition import Operator
from gaterun.model.metric import Measured, Value
from gaterun.model.verdict import Check, Reason

COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GE: operator.ge,
    Operator.GT: operator.gt,
}

#: Baseline values by metric name, for the gate that is judged.
Baseline = Mapping[str, BaselineValue]


def undecided(
    condition: str,
    metric: str,
    reason: Reason,
    why: str,
    target: str = "",
    *,
    actual: Value = None,
    baseline: Value = None,
) -> Check:
    """A check that could not be decided."""
    return Check(
        condition=condition,
        metric=metric,
        actual=actual,
        baseline=baseline,
        reason=reason,
        why=why,
        target=target,
    )


def missing(condition: str, metric: str, measured: Measured, target: str) -> Check:
    """The check of a metric that was not measured."""
    why = f"not measured: {measured.why}" if measured.why else "not measured"
    return undecided(condition, metric, Reason.UNDECIDED, why, target)


def number(value: Value) -> int | float | None:
    """`value` when it is a number; a flag is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def against(
    condition: str, metric: str, measured: Measured, baseline: Baseline | None, target: str
) -> BaselineValue | Check:
    """The baseline's value, or the check that says why there is none to compare with."""
    actual = measured.value
    if baseline is None or metric not in baseline:
        lacking = "there is no baseline" if baseline is None else "the baseline lacks it"
        why = f"{lacking}: run `gaterun baseline` first"
        return undecided(condition, metric, Reason.BASELINE_MISSING, why, target, actual=actual)
    value = baseline[metric]
    if value.obstacle:
        return undecided(condition, metric, value.reason, value.obstacle, target, actual=actual)
    if value.value is None:
        why = f"not measured at the base: {value.why}"
        return undecided(condition, metric, Reason.BASELINE_MISSING, why, target, actual=actual)
    return value
