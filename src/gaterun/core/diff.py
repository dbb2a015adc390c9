"""Compares two metrics documents, value by value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from msgspec import Struct

from gaterun.core.baseline import accepted, comparable
from gaterun.model.metric import Better, Unit, Value
from gaterun.model.metrics_document import MetricEntry, MetricsDocument


class ChangeKind(StrEnum):
    """What became of a metric between two documents."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    CHANGED = "changed"  # it differs, and has no better direction
    UNCHANGED = "unchanged"
    ADDED = "added"
    REMOVED = "removed"
    NOT_RUN = "not-run"  # its gate was not part of the run of one side
    INCOMPARABLE = "incomparable"


class MetricDiff(Struct, frozen=True, kw_only=True):
    """One metric on both sides.

    Attributes:
        delta: current less baseline, in the unit; ``None`` where that means nothing.
        delta_rel: as a fraction of the baseline; ``None`` where the baseline is 0 too.
        why: why it is not comparable, or has no value on one side.
        new, gone: findings that only one side has; ``None`` where a side does not keep them.
        accepted: when and why the baseline's value was accepted; empty when it was not.
    """

    id: str
    unit: Unit
    direction: Better
    baseline: Value
    current: Value
    change: ChangeKind
    delta: float | None = None
    delta_rel: float | None = None
    why: str = ""
    new: int | None = None
    gone: int | None = None
    accepted: str = ""


class Side(Struct, frozen=True, kw_only=True):
    """Where one side comes from.

    Attributes:
        not_run: node ids of the gates that the run behind it left out, and the other side has.
    """

    name: str
    run: str
    commit: str
    dirty: bool
    not_run: tuple[str, ...] = ()


class MetricsDiff(Struct, frozen=True, kw_only=True):
    """Two documents side by side.

    Attributes:
        environment_changes: fact to its two values, where they differ.
    """

    kind: str = "gaterun.metrics-diff"
    schema_version: str = "1.2"
    baseline: Side
    current: Side
    environment_changes: Mapping[str, tuple[str, str]]
    metrics: tuple[MetricDiff, ...]

    def count(self, kind: ChangeKind) -> int:
        """How many metrics changed in this way."""
        return sum(metric.change is kind for metric in self.metrics)


def compare(
    before: MetricsDocument,
    after: MetricsDocument,
    *,
    names: tuple[str, str],
    left_out: tuple[Collection[str], Collection[str]] = ((), ()),
) -> MetricsDiff:
    """Compare two documents.

    Args:
        names: what to call them.
        left_out: node ids of the gates that the run of each was not asked for.
    """
    facts = (before.environment.facts, after.environment.facts)
    changes = {
        fact: (facts[0].get(fact, ""), facts[1].get(fact, ""))
        for fact in sorted({*facts[0], *facts[1]})
        if facts[0].get(fact) != facts[1].get(fact)
    }
    old = {(entry.node_id, entry.metric): (key, entry) for key, entry in before.metrics.items()}
    new = {(entry.node_id, entry.metric): (key, entry) for key, entry in after.metrics.items()}
    diffs = []
    for identity in sorted({*old, *new}):
        key = (new.get(identity) or old[identity])[0]
        left = old[identity][1] if identity in old else None
        right = new[identity][1] if identity in new else None
        hindrance = ""
        if left and right:
            environments = (before.environment_of(left), after.environment_of(right))
            hindrance = comparable(left, right, environments)
        left_alone = identity[0] in (left_out[0] if left is None else left_out[1])
        if left_alone and (left is None or right is None):
            diffs.append(_not_run(key, left, right))
            continue
        diffs.append(_diff(key, left, right, hindrance))
    return MetricsDiff(
        baseline=_side(before, names[0], {node for node, _ in new} & set(left_out[0])),
        current=_side(after, names[1], {node for node, _ in old} & set(left_out[1])),
        environment_changes=changes,
        metrics=tuple(diffs),
    )


def _side(document: MetricsDocument, name: str, not_run: Collection[str]) -> Side:
    return Side(
        name=name,
        run=document.run.id,
        commit=document.subject.commit,
        dirty=document.subject.dirty,
        not_run=tuple(sorted(not_run)),
    )


def _not_run(key: str, left: MetricEntry | None, right: MetricEntry | None) -> MetricDiff:
    """A metric that one side was not asked for: nothing has become of it."""
    known = left or right
    if known is None:
        raise ValueError(f"{key} is on neither side")
    return MetricDiff(
        id=key,
        unit=known.unit,
        direction=known.direction,
        baseline=left.value if left else None,
        current=right.value if right else None,
        change=ChangeKind.NOT_RUN,
    )


def _diff(
    key: str, left: MetricEntry | None, right: MetricEntry | None, hindrance: str
) -> MetricDiff:
    one = right or left
    if one is None:
        raise ValueError(f"{key} is on neither side")
    old = left.value if left else None
    new = right.value if right else None
    change, why = ChangeKind.UNCHANGED, ""
    delta: float | None = None
    relative: float | None = None
    fresh: int | None = None
    gone: int | None = None
    if left is None or old is None:
        change, why = ChangeKind.ADDED, left.reason if left else ""
    elif right is None or new is None:
        change, why = ChangeKind.REMOVED, right.reason if right else ""
    elif hindrance:
        change, why = ChangeKind.INCOMPARABLE, hindrance
    elif old != new:
        fresh, gone = _findings(left, right)
        change = _direction(one.direction, old, new)
        if not isinstance(old, bool | str) and not isinstance(new, bool | str):
            delta = new - old
            relative = delta / abs(old) if old else None
    else:
        fresh, gone = _findings(left, right)
        if fresh:
            # As many as before, and not the same ones.
            change = ChangeKind.CHANGED
    if old is None and new is None:
        change = ChangeKind.UNCHANGED
        why = one.reason
    return MetricDiff(
        id=key,
        unit=one.unit,
        direction=one.direction,
        baseline=old,
        current=new,
        change=change,
        delta=delta,
        delta_rel=relative,
        why=why,
        new=fresh,
        gone=gone,
        accepted=accepted(left) if left else "",
    )


def _findings(left: MetricEntry, right: MetricEntry) -> tuple[int | None, int | None]:
    """How many findings only the right side has, and only the left one."""
    if left.known is None or right.known is None:
        return None, None
    from gaterun.core.known import unpack

    before, now = unpack(left.known), unpack(right.known)
    return (now - before).total(), (before - now).total()


def _direction(better: Better, old: Value, new: Value) -> ChangeKind:
    if isinstance(old, str) or isinstance(new, str) or old is None or new is None:
        return ChangeKind.CHANGED
    if better is Better.NEITHER:
        return ChangeKind.CHANGED
    rose = new > old
    return ChangeKind.IMPROVED if rose == (better is Better.HIGHER) else ChangeKind.REGRESSED
