"""The goals of tasks: how they stand and whether a session may end, beside hooks that do nothing."""

from __future__ import annotations

import json

from goals import Goal
from reuse_goals import tree
from rounds import Race
from sample import Command, sample
from world import World

_FILES = 2_000

#: One task, whose five gates depend on every file.
_PHASE = "same"

_PHASE_FILE = f"phases/{_PHASE}.toml"

_SOURCE = "crates/c1/src/m1/f1.rs"


def _beside_hooks(
    world: World, name: str, ours: list[str], *, bare: bool = False, edited: str = ""
) -> Race:
    """One of our commands beside ``pre-commit run``, in one working tree.

    Args:
        ours: after the name of the program; standard input is the JSON of a host.
        bare: whether nobody has ever claimed anything there, nor has a place to say so.
        edited: a file that gets another line each time, so that no kept answer holds.
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
            with (folder / edited).open("a", encoding="utf-8") as file:
                file.write("\n")

    # On a changed tree nothing is verified: that it says so is no error.
    script = f'"$0" "$@" < {given} || [ $? -le 2 ]' if edited else f'exec "$0" "$@" < {given}'
    line = ["sh", "-c", script, world.gaterun, *ours]
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
        what="status, the same, worked out anew as a source file has changed / the same",
        bar=0.5,
        set_up=lambda world: _beside_hooks(world, "edited", ["status"], edited=_SOURCE),
    ),
    Goal(
        id="S1c",
        what="status, the same, as the phase file has changed, so that all is bound anew / the same",
        bar=0.85,
        set_up=lambda world: _beside_hooks(world, "phase", ["status"], edited=_PHASE_FILE),
    ),
    Goal(
        id="S2",
        what="hook stop, the same / the same",
        bar=0.5,
        set_up=lambda world: _beside_hooks(world, "stop", ["hook", "stop"]),
    ),
    Goal(
        id="S2c",
        what="hook stop, worked out anew as a source file has changed / the same",
        bar=0.5,
        set_up=lambda world: _beside_hooks(world, "blocks", ["hook", "stop"], edited=_SOURCE),
    ),
    Goal(
        id="S2b",
        what="hook stop where nobody has claimed or said anything / the same",
        bar=0.5,
        set_up=lambda world: _beside_hooks(world, "bare", ["hook", "stop"], bare=True),
    ),
)
