"""The goals of tasks: how they stand and whether a session may end, beside hooks that do nothing."""

from __future__ import annotations

import json
import os

from goals import Goal
from reuse_goals import tree
from rounds import Race
from sample import Command, sample
from world import World

_FILES = 2_000

#: One task, whose five gates depend on every file.
_PHASE = "same"


def _beside_hooks(
    world: World, name: str, ours: list[str], *, bare: bool = False, edited: bool = False
) -> Race:
    """One of our commands beside ``pre-commit run``, in one working tree.

    Args:
        ours: after the name of the program; standard input is the JSON of a host.
        bare: whether nobody has ever claimed anything there, nor has a place to say so.
        edited: whether a file is written again each time, as it was, so that no kept answer holds.
    """
    folder = tree(world.scratch / f"state-{name}", _FILES)

    def gaterun(*arguments: str) -> Command:
        return Command(argv=[world.gaterun, *arguments], cwd=folder, environment=world.environment)

    if not bare:
        (folder / "TODO.md").write_text("- [x] 1 said by somebody\n", "utf-8")
    sample(gaterun(*(("run", _PHASE) if bare else ("done", "1"))))
    given = world.scratch / f"{name}.json"
    given.write_text(json.dumps({"session_id": "bench", "cwd": str(folder)}), "utf-8")

    def edit() -> None:
        if edited:
            os.utime(folder / "Cargo.toml")

    line = ["sh", "-c", f'exec "$0" "$@" < {given}', world.gaterun, *ours]
    return Race(
        contestants={
            "gaterun": Command(argv=line, cwd=folder, environment=world.environment, prepare=edit),
            "pre-commit": Command(
                argv=[world.anchor("pre-commit"), "run"], cwd=folder, environment=world.environment
            ),
        },
        reduce=lambda seconds: seconds["gaterun"] / seconds["pre-commit"],
    )


STATE_GOALS: tuple[Goal, ...] = (
    Goal(
        id="S1",
        what="status, 2,000 files, a task done and one claim read / pre-commit, 5 no-op hooks",
        bar=0.5,
        set_up=lambda world: _beside_hooks(world, "status", ["status"]),
    ),
    Goal(
        id="S1b",
        what="status, the same, worked out as a file was written again / the same",
        bar=0.75,
        set_up=lambda world: _beside_hooks(world, "edited", ["status"], edited=True),
    ),
    Goal(
        id="S2",
        what="hook stop, the same / the same",
        bar=0.5,
        set_up=lambda world: _beside_hooks(world, "stop", ["hook", "stop"]),
    ),
    Goal(
        id="S2b",
        what="hook stop where nobody has claimed or said anything / the same",
        bar=0.5,
        set_up=lambda world: _beside_hooks(world, "bare", ["hook", "stop"], bare=True),
    ),
)
