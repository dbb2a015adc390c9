"""What may not be wrong with the state of tasks after somebody was killed who wrote it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from gaterun.core.state import StateDb
from gaterun.core.task_history import fold
from gaterun.model.task_state import Kind, TaskEvent

#: How many pieces of evidence one ``done`` leaves.
EVIDENCE = 2


class Line(Struct, frozen=True):
    """What a writer said.

    Attributes:
        said: ``begin`` before it writes, ``written`` afterwards.
        token: what tells this writing from all others.
        kind: of the event; ``evidence`` for what ``done`` proves.
    """

    said: str
    token: str
    kind: str


class Rows(Struct, frozen=True, kw_only=True):
    """What is in the database.

    Attributes:
        evidence: how many pieces of evidence each run has left.
        leases: the cache of claims: number and holder by task.
    """

    events: tuple[TaskEvent, ...]
    evidence: dict[str, int]
    leases: dict[str, tuple[int, str]]


NOTHING = Rows(events=(), evidence={}, leases={})


def lines_of(paths: Sequence[Path]) -> list[Line]:
    """Everything that writers have said so far."""
    decode = msgspec.json.Decoder(Line).decode
    return [
        decode(line)
        for path in paths
        if path.exists()
        for line in path.read_bytes().split(b"\n")
        if line
    ]


def rows_of(path: Path) -> tuple[Rows, list[str]]:
    """What is in the database, at one moment, and what is wrong with the file."""
    if not path.exists():
        return NOTHING, []  # nobody has come so far
    with StateDb(path) as db:
        db.check()
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.execute("begin")  # one moment for all that is read
        found = [str(row[0]) for row in connection.execute("pragma integrity_check")]
        evidence = Counter(str(run) for (run,) in connection.execute("select run from evidence"))
        leases = {
            str(task): (int(epoch), str(actor))
            for task, epoch, actor in connection.execute("select task, epoch, actor from task")
        }
        (last,) = connection.execute("select max(seq) from event").fetchone()
        connection.execute("commit")
    finally:
        connection.close()
    with StateDb(path) as db:
        events = tuple(event for event in db.events("p") if event.seq <= (last or 0))
    rows = Rows(events=events, evidence=dict(evidence), leases=leases)
    return rows, [] if found == ["ok"] else [f"integrity_check: {line}" for line in found]


def token_of(event: TaskEvent) -> str:
    """What tells an event from all others."""
    return event.said.text or event.said.head or event.said.run or f"{event.who.actor} {event.at}"


def wrong_with(
    rows: Rows, *, before: Rows, begun: Sequence[Line], written: Sequence[Line]
) -> list[str]:
    """What is wrong with what is left.

    Args:
        before: what was there some time before.
        begun: what writers said until after the rows were read.
        written: what they said until before that.
    """
    found: list[str] = []
    if rows.events[: len(before.events)] != before.events:
        found.append("what was there before is not what it was")
    kinds = {line.token: line.kind for line in begun}
    # One sign of life renews all that a participant holds, each once.
    places = Counter(
        (token_of(event), event.task if event.kind == Kind.HEARTBEAT else "")
        for event in rows.events
        if event.kind != Kind.REFUSED
    )
    events: dict[str, int] = {}
    for (token, _), count in places.items():
        events[token] = max(count, events.get(token, 0))
    told = {line.token for line in written if line.said == "written"}
    for token, kind in kinds.items():
        is_evidence = kind == "evidence"
        count = (rows.evidence if is_evidence else events).get(token, 0)
        whole = EVIDENCE if is_evidence else 1
        if count not in {0, whole}:
            found.append(f"{kind} {token} is there {count} times, not {whole}")
        if token in told and not count:
            found.append(f"{kind} {token} was said to be written, and is not there")
    found += [f"nobody wrote {token}" for token in events if token not in kinds]
    found += [f"nobody proved {run}" for run in rows.evidence if run not in kinds]
    return found + wrong_claims(rows)


def wrong_claims(rows: Rows) -> list[str]:
    """Where two hold one claim, a number is missing, or the cache says something else."""
    found: list[str] = []
    for task, history in fold(rows.events).items():
        holders: dict[int, set[str]] = {}
        for event in rows.events:
            if event.task == task and event.kind == Kind.START:
                holders.setdefault(event.epoch, set()).add(event.who.actor)
        for number, who in holders.items():
            if len(who) > 1:
                found.append(f"claim {number} of {task} is held by {', '.join(sorted(who))}")
        if sorted(holders) != list(range(1, history.epoch + 1)):
            found.append(f"{task} has claims {sorted(holders)}, and the last is {history.epoch}")
        lease = history.lease
        derived = None if lease is None else (lease.epoch, lease.holder.actor)
        if rows.leases.get(task) != derived:
            found.append(f"the cache says {rows.leases.get(task)} of {task}, events {derived}")
    return found
