"""A measurement: what a gate saw. It says nothing about good or bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from gaterun.model.finding import Finding
from gaterun.model.metric import Measured, Value


class Measurement(Struct, frozen=True, kw_only=True):
    """What a gate returns.

    Attributes:
        metrics: by declared name; a plain value, or `Measured` where more is known.
            A declared metric that is absent counts as not measured.
        inspected: how many of what were looked at (``{"crates": 5, "files": 310}``).
            If the sum is zero the gate is inconclusive (``no-input``).
        findings: the places behind the numbers.
        notes: facts worth a line beside the verdict.
        recipe: what must be equal for two values to be comparable (command, profile,
            features, scenario), as short strings.
        flaky: something passed only after a retry.
    """

    metrics: Mapping[str, Value | Measured]
    inspected: Mapping[str, int]
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    recipe: Mapping[str, str] = field(default_factory=dict)
    flaky: bool = False

    def value(self, name: str) -> Value:
        """The value of a metric, plain or `Measured`; ``None`` when it was not measured."""
        found = self.metrics.get(name)
        return found.value if isinstance(found, Measured) else found
