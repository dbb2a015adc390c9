"""``gaterun claims``: what was said, beside what was measured."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

PHASE = """
[phase]
[task.7-1]
claims = ["p/infra/*"]
[[task.7-1.gate]]
use = "bound"
[task.7-2]
claims = ["p/config/*"]
[[task.7-2.gate]]
use = "fail"
[[task.7-2.gate]]
use = "pass"
[task.7-3]
needs = ["7-2"]
claims = ["p/quality/*"]
[[task.7-3.gate]]
use = "pass"
[task.7-4]
claims = ["p/release/*"]
[[task.7-4.gate]]
use = "bound"
number = 9
[task.7-5]
claims = ["p/docs/*"]
"""

DDL = """
CREATE TABLE memory_entries (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL,
  value TEXT NOT NULL, namespace TEXT NOT NULL DEFAULT 'default', metadata TEXT,
  created_at INTEGER DEFAULT (strftime('%s','now')),
  updated_at INTEGER DEFAULT (strftime('%s','now')), UNIQUE(key, namespace));
"""


def say(project: Any, key: str, value: str, *, ago: int = 7200, namespace: str = "n") -> None:
    """Store something in the memory database of version 2."""
    path: Path = project.root / ".swarm" / "memory.db"
    path.parent.mkdir(exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        if not db.execute("select 1 from sqlite_master").fetchone():
            db.executescript(DDL)
        db.execute(
            "insert or replace into memory_entries(key, value, namespace, updated_at) "
            "values (?, ?, ?, strftime('%s','now') - ?)",
            (key, value, namespace, ago),
        )


def without_ages(text: str) -> str:
    return re.sub(r"\b\d+ (?:s|min) ago", "just now", text)


@pytest.fixture
def ran(project: Any) -> Any:
    project.write({"src/lib.rs": "fine\n", ".gitignore": ".swarm/\nTODO.md\n"})
    project.phase(PHASE)
    project.commit()
    return project


def test_claims_beside_evidence(ran: Any, golden: Any) -> None:
    ran.run("p", "7-1", "7-2", "7-3")
    say(ran, "p/infra/status", "completed")
    say(ran, "p/infra/n", "0")
    say(ran, "p/config/status", '{"status": "completed"}')
    say(ran, "p/config/status", "in progress", namespace="older", ago=200_000)
    say(ran, "p/quality/status", "done")
    say(ran, "p/release/status", "completed", ago=-86_400 * 3)
    say(ran, "p/release/n", "12")
    say(ran, "p/docs/status", "completed")
    say(ran, "p/infra/edits", '{"file": "src/lib.rs", "edit": "\x1b[31mred"}')
    say(ran, "task:task-1-x:completed", '{"status":"completed","duration":null}')
    ran.write({"TODO.md": "- [x] 7-2 Configuration\n- [-] 7-4 Release\n"})
    done = ran.run("claims", "p", "--all")
    assert done.code == 1
    assert without_ages(done.out) == golden


def test_a_verified_claim_is_0(ran: Any) -> None:
    ran.run("p", "7-1")
    say(ran, "p/infra/status", "completed")
    assert ran.run("claims", "p").code == 0
    ran.write({"src/lib.rs": "other\n"})
    done = ran.run("claims", "p")
    assert done.code == 1
    assert "7-1::bound stale: files that it depends on changed" in done.out


def test_what_another_working_tree_has_measured_counts(ran: Any) -> None:
    """By `done`, whose evidence is kept for all working trees of the repository."""
    import shutil

    say(ran, "p/infra/status", "completed")
    ran.run("start", "p", "7-1")
    assert ran.run("done", "p", "7-1").code == 0
    shutil.rmtree(ran.root / ".gaterun" / "runs")  # as in a working tree that measured nothing
    assert ran.run("claims", "p").code == 0
    ran.write({"src/lib.rs": "other\n"})
    assert ran.run("claims", "p").code == 1


def test_a_claim_before_anything_was_measured_is_no_verdict(ran: Any) -> None:
    say(ran, "p/infra/status", "completed")
    done = ran.run("claims", "p")
    assert done.code == 7
    assert done.out.startswith("not measured  7-1  p/infra/status  completed")
    assert not (ran.root / ".gaterun").exists()


def test_a_part_that_was_never_measured_contradicts_the_whole(ran: Any) -> None:
    ran.run("p", "7-2::pass")
    say(ran, "p/config/status", "completed")
    done = ran.run("claims", "p")
    assert done.code == 1
    assert "7-2::fail missing: it was never measured here" in done.out


def test_without_a_verdict_nothing_is_contradicted(project: Any) -> None:
    project.phase('[phase]\n[task.1]\nclaims = ["x"]\n[[task.1.gate]]\nuse = "nothing"\n')
    project.write({".gitignore": ".swarm/\n"})
    project.commit()
    project.run("p")
    say(project, "x", "completed")
    done = project.run("claims", "p")
    assert done.code == 7
    assert "1::nothing without verdict: no-input" in done.out


def test_a_claim_of_work_in_progress_needs_no_evidence(ran: Any) -> None:
    say(ran, "p/config/status", "started")
    done = ran.run("claims", "p")
    assert done.code == 0
    assert done.out.endswith("1 claim: 1 nothing to verify\n")


def test_nothing_said_is_no_pass(ran: Any) -> None:
    done = ran.run("claims", "p")
    assert (done.code, done.out) == (5, "0 claims\n")


def test_a_source_that_cannot_be_read_is_no_verdict(ran: Any) -> None:
    ran.write({".swarm/memory.db": "RFE1…"})
    done = ran.run("claims", "p")
    assert done.code == 7
    assert done.out == "not read: .swarm/memory.db: it is encrypted\n0 claims; 1 source not read\n"


def test_a_number_that_is_not_the_measured_one(ran: Any) -> None:
    ran.run("p", "7-1")
    say(ran, "p/infra/n", "4")
    done = ran.run("claims", "p")
    assert done.code == 1
    assert "7-1::bound measured 0" in done.out


def test_as_json(ran: Any) -> None:
    ran.run("p", "7-2")
    say(ran, "p/config/status", "completed")
    say(ran, "unknown", "completed")
    document = json.loads(ran.run("claims", "p", "--format", "json").out)
    (row,) = document.pop("claims")
    assert document == {
        "phase": "p",
        "claimed": ["7-2"],
        "about_no_task": 1,
        "not_read": [],
        "exit_code": 1,
    }
    assert isinstance(row.pop("time"), float)
    assert row == {
        "key": "p/config/status",
        "said": "completed",
        "source": ".swarm/memory.db",
        "place": "namespace n",
        "metric": "",
        "number": None,
        "task": "7-2",
        "raw": "completed",
        "evidence": "contradicted",
        "why": ["7-2::fail failed: ok false (== true)"],
        "also_said": [],
    }


def test_no_word_makes_a_task_verified(ran: Any) -> None:
    """Whatever is said, without evidence it is at most claimed."""
    for number, word in enumerate(("verified", "passed", '{"status": "verified"}', "true")):
        say(ran, f"p/config/{number}", word)
    document = json.loads(ran.run("claims", "p", "--format", "json").out)
    assert {row["evidence"] for row in document["claims"]} == {"not measured"}
    assert document["claimed"] == ["7-2"]


READER = """
import gaterun

@gaterun.hookimpl
def gaterun_claims(root, phase):
    yield gaterun.Claim(key="p/infra/x", said=gaterun.Said.COMPLETED, source="mine")
    {then}
"""


@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("yield 'verified'", "TypeError: it offers a str, not a Claim"),
    ],
)
def test_a_reader_that_fails_hides_nothing(ran: Any, then: str, why: str) -> None:
    ran.write({"gates/mine.py": READER.format(then=then), "gaterun.toml": 'gates = "gates"\n'})
    done = ran.run("claims", "p")
    assert done.code == 7
    assert f"not read: plugin mine: {why}\n" in done.out
    assert "p/infra/x" in done.out


def test_readers_can_be_blocked(ran: Any) -> None:
    say(ran, "p/infra/status", "completed")
    assert ran.run("claims", "p", "-p", "no:claims-memory-db").code == 5
