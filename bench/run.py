"""Measures gaterun side by side with what it is compared with, and prints the ratios.

python bench/run.py [--quick] [--goal G1]... [--json] | --counters
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import rounds
from anchors import Missing
from cargo_goals import CARGO_GOALS
from dask_goals import DASK_GOALS
from goals import GOALS, Goal
from report_goals import REPORT_GOALS
from reuse_goals import REUSE_GOALS
from sample import Failed
from source_goals import SOURCE_GOALS
from state_goals import STATE_GOALS
from world import World, describe

#: What became of a goal.
WITHIN, OVER, SKIPPED, BROKEN = "within", "OVER", "skipped", "BROKEN"


def main() -> int:
    """Exit code: 0 all within their bars, 1 one over its bar, 2 one broken or none measured."""
    goals = (
        *(*GOALS, *REUSE_GOALS, *CARGO_GOALS, *SOURCE_GOALS),
        *(*REPORT_GOALS, *DASK_GOALS, *STATE_GOALS),
    )
    known = [goal.id for goal in goals]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, nothing that compiles")
    parser.add_argument("--goal", action="append", choices=known, help="only this one, repeatable")
    parser.add_argument("--json", action="store_true", help="one JSON document, not a table")
    parser.add_argument("--seed", type=int, default=7, help="of the corpora and the order")
    parser.add_argument(
        "--rust-tree",
        type=Path,
        metavar="FOLDER",
        help="clone of a public workspace with more than 1,000 Rust files, for G12 to G14, L1, L2",
    )
    parser.add_argument(
        "--counters", action="store_true", help="no times: modules, files and processes, counted"
    )
    options = parser.parse_args()
    if options.counters:
        import counters

        return counters.main(as_json=options.json)
    chosen = [
        goal
        for goal in goals
        if (goal.id in options.goal if options.goal else goal.quick or not options.quick)
    ]
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="gaterun-bench-") as scratch:
        tree = options.rust_tree.resolve() if options.rust_tree is not None else None
        world = World(scratch=Path(scratch).resolve(), seed=options.seed, rust_tree=tree)
        facts = describe(world)
        if not options.json:
            for name, value in facts.items():
                print(f"{name:14} {value}")
            print("\n" + _line(*_HEADINGS))
        for goal in chosen:
            row = measure(goal, world, quick=options.quick)
            rows.append(row)
            if not options.json:
                print(_as_line(row), flush=True)
        os.chdir("/")  # the scratch folder is about to go
    if options.json:
        print(json.dumps({"environment": facts, "goals": rows}, indent=2))
    verdicts = {row["verdict"] for row in rows}
    if BROKEN in verdicts or verdicts <= {SKIPPED}:
        return 2
    return 1 if OVER in verdicts else 0


def measure(goal: Goal, world: World, *, quick: bool) -> dict[str, object]:
    """Run the race of a goal and judge it."""
    row: dict[str, object] = {
        "goal": goal.id, "what": goal.what, "bar": goal.bar, "unit": goal.unit,
    }  # fmt: skip
    try:
        race = goal.set_up(world)
        numbers = rounds.QUICK if quick else rounds.FULL
        order = random.Random(world.seed)
        result = rounds.run(race, bar=goal.bar, numbers=numbers, order=order)
    except Missing as error:
        return row | {"verdict": SKIPPED, "why": str(error)}
    except Failed as error:
        return row | {"verdict": BROKEN, "why": str(error)}
    verdict = WITHIN if result.figure.median <= goal.bar else OVER
    return row | {"verdict": verdict, **asdict(result)}


_HEADINGS = ("goal", "what", "figure", "min..max", "wall", "cpu", "bar", "verdict")


def _line(*cells: str) -> str:
    goal, what, figure, spread, wall, cpu, bar, verdict = cells
    return f"{goal:4} {what:66} {figure:>8} {spread:>14} {wall:>7} {cpu:>7} {bar:>6}  {verdict}"


def _as_line(row: dict[str, object]) -> str:
    head = (str(row["goal"]), str(row["what"]))
    bar = f"{row['bar']:g}"
    if "why" in row:
        return _line(*head, "-", "-", "-", "-", bar, f"{row['verdict']}: {row['why']}")
    wall, cpu = row["wall"], row["cpu"]
    assert isinstance(wall, dict)
    assert cpu is None or isinstance(cpu, dict)
    judged = cpu if row["judged_by"] == "cpu" and cpu is not None else wall
    unit = "" if row["unit"] == "x" else str(row["unit"])

    def shown(value: float) -> str:
        return f"{value:.0f}" if unit else f"{value:.2f}" if value < 10 else f"{value:.1f}"

    return _line(
        *head,
        shown(judged["median"]) + unit,
        f"{shown(judged['least'])}..{shown(judged['most'])}",
        shown(wall["median"]),
        "-" if cpu is None else shown(cpu["median"]),
        bar,
        f"{row['verdict']} (by {row['judged_by']}, {row['rounds']} rounds)",
    )


if __name__ == "__main__":
    sys.exit(main())
