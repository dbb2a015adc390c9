"""Writes a phase that holds today: each gate's conditions, relaxed to what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from gaterun.core.bind import requirement
from gaterun.core.judge import judge, measured_metrics
from gaterun.core.measure import Bench
from gaterun.model.condition import Operator, parse_comparison
from gaterun.model.errors import CannotMeasure
from gaterun.model.figures import figure
from gaterun.model.gate import Gate, Resource
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Better, Measured, Metric, Unit
from gaterun.model.options import options_of
from gaterun.model.verdict import Outcome

#: An entry that is measured only, so that it needs no condition.
_UNJUDGED: Mapping[str, object] = {"skip": "measured only"}

#: What bounds a value from the same side as a pin does, and holds today: less tightly.
_SIDES = {Operator.LE: {Operator.LE, Operator.LT}, Operator.GE: {Operator.GE, Operator.GT}}


class Proposal(Struct, frozen=True, kw_only=True):
    """A gate's entry in a phase that passes today, or why there is none.

    Attributes:
        entry: keys of the phase entry beside ``use``.
        measured: what was measured, for a comment.
        obstacle: why the gate cannot be part of it; empty when it can.
        help: what to do about the obstacle; may be empty.
    """

    gate: Gate
    entry: Mapping[str, object]
    measured: str = ""
    obstacle: str = ""
    help: str = ""


def propose(
    bench: Bench,
    gate: Gate,
    resources: Mapping[str, Resource],
    progress: Callable[[str], None],
) -> Proposal:
    """Measure `gate` with its default options, and propose conditions that hold now."""
    if needs_options(gate):
        return Proposal(gate=gate, entry={}, obstacle="it needs options that only you know")
    options: dict[str, object] = {}
    try:
        measurement = _measure(bench, gate, options, resources, progress)
        options = dict(gate.proposes(measurement))
        if options:
            measurement = _measure(bench, gate, options, resources, progress)
    except CannotMeasure as refusal:
        said = f"{refusal.reason}: {refusal.message}"
        return Proposal(gate=gate, entry={}, obstacle=said, help=refusal.help)
    require, dropped = _conditions(gate, measurement)
    entry = {**options, "require": require}
    shown = _shown(gate, measurement)
    if not require:
        why = f"today {dropped}" if dropped else "what to ask of it is for you to say"
        return Proposal(gate=gate, entry={}, measured=shown, obstacle=why)
    verdict = judge(requirement(gate, entry, resources), measurement, None)
    if verdict.outcome is not Outcome.PASS:
        return Proposal(gate=gate, entry={}, measured=shown, obstacle=f"today {verdict.message}")
    return Proposal(gate=gate, entry=entry, measured=shown)


def needs_options(gate: Gate) -> bool:
    """Whether a gate has an option without a default."""
    return any(option.required for option in options_of(gate.options))


def _measure(
    bench: Bench,
    gate: Gate,
    options: Mapping[str, object],
    resources: Mapping[str, Resource],
    progress: Callable[[str], None],
) -> Measurement:
    wanted = requirement(gate, {**_UNJUDGED, **options}, resources)
    measurement, _ = bench.measure(
        gate, wanted.options, name=f"init::{gate.name}", timeout=wanted.timeout, progress=progress
    )
    return measurement


def _conditions(gate: Gate, measurement: Measurement) -> tuple[list[str], str]:
    """Conditions that hold: the gate's own where they do, today's value where they do not.

    Only what the gate pins is held at today's value. What it asks for beyond that (that every
    crate builds) is either so or not: a limit would call what is broken a pass.
    """
    metrics = {metric.name: metric for metric in gate.metrics}
    values = measured_metrics(requirement(gate, _UNJUDGED, None), measurement)
    found: list[str] = []
    dropped: list[str] = []
    for text in gate.requires:
        wanted = requirement(gate, {"require": text}, None)
        if judge(wanted, measurement, None).outcome is Outcome.PASS:
            found.append(text)
            continue
        name = parse_comparison(text, metrics).metric
        if name not in gate.pins or not _held(name, gate, values):
            dropped.append(f"{name} is {figure(values[name].value, metrics[name].unit)}")
    for name in gate.pins:
        pinned = _held(name, gate, values)
        if pinned:
            found = _tightest(pinned, found, metrics)
    # What does not hold today and cannot be relaxed would be red from the start.
    return ([], ", ".join(dropped)) if dropped else (found, "")


def _tightest(pinned: str, found: Sequence[str], metrics: Mapping[str, Metric]) -> list[str]:
    """`found` with a pin at today's value, each of them only where another does not imply it."""
    pin = parse_comparison(pinned, metrics)
    kept: list[str] = []
    for text in found:
        known = parse_comparison(text, metrics)
        if known.metric != pin.metric or known.operand_is_metric:
            kept.append(text)
        elif known.operator is Operator.EQ:
            return list(found)
        elif known.operator not in _SIDES[pin.operator]:
            kept.append(text)
    return [*kept, pinned]


def _held(name: str, gate: Gate, values: Mapping[str, Measured]) -> str:
    metric = next(metric for metric in gate.metrics if metric.name == name)
    value = values[name].value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if metric.better is Better.NEITHER:
        return ""
    if metric.better is Better.HIGHER and value <= 0:
        return ""  # "at least none" could not fail
    operator = "<=" if metric.better is Better.LOWER else ">="
    suffix = {Unit.RATIO: "%", Unit.BYTES: "B", Unit.SECONDS: "s"}.get(metric.unit, "")
    exact = Decimal(repr(value)) * (100 if metric.unit is Unit.RATIO else 1)
    number = f"{exact.normalize():f}"
    return f"{name} {operator} {number}{suffix}"


def _shown(gate: Gate, measurement: Measurement) -> str:
    values = measured_metrics(requirement(gate, _UNJUDGED, None), measurement)
    known = [
        f"{metric.name} {figure(values[metric.name].value, metric.unit)}"
        for metric in gate.metrics
        if values[metric.name].value is not None
    ]
    return ", ".join(known[:6])
