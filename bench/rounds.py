"""Runs contestants side by side in rounds, and reduces the rounds to one figure."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from sample import Command, Sample, sample

WARM_UPS = 2

#: Rounds by the slowest contestant: below a second, and above.
FULL = (15, 5)
QUICK = (5, 3)

#: A wall clock that varies more than this, maximum by minimum, is not believed.
_MOST_SPREAD = 2.0

#: Costs of one round by contestant, to the figure of that round.
Reduce = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What runs in each round.

    Attributes:
        reduce: the figure of a round, from the seconds of each contestant.
        cpu_counts: whether CPU time can stand in for the wall clock; not where waiting is
            what is measured.
        difference: whether the figure is a difference, in milliseconds, not a ratio.
        quantity: what is compared: ``time`` (the wall clock, or CPU time where it is noisy),
            ``cpu``, or ``memory`` in MiB, which `reduce` then gets in place of seconds.
    """

    contestants: Mapping[str, Command]
    reduce: Reduce
    cpu_counts: bool = True
    difference: bool = False
    quantity: Literal["time", "cpu", "memory"] = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The median, smallest and greatest figure of the rounds."""

    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The figures of a race.

    Attributes:
        judged_by: ``wall``, ``cpu`` or ``memory``.
        seconds: median wall clock of each contestant.
        rss: greatest resident memory of each contestant, bytes.
    """

    wall: Figure
    cpu: Figure | None
    judged_by: str
    rounds: int
    seconds: Mapping[str, float]
    rss: Mapping[str, int]

    @property
    def figure(self) -> Figure:
        """The one that is judged."""
        return self.cpu if self.cpu is not None and self.judged_by == "cpu" else self.wall


def run(race: Race, *, bar: float, numbers: tuple[int, int], order: random.Random) -> Result:
    """Warm up, then run all contestants once a round, in random order.

    Args:
        bar: what a difference is allowed to be, which is also what it may vary by.
        numbers: how many rounds, `FULL` or `QUICK`.

    Raises:
        sample.Failed: a contestant did not do its work.
    """
    names = list(race.contestants)
    warm = [{name: sample(race.contestants[name]) for name in names} for _ in range(WARM_UPS)]
    slow = max(cost.wall for cost in warm[-1].values()) > 1.0
    rounds: list[dict[str, Sample]] = []
    for _ in range(numbers[slow]):
        order.shuffle(names)
        rounds.append({name: sample(race.contestants[name]) for name in names})
    wall = _figure(race.reduce({n: s.wall for n, s in costs.items()}) for costs in rounds)
    cpu = _figure(race.reduce({n: s.cpu for n, s in costs.items()}) for costs in rounds)
    if race.quantity == "memory":
        memory = _figure(
            race.reduce({n: s.rss / 2**20 for n, s in costs.items()}) for costs in rounds
        )
        return _result(race, rounds, wall=memory, cpu=None, judged_by="memory")
    if race.difference:
        noisy = wall.most - wall.least > bar
    else:
        noisy = wall.least <= 0 or wall.most / wall.least > _MOST_SPREAD
    by_cpu = race.quantity == "cpu" or (noisy and race.cpu_counts)
    return _result(
        race,
        rounds,
        wall=wall,
        cpu=cpu if race.cpu_counts else None,
        judged_by="cpu" if by_cpu else "wall",
    )


def _result(
    race: Race,
    rounds: Sequence[Mapping[str, Sample]],
    *,
    wall: Figure,
    cpu: Figure | None,
    judged_by: str,
) -> Result:
    return Result(
        wall=wall,
        cpu=cpu,
        judged_by=judged_by,
        rounds=len(rounds),
        seconds={name: median(costs[name].wall for costs in rounds) for name in race.contestants},
        rss={name: max(costs[name].rss for costs in rounds) for name in race.contestants},
    )


def _figure(values: Iterable[float]) -> Figure:
    numbers = sorted(values)
    return Figure(median=median(numbers), least=numbers[0], most=numbers[-1])
