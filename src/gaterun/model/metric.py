"""Metrics: what a gate declares that it measures, and what it measured."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from gaterun.model.finding import Finding, Severity

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


class Counted(Struct, frozen=True, kw_only=True):
    """Which findings of its gate a metric counts, each as one.

    Data and not a function, so that a record can be judged again without the plugin.

    Attributes:
        severities: only those of these severities; all where empty.
        rules: only those of these rules; all where empty. ``clippy::*`` stands for every rule
            that begins so.
    """

    severities: tuple[Severity, ...] = ()
    rules: tuple[str, ...] = ()

    def has(self, finding: Finding) -> bool:
        """Whether the metric counts this finding.

        >>> warnings = Counted(severities=(Severity.WARNING,), rules=("clippy::*",))
        >>> warnings.has(Finding(rule="clippy::needless_return", message=""))
        True
        >>> warnings.has(Finding(rule="unused", message=""))
        False
        """
        if self.severities and finding.severity not in self.severities:
            return False
        return not self.rules or any(
            finding.rule.startswith(rule[:-1]) if rule.endswith("*") else finding.rule == rule
            for rule in self.rules
        )


class Metric(Struct, frozen=True, kw_only=True):
    """A metric that a gate declares.

    Attributes:
        name: short, inside its gate (``warnings``); across gates ``clippy.warnings``.
        unit: the unit of every value of this metric.
        better: the direction that counts as an improvement.
        help: one line of meaning.
        host_bound: a value from another machine or toolchain cannot be compared with it.
        counts: the findings that it is the number of. A ratchet then compares finding by
            finding, and ``scope = "new"`` is possible. A value that is not the number of
            these findings is no measurement for either.
        irrelevant: keys of the recipe, and facts of the environment where it is host-bound,
            that may differ between two values that are compared.
    """

    name: str
    unit: Unit = Unit.COUNT
    better: Better = Better.LOWER
    help: str = ""
    host_bound: bool = False
    counts: Counted | None = None
    irrelevant: tuple[str, ...] = ()


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


class Reading(Struct, frozen=True, kw_only=True):
    """A metric of another gate of the phase, as a gate gets to see it.

    Attributes:
        id: ``clippy.warnings``; ``7.3::clippy.warnings`` where several tasks have that gate.
        value: ``None`` where there is none of this tree.
        gate: name of the other gate's plugin.
        why: why there is no value; empty where there is one.
    """

    id: str
    value: Value
    unit: Unit = Unit.COUNT
    gate: str = ""
    why: str = ""

    @property
    def metric(self) -> str:
        """The metric's name inside its gate.

        >>> Reading(id="7.3::clippy.warnings", value=12).metric
        'warnings'
        """
        return self.id.rpartition(".")[2]
