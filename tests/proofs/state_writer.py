"""Writes the state of tasks as commands do, until it is killed; or races others for tasks.

    python state_writer.py write DATABASE ACTOR SEED LINES
    python state_writer.py race DATABASE ACTOR TASKS

Before it writes it says so in the file LINES, and again afterwards, a line of JSON each; a line that
was written stays, whoever is killed. A thousand of its seconds are one of ours, so that claims run
out and are taken over.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from gaterun import Gate, Measurement
from gaterun.core import lease
from gaterun.core.state import StateDb
from gaterun.core.task_done import Claim
from gaterun.model.errors import Refused
from gaterun.model.phase import Location, Phase, Requirement, Task
from gaterun.model.record import GateResult, RunRecord, Tree
from gaterun.model.task_state import Kind, Participant, Said
from gaterun.model.verdict import ExitCode, Outcome, Verdict

TASKS = ("1", "2", "3", "4")
_GATE = Gate(name="g", title="", metrics=(), measure=lambda: Measurement(metrics={}, inspected={}))


def gates_of(task: str) -> tuple[Requirement, ...]:
    """Two gates, so that half of the evidence could be missing."""
    return tuple(
        Requirement(
            task=task,
            id=name,
            gate=_GATE,
            options=None,
            settings={},
            location=Location(file="p.toml", line=1),
        )
        for name in ("first", "second")
    )


PHASE = Phase(
    id="p", title="", tasks=tuple(Task(id=name, title="", gates=gates_of(name)) for name in TASKS)
)


class Writer:
    """One participant.

    Args:
        lines: where it says what it writes.
    """

    def __init__(self, path: Path, actor: str, seed: int, lines: Path) -> None:
        self._path = path
        self._who = Participant(actor=actor, worktree=f"/{actor}")
        self._chance = random.Random(seed)
        self._numbers = count()
        self._prefix = f"{actor}-{os.getpid()}"
        self._lines = os.open(lines, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def now(self) -> float:
        """Seconds of its own."""
        return time.time() * 1000

    def say(self, said: str, kind: str, token: str) -> None:
        """Tell whoever looks afterwards; in one write, so that no line is half."""
        line = json.dumps({"said": said, "token": token, "kind": kind})
        os.write(self._lines, f"{line}\n".encode())

    def wrote(self, kind: str, write: Callable[[StateDb, str], None]) -> bool:
        """Write something, with a database of one's own as a command has it; whether it was."""
        token = f"{self._prefix}-{next(self._numbers)}"
        self.say("begin", kind, token)
        try:
            with StateDb.create(self._path) as db:
                write(db, token)
        except Refused:
            return False
        self.say("written", kind, token)
        return True

    def work(self) -> None:
        """Go through a task as somebody does, with what comes between."""
        task = self._chance.choice(TASKS)
        if not self.wrote("start", lambda db, token: self._start(db, task, token)):
            return
        for _ in range(self._chance.randrange(4)):
            kind = self._chance.choice([Kind.NOTE, Kind.HEARTBEAT])
            if kind is Kind.HEARTBEAT:
                self._renew()
            else:
                self._say(task, kind)
        if self._chance.random() < 0.3:
            self._say(task, Kind.BLOCK)
            self._say(task, Kind.UNBLOCK)
        else:
            self._done(task)

    def _start(self, db: StateDb, task: str, token: str) -> None:
        lease.take(db, "p", task, self._who, now=self.now(), head=token)

    def _say(self, task: str, kind: Kind) -> None:
        def write(db: StateDb, token: str) -> None:
            lease.say(db, "p", task, self._who, kind=kind, text=token, now=self.now())

        self.wrote(kind, write)

    def _renew(self) -> None:
        """A sign of life says nothing, so its moment tells it from others."""
        now = self.now()
        token = f"{self._who.actor} {now}"
        self.say("begin", "heartbeat", token)
        with StateDb.create(self._path) as db:
            lease.renew(db, self._who, now=now)
            if any(event.at == now and event.kind == Kind.HEARTBEAT for event in db.events("p")):
                self.say("written", "heartbeat", token)

    def _done(self, task: str) -> None:
        with StateDb.create(self._path) as db:
            epoch = db.history("p", task).claims.get(self._who, 0)
        gates = gates_of(task)

        def prove(db: StateDb, token: str) -> None:
            claim = Claim(db, PHASE, task, self._who, epoch)
            claim.prove(record(token, gates), gates, baseline="", now=self.now())

        def conclude(db: StateDb, token: str) -> None:
            claim = Claim(db, PHASE, task, self._who, epoch)
            claim.conclude(Said(run=token, verified=True, released=True), now=self.now())

        if self.wrote("evidence", prove):
            self.wrote("done", conclude)


def record(run: str, gates: tuple[Requirement, ...]) -> RunRecord:
    """A run in which everything passed."""
    return RunRecord(
        id=run,
        phase="p",
        title="",
        root="/",
        version="",
        argv=(),
        tree=Tree(digest="t"),
        environment={},
        tasks={},
        results=tuple(
            GateResult(
                node_id=gate.node_id,
                task=gate.task,
                gate="g",
                title="",
                verdict=Verdict(outcome=Outcome.PASS),
            )
            for gate in gates
        ),
        started=1.0,
        seconds=1.0,
        exit_code=ExitCode.OK,
    )


def race(path: Path, actor: str, tasks: int) -> None:
    """Start every task that nobody else has started, from the word on; print those."""
    who = Participant(actor=actor, worktree=f"/{actor}")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(tasks):
        with StateDb.create(path) as db:
            try:
                lease.take(db, "p", str(number), who, now=1.0)
                sys.stdout.write(f"{number}\n")
            except Refused:
                continue


def main(argv: list[str]) -> None:
    """Write until the end, or race."""
    mode, path, actor, number, *more = argv
    if mode == "race":
        race(Path(path), actor, int(number))
        return
    writer = Writer(Path(path), actor, int(number), Path(more[0]))
    while True:
        writer.work()


if __name__ == "__main__":
    main(sys.argv[1:])
