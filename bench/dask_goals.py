"""The goal of measuring elsewhere: what the way to a worker and back costs each gate."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import corpora
from anchors import Missing
from goals import Goal
from rounds import Race
from sample import Command
from world import World

_FEW, _MANY = 10, 100

#: As many workers as threads, so that only the way differs.
_WORKERS = 2


def _way(world: World) -> Race:
    if find_spec("distributed") is None:
        raise Missing("Dask distributed is not installed")
    body = 'id = "g{n}"\nuse = "command"\nargv = ["true"]\ninputs = ["**"]'
    phases = {
        name: corpora.phase(name, [("1", body.format(n=n)) for n in range(count)])
        for name, count in (("few", _FEW), ("many", _MANY))
    }
    folder = corpora.empty_workspace(world.scratch / "elsewhere", phases)
    elsewhere = ("-p", "dask", "-o", f"executor=workers={_WORKERS}")

    def run(phase: str, *more: str) -> Command:
        return Command(
            argv=[world.gaterun, phase, "--fresh", "-j", str(_WORKERS), *more],
            cwd=folder,
            environment=world.environment,
        )

    def reduce(seconds: Mapping[str, float]) -> float:
        """Milliseconds; what it costs to start and end the cluster is in both of its runs."""
        there = seconds["dask, 100"] - seconds["dask, 10"]
        here = seconds["threads, 100"] - seconds["threads, 10"]
        return 1000 * (there - here) / (_MANY - _FEW)

    return Race(
        contestants={
            "threads, 10": run("few"),
            "threads, 100": run("many"),
            "dask, 10": run("few", *elsewhere),
            "dask, 100": run("many", *elsewhere),
        },
        reduce=reduce,
        cpu_counts=False,
        difference=True,
    )


DASK_GOALS = (
    Goal(
        id="D1",
        what="one more no-op gate on two workers of Dask - in two threads",
        bar=50,
        set_up=_way,
        unit="ms",
        quick=False,
    ),
)
