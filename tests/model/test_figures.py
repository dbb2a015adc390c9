from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.model.figures import duration, figure
from gaterun.model.metric import Unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.COUNT, "not measured"),
        (None, Unit.BYTES, "not measured"),
        (0, Unit.COUNT, "0"),
        (False, Unit.BOOLEAN, "false"),
        (True, Unit.COUNT, "true"),
        ("x", Unit.COUNT, "x"),
        (1234567, Unit.COUNT, "1234567"),
        (2.0, Unit.COUNT, "2"),
        (2.5, Unit.COUNT, "2.5"),
        (0.333333333, Unit.COUNT, "0.333333"),
        (0.999996, Unit.RATIO, "99.9996 %"),
        (0.125, Unit.RATIO, "12.5 %"),
        (-0.1, Unit.RATIO, "-10 %"),
        (9.99, Unit.SECONDS, "9.99 s"),
        (10, Unit.SECONDS, "10.0 s"),
        (0.0123, Unit.SECONDS, "0.0123 s"),
        (0, Unit.BYTES, "0 B"),
        (1023, Unit.BYTES, "1023 B"),
        (1024, Unit.BYTES, "1 KiB"),
        (-2048, Unit.BYTES, "-2 KiB"),
        (5000 * 2**40, Unit.BYTES, "5000 TiB"),
    ],
)
def test_figure(value: float | str | None, unit: Unit, text: str) -> None:
    assert figure(value, unit) == text


@given(
    value=st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(),
    unit=st.sampled_from(list(Unit)),
)
def test_figure_writes_whatever_a_gate_gives(value: float | str | None, unit: Unit) -> None:
    assert isinstance(figure(value, unit), str)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00s"),
        (0.999, "1.00s"),
        (1, "1.0s"),
        (59.94, "59.9s"),
        (60, "1m 00s"),
        (119.6, "2m 00s"),
        (3599.4, "59m 59s"),
        (3600, "1h 00m"),
        (90061, "25h 01m"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_duration_does_not_write_sixty_seconds() -> None:
    assert duration(59.96) == "1m 00s"


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("unit", list(Unit))
def test_what_is_no_number_does_not_look_like_one(value: float, unit: Unit) -> None:
    assert figure(value, unit) == "not a finite number"
