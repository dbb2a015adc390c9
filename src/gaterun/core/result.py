"""Measures and judges one requirement into the result that goes on record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from gaterun.core.baseline import BaselineValue
from gaterun.core.judge import judge, measured_metrics
from gaterun.core.measure import Measures
from gaterun.core.reuse import digests
from gaterun.core.writable import writable, writable_measurement
from gaterun.model.binding import Binding, Reused
from gaterun.model.command import Evidence
from gaterun.model.errors import CannotMeasure
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Metric
from gaterun.model.phase import Mode, Requirement
from gaterun.model.record import GateResult, MetricRecord
from gaterun.model.verdict import Outcome, Verdict
from gaterun.model.waiver import InForce

#: The baseline's values for a measurement of a requirement; ``None`` without a baseline.
BaselineOf = Callable[[Requirement, Measurement], Mapping[str, BaselineValue] | None]


def _known(
    metric: Metric, requirement: Requirement, measurement: Measurement
) -> dict[str, str] | None:
    """The findings that a metric counts, where a condition compares them with a baseline's."""
    if metric.counts is None or metric.name not in requirement.tracked:
        return None
    from gaterun.core.known import pack

    return pack(finding for finding in measurement.findings if metric.counts.has(finding))


def unmeasured(
    requirement: Requirement,
    verdict: Verdict,
    *,
    repeat: str = "",
    blocked_by: str = "",
    started: float | None = None,
    seconds: float = 0.0,
    evidence: tuple[Evidence, ...] = (),
) -> GateResult:
    """The result of a gate that has no measurement: blocked, skipped or inconclusive."""
    now = time.time() if started is None else started
    return GateResult(
        node_id=requirement.node_id,
        task=requirement.task,
        gate=requirement.gate.name,
        title=requirement.gate.title,
        verdict=verdict,
        conditions=requirement.conditions,
        blocking=requirement.is_blocking(datetime.fromtimestamp(now, UTC).date()),
        advisory_until=requirement.enforce_after.isoformat() if requirement.enforce_after else "",
        blocked_by=blocked_by,
        evidence=evidence,
        file=requirement.location.file,
        line=requirement.location.line,
        started=now,
        seconds=seconds,
        repeat=repeat,
    )


def obtain(
    bench: Measures,
    requirement: Requirement,
    baseline: BaselineOf,
    *,
    progress: Callable[[str], None],
    repeat: str = "",
    in_force: InForce | None = None,
    binding: Binding | None = None,
) -> GateResult:
    """Measure and judge.

    Args:
        in_force: waivers and sign-offs; ``None`` for none.
        binding: what the measurement depends on, as far as that is known beforehand.

    Raises:
        Stopped: the run was interrupted.
    """
    started, clock = time.time(), time.monotonic()
    in_force = in_force or InForce()
    try:
        if requirement.mode is Mode.MANUAL:
            from gaterun.core.signoff import signed

            measurement, trace = signed(requirement, in_force.signoffs, bench.root), None
        else:
            measurement, trace = bench.measure(
                requirement.gate,
                requirement.options,
                name=requirement.node_id,
                timeout=requirement.timeout,
                progress=progress,
            )
    except CannotMeasure as refusal:
        return unmeasured(
            requirement,
            Verdict(
                outcome=Outcome.INCONCLUSIVE,
                reason=refusal.reason,
                message=writable(refusal.message),
                help=writable(refusal.help),
            ),
            repeat=repeat,
            started=started,
            seconds=time.monotonic() - clock,
            evidence=refusal.evidence,
        )
    seconds = time.monotonic() - clock
    if trace is not None and trace.seconds is not None:
        seconds = trace.seconds
    if trace is not None and trace.elsewhere:
        binding = None
    if binding is not None and trace is not None:
        binding = replace(binding, reads=digests(trace.reads))
    return judged(
        requirement,
        measurement,
        baseline,
        evidence=tuple(trace.evidence) if trace else (),
        repeat=repeat,
        started=started,
        seconds=seconds,
        binding=binding,
        in_force=in_force,
    )


def judged(
    requirement: Requirement,
    measurement: Measurement,
    baseline: BaselineOf,
    *,
    evidence: tuple[Evidence, ...],
    repeat: str,
    started: float,
    seconds: float,
    binding: Binding | None,
    reused: Reused | None = None,
    in_force: InForce | None = None,
) -> GateResult:
    """Judge a measurement, made now or before, with the waivers of today."""
    measurement = writable_measurement(measurement)
    compared = baseline(requirement, measurement)
    verdict = judge(requirement, measurement, compared)
    if in_force is not None and in_force.waivers:
        from gaterun.core.waivers import apply

        verdict = apply(in_force, requirement, measurement, verdict, compared)
    values = measured_metrics(requirement, measurement)
    return GateResult(
        node_id=requirement.node_id,
        task=requirement.task,
        gate=requirement.gate.name,
        title=requirement.gate.title,
        verdict=verdict,
        conditions=requirement.conditions,
        blocking=requirement.is_blocking(datetime.fromtimestamp(started, UTC).date()),
        advisory_until=requirement.enforce_after.isoformat() if requirement.enforce_after else "",
        flaky=measurement.flaky,
        metrics={
            metric.name: MetricRecord(
                unit=metric.unit,
                better=metric.better,
                host_bound=metric.host_bound,
                measured=values[metric.name],
                help=metric.help,
                irrelevant=metric.irrelevant,
                known=_known(metric, requirement, measurement),
            )
            for metric in requirement.gate.metrics
        },
        inspected=measurement.inspected,
        findings=tuple(measurement.findings),
        notes=tuple(measurement.notes),
        recipe=measurement.recipe,
        evidence=evidence,
        file=requirement.location.file,
        line=requirement.location.line,
        started=started,
        seconds=seconds,
        repeat=repeat,
        binding=binding,
        reused=reused,
    )
