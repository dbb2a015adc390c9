"""Races processes for tasks: how many claims a second, and that no task is claimed twice.

python bench/tasks.py [--processes 8] [--tasks 200]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gaterun.core.state import StateDb

RACER = """
import sys
from pathlib import Path
from gaterun.core import lease
from gaterun.core.state import StateDb
from gaterun.model.errors import Refused
from gaterun.model.task_state import Participant
who = Participant(actor=sys.argv[2], worktree="/" + sys.argv[2])
with StateDb.create(Path(sys.argv[1])) as db:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        try:
            lease.take(db, "p", str(number), who, now=1.0)
            print(number)
        except Refused:
            pass
"""


def main() -> int:
    """Exit code: 0 every task was claimed once, 1 not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--tasks", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gaterun-bench-") as scratch:
        path = Path(scratch) / "state.db"
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", RACER, str(path), f"racer{number}", str(options.tasks)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(options.processes)
        ]
        for racer in racers:
            assert racer.stdout is not None
            racer.stdout.readline()
        began = time.perf_counter()
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        won = [line for racer in racers for line in racer.communicate()[0].split()]
        seconds = time.perf_counter() - began
        with StateDb(path) as db:
            db.check()
            written = len(db.events("p"))
    asked = options.processes * options.tasks
    once = sorted(won, key=int) == [str(number) for number in range(options.tasks)]
    print(
        f"{options.processes} processes, {options.tasks} tasks: {len(won)} claims, "
        f"{asked - len(won)} refusals, {written} events in {seconds:.2f} s, "
        f"{asked / seconds:.0f} answers a second; "
        + ("no task was claimed twice" if once else "TASKS WERE LOST OR CLAIMED TWICE")
    )
    return 0 if once and written == asked else 1


if __name__ == "__main__":
    sys.exit(main())
