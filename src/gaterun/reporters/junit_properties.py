"""The properties of JUnit suites and cases: what programs may want to know beside the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gaterun.model.metric import Value
from gaterun.model.metrics_document import fingerprint, instant
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Outcome
from gaterun.reporters import figures, junit_case, policy


def of_suite(record: RunRecord, title: str, started: float) -> dict[str, str]:
    """What was measured, with what and where; names and values clean and not empty."""
    facts = {
        "gaterun.version": record.version,
        "gaterun.run": record.id,
        "gaterun.role": record.role,
        "gaterun.shard": record.shard.label if record.shard else "",
        "gaterun.shards": str(len(record.parts)) if record.parts else "",
        "gaterun.title": title,
        "gaterun.started": instant(started),
        "gaterun.commit": record.tree.commit,
        "gaterun.tree": record.tree.digest,
        "gaterun.dirty": str(record.tree.dirty).lower(),
        "gaterun.base": record.base,
        "gaterun.interrupted": "true" if record.interrupted else "",
        "gaterun.environment": fingerprint(record.environment),
        **{f"environment.{name}": value for name, value in record.environment.items()},
    }
    return _texts(facts)


def of_policy(record: RunRecord) -> dict[str, str]:
    """How the run compares with its base, for the first suite of a file."""
    told = record.policy
    if told is None:
        return {}
    shown = told.changes[: policy.MOST]
    facts = {
        "gaterun.policy": told.mode.value,
        "gaterun.policy.base": told.label,
        "gaterun.policy.obstacle": told.obstacle,
        "gaterun.weakened": str(len(told.weakened)),
        "gaterun.protected": str(len(told.touched)),
        "gaterun.undecided": str(len(told.undecided)),
        **{
            f"policy.change:{number}": f"{change.subject}: {policy.told(change)}"
            for number, change in enumerate(shown, 1)
        },
        **{f"policy.note:{number}": note for number, note in enumerate(told.notes, 1)},
    }
    return _texts(facts)


def of_gate(result: GateResult) -> dict[str, str]:
    """A gate's verdict, metrics and limits; names and values clean and not empty."""
    facts = {
        "gaterun.node_id": result.node_id,
        "gaterun.outcome": result.outcome.value,
        "gaterun.reason": result.verdict.reason.value if result.verdict.reason else "",
        "gaterun.advisory": "" if result.blocking else "true",
        "gaterun.flaky": "true" if result.flaky else "",
        "gaterun.reused": result.reused.run if result.reused else "",
        "gaterun.inputs": result.binding.inputs if result.binding else "",
        "gaterun.repeat": "" if result.outcome is Outcome.PASS else result.repeat,
    }
    for name, number in result.inspected.items():
        facts[f"inspected:{name}"] = str(number)
    for name, metric in result.metrics.items():
        facts[f"metric:{name}"] = _exact(metric.measured.value)
        facts[f"metric:{name}.unit"] = metric.unit.value
    limits: dict[str, list[str]] = {}
    for check in result.verdict.checks:
        limits.setdefault(check.metric, []).append(check.condition)
        if check.baseline is not None:
            facts[f"metric:{check.metric}.baseline"] = _exact(check.baseline)
        if check.accepted:
            facts[f"metric:{check.metric}.accepted"] = check.accepted
        if check.slack:
            facts[f"metric:{check.metric}.slack"] = check.slack
    for name, conditions in limits.items():
        facts[f"metric:{name}.limit"] = ", ".join(conditions)
    return _texts(facts)


def _exact(value: Value) -> str:
    """The plain number, for programs; what has none says so in words."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return figures.figure(value)
    if isinstance(value, float) and not math.isfinite(value):
        return figures.figure(value)
    # Python refuses to write an int of more than 4,300 digits.
    return repr(value) if abs(value) < 10**300 else figures.figure(value)


def _texts(facts: Mapping[str, str]) -> dict[str, str]:
    """Clean names and values, without those that are empty."""
    texts = {junit_case.attribute(key): junit_case.attribute(facts[key]) for key in facts}
    return {name: value for name, value in texts.items() if name and value}
