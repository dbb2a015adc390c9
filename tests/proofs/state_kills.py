"""Kills whoever writes the state of tasks at random moments, and looks at what is left.

    python tests/proofs/state_kills.py --kills 100 --seed 1

Of each three kills (SIGKILL) two hit one of three processes that write as commands do: start, note,
block, signs of life, done and its evidence. One hits a whole `gaterun start`, `note`, `block`,
`unblock` or `done`. After each the file is sound (`integrity_check`), what was said to be
written is there, once and whole, nothing is there that nobody wrote or that is half, and nothing
from before has changed; every claim has one holder, and the last number is how many there were.
Then eight processes race for tasks.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from state_checks import EVIDENCE, NOTHING, Rows, lines_of, rows_of, wrong_claims, wrong_with

from gaterun.core.controls import commit, git, write_tree
from gaterun.model.task_state import Kind

SCRIPT = Path(__file__).resolve().with_name("state_writer.py")

#: How many write at once, and race.
WRITERS, RACERS = 3, 8

#: After so many kills writers begin with an empty file: what they do reads all that happened.
_FRESH = 20

PHASE = """
[phase]
[task.1]
[[task.1.gate]]
use = "command"
id = "first"
argv = ["true"]
[[task.1.gate]]
use = "command"
id = "second"
argv = ["true"]
"""
FILES = {
    "Cargo.toml": "[workspace]\nmembers = []\n",
    ".gitignore": ".gaterun/\n",
    "phases/p.toml": PHASE,
}

#: Whole commands, with what each may append besides a refusal and a sign of life.
COMMANDS: dict[str, tuple[str, ...]] = {
    "start": ("start",),
    "note": ("note",),
    "block": ("block",),
    "unblock": ("unblock",),
    "done": ("start", "done"),
}
NOTE = "as long as a note of somebody who has a lot to say " * 40


class Writer(Struct, frozen=True):
    """A process that writes, and where it says what."""

    process: subprocess.Popen[bytes]
    lines: Path


class Writers:
    """Processes that write into one database.

    Args:
        folder: of their own, not there yet.
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._chance = chance
        self._path = folder / "state" / "state.db"
        self._lines: list[Path] = []
        self._before = NOTHING
        self._running = [self._started(number) for number in range(WRITERS)]

    def _started(self, number: int) -> Writer:
        lines = self._folder / f"lines-{len(self._lines)}"
        self._lines.append(lines)
        seed = str(self._chance.randrange(2**32))
        argv = [sys.executable, SCRIPT, "write", self._path, f"w{number}", seed, lines]
        process = subprocess.Popen(argv, stderr=subprocess.PIPE)
        while not (lines.exists() and lines.stat().st_size) and process.poll() is None:
            time.sleep(0.01)  # until it writes: what is killed before that proves nothing
        return Writer(process, lines)

    def kill(self) -> tuple[str, list[str]]:
        """Kill one, and start another in its place; what it was about, and what is wrong."""
        number = self._chance.randrange(WRITERS)
        time.sleep(self._chance.uniform(0, 0.1))
        victim = self._running[number]
        victim.process.kill()
        _, err = victim.process.communicate()
        wrong = [f"a writer ended by itself: {err.decode()[-500:]}"] if err else []
        last = lines_of([victim.lines])[-1]
        # What was said before the rows are read has to be there; what is said after may be.
        written = lines_of(self._lines)
        rows, damage = rows_of(self._path)
        begun = lines_of(self._lines)
        wrong += damage + wrong_with(rows, before=self._before, begun=begun, written=written)
        self._before = rows
        self._running[number] = self._started(number)
        return f"{last.kind}: {'after' if last.said == 'written' else 'within'}", wrong

    def close(self) -> Rows:
        """End the others; what was there at the last kill."""
        for writer in self._running:
            writer.process.kill()
            writer.process.communicate()
        return self._before


class Workspace:
    """A workspace in which whole commands are killed.

    Args:
        folder: of its own, not there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "ws"
        self.root.mkdir(parents=True)
        (folder / "tmp").mkdir()
        git(self.root, "init", "--quiet")
        write_tree(self.root, FILES)
        commit(self.root, "All is well")
        self.path = self.root / ".gaterun" / "state.db"
        kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
        self._environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "TMPDIR": str(folder / "tmp"),
            "GIT_CEILING_DIRECTORIES": str(folder),
            "GATERUN_ACTOR": "ada",
        }
        self.lasts: dict[str, float] = {}

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start a command about task 1."""
        more = {"note": [NOTE], "block": ["--why", NOTE]}.get(command, [])
        return subprocess.Popen(
            [sys.executable, "-m", "gaterun", command, "1", *more],
            cwd=self.root,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def whole(self, command: str) -> None:
        """Run a command to its end, to see how long it takes."""
        began = time.monotonic()
        self.start(command).communicate(timeout=120)
        self.lasts[command] = time.monotonic() - began

    def rows(self) -> tuple[Rows, list[str]]:
        """What is in the state."""
        return rows_of(self.path)

    def kill(self, command: str, chance: random.Random) -> tuple[str, list[str]]:
        """Start a command and kill it, unless it is quicker; how far it came, what is wrong."""
        before, wrong = self.rows()
        process = self.start(command)
        code: int | None = None
        try:
            code = process.wait(timeout=self.lasts[command] * chance.uniform(0.6, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
        _, err = process.communicate(timeout=60)
        rows, damage = self.rows()
        wrong += damage + wrong_after(command, before, rows, code) + wrong_claims(rows)
        if code not in {None, 0, 1}:
            wrong.append(f"it exits with {code}: {err.decode()[-500:]}")
        new = [event.kind for event in rows.events[len(before.events) :]]
        how_far = ", ".join(new) or "nothing written"
        return ("not killed" if code is not None else f"{command}: {how_far}"), wrong


def wrong_after(command: str, before: Rows, after: Rows, code: int | None) -> list[str]:
    """What is wrong with what one command has left.

    Args:
        code: with which it ended; `None` where it was killed.
    """
    found = []
    if after.events[: len(before.events)] != before.events:
        found.append("what was there before is not what it was")
    new = after.events[len(before.events) :]
    counts = Counter(event.kind for event in new)
    may = {*COMMANDS[command], Kind.HEARTBEAT, Kind.REFUSED}
    found += [f"{kind} is there {count} times" for kind, count in counts.items() if count > 1]
    found += [f"{kind} was not asked for" for kind in counts if kind not in may]
    if code == 0 and COMMANDS[command][-1] not in counts:
        found.append(f"{command} was told to be written, and is not there")
    found += [
        f"{event.kind} is half"
        for event in new
        if event.kind in {"note", "block"} and event.said.text != NOTE.strip()
    ]
    runs = after.evidence.keys() - before.evidence.keys()
    found += [
        f"run {run} has {after.evidence[run]} pieces of evidence"
        for run in runs
        if after.evidence[run] != EVIDENCE
    ]
    proved = [event.said.run for event in new if event.said.verified]
    found += [f"run {run} was to prove it, and did not" for run in proved if run not in runs]
    return found


def race(path: Path, tasks: int) -> tuple[str, list[str]]:
    """Let processes race for tasks; how it went, and what is wrong."""
    argv = [sys.executable, SCRIPT, "race", path]
    racers = [
        subprocess.Popen(
            [*argv, f"racer{number}", str(tasks)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(RACERS)
    ]
    for racer in racers:
        assert racer.stdout is not None
        racer.stdout.readline()
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(b"go\n")
        racer.stdin.flush()
    won = {f"racer{n}": racer.communicate()[0].decode().split() for n, racer in enumerate(racers)}
    rows, wrong = rows_of(path)
    wrong += wrong_claims(rows)
    by_task: dict[str, list[str]] = {}
    for actor, numbers in won.items():
        for number in numbers:
            by_task.setdefault(number, []).append(actor)
    wrong += [f"{task} was started by {', '.join(who)}" for task, who in by_task.items() if who[1:]]
    if len(by_task) != tasks:
        wrong.append(f"{tasks - len(by_task)} tasks were started by nobody")
    kept = {event.task: event.who.actor for event in rows.events if event.kind == Kind.START}
    if kept != {task: who[0] for task, who in by_task.items()}:
        wrong.append("what racers were told is not what was kept")
    if len(rows.events) != RACERS * tasks:
        wrong.append(f"{RACERS * tasks} answers left {len(rows.events)} events")
    winners = sum(bool(numbers) for numbers in won.values())
    return f"{RACERS} racers, {tasks} tasks: {len(by_task)} starts by {winners} of them", wrong


def prove(
    folder: Path, *, kills: int, tasks: int, seed: int, say: Callable[[str], None]
) -> list[str]:
    """Kill so many times, then race for so many tasks; return everything that was wrong."""
    chance = random.Random(seed)
    workspace = Workspace(folder / "commands")
    names = list(COMMANDS)
    for command in names * 2:  # the first time leaves byte code behind
        workspace.whole(command)
    wrong: list[str] = []
    moments: Counter[str] = Counter()
    events = 0
    writers: Writers | None = None
    number = by_writers = by_commands = 0
    while number < kills:
        if number % 3 < 2:
            writers = writers or Writers(folder / f"writers-{number}", chance)
            what, found = writers.kill()
            by_writers += 1
            if by_writers % _FRESH == 0:
                events += len(writers.close().events)
                writers = None
        else:
            what, found = workspace.kill(names[by_commands % len(names)], chance)
            by_commands += 1
        wrong += [f"kill {number + 1}, {what}: {problem}" for problem in found]
        number += what != "not killed"
        moments[what] += 1
    if writers is not None:
        events += len(writers.close().events)
    for problem in wrong:
        say(problem)
    for moment, count in sorted(moments.items()):
        say(f"{count:4}  {moment}")
    told, found = race(folder / "race" / "state.db", tasks)
    wrong += found
    for problem in found:
        say(problem)
    say(f"{told}; {kills} kills among {events} events of writers, {len(wrong)} things wrong")
    return wrong


def main() -> int:
    """Run the proof; exit with 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = prove(
            Path(folder).resolve(),
            kills=options.kills,
            tasks=options.tasks,
            seed=options.seed,
            say=print,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
