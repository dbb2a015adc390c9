"""Writes values and changes for people, whatever the values are."""

from __future__ import annotations

import math

from gaterun.model import figures
from gaterun.model.metric import Better, Unit, Value
from gaterun.reporters import clean

MINUS = "\N{MINUS SIGN}"


def figure(value: Value, unit: Unit = Unit.COUNT) -> str:
    """`value` with its unit, as verdicts write it, and safe for any value a gate may give.

    >>> figure(0.25, Unit.RATIO), figure(10 * 2**30, Unit.BYTES), figure(None)
    ('25 %', '10 GiB', 'not measured')
    """
    return clean.line(value) or '""' if isinstance(value, str) else figures.figure(value, unit)


def change(baseline: Value, current: Value, unit: Unit, better: Better) -> str:
    """How far `current` is from `baseline`, and whether that is good, in words.

    >>> change(12, 2, Unit.COUNT, Better.LOWER)
    '−10 (−83.3 %) better'
    >>> change(0, 3, Unit.COUNT, Better.LOWER), change(0.5, 0.75, Unit.RATIO, Better.HIGHER)
    ('+3 (n/a) worse', '+25 pp better')
    """
    if baseline is None or current is None:
        return "not comparable"
    if baseline == current:
        return "unchanged"
    if isinstance(baseline, bool | str) or isinstance(current, bool | str):
        return "changed"
    try:
        delta = float(current) - float(baseline)
    except OverflowError:
        return "not comparable"
    if not math.isfinite(delta):
        return "not comparable"
    if unit is Unit.RATIO:
        amount = f"{_signed(delta, f'{abs(delta) * 100:.4g}')} pp"
    else:
        relative = "n/a"
        if baseline:
            share = delta / abs(baseline)
            relative = _signed(share, _percent(abs(share)))
        amount = f"{_signed(delta, figure(abs(delta), unit))} ({relative})"
    return f"{amount} {verdict_of(delta, better)}".rstrip()


def verdict_of(delta: float, better: Better) -> str:
    """``better``, ``worse`` or nothing for a difference and the direction that is good."""
    if better is Better.NEITHER or delta == 0:
        return ""
    return "better" if (delta < 0) is (better is Better.LOWER) else "worse"


def interval(low: float, middle: float, high: float) -> str:
    """A relative change with its confidence interval.

    >>> interval(-0.28, -0.25, -0.22)
    '−25 % (−28 % to −22 %)'
    """
    if not all(map(math.isfinite, (low, middle, high))):
        return "not a finite number"
    first, second, third = (_signed(share, _percent(abs(share))) for share in (middle, low, high))
    return f"{first} ({second} to {third})"


def plural(number: int, noun: str) -> str:
    """`number` and its noun.

    >>> plural(1, "gate"), plural(2, "gate")
    ('1 gate', '2 gates')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _signed(number: float, text: str) -> str:
    return (MINUS if number < 0 else "+") + text


def _percent(share: float) -> str:
    """A relative change: what is beyond a tenth of a percent is noise to a reader."""
    text = f"{share * 100:.1f}".removesuffix(".0")
    return f"{share * 100:.2g} %" if text == "0" and share else f"{text} %"
