"""The goals about writing reports of many findings: how long, and how much memory."""

from __future__ import annotations

import subprocess
from pathlib import Path

from goals import Goal
from rounds import Race
from sample import Command
from world import World

_FINDINGS = 50_000
_PROGRAM = Path(__file__).with_name("write_reports.py")


def _command(world: World) -> Command:
    record, folder = world.scratch / "reports.json", world.scratch / "reports"
    if not record.exists():
        make = [world.python, _PROGRAM, "make", record, str(_FINDINGS)]
        subprocess.run(make, env=world.environment, check=True)
    return Command(
        argv=[world.python, _PROGRAM, "write", record, folder],
        cwd=world.scratch,
        environment=world.environment,
    )


def _time(world: World) -> Race:
    return Race(
        contestants={"gaterun": _command(world)}, reduce=lambda seconds: 1000 * seconds["gaterun"]
    )


def _memory(world: World) -> Race:
    return Race(
        contestants={"gaterun": _command(world)},
        reduce=lambda mebibytes: mebibytes["gaterun"],
        quantity="memory",
    )


REPORT_GOALS = (
    Goal(
        id="R1",
        what="every report format of 50,000 findings",
        bar=4000,
        set_up=_time,
        unit="ms",
    ),
    Goal(
        id="R1m",
        what="memory to write every report format of 50,000 findings",
        bar=300,
        set_up=_memory,
        unit="MiB",
    ),
)
