"""Says which values of a baseline may be compared with a measurement, and which may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from gaterun.core.known import Identity, unpack
from gaterun.model.figures import figure
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Value
from gaterun.model.metrics_document import Environment, MetricEntry, MetricsDocument
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Reason


class BaselineValue(Struct, frozen=True, kw_only=True):
    """The baseline's value of one metric.

    Attributes:
        why: why the value is ``None``.
        breakdown: by rule, crate or file.
        known: how many of each finding; ``None`` where the baseline keeps only the number.
        accepted: when and why the value was accepted; empty when the base was measured.
        obstacle: why it may not be compared; empty when it may.
        reason: the reason code that goes with the obstacle.
    """

    value: Value
    why: str = ""
    breakdown: Mapping[str, float] = field(default_factory=dict)
    known: Mapping[Identity, int] | None = None
    accepted: str = ""
    obstacle: str = ""
    reason: Reason = Reason.NOT_COMPARABLE


def values_for(
    document: MetricsDocument,
    requirement: Requirement,
    measurement: Measurement,
    environment: Mapping[str, str],
    *,
    stale: str = "",
) -> dict[str, BaselineValue]:
    """The baseline's values for one gate, each with what forbids a comparison.

    Args:
        environment: the facts of this machine and toolchain.
        stale: why the whole document is out of date; empty when it is not.
    """
    found: dict[str, BaselineValue] = {}
    for metric in requirement.gate.metrics:
        entry = document.find(requirement.node_id, metric.name)
        if entry is None:
            continue
        hindrance = stale or obstacle(
            entry.recipe, measurement.recipe, irrelevant=metric.irrelevant
        )
        if not hindrance and metric.host_bound:
            facts = document.environment_of(entry).facts
            hindrance = elsewhere(facts, environment, irrelevant=metric.irrelevant)
        known: Mapping[Identity, int] | None = None
        try:
            if entry.known is not None:
                known = unpack(entry.known)
        except ValueError as error:
            hindrance = f"the baseline's findings cannot be read: {error}"
        if known is not None and sum(known.values()) != entry.value:
            hindrance = (
                f"the baseline counts {entry.value} and keeps {sum(known.values())} findings: "
                "run `gaterun baseline` again"
            )
        found[metric.name] = BaselineValue(
            value=entry.value,
            why=entry.reason,
            breakdown=entry.breakdown,
            known=known,
            accepted=accepted(entry),
            obstacle=hindrance,
            reason=Reason.BASELINE_STALE if stale else Reason.NOT_COMPARABLE,
        )
    return found


def accepted(entry: MetricEntry) -> str:
    """When and why the value of an entry was accepted; empty when it was not."""
    if entry.accepted is None:
        return ""
    return f"{entry.accepted.date}: {entry.accepted.reason}"


def acceptances(results: Sequence[GateResult]) -> list[str]:
    """What every report has to say about baseline values that the base did not have."""
    found = [
        f"{result.node_id}: the baseline's {check.metric}, "
        f"{figure(check.baseline, result.metrics[check.metric].unit)}, was accepted on "
        f"{check.accepted}"
        for result in results
        for check in result.verdict.checks
        if check.accepted and check.metric in result.metrics
    ]
    return list(dict.fromkeys(found))


def moved(document: MetricsDocument, base: str | None, name: str) -> str:
    """Why a stored baseline is not of the phase's base; empty when it is, or nobody can say.

    Args:
        base: the commit that the phase's base is now.
        name: how the phase file names it.
    """
    measured = document.subject.commit
    if document.role != "baseline" or not base or not measured or measured == base:
        return ""
    named = f" ({name})" if not base.startswith(name) else ""
    return (
        f"the baseline is of {measured[:12]}, the phase's base{named} is {base[:12]} now: "
        "run `gaterun baseline` again"
    )


def obstacle(
    before: Mapping[str, str], now: Mapping[str, str], *, irrelevant: tuple[str, ...] = ()
) -> str:
    """Why two values may not be compared by their recipes; empty when they may.

    >>> obstacle({"profile": "dev"}, {"profile": "release"})
    'measured differently: profile dev before, release now'
    >>> obstacle({"jobs": "2"}, {"jobs": "4"}, irrelevant=("jobs",))
    ''
    """
    return _difference("measured differently", before, now, irrelevant)


def elsewhere(
    before: Mapping[str, str], now: Mapping[str, str], *, irrelevant: tuple[str, ...] = ()
) -> str:
    """Why two values may not be compared by where they were measured; empty when they may."""
    told = "measured on another machine or with another toolchain"
    return _difference(told, before, now, irrelevant)


def _difference(
    told: str, before: Mapping[str, str], now: Mapping[str, str], irrelevant: tuple[str, ...]
) -> str:
    for key in sorted({*before, *now} - {*irrelevant}):
        if before.get(key) != now.get(key):
            old, new = before.get(key, "unknown"), now.get(key, "unknown")
            return f"{told}: {key} {old} before, {new} now"
    return ""


def comparable(
    before: MetricEntry, after: MetricEntry, environments: tuple[Environment, Environment]
) -> str:
    """Why two entries of metrics documents may not be compared; empty when they may."""
    if before.unit is not after.unit:
        return f"measured in another unit: {before.unit.name} before, {after.unit.name} now"
    irrelevant = tuple({*before.irrelevant} & {*after.irrelevant})
    found = obstacle(before.recipe, after.recipe, irrelevant=irrelevant)
    if not found and (before.host_bound or after.host_bound):
        facts = (environments[0].facts, environments[1].facts)
        found = elsewhere(*facts, irrelevant=irrelevant)
    return found
