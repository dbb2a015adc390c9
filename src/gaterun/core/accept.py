"""Moves a baseline to the values of a recorded run: with a reason, or only where it is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gaterun.core.baseline import comparable
from gaterun.core.known import unpack
from gaterun.core.seal import Plain
from gaterun.model.condition import Tolerance
from gaterun.model.errors import UsageError
from gaterun.model.figures import figure
from gaterun.model.metric import Better
from gaterun.model.metrics_document import (
    Accepted,
    MetricEntry,
    MetricsDocument,
    Origin,
)


class Move(StrEnum):
    """What a new value would be, beside the baseline's."""

    BETTER = "better"  # nowhere worse
    WORSE = "worse"  # somewhere
    SAME = "same"
    OTHER = "other"  # nobody can say: not comparable, or no better direction
    FIRST = "first"  # the baseline has none


class Step(Struct, frozen=True, kw_only=True):
    """One metric on its way into the baseline.

    Attributes:
        id: the key in the document.
        before: the baseline's entry; ``None`` where it has none, or a damaged one.
        after: the run's.
        why: what makes it worse or not comparable; empty otherwise.
    """

    id: str
    before: MetricEntry | None
    after: MetricEntry
    move: Move
    why: str = ""

    @property
    def shown(self) -> str:
        """Both values: ``12 to 10``."""
        new = figure(self.after.value, self.after.unit)
        if self.before is None:
            return new
        return f"{figure(self.before.value, self.before.unit)} to {new}"


def steps(
    baseline: MetricsDocument,
    run: MetricsDocument,
    wanted: Iterable[tuple[str, str]],
    *,
    broken: frozenset[str] = frozenset(),
    tolerance: Mapping[tuple[str, str], Tolerance] | None = None,
) -> list[Step]:
    """What taking the run's values would mean, metric by metric.

    Args:
        wanted: node id and metric name.
        broken: metrics of the baseline that are not as they were written: as if not there.
        tolerance: by node id and metric name, how much better is only noise.
    """
    found = []
    for node_id, metric in wanted:
        after = run.find(node_id, metric)
        if after is None or after.value is None:
            continue
        key = _key(baseline, node_id, metric) or _key(run, node_id, metric)
        before = None if key in broken else baseline.find(node_id, metric)
        move, why = Move.FIRST, ""
        if before is not None and before.value is not None:
            environments = (baseline.environment_of(before), run.environment_of(after))
            hindrance = comparable(before, after, environments)
            noise = (tolerance or {}).get((node_id, metric))
            move, why = (Move.OTHER, hindrance) if hindrance else compared(before, after, noise)
        found.append(Step(id=key, before=before, after=after, move=move, why=why))
    return sorted(found, key=lambda step: step.id)


def compared(
    before: MetricEntry, after: MetricEntry, tolerance: Tolerance | None = None
) -> tuple[Move, str]:
    """Whether a value is better than another one, as a ratchet sees it, and why not."""
    old, new = before.value, after.value
    if isinstance(old, bool | str) or isinstance(new, bool | str) or old is None or new is None:
        return (Move.SAME, "") if old == new else (Move.OTHER, "it is no number")
    if after.direction is Better.NEITHER:
        return (Move.SAME, "") if old == new else (Move.OTHER, "it has no better direction")
    sign = 1 if after.direction is Better.LOWER else -1
    worse = [
        f"{part} {before.breakdown.get(part, 0):g} to {after.breakdown.get(part, 0):g}"
        for part in sorted({*before.breakdown, *after.breakdown})
        if before.breakdown
        and sign * (after.breakdown.get(part, 0) - before.breakdown.get(part, 0)) > 0
    ]
    gone = False
    if after.known is not None and before.known is not None:
        here, there = unpack(after.known), unpack(before.known)
        fresh = (here - there).total()
        gone = bool(there - here)
        worse = [f"{fresh} new"] if fresh else []
    if sign * (new - old) > 0:
        worse.append(f"{figure(old, before.unit)} to {figure(new, after.unit)}")
    if worse:
        return Move.WORSE, ", ".join(worse)
    if after.known is not None and before.known is None and before.value != 0:
        return Move.OTHER, "the baseline keeps the number and not the findings"
    gain = sign * (old - new)
    parts = dict(before.breakdown) != dict(after.breakdown)
    if gain > (tolerance.around(old) if tolerance else 0) or gone or (parts and not tolerance):
        return Move.BETTER, ""
    return Move.SAME, ""


def taken(
    document: Plain,
    run: MetricsDocument,
    chosen: Iterable[Step],
    *,
    reason: str = "",
    date: str = "",
) -> Plain:
    """`document` with the entries of `chosen` in place of its own; all others are untouched.

    Args:
        run: where they come from.
        reason: why values that the base did not have are accepted; empty when they are better.
        date: of the acceptance.
    """
    metrics = dict(document["metrics"])
    for step in chosen:
        entry = replace(
            step.after,
            origin=Origin(
                run=run.run.id,
                commit=run.subject.commit,
                tree=run.subject.tree,
                dirty=run.subject.dirty,
                environment=run.environment,
            ),
            accepted=_acceptance(step, reason, date),
        )
        metrics[step.id] = msgspec.to_builtins(entry)
    return {**document, "metrics": metrics}


def _acceptance(step: Step, reason: str, date: str) -> Accepted | None:
    earlier = step.before.accepted if step.before else None
    first = earlier.before if earlier else step.before.value if step.before else None
    if reason and step.move is not Move.BETTER:
        return Accepted(reason=reason, date=date, before=first)
    if earlier is None:
        return None
    # It is better than what was accepted; is it as good again as what the base had?
    if earlier.before is not None:
        move, _ = compared(
            replace(step.after, value=earlier.before, breakdown={}, known=None),
            replace(step.after, breakdown={}, known=None),
        )
        if move in {Move.BETTER, Move.SAME}:
            return None
    return earlier


def _key(document: MetricsDocument, node_id: str, metric: str) -> str:
    wanted = (node_id, metric)
    for key, entry in document.metrics.items():
        if (entry.node_id, entry.metric) == wanted:
            return key
    return ""


def lacking(run: MetricsDocument, wanted: Iterable[tuple[str, str]]) -> None:
    """Refuse metrics that a run did not measure.

    Raises:
        UsageError: there is one; says why.
    """
    for node_id, metric in wanted:
        entry = run.find(node_id, metric)
        if entry is None or entry.value is None:
            why = entry.reason if entry else run.unmeasured.get(node_id, "it was not part of it")
            raise UsageError(
                f"run {run.run.id} did not measure {metric} of {node_id}: {why}",
                help=f"run it first: gaterun {run.phase} {node_id}",
            )
