"""Values, durations and changes for people."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.model.figures import duration
from gaterun.model.metric import Better, Unit, Value
from gaterun.reporters import figures


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [
        (None, Unit.COUNT, "not measured"),
        (False, Unit.BOOLEAN, "false"),
        (0, Unit.COUNT, "0"),
        (1234567, Unit.COUNT, "1234567"),
        (-2.5, Unit.COUNT, "-2.5"),
        pytest.param(10**400, Unit.COUNT, "beyond 10^300", id="huge"),
        pytest.param(10**400, Unit.BYTES, "beyond 10^300", id="huge-bytes"),
        (math.nan, Unit.COUNT, "not a finite number"),
        (-math.inf, Unit.SECONDS, "not a finite number"),
        (1.234, Unit.SECONDS, "1.23 s"),
        (4.1 * 2**20, Unit.BYTES, "4.1 MiB"),
        (0.9355, Unit.RATIO, "93.55 %"),
        (1, Unit.RATIO, "100 %"),
        (0.999999, Unit.RATIO, "99.9999 %"),
        ("2.0.0", Unit.TEXT, "2.0.0"),
        ("", Unit.TEXT, '""'),
        ("a\nb\x1b[31m", Unit.TEXT, "a b"),
    ],
)
def test_figure(value: Value, unit: Unit, wanted: str) -> None:
    assert figures.figure(value, unit) == wanted


@pytest.mark.parametrize(
    ("baseline", "current", "unit", "better", "wanted"),
    [
        (12, 12, Unit.COUNT, Better.LOWER, "unchanged"),
        (12, 10, Unit.COUNT, Better.HIGHER, "−2 (−16.7 %) worse"),
        (12, 10, Unit.COUNT, Better.NEITHER, "−2 (−16.7 %)"),
        (0, 3, Unit.COUNT, Better.LOWER, "+3 (n/a) worse"),
        (0.9, 0.95, Unit.RATIO, Better.HIGHER, "+5 pp better"),
        (60.0, 45.0, Unit.SECONDS, Better.LOWER, "−15.0 s (−25 %) better"),
        (None, 1, Unit.COUNT, Better.LOWER, "not comparable"),
        (1, None, Unit.COUNT, Better.LOWER, "not comparable"),
        (math.nan, 1, Unit.COUNT, Better.LOWER, "not comparable"),
        ("1.9", "2.0", Unit.TEXT, Better.NEITHER, "changed"),
        (False, True, Unit.BOOLEAN, Better.HIGHER, "changed"),
    ],
)
def test_change(baseline: Value, current: Value, unit: Unit, better: Better, wanted: str) -> None:
    assert figures.change(baseline, current, unit, better) == wanted


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    st.sampled_from(list(Unit)),
)
def test_any_value_has_a_figure_on_one_line(value: Value, unit: Unit) -> None:
    text = figures.figure(value, unit)
    assert text
    assert len(text.splitlines()) == 1
    assert "nan" not in text or isinstance(value, str)


@given(st.floats())
def test_any_duration_is_short(seconds: float) -> None:
    assert duration(seconds).endswith(("s", "m"))
