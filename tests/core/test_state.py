"""The state of tasks: claims by one at a time, nothing lost, nothing changed afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gaterun.core import lease
from gaterun.core.state import StateDb
from gaterun.core.task_history import LEASE, fold
from gaterun.model.errors import Refused, UsageError
from gaterun.model.record import GateResult
from gaterun.model.task_state import (
    EvidenceKey,
    Kind,
    Participant,
    Said,
    TaskEvidence,
)
from gaterun.model.verdict import Outcome, Verdict

ALICE = Participant(actor="alice", worktree="/a")
BOB = Participant(actor="bob", worktree="/b")
KEY = EvidenceKey(definition="d", inputs="i", tools="t")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".gaterun" / "state.db"


def start(db: StateDb, who: Participant = ALICE, *, now: float = 0.0, task: str = "1") -> int:
    return lease.take(db, "p", task, who, now=now)


def evidence(outcome: Outcome = Outcome.PASS, key: EvidenceKey | None = KEY) -> TaskEvidence:
    result = GateResult(
        node_id="1::g", task="1", gate="g", title="g", verdict=Verdict(outcome=outcome)
    )
    return TaskEvidence(
        phase="p",
        task="1",
        gate="1::g",
        epoch=1,
        who=ALICE,
        key=key,
        tree="t",
        run="r",
        at=1.0,
        result=result,
    )


def test_what_is_appended_is_read_again(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db)
        said = Said(text="ä \x1b \x00", overlaps=("2",), passed=3)
        with db.writing():
            db.append(phase="p", task="1", kind="note", who=BOB, epoch=1, at=2.5, said=said)
            db.append(phase="other", task="1", kind="note", who=BOB, epoch=1, at=2.5)
    with StateDb(path) as db:
        events = db.events("p")
        assert [(event.seq, event.kind, event.who) for event in events] == [
            (1, "start", ALICE),
            (2, "note", BOB),
        ]
        assert events[1].said == said
        assert db.history("p", "1").last == events[1]
    assert (path.parent / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("table", ["event", "evidence"])
@pytest.mark.parametrize("change", ["update {} set at = 7", "delete from {}"])
def test_nothing_that_happened_is_changed(path: Path, table: str, change: str) -> None:
    with StateDb.create(path) as db:
        start(db)
        with db.writing():
            db.add_evidence(evidence())
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(change.format(table))
    connection.close()


def test_a_transaction_is_kept_as_a_whole_or_not_at_all(path: Path) -> None:
    with StateDb.create(path) as db:
        with contextlib.suppress(RuntimeError), db.writing():
            db.append(phase="p", task="1", kind="note", who=BOB, epoch=0, at=1.0)
            raise RuntimeError
        assert db.events("p") == ()


def test_no_verdict_but_those_that_say_something_is_evidence(path: Path) -> None:
    with StateDb.create(path) as db, pytest.raises(UsageError), db.writing():
        db.add_evidence(evidence(Outcome.SKIPPED))


def test_the_newest_evidence_of_the_same_key_counts(path: Path) -> None:
    with StateDb.create(path) as db:
        with db.writing():
            db.add_evidence(evidence(Outcome.FAIL))
            db.add_evidence(evidence(Outcome.PASS))
            db.add_evidence(
                evidence(Outcome.FAIL, EvidenceKey(definition="d", inputs="2", tools="t"))
            )
            db.add_evidence(evidence(Outcome.FAIL, None))
        found = db.evidence("p", "1::g", KEY)
        assert found is not None
        assert (found.seq, found.key, found.verifies) == (2, KEY, True)
        newest = db.evidence("p", "1::g")
        assert newest is not None
        assert (newest.seq, newest.key) == (4, None)
        assert db.evidence("p", "1::other") is None


def test_one_claim_at_a_time(path: Path) -> None:
    with StateDb.create(path) as db:
        assert start(db) == 1
        with pytest.raises(Refused, match="task 1 is held by bob|task 1 is held by alice in /a"):
            start(db, BOB, now=60.0)
        assert start(db, now=120.0) == 1  # going on with it is no other claim
        kinds = [event.kind for event in db.events("p")]
        assert kinds == [Kind.START, Kind.REFUSED, Kind.START]


def test_a_claim_that_ran_out_is_taken_over_with_the_next_number(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db)
        with pytest.raises(Refused):
            start(db, BOB, now=LEASE - 1)
        assert start(db, BOB, now=LEASE) == 2
        history = db.history("p", "1")
        with pytest.raises(Refused, match="claim 1 of task 1 was superseded by claim 2, of bob"):
            lease.own_claim(history, "1", ALICE, LEASE + 1)
        with pytest.raises(Refused, match="superseded by claim 2"):
            lease.still_holds(history, "1", ALICE, 1)
        lease.still_holds(history, "1", BOB, 2)


def test_ones_own_claim_that_ran_out_and_nobody_took(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db)
        assert lease.own_claim(db.history("p", "1"), "1", ALICE, 10 * LEASE) == 1
        assert start(db, now=10 * LEASE) == 2


def test_signs_of_life(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db)
        lease.renew(db, ALICE, now=lease.RENEW_AFTER - 1)
        assert len(db.events("p")) == 1  # not worth writing down
        lease.renew(db, BOB, now=LEASE - 1)
        lease.renew(db, ALICE, now=LEASE - 1)
        assert [event.kind for event in db.events("p")] == ["start", "heartbeat"]
        with pytest.raises(Refused):
            start(db, BOB, now=LEASE + 1)
        lease.renew(db, ALICE, now=3 * LEASE)  # it ran out, and stays so
        assert start(db, BOB, now=3 * LEASE) == 2


def test_a_fold_over_the_last_signs_is_the_fold_over_all(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db)
        start(db, task="2")
        for late in range(60, 600, 60):
            lease.renew(db, ALICE, now=float(late))
        lease.renew(db, ALICE, now=LEASE)
        start(db, BOB, now=3 * LEASE)
        lease.renew(db, BOB, now=3 * LEASE + 100)
        events = db.events("p")
        assert len(events) > 20
        assert db.histories("p") == fold(events)
        assert db.history("p", "2") == fold(events)["2"]


def test_another_clock_takes_nothing_away(path: Path) -> None:
    """A participant whose clock is behind shortens nobody's claim by a sign of life."""
    with StateDb.create(path) as db:
        start(db, now=1000.0)
        until = db.history("p", "1").lease
        with db.writing():
            db.append(phase="p", task="1", kind="heartbeat", who=ALICE, epoch=1, at=10.0)
        assert db.history("p", "1").lease == until


def test_what_blocks_gives_the_claim_back(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db)
        with pytest.raises(Refused, match="not blocked"):
            lease.say(db, "p", "1", BOB, kind=Kind.UNBLOCK, text="", now=1.0)
        lease.say(db, "p", "1", ALICE, kind=Kind.BLOCK, text="no access", now=1.0)
        with pytest.raises(Refused, match="blocked 1 min ago by alice: no access"):
            start(db, BOB, now=61.0)
        with pytest.raises(Refused, match="blocked"):
            lease.own_claim(db.history("p", "1"), "1", ALICE, 61.0)
        lease.say(db, "p", "1", BOB, kind=Kind.UNBLOCK, text="", now=62.0)
        assert start(db, BOB, now=63.0) == 2


def test_overlap_with_what_others_work_on(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db, task="2")
        words = {"2": "both may touch src/lib.rs", "3": "both may touch all"}
        with pytest.raises(Refused, match="overlaps .* 2 of alice in /a: both may touch src"):
            lease.take(db, "p", "1", BOB, now=1.0, overlapping=words)
        # What one has oneself is one tree, and so no collision.
        assert lease.take(db, "p", "4", ALICE, now=1.0, overlapping=words) == 1
        assert lease.take(db, "p", "1", BOB, now=1.0, overlapping=words, overlap_ok=True) == 1
        assert db.events("p")[-1].said.overlaps == ("2",)
        # A claim that ran out is nobody's work.
        assert lease.take(db, "p", "5", BOB, now=2 * LEASE, overlapping=words) == 1


def test_the_cache_of_claims_is_only_a_cache(path: Path) -> None:
    with StateDb.create(path) as db:
        start(db)
    connection = sqlite3.connect(path)
    connection.execute("update task set epoch = 99, actor = 'mallory'")
    connection.commit()
    connection.close()
    with StateDb.create(path) as db:
        with pytest.raises(Refused, match="held by alice"):
            start(db, BOB, now=1.0)
        start(db, now=2.0)
        assert db.claims(ALICE) == (("p", "1", 2.0 + LEASE),)


def test_others_writing_is_seen_by_a_number(path: Path) -> None:
    with StateDb.create(path) as db, StateDb(path) as other:
        before = db.version
        assert db.version == before
        start(other)
        assert db.version != before


RACE = """
import sys
from pathlib import Path
from gaterun.core import lease
from gaterun.core.state import StateDb
from gaterun.model.errors import Refused
from gaterun.model.task_state import Participant
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
who = Participant(actor=name, worktree="/" + name)
won = []
for number in range(count):
    with StateDb.create(path) as db:
        try:
            lease.take(db, "p", str(number), who, now=1.0)
            won.append(str(number))
        except Refused:
            pass
print(" ".join(won))
"""


def test_eight_processes_race_for_tasks(path: Path) -> None:
    count = 12
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(path), f"racer{number}", str(count)],
            stdout=subprocess.PIPE,
        )
        for number in range(8)
    ]
    won = {}
    for number, racer in enumerate(racers):
        out, _ = racer.communicate(timeout=120)
        assert racer.returncode == 0
        for task in out.decode().split():
            assert task not in won, "two have started it"
            won[task] = f"racer{number}"
    assert sorted(won) == sorted(map(str, range(count)))
    with StateDb(path) as db:
        db.check()
        events = db.events("p")
        assert len(events) == 8 * count  # one start and seven refusals a task
        for task, history in db.histories("p").items():
            assert history.epoch == 1
            assert history.lease is not None
            assert history.lease.holder.actor == won[task]


WRITER = """
import sys
from pathlib import Path
from gaterun.core.state import StateDb
from gaterun.model.task_state import Participant
who = Participant(actor="w", worktree="/w")
number = 0
while True:
    with StateDb.create(Path(sys.argv[1])) as db, db.writing():
        db.append(phase="p", task="1", kind="note", who=who, epoch=0, at=float(number))
        db.append(phase="p", task="1", kind="note", who=who, epoch=0, at=float(number))
    print(number, flush=True)
    number += 1
"""


def test_killed_while_writing(path: Path) -> None:
    """What was told to be written is there, pairs are whole, and the file is sound."""
    told = 0
    for round_ in range(6):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        for _ in range(round_ + 1):
            assert writer.stdout.readline()
            told += 1
        os.kill(writer.pid, signal.SIGKILL)
        told += len(writer.stdout.read().splitlines())
        writer.wait()
        writer.stdout.close()
        with StateDb.create(path) as db:
            db.check()
            events = db.events("p")
            assert len(events) % 2 == 0
            assert told * 2 <= len(events) <= told * 2 + 2 * (round_ + 1)


def test_killed_while_it_is_made(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / ".state.db.0123abcd").write_bytes(b"half")
    with StateDb.create(path) as db:
        assert db.events("p") == ()


def broken(path: Path, how: str) -> None:
    with StateDb.create(path) as db:
        start(db)
        with db.writing():
            db.add_evidence(evidence())
    connection = sqlite3.connect(path)
    if how in {"noise", "text", "empty", "half"}:
        connection.execute("pragma wal_checkpoint(truncate)")
    elif how == "other":
        connection.execute("pragma application_id = 7")
    elif how == "newer":
        connection.execute("pragma user_version = 2")
    elif how == "table":
        connection.execute("drop table evidence")
    elif how == "trigger":
        connection.execute("drop trigger event_kept")
    elif how == "column":
        connection.execute("alter table event rename column data to stuff")
    elif how == "event":
        connection.executescript(
            "drop trigger event_unchanged; update event set data = 'no JSON';"
            "create trigger event_unchanged before update on event begin select 1; end;"
        )
    elif how == "number":
        connection.executescript(
            "drop trigger event_unchanged; update event set epoch = 'x';"
            "create trigger event_unchanged before update on event begin select 1; end;"
        )
    connection.commit()
    connection.close()
    raw = path.read_bytes()
    if how == "noise":
        path.write_bytes(raw[:4096] + bytes(reversed(raw[4096:])))
    elif how == "text":
        path.write_text("not a database at all, but a text of some length\n" * 100)
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "half":
        path.write_bytes(raw[: len(raw) // 2])


BROKEN = {
    "noise": "damaged",
    "text": "damaged",
    "empty": "it is empty",
    "half": "damaged",
    "other": "a database of another program",
    "newer": "has version 2 of the state, and this gaterun knows 1",
    "table": "it has no evidence",
    "trigger": "it has no event_kept",
    "column": "no such column: data",
    "event": "event 1 cannot be read",
    "number": "event 1 cannot be read",
}


def look_through(path: Path) -> None:
    with StateDb.create(path) as db:
        db.check()
        db.events("p")


@pytest.mark.parametrize("how", BROKEN)
def test_a_database_that_cannot_be_believed(path: Path, how: str) -> None:
    broken(path, how)
    before = path.read_bytes()
    with pytest.raises(UsageError) as caught:
        look_through(path)
    assert BROKEN[how] in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.help
    assert path.read_bytes() == before, "it was touched"


def test_what_was_deleted_does_not_come_back_empty(tmp_path: Path) -> None:
    path = tmp_path / "a b?#ä" / "state.db"
    with StateDb.create(path) as db:
        start(db)
    with StateDb(path) as db:
        assert len(db.events("p")) == 1
    path.unlink()
    with pytest.raises(UsageError, match="cannot be used"):
        StateDb(path)
    assert not path.exists()


def test_a_folder_that_cannot_be_written(path: Path) -> None:
    path.parent.write_text("a file\n")
    with pytest.raises(UsageError, match="cannot be written to"):
        StateDb.create(path)


def test_somebody_else_writes_for_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaterun.core.state._PATIENCE", 0.05)
    with StateDb.create(path) as db:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(UsageError, match="is in use"):
            start(db)
        other.execute("rollback")
        other.close()
        assert start(db) == 1


def test_claims_are_renewed_while_gates_are_measured(
    path: Path, monkeypatch: pytest.MonkeyPatch, eventually
) -> None:
    monkeypatch.setattr(lease, "RENEW_AFTER", 0.01)
    with StateDb.create(path) as db:
        start(db, now=time.time() - 60)
        with lease.Renewing(path, ALICE):
            eventually(lambda: len(db.events("p")) > 1)
        assert db.events("p")[1].kind == Kind.HEARTBEAT


def mode(path: Path) -> str:
    connection = sqlite3.connect(path)
    (found,) = connection.execute("pragma journal_mode").fetchone()
    connection.close()
    return str(found)


def test_readers_and_a_writer_do_not_wait_for_each_other(path: Path) -> None:
    with StateDb.create(path) as db, StateDb(path) as other, db.writing():
        db.append(phase="p", task="1", kind="note", who=BOB, epoch=0, at=1.0)
        assert other.events("p") == ()
    assert mode(path) == "wal"


def test_a_rollback_journal_does_as_well(path: Path) -> None:
    """Where SQLite has no shared memory, it answers so, and nothing insists on another mode."""
    with StateDb.create(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode=delete")
    connection.close()
    with StateDb.create(path) as db, StateDb.create(path) as other:
        assert start(db) == 1
        with pytest.raises(Refused):
            start(other, BOB)
    assert mode(path) == "delete"
