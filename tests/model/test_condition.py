from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.model.condition import (
    Comparison,
    ConditionError,
    Operator,
    nearest,
    parse_comparison,
    parse_improvement,
    parse_ratchet,
)
from gaterun.model.metric import Better, Metric, Unit

METRICS = {
    metric.name: metric
    for metric in (
        Metric(name="n"),
        Metric(name="m"),
        Metric(name="fast-build", unit=Unit.SECONDS),
        Metric(name="cap", unit=Unit.BYTES),
        Metric(name="ratio", unit=Unit.RATIO, better=Better.HIGHER),
        Metric(name="flag", unit=Unit.BOOLEAN, better=Better.NEITHER),
        Metric(name="label", unit=Unit.TEXT, better=Better.NEITHER),
        Metric(name="info", better=Better.NEITHER),
    )
}


def operand(text: str) -> object:
    return parse_comparison(text, METRICS).operand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n < 20", 20),
        ("n<20", 20),
        ("  n  <  20  ", 20),
        ("n < 1_000", 1000),
        ("n < 0.5", 0.5),
        ("n > -3", -3),
        ("n < 1e3", 1000),
        ("n < 1e-3", 0.001),
        ("n <= m", "m"),
        ("cap <= 10GiB", 10 * 2**30),
        ("cap <= 10 GiB", 10 * 2**30),
        ("cap <= 10GB", 10**10),
        ("cap <= 1.5KiB", 1536),
        ("cap <= 7kB", 7000),
        ("cap <= 3TiB", 3 * 2**40),
        ("cap <= 3TB", 3 * 10**12),
        ("cap <= 512B", 512),
        ("cap <= 512", 512),
        ("fast-build < 90s", 90),
        ("fast-build < 1.5m", 90),
        ("fast-build < 2min", 120),
        ("fast-build < 250ms", 0.25),
        ("fast-build < 2h", 7200),
        ("fast-build < 1d", 86400),
        ("ratio >= 25%", 0.25),
        ("ratio >= 0.25", 0.25),
        ("flag == true", True),
        ("flag != false", False),
        ('label == "a b"', "a b"),
        ("label == 'it'", "it"),
        ('label == ""', ""),
    ],
)
def test_operand(text: str, expected: object) -> None:
    found = operand(text)
    assert found == expected
    assert type(found) is type(expected)


def test_a_scaled_number_is_the_nearest_float() -> None:
    """A share of exactly 57 % has to satisfy ``ratio >= 57%``."""
    wrong = [p for p in range(101) if operand(f"ratio >= {p}%") != p / 100]
    wrong += [ms for ms in range(1000) if operand(f"fast-build < {ms}ms") != ms / 1000]
    assert wrong == []


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator(operator: Operator) -> None:
    assert parse_comparison(f"n {operator} 1", METRICS).operator is operator


def test_a_metric_as_operand_is_marked() -> None:
    assert parse_comparison("n <= m", METRICS).operand_is_metric
    assert not parse_comparison("n <= 1", METRICS).operand_is_metric
    assert not parse_comparison("label == 'm'", METRICS).operand_is_metric


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "a metric is missing"),
        ("   ", 3, "a metric is missing"),
        ("n", 1, "an operator is missing"),
        ("n <", 3, "a value is missing"),
        ("n < ", 4, "a value is missing"),
        ("warnings < 20", 0, "unknown metric 'warnings'"),
        ("n < x", 4, "unknown metric 'x'"),
        ("n = 20", 2, "'=' does not compare"),
        ("n 20 <", 2, "expected one of < <= == != >= >"),
        ("20 > n", 0, "a condition starts with a metric's name"),
        ("'n' > 2", 0, "a condition starts with a metric's name"),
        ("n < 20 30", 7, "nothing may follow the value"),
        ("n < 20;", 6, "unexpected character ';'"),
        ("n ~ 20", 2, "unexpected character '~'"),
        ("n < 10GiB", 4, "the unit 'GiB' does not fit a metric in count"),
        ("cap < 10gib", 8, "unknown unit 'gib'"),
        ("cap < 10s", 6, "the unit 's' does not fit a metric in bytes"),
        ("cap < n", 6, "'cap' and 'n' differ in unit"),
        ("n < true", 4, "'n' is not true or false"),
        ("flag < true", 5, "'flag' can only be == or !="),
        ("label >= 'a'", 6, "'label' can only be == or !="),
        ("flag == 1", 8, "'flag' is bool, not a number"),
        ("label == 1", 9, "'label' is text, not a number"),
        ("n == 'one'", 5, "'n' is not a text"),
        ("n < <", 4, "a value is missing"),
        ("label == 'open", 9, 'unexpected character "\'"'),
    ],
)
def test_error_points_at_the_character(text: str, position: int, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_comparison(text, METRICS)
    assert (caught.value.position, caught.value.message) == (position, message)
    assert caught.value.text == text


def test_hints_name_what_is_near() -> None:
    def hint(text: str) -> str:
        with pytest.raises(ConditionError) as caught:
            parse_comparison(text, METRICS)
        return caught.value.hint

    assert hint("rato < 20") == "did you mean 'ratio'?"
    assert hint("cap < 10Gib") in {"did you mean 'GiB'?", "did you mean 'GB'?"}
    assert hint("zzz < 20") == "known: cap, fast-build, flag, info, label, m, n, ratio"
    assert hint("n = 20") == "write '=='"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("n >= 25", 5),
        ("n >= 25s", 5),
        ("n < 25%", 2),
        ("n == 25%", 2),
        ("info >= 25%", 0),
        ("flag >= 25%", 0),
        ("label >= 25%", 0),
        ("unknown >= 25%", 0),
        ("n >= m", 5),
    ],
)
def test_improvement_refuses(text: str, position: int) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_improvement(text, METRICS)
    assert caught.value.position == position


def test_improvement() -> None:
    found = parse_improvement(" fast-build > 12.5% ", METRICS)
    assert (found.metric, found.operator, found.by) == ("fast-build", Operator.GT, 0.125)
    assert found.text == "fast-build > 12.5%"


@pytest.mark.parametrize("text", ["", "n m", "n < 3", "3", "info", "flag", "label", "nope", "%"])
def test_ratchet_refuses(text: str) -> None:
    with pytest.raises(ConditionError):
        parse_ratchet(text, METRICS)


def test_ratchet() -> None:
    assert parse_ratchet(" fast-build ", METRICS) == "fast-build"


def test_an_infinite_operand_is_refused() -> None:
    with pytest.raises(ConditionError):
        parse_comparison("n < 1e999", METRICS)


@pytest.mark.parametrize("parse", [parse_comparison, parse_improvement, parse_ratchet])
@given(text=st.text() | st.text(alphabet="nm flag<>=!%'\"1.9e_-GiBs"))
def test_any_text_is_read_or_refused_inside_itself(parse: object, text: str) -> None:
    assert callable(parse)
    try:
        parse(text, METRICS)
    except ConditionError as error:
        assert error.text == text
        assert 0 <= error.position <= len(text)
        assert error.message


_UNITS = {
    Unit.COUNT: [""],
    Unit.SECONDS: ["", "ms", "s", "m", "min", "h", "d"],
    Unit.BYTES: ["", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"],
    Unit.RATIO: ["", "%"],
}


@given(
    metric=st.sampled_from([m for m in METRICS.values() if m.unit in _UNITS]),
    operator=st.sampled_from(list(Operator)),
    number=st.integers(-(10**9), 10**9) | st.decimals(-1000, 1000, places=3),
    data=st.data(),
    space=st.sampled_from(["", " ", "  ", "\t"]),
)
def test_round_trip(
    metric: Metric, operator: Operator, number: object, data: st.DataObject, space: str
) -> None:
    unit = data.draw(st.sampled_from(_UNITS[metric.unit]))
    text = f"{metric.name}{space}{operator}{space}{number}{space}{unit}"
    found = parse_comparison(text, METRICS)
    assert (found.metric, found.operator, found.text) == (metric.name, operator, text.strip())
    assert parse_comparison(found.text, METRICS) == found
    # What is held is in the metric's unit, and written plainly it reads as the same.
    again = parse_comparison(f"{metric.name} {operator} {found.operand!r}", METRICS)
    assert again.operand == found.operand


def test_a_comparison_is_frozen() -> None:
    found = parse_comparison("n < 1", METRICS)
    with pytest.raises(AttributeError):
        found.metric = "m"  # type: ignore[misc]
    assert isinstance(found, Comparison)


def test_nearest() -> None:
    assert nearest("warnigs", ["warnings", "errors"]) == "did you mean 'warnings'?"
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
    assert nearest("zzz", []) == ""
