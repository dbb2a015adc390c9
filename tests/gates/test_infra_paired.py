"""Paired statistics: table values, worked examples and properties."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.infra.paired import (
    FEWEST_PAIRS,
    hodges_lehmann,
    rank_sum_counts,
    relative_change,
    relative_mad,
)

# Critical values of the signed-rank statistic, two-sided 5 %, as printed in statistics books.
CRITICAL = {
    6: 0,
    7: 2,
    8: 3,
    9: 5,
    10: 8,
    11: 10,
    12: 13,
    13: 17,
    14: 21,
    15: 25,
    16: 29,
    17: 34,
    18: 40,
    19: 46,
    20: 52,
}

differences = st.lists(
    st.floats(min_value=-10, max_value=10, allow_nan=False), min_size=FEWEST_PAIRS, max_size=14
)


@pytest.mark.parametrize("pairs", range(1, 9))
def test_distribution_is_the_enumeration_of_all_sign_patterns(pairs: int) -> None:
    counts = rank_sum_counts(pairs)
    seen = [0] * len(counts)
    for signs in itertools.product((False, True), repeat=pairs):
        seen[sum(rank for rank, sign in enumerate(signs, 1) if sign)] += 1
    assert counts == seen


@pytest.mark.parametrize(("pairs", "critical"), CRITICAL.items())
def test_interval_ends_at_the_tabulated_critical_value(pairs: int, critical: int) -> None:
    # With powers of a large base as differences the Walsh averages are all different, so
    # that an end of the interval tells its order.
    values = [4.0**number for number in range(pairs)]
    walsh = sorted((values[i] + values[j]) / 2 for i in range(pairs) for j in range(i, pairs))
    interval = hodges_lehmann(values)
    assert interval.low == walsh[critical]
    assert interval.high == walsh[-1 - critical]
    assert interval.confidence >= 0.95


def test_six_pairs_give_the_whole_range_at_96_875_percent() -> None:
    interval = hodges_lehmann([1, 2, 3, 4, 5, 6])
    assert (interval.low, interval.middle, interval.high) == (1, 3.5, 6)
    assert interval.confidence == 1 - 2 / 64


def test_eight_pairs_worked_by_hand() -> None:
    # Walsh averages in order: -3, -2, -1.5, -1, -1, … ; the fourth smallest and largest.
    interval = hodges_lehmann([-3, -1, 0, 1, 2, 3, 4, 5])
    assert interval.confidence == 1 - 2 * 5 / 256
    assert (interval.low, interval.high) == (-1, 4)
    assert interval.middle == 1.5


@pytest.mark.parametrize("pairs", range(FEWEST_PAIRS))
def test_too_few_pairs_have_no_interval(pairs: int) -> None:
    with pytest.raises(ValueError, match="too few"):
        hodges_lehmann([0.1] * pairs)


def test_five_pairs_suffice_for_less_confidence() -> None:
    assert hodges_lehmann([1, 2, 3, 4, 5], confidence=0.9).confidence == 1 - 2 / 32


@given(differences)
def test_estimate_lies_in_its_interval(values: list[float]) -> None:
    interval = hodges_lehmann(values)
    assert min(values) <= interval.low <= interval.middle <= interval.high <= max(values)


@given(differences, st.floats(min_value=-5, max_value=5))
def test_interval_moves_with_the_differences(values: list[float], shift: float) -> None:
    before, after = hodges_lehmann(values), hodges_lehmann([value + shift for value in values])
    assert after.low == pytest.approx(before.low + shift, abs=1e-9)
    assert after.high == pytest.approx(before.high + shift, abs=1e-9)


@given(differences)
def test_interval_turns_round_with_the_sign(values: list[float]) -> None:
    before, after = hodges_lehmann(values), hodges_lehmann([-value for value in values])
    assert (after.low, after.middle, after.high) == pytest.approx(
        (-before.high, -before.middle, -before.low)
    )


@given(differences, st.randoms(use_true_random=False))
def test_order_of_pairs_does_not_matter(values: list[float], random: object) -> None:
    shuffled = sorted(values, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert hodges_lehmann(shuffled) == hodges_lehmann(values)


def test_a_quarter_less_everywhere_is_minus_25_percent() -> None:
    base = [1.0, 2.0, 4.0, 3.0, 5.0, 8.0, 1.5]
    change = relative_change(base, [0.75 * value for value in base])
    assert (change.low, change.middle, change.high) == pytest.approx((-0.25,) * 3)


@given(st.lists(st.floats(min_value=0.01, max_value=100), min_size=6, max_size=10))
def test_change_there_and_back_cancels(samples: list[float]) -> None:
    there = relative_change(samples, sorted(samples))
    back = relative_change(sorted(samples), samples)
    assert math.log1p(there.middle) == pytest.approx(-math.log1p(back.middle), abs=1e-9)


def test_one_outlier_moves_the_mean_and_not_the_estimate() -> None:
    base = [1.0] * 8
    head = [0.7, 0.71, 0.69, 0.7, 0.72, 0.68, 0.7, 9.9]
    assert relative_change(base, head).middle == pytest.approx(-0.3, abs=0.02)


def test_samples_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in the number"):
        relative_change([1.0] * 6, [1.0] * 7)
    with pytest.raises(ValueError, match="not positive"):
        relative_change([1.0] * 6, [1.0] * 5 + [0.0])


def test_relative_mad() -> None:
    assert relative_mad([2.0, 2.0, 2.0, 50.0]) == 0
    assert relative_mad([1.0, 2.0, 3.0]) == 0.5
    assert relative_mad([]) == 0
