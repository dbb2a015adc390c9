from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gaterun.core.baseline import BaselineValue
from gaterun.core.bind import requirement
from gaterun.core.judge import judge, measured_metrics
from gaterun.model.gate import Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Better, Change, Measured, Metric, Unit, Value
from gaterun.model.verdict import Outcome, Reason, Verdict

PASS, FAIL, NONE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE

GATE = Gate(
    name="g",
    title="",
    metrics=(
        Metric(name="n"),
        Metric(name="m"),
        Metric(name="score", better=Better.HIGHER),
        Metric(name="ratio", unit=Unit.RATIO, better=Better.HIGHER),
        Metric(name="time", unit=Unit.SECONDS),
        Metric(name="flag", unit=Unit.BOOLEAN, better=Better.NEITHER),
        Metric(name="label", unit=Unit.TEXT, better=Better.NEITHER),
    ),
    measure=lambda ctx: Measurement(metrics={}, inspected={}),
)


def verdict(
    entry: Mapping[str, Any],
    baseline: Mapping[str, BaselineValue] | None = None,
    *,
    inspected: Mapping[str, int] | None = None,
    **metrics: Value | Measured,
) -> Verdict:
    wanted = requirement(GATE, entry, None)
    counts = {"things": 1} if inspected is None else inspected
    return judge(wanted, Measurement(metrics=metrics, inspected=counts), baseline)


def base(value: Value, **more: Any) -> BaselineValue:
    return BaselineValue(value=value, **more)


# --- absolute --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "metrics", "outcome"),
    [
        ("n < 20", {"n": 19}, PASS),
        ("n < 20", {"n": 20}, FAIL),
        ("n <= 20", {"n": 20}, PASS),
        ("n <= 20", {"n": 20.5}, FAIL),
        ("n == 20", {"n": 20.0}, PASS),
        ("n == 20", {"n": 19}, FAIL),
        ("n != 20", {"n": 19}, PASS),
        ("n != 20", {"n": 20}, FAIL),
        ("n >= 20", {"n": 20}, PASS),
        ("n >= 20", {"n": 19}, FAIL),
        ("n > 20", {"n": 21}, PASS),
        ("n > 20", {"n": 20}, FAIL),
        ("n == 0", {"n": 0}, PASS),
        ("n <= m", {"n": 2, "m": 2}, PASS),
        ("n <= m", {"n": 3, "m": 2}, FAIL),
        ("flag == true", {"flag": True}, PASS),
        ("flag == true", {"flag": False}, FAIL),
        ("flag != true", {"flag": False}, PASS),
        ("label == 'a'", {"label": "a"}, PASS),
        ("label == 'a'", {"label": "b"}, FAIL),
        ("label == ''", {"label": ""}, PASS),
        ("ratio >= 50%", {"ratio": 0.5}, PASS),
        ("ratio >= 50%", {"ratio": 0.499999}, FAIL),
        # Not measured is neither.
        ("n < 20", {}, NONE),
        ("n < 20", {"n": None}, NONE),
        ("n != 20", {"n": None}, NONE),
        ("n < 20", {"n": Measured(value=None, why="no tool")}, NONE),
        ("n <= m", {"n": 1}, NONE),
        ("n <= m", {"m": 1}, NONE),
        ("flag == false", {}, NONE),
        ("label != 'a'", {}, NONE),
        # What is of the wrong kind is neither.
        ("n < 20", {"n": "3"}, NONE),
        ("n < 20", {"n": True}, NONE),
        ("flag == true", {"flag": 1}, NONE),
        ("label == 'a'", {"label": 1}, NONE),
        ("n <= m", {"n": 1, "m": "x"}, NONE),
    ],
)
def test_absolute(condition: str, metrics: dict[str, Value], outcome: Outcome) -> None:
    found = verdict({"require": condition}, **metrics)
    assert found.outcome is outcome
    assert (found.reason is None) is (outcome is not NONE)


@pytest.mark.parametrize(
    ("condition", "metrics"),
    [
        ("flag == true", {"flag": "yes"}),
        ("flag != false", {"flag": "no"}),
        ("label != 'a'", {"label": True}),
        ("label == 'a'", {"label": False}),
    ],
)
def test_text_and_flag_are_not_compared(condition: str, metrics: dict[str, Value]) -> None:
    assert verdict({"require": condition}, **metrics).outcome is NONE


@pytest.mark.parametrize(
    "condition", ["n < 20", "n != 20", "n == 20", "n >= 0", "n <= m", "m != n"]
)
def test_nan_is_not_a_measurement(condition: str) -> None:
    assert verdict({"require": condition}, n=math.nan, m=1).outcome is NONE


def test_nan_passes_no_floor() -> None:
    found = verdict({"require": "m < 9", "floor": {"n": 5}}, n=math.nan, m=1)
    assert found.outcome is NONE


def test_a_check_says_actual_target_and_distance() -> None:
    (check,) = verdict({"require": "ratio >= 50%"}, ratio=0.25).checks
    assert (check.metric, check.actual, check.holds) == ("ratio", 0.25, False)
    assert (check.target, check.distance, check.why) == (">= 50 %", "25 %", "25 %")
    (check,) = verdict({"require": "n <= m"}, n=3, m=1).checks
    assert (check.target, check.distance) == ("<= m (1)", "2")


def test_a_missing_value_says_why() -> None:
    found = verdict({"require": "n < 1"}, n=Measured(value=None, why="no tool"))
    assert found.message == "n < 1: not measured: no tool"
    assert found.reason is Reason.UNDECIDED
    assert "the gate did not measure it" in verdict({"require": "n < 1"}).message


def test_every_condition_is_judged_and_fail_comes_before_undecided() -> None:
    found = verdict({"require": ["n < 1", "m < 1", "score > 0"]}, n=5, m=0)
    assert [check.holds for check in found.checks] == [False, True, None]
    assert found.outcome is FAIL
    assert verdict({"require": ["m < 1", "score > 0"]}, m=0).outcome is NONE


def test_messages() -> None:
    assert verdict({"require": ["n < 1", "m < 1"]}, n=5, m=6).message == (
        "n is 5, wanted < 1; m is 6, wanted < 1"
    )
    assert verdict({"require": ["n < 1", "n > -1"]}, n=0).message == "n 0"


# --- nothing inspected, floors ---------------------------------------------------------------


@pytest.mark.parametrize("inspected", [{}, {"files": 0}, {"files": 0, "crates": 0}])
@pytest.mark.parametrize("n", [0, 99])
def test_nothing_inspected_is_never_a_verdict(inspected: dict[str, int], n: int) -> None:
    found = verdict({"require": "n < 20"}, inspected=inspected, n=n)
    assert (found.outcome, found.reason) == (NONE, Reason.NO_INPUT)
    assert found.help


def test_a_negative_count_is_no_input() -> None:
    assert verdict({"require": "n < 20"}, inspected={"files": -1}, n=1).outcome is NONE


@pytest.mark.parametrize(
    ("floor", "metrics", "outcome", "reason"),
    [
        ({"n": 5}, {"n": 5, "m": 0}, PASS, None),
        ({"n": 5}, {"n": 4, "m": 0}, NONE, Reason.BELOW_FLOOR),
        ({"things": 1}, {"m": 0}, PASS, None),
        ({"things": 2}, {"m": 0}, NONE, Reason.BELOW_FLOOR),
        ({"n": 5}, {"m": 0}, NONE, Reason.BELOW_FLOOR),
        ({"n": 5}, {"n": "x", "m": 0}, NONE, Reason.BELOW_FLOOR),
        ({"unheard": 5}, {"m": 0}, NONE, Reason.BELOW_FLOOR),
        # Too few inspected: what failed on the rest says nothing about the whole.
        ({"n": 5}, {"n": 4, "m": 99}, NONE, Reason.BELOW_FLOOR),
        ({"n": 5}, {"n": 5, "m": 99}, FAIL, None),
    ],
)
def test_floor(
    floor: dict[str, float], metrics: dict[str, Value], outcome: Outcome, reason: Reason | None
) -> None:
    found = verdict({"require": "m < 20", "floor": floor}, **metrics)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_a_floor_of_what_nobody_counts_says_what_is_counted() -> None:
    found = verdict({"require": "m < 20", "floor": {"thing": 1}}, m=1)
    assert found.message == "floor thing 1: thing was not counted; did you mean 'things'?"
    found = verdict({"require": "m < 20", "floor": {"qqq": 1}}, m=1)
    assert "qqq was not counted; known: " in found.message
    found = verdict({"require": "m < 20", "floor": {"n": 1}}, m=1)  # a metric without a value
    assert found.message == "floor n 1: n was not counted"


def test_a_floor_says_how_many_are_missing() -> None:
    check = verdict({"require": "m < 20", "floor": {"n": 630}}, n=600, m=1).checks[0]
    assert (check.condition, check.target, check.distance) == (
        "floor n 630",
        "at least 630",
        "30",
    )


# --- ratchet ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "before", "now", "outcome"),
    [
        ("n", 10, 10, PASS),
        ("n", 10, 9, PASS),
        ("n", 10, 0, PASS),
        ("n", 10, 11, FAIL),
        ("n", 0, 1, FAIL),
        ("score", 10, 10, PASS),
        ("score", 10, 11, PASS),
        ("score", 10, 9, FAIL),
        ("n", 10, None, NONE),
    ],
)
def test_ratchet_is_asymmetric(metric: str, before: Value, now: Value, outcome: Outcome) -> None:
    assert verdict({"ratchet": metric}, {metric: base(before)}, **{metric: now}).outcome is outcome


@pytest.mark.parametrize(
    ("baseline", "reason"),
    [
        (None, Reason.BASELINE_MISSING),
        ({}, Reason.BASELINE_MISSING),
        ({"n": BaselineValue(value=None, why="broken")}, Reason.BASELINE_MISSING),
        ({"n": BaselineValue(value=1, obstacle="another profile")}, Reason.NOT_COMPARABLE),
    ],
)
@pytest.mark.parametrize("entry", [{"ratchet": "n"}, {"improve": "n >= 25%"}])
def test_without_a_baseline_there_is_no_verdict(
    entry: dict[str, Any], baseline: dict[str, BaselineValue] | None, reason: Reason
) -> None:
    found = verdict(entry, baseline, n=0)
    assert (found.outcome, found.reason) == (NONE, reason)


@pytest.mark.parametrize("value", ["x", True])
def test_a_ratchet_needs_a_number(value: Value) -> None:
    assert verdict({"ratchet": "n"}, {"n": base(3)}, n=value).outcome is NONE
    assert verdict({"ratchet": "n"}, {"n": base(value)}, n=3).outcome is NONE


def parts(**breakdown: float) -> Measured:
    return Measured(value=sum(breakdown.values()), breakdown=breakdown)


def before(**breakdown: float) -> dict[str, BaselineValue]:
    return {"n": base(sum(breakdown.values()), breakdown=breakdown)}


def test_a_ratchet_holds_part_by_part() -> None:
    found = verdict({"ratchet": "n"}, before(a=5, b=5), n=parts(a=1, b=6))
    assert found.outcome is FAIL
    assert "b 5 to 6" in found.message
    assert "a 5" not in found.message
    assert verdict({"ratchet": "n"}, before(a=5, b=5), n=parts(a=5, b=5)).outcome is PASS
    assert verdict({"ratchet": "n"}, before(a=5, b=5), n=parts(a=1)).outcome is PASS


def test_a_new_part_is_worse() -> None:
    found = verdict({"ratchet": "n"}, before(a=5), n=parts(a=1, b=1))
    assert found.outcome is FAIL
    assert "b 0 to 1" in found.message


def test_a_baseline_without_parts_is_compared_in_total() -> None:
    assert verdict({"ratchet": "n"}, {"n": base(5)}, n=parts(a=1, b=1)).outcome is PASS


def test_a_part_that_has_gone_is_worse_where_more_is_better() -> None:
    """All tests of one crate are gone, as many have been added in another."""
    found = verdict(
        {"ratchet": "score"},
        {"score": base(10, breakdown={"a": 5.0, "b": 5.0})},
        score=Measured(value=10, breakdown={"a": 10.0}),
    )
    assert found.outcome is FAIL


def test_slack_is_told() -> None:
    (check,) = verdict({"ratchet": "n"}, {"n": base(10)}, n=7).checks
    assert check.why == "7 (3 better than the baseline of 10)"
    assert check.slack == "3 better than the baseline"
    assert (check.baseline, check.distance) == (10, "3")
    assert check.target == "not worse than 10 at the base"


# --- improve ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "before", "now", "outcome"),
    [
        ("time >= 25%", 100, 75, PASS),
        ("time >= 25%", 100, 76, FAIL),
        ("time > 25%", 100, 75, FAIL),
        ("time > 25%", 100, 74, PASS),
        ("time >= 25%", 100, 125, FAIL),
        ("score >= 25%", 100, 125, PASS),
        ("score >= 25%", 100, 124, FAIL),
        ("score >= 25%", 100, 75, FAIL),
        ("score >= 100%", -4, 0, PASS),
        ("time >= 0%", 10, 10, PASS),
        ("time >= 25%", 0, 0, NONE),
        ("time >= 25%", 10, None, NONE),
        ("time >= 25%", 10, "fast", NONE),
    ],
)
def test_improve_against_the_baseline(
    condition: str, before: float, now: Value, outcome: Outcome
) -> None:
    name = condition.split(" ", maxsplit=1)[0]
    assert verdict({"improve": condition}, {name: base(before)}, **{name: now}).outcome is outcome


def test_no_percentage_of_a_baseline_of_zero() -> None:
    found = verdict({"improve": "n >= 25%"}, {"n": base(0)}, n=3)
    assert (found.outcome, found.reason) == (NONE, Reason.NOT_COMPARABLE)
    assert "%" not in found.message.removeprefix("improve n >= 25%")


@pytest.mark.parametrize("percent", [57])
def test_exactly_the_target_is_enough(percent: int) -> None:
    found = verdict({"improve": f"n >= {percent}%"}, {"n": base(100)}, n=100 - percent)
    assert found.outcome is PASS


def paired(low: float, middle: float, high: float) -> Measured:
    change = Change(base=100, low=low, middle=middle, high=high, confidence=0.95, pairs=8)
    return Measured(value=100 * (1 + middle), change=change)


@pytest.mark.parametrize(
    ("interval", "outcome", "reason"),
    [
        ((-0.40, -0.35, -0.30), PASS, None),
        ((-0.40, -0.30, -0.25), PASS, None),
        # The middle is beyond the target, the interval is not.
        ((-0.40, -0.30, -0.20), NONE, Reason.NOISE),
        ((-0.26, -0.20, -0.10), NONE, Reason.NOISE),
        ((-0.25, -0.20, -0.10), NONE, Reason.NOISE),
        ((-0.24, -0.20, -0.10), FAIL, None),
        ((0.10, 0.20, 0.30), FAIL, None),
    ],
)
def test_improve_with_the_gates_own_interval(
    interval: tuple[float, float, float], outcome: Outcome, reason: Reason | None
) -> None:
    found = verdict({"improve": "time >= 25%"}, None, time=paired(*interval))
    assert (found.outcome, found.reason) == (outcome, reason)
    assert found.checks[0].baseline == 100


def test_the_interval_of_what_should_rise() -> None:
    good = paired(0.30, 0.35, 0.40)
    assert verdict({"improve": "score >= 25%"}, None, score=good).outcome is PASS
    bad = paired(-0.40, -0.35, -0.30)
    assert verdict({"improve": "score >= 25%"}, None, score=bad).outcome is FAIL


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_an_interval_that_is_no_number_is_not_a_pass(bad: float) -> None:
    change = Change(base=100, low=-0.4, middle=-0.3, high=bad, confidence=0.95, pairs=8)
    found = verdict({"improve": "time >= 25%"}, None, time=Measured(value=70.0, change=change))
    assert found.outcome is not PASS


# --- properties ------------------------------------------------------------------------------

numbers = st.integers(-1000, 1000) | st.floats(-1000, 1000)


def worse(metric: str, value: float, by: float) -> float:
    return value + by if metric == "n" else value - by


@given(
    metric=st.sampled_from(["n", "score"]),
    value=numbers,
    by=st.floats(0, 1000),
    against=numbers,
    threshold=st.integers(-500, 500),
    kind=st.sampled_from(["require", "ratchet", "improve"]),
    percent=st.integers(0, 100),
)
@example("n", 1, 0.5, 1, 1, "ratchet", 0)
def test_a_worse_value_never_turns_fail_into_pass(
    metric: str,
    value: float,
    by: float,
    against: float,
    threshold: int,
    kind: str,
    percent: int,
) -> None:
    entry = {
        "require": f"{metric} {'<=' if metric == 'n' else '>='} {threshold}",
        "ratchet": metric,
        "improve": f"{metric} >= {percent}%",
    }[kind]
    baseline = {metric: base(against)}
    first = verdict({kind: entry}, baseline, **{metric: value})
    second = verdict({kind: entry}, baseline, **{metric: worse(metric, value, by)})
    if first.outcome is not PASS:
        assert second.outcome is not PASS


@given(
    now=st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)),
    old=st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)),
    part=st.sampled_from("abcd"),
    by=st.integers(1, 9),
)
def test_a_worse_part_never_turns_fail_into_pass(
    now: dict[str, float], old: dict[str, float], part: str, by: int
) -> None:
    assume(old)
    first = verdict({"ratchet": "n"}, before(**old), n=parts(**now))
    second = verdict(
        {"ratchet": "n"}, before(**old), n=parts(**{**now, part: now.get(part, 0) + by})
    )
    if first.outcome is FAIL:
        assert second.outcome is FAIL
    if now.get(part, 0) + by > old.get(part, 0):
        assert second.outcome is FAIL


@given(
    value=st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=3),
    against=st.none() | numbers,
    entry=st.sampled_from(
        [
            {"require": "n < 3"},
            {"require": "n == 3"},
            {"require": ["n < 3", "m < 3"]},
            {"ratchet": "n"},
            {"improve": "n >= 10%"},
            {"require": "n < 3", "floor": {"n": 1}},
        ]
    ),
)
def test_any_value_gives_a_verdict_that_is_whole(
    value: Value, against: Value, entry: dict[str, Any]
) -> None:
    found = verdict(entry, {"n": base(against)}, n=value)
    assert (found.reason is None) is (found.outcome is not NONE)
    assert found.message
    held = [check.holds for check in found.checks]
    assert (found.outcome is PASS) is all(hold is True for hold in held)
    if value is None:
        assert found.outcome is NONE


def test_every_declared_metric_is_there() -> None:
    wanted = requirement(GATE, {"require": "n < 1"}, None)
    found = measured_metrics(
        wanted, Measurement(metrics={"n": 1, "undeclared": 2}, inspected={"things": 1})
    )
    assert set(found) == {metric.name for metric in GATE.metrics}
    assert found["n"].value == 1
    assert found["m"].value is None
    assert found["m"].why
