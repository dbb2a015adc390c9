"""The metrics of a run as a document: what baseline-metrics.json and final-metrics.json hold."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct, field

from gaterun.model.metric import Better, Change, Unit, Value
from gaterun.model.record import GateResult, MetricRecord, RunRecord

#: Tells the document apart from other JSON files.
KIND = "gaterun.metrics"

#: Version of the document's shape; a reader refuses a greater major part.
SCHEMA_VERSION = "2.0"


class MetricStatus(StrEnum):
    """Whether there is a value."""

    OK = "ok"
    MISSING = "missing"


class Environment(Struct, frozen=True, kw_only=True):
    """Where it was measured.

    Attributes:
        fingerprint: of the facts; equal fingerprints make timing values comparable.
    """

    fingerprint: str
    facts: Mapping[str, str]


class Origin(Struct, frozen=True, kw_only=True):
    """Where a value comes from that the run of the document has not measured.

    Attributes:
        run: id of the run that measured it.
        commit, tree, dirty: as in `gaterun.model.record.Tree`.
    """

    run: str
    commit: str
    tree: str
    dirty: bool
    environment: Environment


class Accepted(Struct, frozen=True, kw_only=True):
    """Why a baseline has a value that the base did not have.

    Attributes:
        reason: as given to ``gaterun baseline accept``.
        date: ISO date in UTC.
        before: the value that it took the place of; the first one, when accepted repeatedly.
    """

    reason: str
    date: str
    before: Value


class MetricEntry(Struct, frozen=True, kw_only=True):
    """One metric of one gate.

    Attributes:
        value: in `unit`; ``None`` exactly when the status is ``missing``, and never 0 for it.
        reason: why there is no value; empty when there is one.
        samples: the single values behind the value; what is not finite is left out.
        change: the gate's own comparison with the base, with its interval.
        limits: the conditions that name the metric, as written.
        breakdown: the value by rule, crate or file.
        recipe: what must be equal for two values to be comparable.
        gate: name of the gate plugin.
        node_id: ``task::id``, which finds the entry again whatever its key is.
        metric: the metric's name inside its gate.
        irrelevant: what may differ between two values that are compared.
        known: the findings that the metric counts, by rule, packed; ``None`` where no condition
            of the phase compares them.
        origin: where the value comes from; ``None`` when it is of the document's own run.
        accepted: why it is not the base's; ``None`` when it is, or better.
        digest: of everything else here, and of the document's commit and environment where
            there is no origin; empty until it is written.
    """

    status: MetricStatus
    value: Value
    reason: str
    unit: Unit
    direction: Better
    host_bound: bool
    gate: str
    node_id: str
    metric: str
    samples: tuple[float, ...] = ()
    change: Change | None = None
    limits: tuple[str, ...] = ()
    breakdown: Mapping[str, float] = field(default_factory=dict)
    recipe: Mapping[str, str] = field(default_factory=dict)
    help: str = ""
    irrelevant: tuple[str, ...] = ()
    known: Mapping[str, str] | None = None
    origin: Origin | None = None
    accepted: Accepted | None = None
    digest: str = ""


class Subject(Struct, frozen=True, kw_only=True):
    """What was measured; the attributes are those of `gaterun.model.record.Tree`."""

    commit: str
    branch: str
    tree: str
    dirty: bool


class Source(Struct, frozen=True, kw_only=True):
    """The run behind the document. Times are RFC 3339 in UTC."""

    id: str
    started_at: str
    finished_at: str
    version: str
    argv: tuple[str, ...]
    interrupted: bool = False


class MetricsDocument(Struct, frozen=True, kw_only=True):
    """Every metric of a run, by id.

    Attributes:
        role: ``run``, ``baseline`` or ``shard``.
        base: the commit that the phase began with; empty when there is none.
        metrics: keyed ``<gate id>.<metric>``; where two gates of the run have one id, by
            ``<task>::<gate id>.<metric>``. Sorted, so that a diff shows what changed.
        unmeasured: node id to reason, for gates that measured nothing at all.
        digest: of everything here but the metrics, which have their own, so that branches that
            change different metrics merge; empty until it is written.
    """

    kind: str = KIND
    schema_version: str = SCHEMA_VERSION
    role: str
    phase: str
    base: str
    run: Source
    subject: Subject
    environment: Environment
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    metrics: Mapping[str, MetricEntry]

    def environment_of(self, entry: MetricEntry) -> Environment:
        """Where the value of an entry was measured."""
        return entry.origin.environment if entry.origin else self.environment

    def find(self, node_id: str, metric: str) -> MetricEntry | None:
        """The entry of a gate's metric, or ``None`` when the document has none.

        Use it rather than the key, which depends on what else the run selected.
        """
        wanted = (node_id, metric)
        entries = self.metrics.values()
        return next((entry for entry in entries if (entry.node_id, entry.metric) == wanted), None)


def instant(seconds: float) -> str:
    """Seconds since the epoch as an RFC 3339 instant in UTC, to the millisecond.

    >>> instant(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fingerprint(facts: Mapping[str, str]) -> str:
    """A short digest of facts, independent of their order.

    >>> fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    True
    """
    text = "\n".join(f"{name!r}: {value!r}" for name, value in sorted(facts.items()))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def metric_ids(results: tuple[GateResult, ...]) -> dict[tuple[str, str], str]:
    """The id of every measured metric, by node id and metric name.

    A gate id that stands once gives ``<id>.<metric>``, one that stands in several tasks
    gives ``<task>::<id>.<metric>``.
    """
    seen = Counter(_gate_id(result.node_id) for result in results)
    ids: dict[tuple[str, str], str] = {}
    for result in results:
        gate_id = _gate_id(result.node_id)
        prefix = gate_id if seen[gate_id] == 1 else result.node_id
        for name in result.metrics:
            ids[result.node_id, name] = f"{prefix}.{name}"
    return ids


def from_record(record: RunRecord) -> MetricsDocument:
    """Convert a run record; the same record gives the same document."""
    ids = metric_ids(record.results)
    elsewhere = _measured_elsewhere(record)
    entries = {
        ids[result.node_id, name]: _entry(
            result, name, metric, elsewhere.get(result.node_id) if metric.host_bound else None
        )
        for result in record.results
        for name, metric in result.metrics.items()
    }
    return MetricsDocument(
        role=record.role,
        phase=record.phase,
        base=record.base,
        run=Source(
            id=record.id,
            started_at=instant(record.started),
            finished_at=instant(record.started + record.seconds),
            version=record.version,
            argv=record.argv,
            interrupted=record.interrupted,
        ),
        subject=Subject(
            commit=record.tree.commit,
            branch=record.tree.branch,
            tree=record.tree.digest,
            dirty=record.tree.dirty,
        ),
        environment=Environment(
            fingerprint=fingerprint(record.environment),
            facts=dict(sorted(record.environment.items())),
        ),
        metrics=dict(sorted(entries.items())),
        unmeasured={
            result.node_id: result.verdict.message or result.outcome.value
            for result in sorted(record.results, key=lambda result: result.node_id)
            if not result.metrics
        },
    )


def _measured_elsewhere(record: RunRecord) -> dict[str, Origin]:
    """By node id, where the shards of a merged run ran on machines that differ."""
    return {
        node: Origin(
            run=part.run,
            commit=record.tree.commit,
            tree=record.tree.digest,
            dirty=record.tree.dirty,
            environment=Environment(
                fingerprint=fingerprint(part.environment),
                facts=dict(sorted(part.environment.items())),
            ),
        )
        for part in record.parts
        if part.environment != record.environment
        for node in part.nodes
    }


def _gate_id(node_id: str) -> str:
    return node_id.rpartition("::")[2]


def _finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _entry(
    result: GateResult, name: str, metric: MetricRecord, origin: Origin | None = None
) -> MetricEntry:
    measured = metric.measured
    value = measured.value if _finite(measured.value) else None
    reason = ""
    if value is None:
        unexplained = "not measured" if measured.value is None else "not a finite number"
        reason = measured.why or unexplained
    change = measured.change
    if change and not all(
        map(math.isfinite, (change.base, change.low, change.middle, change.high))
    ):
        change = None
    return MetricEntry(
        status=MetricStatus.MISSING if value is None else MetricStatus.OK,
        value=value,
        reason=reason,
        unit=metric.unit,
        direction=metric.better,
        host_bound=metric.host_bound,
        gate=result.gate,
        node_id=result.node_id,
        metric=name,
        samples=tuple(sample for sample in measured.samples if math.isfinite(sample)),
        change=change,
        limits=tuple(check.condition for check in result.verdict.checks if check.metric == name),
        breakdown={
            part: number
            for part, number in sorted(measured.breakdown.items())
            if math.isfinite(number)
        },
        recipe=dict(sorted(result.recipe.items())),
        help=metric.help,
        irrelevant=metric.irrelevant,
        known=None if metric.known is None else dict(sorted(metric.known.items())),
        origin=origin,
    )
