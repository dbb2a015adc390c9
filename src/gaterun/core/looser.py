"""Says whether conditions allow what others forbid."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from gaterun.model.condition import Comparison, Improvement, Operator, Tolerance
from gaterun.model.phase import Requirement, Scope
from gaterun.model.policy import ChangeKind, PolicyChange

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GE: operator.ge,
    Operator.GT: operator.gt,
}

#: One bound on a value: how it is compared, and with what.
Bound = tuple[Operator, bool | int | float | str]


def implied(wanted: Bound, given: Sequence[Bound]) -> bool:
    """Whether every value that `given` allows is one that `wanted` allows.

    A bound changes its mind only at its operand, so that the operands, and one value between,
    below and above them, stand for all there are.

    >>> implied((Operator.LT, 20), [(Operator.LE, 10)]), implied((Operator.LT, 20), [])
    (True, False)
    """
    values = _values([operand for _, operand in (wanted, *given)])
    allowed = (value for value in values if all(_holds(value, bound) for bound in given))
    return all(_holds(value, wanted) for value in allowed)


def _holds(value: object, bound: Bound) -> bool:
    compare, operand = bound
    return _COMPARE[compare](value, operand)


def _values(operands: Sequence[bool | int | float | str]) -> list[object]:
    if isinstance(operands[0], bool):
        return [True, False]
    if isinstance(operands[0], str):
        return [*operands, "".join(map(str, operands)) + "."]
    numbers = sorted({Fraction(operand) for operand in operands})
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    return [numbers[0] - 1, *numbers, *between, numbers[-1] + 1]


def lost(base: Requirement, head: Requirement) -> Iterator[PolicyChange]:
    """Every condition of `base` that `head` does not imply."""

    def change(before: str, left: Sequence[str]) -> PolicyChange:
        kind = ChangeKind.CONDITION_LOOSENED if left else ChangeKind.CONDITION_REMOVED
        return PolicyChange(kind=kind, subject=head.node_id, before=before, after=", ".join(left))

    for comparison in base.require:
        same = [other for other in head.require if _alike(comparison, other)]
        if not implied(_bound(comparison), list(map(_bound, same))):
            about = [other.text for other in head.require if other.metric == comparison.metric]
            yield change(comparison.text, about)
    for gain in base.improve:
        others = [other for other in head.improve if other.metric == gain.metric]
        if not implied(_gain(gain), list(map(_gain, others))):
            yield change(f"improve {gain.text}", [f"improve {other.text}" for other in others])
    for name in base.ratchet:
        if name not in head.ratchet:
            yield change(f"ratchet {name}", [])
    if base.require and base.scope is Scope.ALL and head.scope is Scope.NEW:
        yield change("scope = all findings", ["scope = new findings only"])
    for name, now in head.tolerance.items():
        if _allows_more(base.tolerance.get(name), now):
            yield change(f"{name}{base.allowance(name)}", [f"{name}{head.allowance(name)}"])
    for name, least in base.floor.items():
        left = head.floor.get(name)
        if left is None or left < least:
            yield change(
                f"floor {name} {least:g}", [] if left is None else [f"floor {name} {left:g}"]
            )


def _allows_more(before: Tolerance | None, now: Tolerance) -> bool:
    """Whether a tolerance takes more for noise; in another kind of unit nobody can say."""
    return before is None or now.relative is not before.relative or now.by > before.by


def _alike(one: Comparison, other: Comparison) -> bool:
    """Whether two conditions are about one value: a metric, or one against another metric."""
    if one.metric != other.metric or one.operand_is_metric is not other.operand_is_metric:
        return False
    return not one.operand_is_metric or one.operand == other.operand


def _bound(comparison: Comparison) -> Bound:
    # Against another metric, whatever its value: their difference is compared with 0.
    operand = 0 if comparison.operand_is_metric else comparison.operand
    assert operand is not None  # noqa: S101 - the grammar has no such value
    return comparison.operator, operand


def _gain(improvement: Improvement) -> Bound:
    return improvement.operator, improvement.by
