"""Statistics of paired samples: Hodges-Lehmann estimate and exact Wilcoxon signed-rank interval.

Source: Hollander, Wolfe, Chicken, "Nonparametric Statistical Methods", sections 3.1 to 3.3.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: Below this number of pairs no 95 % interval exists: with five, even the widest one, from
#: the smallest to the largest difference, is a 93.75 % interval.
FEWEST_PAIRS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes:
        low, middle, high: lower end, estimate and upper end.
        confidence: the exact coverage, at least what was asked for.
        pairs: number of differences behind it.
    """

    low: float
    middle: float
    high: float
    confidence: float
    pairs: int


def rank_sum_counts(pairs: int) -> list[int]:
    """How many of the ``2**pairs`` sign patterns give each signed-rank sum.

    Args:
        pairs: number of differences.

    Returns:
        The count of subsets of the ranks 1 … `pairs` with sum 0, 1, 2, ….

    >>> rank_sum_counts(3)
    [1, 1, 1, 2, 1, 1, 1]
    """
    counts = [1]
    for rank in range(1, pairs + 1):
        grown = counts + [0] * rank
        for total, ways in enumerate(counts):
            grown[total + rank] += ways
        counts = grown
    return counts


def hodges_lehmann(differences: Sequence[float], confidence: float = 0.95) -> Interval:
    """Estimate the centre of symmetric differences, with an exact interval.

    The estimate is the median of the Walsh averages (of every difference with every other
    and with itself); the ends of the interval are two of them, chosen by the exact null
    distribution of the signed-rank statistic. Deterministic.

    Args:
        differences: one for each pair.
        confidence: the least coverage wanted, above 0 and below 1.

    Raises:
        ValueError: too few differences for that confidence.
    """
    pairs = len(differences)
    order, coverage = _order_statistic(pairs, confidence)
    if order == 0:
        raise ValueError(f"{pairs} pairs are too few for a {confidence:.0%} interval")
    walsh = sorted(
        (differences[i] + differences[j]) / 2 for i in range(pairs) for j in range(i, pairs)
    )
    return Interval(
        low=walsh[order - 1],
        middle=statistics.median(walsh),
        high=walsh[len(walsh) - order],
        confidence=coverage,
        pairs=pairs,
    )


def _order_statistic(pairs: int, confidence: float) -> tuple[int, float]:
    """The order of the Walsh average that ends the interval, and its coverage; 0 if none."""
    tail, order, coverage = 0, 0, 0.0
    for ways in rank_sum_counts(pairs):
        tail += ways
        covered = 1 - 2 * tail / 2**pairs
        if covered < confidence:
            break
        order, coverage = order + 1, covered
    return order, coverage


def relative_change(
    base: Sequence[float], head: Sequence[float], confidence: float = 0.95
) -> Interval:
    """Estimate ``head / base - 1`` from paired positive samples by their log ratios.

    Args:
        base: one sample a pair.
        head: the other sample of each pair.
        confidence: the least coverage wanted.

    Raises:
        ValueError: unequal lengths, too few pairs, or a sample that is not positive.
    """
    if len(base) != len(head):
        raise ValueError("base and head differ in the number of samples")
    if min(*base, *head, 1.0) <= 0:
        raise ValueError("a sample is not positive")
    logs = hodges_lehmann(
        [math.log(after / before) for before, after in zip(base, head, strict=True)], confidence
    )
    return Interval(
        low=math.expm1(logs.low),
        middle=math.expm1(logs.middle),
        high=math.expm1(logs.high),
        confidence=logs.confidence,
        pairs=logs.pairs,
    )


def relative_mad(samples: Sequence[float]) -> float:
    """Median absolute deviation from the median, as a fraction of the median; 0 for none.

    >>> relative_mad([9.0, 10.0, 11.0])
    0.1
    """
    if not samples:
        return 0.0
    centre = statistics.median(samples)
    if centre == 0:
        return 0.0
    return statistics.median(abs(sample - centre) for sample in samples) / abs(centre)
