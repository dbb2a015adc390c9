"""Checks what a gate's entry says about the baseline: which findings are compared, what is noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gaterun.core.phase_table import Table
from gaterun.model.condition import Comparison, ConditionError, Tolerance, nearest, parse_tolerance
from gaterun.model.errors import UsageError
from gaterun.model.metric import Better, Metric, Unit
from gaterun.model.phase import Scope


class Compared(Struct, frozen=True, kw_only=True):
    """The conditions of one entry.

    Attributes:
        improve, ratchet: names of metrics.
    """

    metrics: Mapping[str, Metric]
    require: Sequence[Comparison]
    improve: Sequence[str]
    ratchet: Sequence[str]

    def tolerances(self, table: Table) -> dict[str, Tolerance]:
        """The tolerance of each metric that has one.

        Raises:
            UsageError: one of them means nothing.
        """
        none: dict[str, str] = {}
        texts = table.take("tolerance", dict[str, str], none)
        found = {}
        for name, text in texts.items():
            if name not in self.metrics:
                hint = nearest(name, list(self.metrics))
                raise table.error("tolerance", f"unknown metric '{name}'", help=hint, item=(name,))
            if name not in {*self.improve, *self.ratchet}:
                raise table.error(
                    "tolerance",
                    f"no ratchet and no improvement names '{name}'",
                    help="a tolerance is for what is compared with the baseline",
                    item=(name,),
                )
            if self.metrics[name].counts:
                raise table.error(
                    "tolerance",
                    f"'{name}' counts findings, which are known or new",
                    help="findings are no noise: accept them into the baseline, with a reason",
                    item=(name,),
                )
            try:
                found[name] = parse_tolerance(text, self.metrics[name])
            except ConditionError as error:
                raise table.error(
                    "tolerance", f"'{text}': {error.message}", help=error.hint, item=(name,)
                ) from error
        return found

    def tracked(self, table: Table, scope: Scope, gate: str) -> tuple[str, ...]:
        """The metrics whose findings are compared with the baseline's.

        Raises:
            UsageError: `scope` is for findings, and a condition is about something else.
        """
        names = [name for name in self.ratchet if self.metrics[name].counts]
        if scope is Scope.NEW:
            names += [comparison.metric for comparison in self.require]
            self._refuse(table)
        for name in names:
            metric = self.metrics[name]
            if metric.unit is not Unit.COUNT or metric.better is Better.HIGHER:
                raise UsageError(
                    f"gate '{gate}' says that '{name}' counts findings, but it is in "
                    f"{metric.unit.name.lower()}, {metric.better.value} being better",
                    help="a bug in the gate: more findings are never better",
                )
        return tuple(dict.fromkeys(names))

    def _refuse(self, table: Table) -> None:
        able = [name for name, metric in self.metrics.items() if metric.counts]
        hint = (
            f"metrics that count findings: {', '.join(able)}; put the others into an entry of "
            "their own, with another id"
            if able
            else "no metric of this gate counts findings"
        )
        if self.improve:
            raise table.error("scope", "an improvement is of the whole, not of what is new")
        if not self.require:
            raise table.error(
                "scope", 'scope = "new" is for conditions in require, and there is none'
            )
        for comparison in self.require:
            if not self.metrics[comparison.metric].counts:
                raise table.error(
                    "scope",
                    f"'{comparison.metric}' counts no findings, so none of them can be new",
                    help=hint,
                )
            if comparison.operand_is_metric:
                raise table.error(
                    "scope",
                    f"what is new is compared with a number, not with '{comparison.operand}'",
                )
