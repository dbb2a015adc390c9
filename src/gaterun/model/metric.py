"""Metrics: what a gate declares that it measures, and what it measured."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

#: What a metric can hold. ``None`` means "could not be measured" and is never 0.
Value = bool | int | float | str | None


class Unit(StrEnum):
    """Units, by their UCUM code where there is one (https://ucum.org)."""

    COUNT = "1"
    SECONDS = "s"
    BYTES = "By"
    RATIO = "%"  # held as a fraction: 0.25 is shown as 25 %
    BOOLEAN = "bool"
    TEXT = "text"


class Better(StrEnum):
    """Which direction is an improvement."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"  # informative, or has one right value


class Metric(Struct, frozen=True, kw_only=True):
    """A metric that a gate declares.

    Attributes:
        name: short, inside its gate (``warnings``); across gates ``clippy.warnings``.
        unit: the unit of every value of this metric.
        better: the direction that counts as an improvement.
        help: one line of meaning.
        host_bound: a value from another machine or toolchain cannot be compared with it.
        counts: rules, as globs, of the findings that it counts: each of them that is worse than
            a note, once, and nothing else. Waived findings are taken off it where that is so.
    """

    name: str
    unit: Unit = Unit.COUNT
    better: Better = Better.LOWER
    help: str = ""
    host_bound: bool = False
    counts: tuple[str, ...] = ()


class Change(Struct, frozen=True, kw_only=True):
    """A comparison with the base that the gate measured itself, interleaved, on this host.

    Attributes:
        base: the base side's typical value, in the metric's unit.
        low: lower end of the confidence interval of ``head / base - 1``.
        middle: the estimate of ``head / base - 1``; -0.25 is 25 % less.
        high: upper end of the interval.
        confidence: of the interval, 0.95 for 95 %.
        pairs: number of interleaved pairs.
    """

    base: float
    low: float
    middle: float
    high: float
    confidence: float
    pairs: int


class Measured(Struct, frozen=True, kw_only=True):
    """The value of one metric, with what is known beside the number.

    Attributes:
        value: the number, flag or text; ``None`` when it could not be measured.
        why: why the value is ``None``.
        breakdown: the value by rule, crate or file; a ratchet compares it part by part.
        samples: the single values behind a statistic, in the order taken.
        change: the gate's own comparison with the base.
    """

    value: Value
    why: str = ""
    breakdown: Mapping[str, float] = field(default_factory=dict)
    samples: tuple[float, ...] = ()
    change: Change | None = None
