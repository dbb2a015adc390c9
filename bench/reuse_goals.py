"""The goals of a run in which nothing has changed: what it costs to say so and be believed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import corpora
from anchors import Missing
from goals import Goal
from rounds import Race
from sample import Command, sample
from world import World

_SMALL, _LARGE = 1_700, 22_000
_HOOKS = 5


def _reusable(count: int) -> str:
    """A phase of no-op gates that depend on every file."""
    body = 'id = "g{n}"\nuse = "command"\nargv = ["true"]\ninputs = ["**"]'
    return corpora.phase("same", [("1", body.format(n=n)) for n in range(count)])


def tree(folder: Path, files: int) -> Path:
    """A committed workspace of so many files, with hooks and a phase that do nothing."""
    sources = {
        f"crates/c{n % 40}/src/m{n % 7}/f{n}.rs": f"pub fn f{n}() -> u32 {{ {n} }}\n" * 20
        for n in range(files)
    }
    hooks = "".join(
        f'      - {{id: h{n}, name: h{n}, language: system, entry: "true", '
        "always_run: true, pass_filenames: false}\n"
        for n in range(_HOOKS)
    )
    return corpora.commit(
        corpora.write(
            folder,
            {
                **sources,
                "Cargo.toml": '[workspace]\nmembers = []\nresolver = "2"\n',
                "Cargo.lock": "",
                ".gitignore": ".gaterun/\ntarget/\n",
                "phases/same.toml": _reusable(_HOOKS),
                ".pre-commit-config.yaml": f"repos:\n  - repo: local\n    hooks:\n{hooks}",
            },
        )
    )


def _again(world: World, folder: Path, phase: str = "same") -> Command:
    """A run after two: the first measures, the second keeps what it found."""
    command = Command(argv=[world.gaterun, phase], cwd=folder, environment=world.environment)
    # What is as young as the run that looks at it is not kept.
    subprocess.run(
        ["find", ".", "-exec", "touch", "-d", "2026-01-01", "{}", "+"], cwd=folder, check=True
    )
    subprocess.run(["git", "status"], cwd=folder, check=True, capture_output=True)
    sample(command)
    sample(command)
    return command


def _beside(world: World, name: str, argv: list[str | Path], files: int) -> Race:
    folder = tree(world.scratch / f"again-{name}", files)
    theirs = Command(argv=argv, cwd=folder, environment=world.environment)
    return Race(
        contestants={"gaterun": _again(world, folder), "theirs": theirs},
        reduce=lambda seconds: seconds["gaterun"] / seconds["theirs"],
    )


def _beside_prek(world: World) -> Race:
    return _beside(world, "prek", [world.anchor("prek"), "run", "-a"], _SMALL)


def _beside_pre_commit(world: World) -> Race:
    return _beside(world, "pre-commit", [world.anchor("pre-commit"), "run", "-a"], _SMALL)


def _beside_status(world: World) -> Race:
    return _beside(world, "status", ["git", "status", "--porcelain"], _LARGE)


_SCRIPT = """\
set -euo pipefail
cargo build --workspace --all-targets --locked
cargo clippy --workspace --all-targets --locked
cargo test --workspace --locked
"""
_PHASE = [("1", 'use = "build"'), ("1", 'use = "clippy"\nforced = false'), ("1", 'use = "tests"')]


def _beside_cargo(world: World) -> Race:
    for name in ("cargo", "cargo-clippy"):
        if shutil.which(name) is None:
            raise Missing(f"{name} is not on PATH")
    phases = {"same": corpora.phase("same", _PHASE)}
    ours = corpora.crates(world.scratch / "fresh-gaterun", 30, world.seed, phases)
    theirs = corpora.crates(world.scratch / "fresh-bash", 30, world.seed, phases)
    script = world.scratch / "fresh.sh"
    script.write_text(_SCRIPT, "utf-8")
    bash = Command(argv=["bash", script], cwd=theirs, environment=world.environment)
    sample(bash)
    return Race(
        contestants={"gaterun": _again(world, ours), "bash": bash},
        reduce=lambda seconds: seconds["gaterun"] / seconds["bash"],
    )


REUSE_GOALS: tuple[Goal, ...] = (
    Goal(
        id="G5",
        what="a run with nothing to measure, 1,700 files / prek, 5 no-op hooks",
        bar=4,
        set_up=_beside_prek,
    ),
    Goal(
        id="G5b",
        what="the same / pre-commit, 5 no-op hooks",
        bar=0.3,
        set_up=_beside_pre_commit,
    ),
    Goal(
        id="G6",
        what="a run with nothing to measure, 22,000 files / git status",
        bar=2,
        set_up=_beside_status,
        quick=False,
    ),
    Goal(
        id="G7",
        what="build, clippy, tests with nothing to measure / bash, all fresh, 30 crates",
        bar=0.1,
        set_up=_beside_cargo,
        quick=False,
    ),
)
