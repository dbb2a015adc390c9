from __future__ import annotations

import math

import msgspec
import pytest

from gaterun.model.metric import Better, Change, Measured, Unit, Value
from gaterun.model.metrics_document import (
    MetricsDocument,
    MetricStatus,
    fingerprint,
    from_record,
    instant,
    metric_ids,
)
from gaterun.model.record import GateResult, MetricRecord, RunRecord, Tree
from gaterun.model.verdict import Check, ExitCode, Outcome, Reason, Verdict


def result(node_id: str, *, outcome: Outcome = Outcome.PASS, **metrics: Measured) -> GateResult:
    return GateResult(
        node_id=node_id,
        task=node_id.partition("::")[0],
        gate="g",
        title="",
        verdict=Verdict(
            outcome=outcome,
            message="why not",
            checks=tuple(Check(condition=f"{name} < 9", metric=name) for name in metrics),
        ),
        metrics={
            name: MetricRecord(
                unit=Unit.COUNT, better=Better.LOWER, host_bound=False, measured=measured
            )
            for name, measured in metrics.items()
        },
    )


def document(*results: GateResult) -> MetricsDocument:
    return from_record(
        RunRecord(
            id="r",
            phase="p",
            title="",
            root="/r",
            version="0",
            argv=("gaterun",),
            tree=Tree(commit="c"),
            environment={"os": "Linux"},
            tasks={},
            results=results,
            started=0.0,
            seconds=1.5,
            exit_code=ExitCode.OK,
        )
    )


def test_ids_are_short_where_they_are_unique() -> None:
    both = (result("1::a", n=Measured(value=1)), result("2::a", n=Measured(value=2)))
    assert metric_ids(both[:1]) == {("1::a", "n"): "a.n"}
    assert metric_ids(both) == {("1::a", "n"): "1::a.n", ("2::a", "n"): "2::a.n"}


def test_an_entry_is_found_whatever_its_key_is() -> None:
    one, two = result("1::a", n=Measured(value=1)), result("2::a", n=Measured(value=2))
    for found in (document(one), document(one, two)):
        entry = found.find("1::a", "n")
        assert entry is not None
        assert entry.value == 1
    assert document(one).find("2::a", "n") is None
    assert document(one).find("1::a", "m") is None


@pytest.mark.parametrize(
    ("measured", "status", "value", "reason"),
    [
        (Measured(value=3), MetricStatus.OK, 3, ""),
        (Measured(value=0), MetricStatus.OK, 0, ""),
        (Measured(value=False), MetricStatus.OK, False, ""),
        (Measured(value=""), MetricStatus.OK, "", ""),
        (Measured(value=None, why="no tool"), MetricStatus.MISSING, None, "no tool"),
        (Measured(value=None), MetricStatus.MISSING, None, "not measured"),
        (Measured(value=math.nan), MetricStatus.MISSING, None, "not a finite number"),
        (Measured(value=math.inf), MetricStatus.MISSING, None, "not a finite number"),
    ],
)
def test_what_is_missing_is_never_zero(
    measured: Measured, status: MetricStatus, value: Value, reason: str
) -> None:
    (entry,) = document(result("1::a", n=measured)).metrics.values()
    assert (entry.status, entry.value, entry.reason) == (status, value, reason)
    assert type(entry.value) is type(value)


def test_what_is_not_finite_never_reaches_the_file() -> None:
    measured = Measured(
        value=1.0,
        samples=(1.0, math.nan, 2.0),
        breakdown={"a": 1.0, "b": math.inf},
        change=Change(base=1.0, low=math.nan, middle=0.0, high=0.0, confidence=0.95, pairs=3),
    )
    (entry,) = document(result("1::a", n=measured)).metrics.values()
    assert entry.samples == (1.0, 2.0)
    assert entry.breakdown == {"a": 1.0}
    assert entry.change is None


def test_limits_are_the_conditions_on_the_metric() -> None:
    found = document(result("1::a", n=Measured(value=1), m=Measured(value=2)))
    assert found.metrics["a.n"].limits == ("n < 9",)


def test_a_gate_that_measured_nothing_is_listed_with_its_reason() -> None:
    broken = GateResult(
        node_id="1::b",
        task="1",
        gate="b",
        title="",
        verdict=Verdict(outcome=Outcome.INCONCLUSIVE, reason=Reason.CRASHED, message="boom"),
    )
    found = document(result("1::a", n=Measured(value=1)), broken)
    assert found.unmeasured == {"1::b": "boom"}


def test_it_reads_as_it_was_written() -> None:
    found = document(result("1::a", n=Measured(value=1, breakdown={"x": 1.0}, samples=(1.0,))))
    assert msgspec.json.decode(msgspec.json.encode(found), type=MetricsDocument) == found


def test_fingerprint_tells_facts_apart() -> None:
    assert fingerprint({"a": "1"}) != fingerprint({"a": "2"})
    assert fingerprint({"a": "1\nb: 2"}) != fingerprint({"a": "1", "b": "2"})


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1763811000.25, "2025-11-22T11:30:00.250Z"),
        (math.nan, "1970-01-01T00:00:00.000Z"),
        (1e20, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_instant(seconds: float, text: str) -> None:
    assert instant(seconds) == text
