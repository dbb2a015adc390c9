"""Follows metrics and verdicts over the recorded runs of a phase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct

from gaterun.core.record_file import Outline, read_outline
from gaterun.core.store import Store
from gaterun.model.errors import UsageError
from gaterun.model.metric import Better, Unit, Value
from gaterun.model.verdict import Outcome

#: Outcomes that say something about the gate itself.
_JUDGED = frozenset({Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED})


class Point(Struct, frozen=True, kw_only=True):
    """A metric in one run; `value` is ``None`` where it was not measured."""

    run: str
    started: float
    value: Value


class Series(Struct, frozen=True, kw_only=True):
    """One metric over the runs that have it, oldest first."""

    node_id: str
    metric: str
    unit: Unit
    better: Better
    points: tuple[Point, ...]

    @property
    def name(self) -> str:
        """``task::id.metric``."""
        return f"{self.node_id}.{self.metric}"


class Health(Struct, frozen=True, kw_only=True):
    """What became of one gate over the runs.

    Attributes:
        runs: how many judged it.
        failed: in how many it failed, or was waived.
        unknown: in how many it reached no verdict.
        flips: how often pass and fail changed from one run to the next.
        flapping: trees on which it both passed and failed.
        seconds: the median of what it took.
        slowest: the most that it took.
    """

    node_id: str
    runs: int
    failed: int
    unknown: int
    flips: int
    flapping: int
    seconds: float
    slowest: float

    @property
    def never_red(self) -> bool:
        """Whether it never failed: nobody has seen yet that it can."""
        return self.failed == 0


def runs_of(store: Store, phase: str, *, last: int) -> list[Outline]:
    """The newest `last` runs of a phase, oldest first, with what came from elsewhere.

    Damaged records are left out, and become problems of the store.
    """
    found: list[Outline] = []
    for path in sorted(store.records(), key=lambda path: path.parent.name, reverse=True):
        if len(found) == last:
            break
        try:
            outline = read_outline(path)
            if (outline.phase, outline.role) == (phase, "run"):
                found.append(outline)
        except UsageError as error:
            store.problems.append(error.message)
    return found[::-1]


def series_of(runs: Iterable[Outline], wanted: Sequence[str] = ()) -> list[Series]:
    """Every metric over `runs`, in the order of the newest run.

    Args:
        wanted: names of metrics, gates or ``gate.metric``, with or without the task; all that
            were ever measured when empty.
    """
    points: dict[tuple[str, str], list[Point]] = {}
    kinds: dict[tuple[str, str], tuple[Unit, Better]] = {}
    for run in runs:
        for result in run.results:
            for name, record in result.metrics.items():
                key = (result.node_id, name)
                kinds[key] = (record.unit, record.better)
                point = Point(run=run.id, started=run.started, value=record.measured.value)
                points.setdefault(key, []).append(point)
    return [
        Series(
            node_id=node, metric=name, unit=unit, better=better, points=tuple(points[node, name])
        )
        for (node, name), (unit, better) in kinds.items()
        if any(_means(text, node, name) for text in wanted)
        or (not wanted and any(point.value is not None for point in points[node, name]))
    ]


def _means(text: str, node: str, metric: str) -> bool:
    gate = node.rpartition("::")[2]
    return text in {metric, gate, node, f"{gate}.{metric}", f"{node}.{metric}"}


def health_of(runs: Sequence[Outline]) -> list[Health]:
    """What became of every gate over `runs` (oldest first), the slowest first."""
    outcomes: dict[str, list[tuple[str, Outcome, float]]] = {}
    for run in runs:
        for result in run.results:
            if result.verdict.outcome in _JUDGED:
                entry = (run.tree.digest, result.verdict.outcome, result.seconds)
                outcomes.setdefault(result.node_id, []).append(entry)
    found = [_health(node, entries) for node, entries in outcomes.items()]
    return sorted(found, key=lambda health: -health.seconds)


def _health(node: str, entries: Sequence[tuple[str, Outcome, float]]) -> Health:
    red = {Outcome.FAIL, Outcome.WAIVED}
    verdicts = [
        (tree, outcome in red)
        for tree, outcome, _ in entries
        if outcome is not Outcome.INCONCLUSIVE
    ]
    by_tree: dict[str, set[bool]] = {}
    for tree, failed in verdicts:
        if tree:
            by_tree.setdefault(tree, set()).add(failed)
    seconds = [taken for _, _, taken in entries]
    return Health(
        node_id=node,
        runs=len(entries),
        failed=sum(failed for _, failed in verdicts),
        unknown=len(entries) - len(verdicts),
        flips=sum(a[1] != b[1] for a, b in pairwise(verdicts)),
        flapping=sum(len(seen) > 1 for seen in by_tree.values()),
        seconds=median(seconds),
        slowest=max(seconds),
    )
