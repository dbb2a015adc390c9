"""The goals: what races against what, and the bar."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import corpora
from anchors import Missing
from rounds import Race, Reduce
from sample import Command, sample
from world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One figure that has a bar.

    Attributes:
        unit: ``x`` for a ratio, ``ms`` for a difference.
        quick: whether ``--quick`` runs it.
    """

    id: str
    what: str
    bar: float
    set_up: Callable[[World], Race]
    unit: str = "x"
    quick: bool = True


def _ratio(above: str, below: str) -> Reduce:
    return lambda seconds: seconds[above] / seconds[below]


def _bare(world: World) -> Command:
    return Command(
        argv=[world.python, "-c", "pass"], cwd=world.scratch, environment=world.environment
    )


def _gaterun(
    world: World,
    cwd: Path,
    *arguments: str,
    keep_state: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Command:
    """gaterun in `cwd`, each time as if for the first time there unless told otherwise.

    What it kept is moved away, not deleted: for five seconds after a deletion ext4 looks at
    every deleted inode again for each file that is made, which is no work of gaterun's.
    """

    def forget() -> None:
        if (cwd / ".gaterun").exists():
            (cwd / ".gaterun").rename(tempfile.mkdtemp(prefix="forgotten-", dir=world.scratch))

    return Command(
        argv=[world.gaterun, *arguments],
        cwd=cwd,
        environment={**world.environment, **(environment or {})},
        prepare=(lambda: None) if keep_state else forget,
    )


def _version(world: World) -> Race:
    ours = _gaterun(world, world.scratch, "--version")
    return Race(
        contestants={"gaterun": ours, "python": _bare(world)}, reduce=_ratio("gaterun", "python")
    )


def _version_to_pytest(world: World) -> Race:
    theirs = Command(
        argv=[world.anchor("pytest"), "--version"], cwd=world.scratch, environment=world.environment
    )
    ours = _gaterun(world, world.scratch, "--version")
    return Race(contestants={"gaterun": ours, "pytest": theirs}, reduce=_ratio("gaterun", "pytest"))


def _collect(world: World) -> Race:
    folder = corpora.empty_workspace(world.scratch / "collect", {})
    ours = _gaterun(world, folder, "phase7", "--collect-only")
    return Race(
        contestants={"gaterun": ours, "python": _bare(world)}, reduce=_ratio("gaterun", "python")
    )


def _collect_again(world: World) -> Race:
    return Race(
        contestants={"gaterun": _collected_before(world, "again"), "python": _bare(world)},
        reduce=_ratio("gaterun", "python"),
    )


def _collected_before(world: World, name: str) -> Command:
    """`--collect-only` of 40 gates where the phase has been run, so that it keeps what it shows."""
    text = corpora.no_op_phase("forty", 40, tasks=8)
    folder = corpora.empty_workspace(world.scratch / name, {"forty": text})
    sample(_gaterun(world, folder, "forty", keep_state=True))
    return _gaterun(world, folder, "forty", "--collect-only", keep_state=True)


def _collect_to_pytest(world: World) -> Race:
    test = "def test_one():\n    assert True\n"
    tests = corpora.write(
        world.scratch / "tests", {"test_one.py": test, "pytest.ini": "[pytest]\n"}
    )
    theirs = Command(
        argv=[world.anchor("pytest"), "--collect-only"], cwd=tests, environment=world.environment
    )
    ours = _collected_before(world, "forty")
    return Race(contestants={"gaterun": ours, "pytest": theirs}, reduce=_ratio("gaterun", "pytest"))


#: The same cargo work as the phase `_COLD`, as one would write it by hand.
_SCRIPT = """\
set -euo pipefail
cargo build --workspace --all-targets --keep-going --message-format=json --locked
cargo clippy --workspace --all-targets --keep-going --message-format=json --locked \
    --target-dir target-clippy -- --cap-lints warn
cargo test --no-run --workspace --locked
{tests}
cargo test --doc --no-fail-fast --workspace --locked
"""
_COLD = [
    ("1", 'use = "build"'),
    ("1", 'use = "clippy"\nforced = false\nneeds = ["build"]'),
    ("1", 'use = "tests"\nrunner = "{runner}"\nneeds = ["clippy"]'),
]


def _cold_run(world: World) -> Race:
    if shutil.which("cargo") is None or shutil.which("cargo-clippy") is None:
        raise Missing("cargo or clippy is not on PATH")
    nextest = shutil.which("cargo-nextest") is not None
    runner = "nextest" if nextest else "libtest"
    text = corpora.phase("cold", [(task, body.format(runner=runner)) for task, body in _COLD])
    tests = (
        "cargo nextest run --workspace --locked --no-fail-fast"
        if nextest
        else "cargo test --workspace --all-targets --locked --no-fail-fast"
    )

    def cold(name: str, *argv: str | Path) -> Command:
        folder = corpora.crates(world.scratch / name, 30, world.seed, {"cold": text})

        def clean() -> None:
            for built in ("target", "target-clippy", ".gaterun"):
                shutil.rmtree(folder / built, ignore_errors=True)

        return Command(argv=argv, cwd=folder, environment=world.environment, prepare=clean)

    script = world.scratch / "by-hand.sh"
    script.write_text(_SCRIPT.format(tests=tests), "utf-8")
    return Race(
        contestants={
            "gaterun": cold("cold-gaterun", world.gaterun, "cold"),
            "bash": cold("cold-bash", "bash", script),
        },
        reduce=_ratio("gaterun", "bash"),
    )


def _per_gate(world: World) -> Race:
    few, many = 10, 100
    phases = {name: corpora.no_op_phase(name, n) for name, n in (("few", few), ("many", many))}
    folder = corpora.empty_workspace(world.scratch / "no-op", phases)
    prek = world.anchor("prek")

    def theirs(count: int) -> Command:
        home = corpora.prek_repository(world.scratch / f"prek-{count}", count)
        return Command(argv=[prek, "run", "-a"], cwd=home, environment=world.environment)

    return Race(
        contestants={
            "gaterun, 10": _gaterun(world, folder, "few"),
            "gaterun, 100": _gaterun(world, folder, "many"),
            "prek, 10": theirs(few),
            "prek, 100": theirs(many),
        },
        reduce=lambda s: (s["gaterun, 100"] - s["gaterun, 10"]) / (s["prek, 100"] - s["prek, 10"]),
    )


def _schedule(world: World) -> Race:
    dag = corpora.sleep_dag(60, world.seed)
    folder = corpora.empty_workspace(world.scratch / "dag", {"dag": corpora.dag_phase("dag", dag)})
    least = corpora.least_time(dag, 4)
    # State is kept: the warm-ups teach it how long each gate takes.
    ours = _gaterun(world, folder, "dag", "-j", "4", keep_state=True)
    return Race(
        contestants={"gaterun": ours}, reduce=lambda s: s["gaterun"] / least, cpu_counts=False
    )


def _distributions(world: World) -> Race:
    text = corpora.no_op_phase("one", 1)
    folder = corpora.empty_workspace(world.scratch / "one", {"one": text})

    def beside(count: int) -> Command:
        path = corpora.distributions(world.scratch / f"site-{count}", count)
        return _gaterun(
            world, folder, "one", keep_state=True, environment={"PYTHONPATH": os.fspath(path)}
        )

    return Race(
        contestants={"300": beside(300), "10": beside(10)},
        reduce=lambda seconds: 1000 * (seconds["300"] - seconds["10"]),
        difference=True,
    )


GOALS = (
    Goal(id="G1", what="gaterun --version / python -c pass", bar=1.5, set_up=_version),
    Goal(
        id="G2",
        what="gaterun --version / pytest --version",
        bar=0.3,
        set_up=_version_to_pytest,
    ),
    Goal(
        id="G3",
        what="--collect-only, 40 gates, warm / python -c pass",
        bar=3,
        set_up=_collect_again,
    ),
    Goal(
        id="G3b",
        what="phase7 --collect-only, no cache / python -c pass",
        bar=8,
        set_up=_collect,
    ),
    Goal(
        id="G4",
        what="--collect-only, 40 gates, warm / pytest --collect-only, 1 test",
        bar=0.2,
        set_up=_collect_to_pytest,
    ),
    Goal(
        id="G8",
        what="cold build + clippy + tests, 30 crates / the same in bash",
        bar=1.05,
        set_up=_cold_run,
        quick=False,
    ),
    Goal(id="G15", what="one more no-op gate / one more prek hook", bar=0.5, set_up=_per_gate),
    Goal(
        id="G16",
        what="60 sleeping gates, -j 4 / the least possible time",
        bar=1.10,
        set_up=_schedule,
    ),
    Goal(
        id="G17",
        what="re-run beside 300 distributions - beside 10",
        bar=30,
        set_up=_distributions,
        unit="ms",
    ),
)
