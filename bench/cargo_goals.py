"""The goals about cargo's work: how it is planned, shared, and what its messages cost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import corpora
import messages
from anchors import Missing
from goals import Goal
from rounds import Race
from sample import Command
from world import World

_CRATES = 30
_MANY, _FEW = 50_000, 5_000
_CLASSIFY = Path(__file__).with_name("classify.py")


def _tool(*names: str) -> None:
    for name in names:
        if shutil.which(name) is None:
            raise Missing(f"{name} is not on PATH")


#: What people put into a script or a workflow.
_NAIVE = """\
set -euo pipefail
cargo fmt --all --check
cargo check --workspace --all-targets --locked
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo build --workspace --all-targets --locked
cargo test --workspace --locked
"""
#: The same questions as a phase. ``forced`` asks one more, which the script does not.
_PLAN = [
    ("1", 'use = "command"\nargv = ["cargo", "fmt", "--all", "--check"]'),
    ("1", 'use = "build"'),
    ("1", 'use = "clippy"\nforced = false'),
    ("1", 'use = "tests"'),
]


def _formatted(folder: Path, world: World, phases: Mapping[str, str]) -> Path:
    corpora.crates(folder, _CRATES, world.seed, phases)
    subprocess.run(["cargo", "fmt", "--all"], cwd=folder, check=True)
    return folder


def _plan(world: World) -> Race:
    _tool("cargo", "cargo-fmt", "cargo-clippy")
    text = corpora.phase("plan", _PLAN)

    def cold(name: str, *argv: str | Path) -> Command:
        folder = _formatted(world.scratch / name, world, {"plan": text})

        def clean() -> None:
            for built in ("target", ".gaterun"):
                shutil.rmtree(folder / built, ignore_errors=True)

        return Command(argv=argv, cwd=folder, environment=world.environment, prepare=clean)

    script = world.scratch / "naive.sh"
    script.write_text(_NAIVE, "utf-8")
    return Race(
        contestants={
            "gaterun": cold("plan-gaterun", world.gaterun, "plan"),
            "bash": cold("plan-bash", "bash", script),
        },
        reduce=lambda seconds: seconds["gaterun"] / seconds["bash"],
    )


def _per_crate(world: World) -> Race:
    _tool("cargo", "cargo-clippy")
    names = [f"part{n}" for n in range(_CRATES)]
    body = 'id = "{name}"\nuse = "clippy"\ncrates = ["{name}"]\nforced = false'
    text = corpora.phase("each", [("1", body.format(name=name)) for name in names])
    ours = corpora.crates(world.scratch / "each-gaterun", _CRATES, world.seed, {"each": text})
    theirs = corpora.crates(world.scratch / "each-bash", _CRATES, world.seed, {"each": text})
    script = world.scratch / "each.sh"
    script.write_text(
        f"set -euo pipefail\nfor name in {' '.join(names)}; do\n"
        '    cargo clippy -q -p "$name" --all-targets --locked --message-format=json\ndone\n',
        "utf-8",
    )
    environment = world.environment
    return Race(
        contestants={
            "gaterun": Command(
                argv=[world.gaterun, "each", "--fresh"], cwd=ours, environment=environment
            ),
            "bash": Command(argv=["bash", script], cwd=theirs, environment=environment),
        },
        reduce=lambda seconds: seconds["gaterun"] / seconds["bash"],
    )


class _Streams:
    """The streams of a race, and the programs that read them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._root = world.scratch / "messages"

    def command(self, argv: list[str | Path]) -> Command:
        return Command(argv=argv, cwd=self._world.scratch, environment=self._world.environment)

    def stream(self, count: int, *, distinct: bool) -> Path:
        name = f"{'distinct' if distinct else 'repeated'}-{count}.jsonl"
        path = self._world.scratch / name
        return messages.stream(path, self._root, count, distinct=distinct)

    def ours(self, count: int, *, distinct: bool) -> Command:
        stream = self.stream(count, distinct=distinct)
        return self.command([self._world.python, _CLASSIFY, stream, self._root])

    def json(self, count: int, *, distinct: bool) -> Command:
        loop = "import json, sys\nfor line in open(sys.argv[1], 'rb'):\n    json.loads(line)"
        stream = self.stream(count, distinct=distinct)
        return self.command([self._world.python, "-c", loop, stream])

    def jq(self, count: int, *, distinct: bool) -> Command:
        _tool("jq")
        wanted = 'select(.message.level == "warning") | [.message.code.code, .message.message]'
        return self.command(["jq", "-c", wanted, self.stream(count, distinct=distinct)])


def _classify(world: World) -> Race:
    streams = _Streams(world)
    return Race(
        contestants={
            "gaterun": streams.ours(_MANY, distinct=False),
            "json": streams.json(_MANY, distinct=False),
        },
        reduce=lambda seconds: seconds["gaterun"] / seconds["json"],
        quantity="cpu",
    )


def _classify_distinct(world: World) -> Race:
    streams = _Streams(world)
    return Race(
        contestants={
            "gaterun": streams.ours(_MANY, distinct=True),
            "json": streams.json(_MANY, distinct=True),
        },
        reduce=lambda seconds: seconds["gaterun"] / seconds["json"],
        quantity="cpu",
    )


def _classify_to_jq(world: World) -> Race:
    streams = _Streams(world)
    return Race(
        contestants={
            "gaterun": streams.ours(_MANY, distinct=False),
            "jq": streams.jq(_MANY, distinct=False),
        },
        reduce=lambda seconds: seconds["gaterun"] / seconds["jq"],
        quantity="cpu",
    )


def _memory(world: World) -> Race:
    return Race(
        contestants={"50k": _Streams(world).ours(_MANY, distinct=True)},
        reduce=lambda mebibytes: mebibytes["50k"],
        quantity="memory",
    )


def _growth(world: World) -> Race:
    streams = _Streams(world)
    return Race(
        contestants={
            "50k": streams.ours(_MANY, distinct=False),
            "5k": streams.ours(_FEW, distinct=False),
        },
        reduce=lambda mebibytes: mebibytes["50k"] - mebibytes["5k"],
        quantity="memory",
    )


def _whole_run(world: World) -> Race:
    """A run of gaterun in which clippy, replaced by its recorded output, says much."""
    _tool("cargo")
    body = 'use = "clippy"\nforced = false\nrequire = ["warnings > 20000"]'
    phase = {"phases/much.toml": corpora.phase("much", [("1", body)])}
    folder = world.scratch / "much"
    corpora.write(folder, {**messages.WORKSPACE, ".gitignore": ".gaterun/\n", **phase})
    corpora.commit(folder)
    stream = messages.stream(world.scratch / "much.jsonl", folder, _MANY, distinct=True)
    program = world.scratch / "recorded" / "cargo-clippy"
    corpora.write(
        program.parent,
        {
            program.name: '#!/bin/sh\ncase "$1" in\n    --version) echo clippy 0.1.95 ;;\n'
            f"    *) exec cat '{stream}' ;;\nesac\n"
        },
    )
    program.chmod(0o755)
    environment = world.environment
    path = f"{program.parent}:{environment['PATH']}"
    return Race(
        contestants={
            "gaterun": Command(
                argv=[world.gaterun, "much", "--fresh"],
                cwd=folder,
                environment={**environment, "PATH": path},
            )
        },
        reduce=lambda mebibytes: mebibytes["gaterun"],
        quantity="memory",
    )


CARGO_GOALS = (
    Goal(
        id="G9",
        what="cold fmt, build, clippy, tests, 30 crates / a naive bash script",
        bar=0.95,
        set_up=_plan,
        quick=False,
    ),
    Goal(
        id="G10",
        what="a clippy gate for each of 30 crates, fresh / a bash loop",
        bar=0.5,
        set_up=_per_crate,
        quick=False,
    ),
    Goal(
        id="G11",
        what="sort 50,000 messages, repeated / json.loads of each",
        bar=0.5,
        set_up=_classify,
    ),
    Goal(
        id="G11d",
        what="sort 50,000 messages, 25,000 distinct / json.loads of each",
        bar=1.25,
        set_up=_classify_distinct,
    ),
    Goal(id="G11b", what="sort 50,000 messages, repeated / jq -c", bar=0.5, set_up=_classify_to_jq),
    Goal(
        id="G11m",
        what="memory to sort 50,000 messages, 25,000 distinct",
        bar=150,
        set_up=_memory,
        unit="MiB",
    ),
    Goal(
        id="G11g",
        what="memory to sort 50,000 messages - 5,000, repeated",
        bar=5,
        set_up=_growth,
        unit="MiB",
    ),
    Goal(
        id="G19",
        what="memory of a run with 50,000 messages, 25,000 distinct",
        bar=150,
        set_up=_whole_run,
        unit="MiB",
    ),
)
