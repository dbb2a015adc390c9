"""``.swarm/memory.db`` in every shape that it is found in, whole and broken."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun import Claim, PhaseOutline, Said, Unread
from gaterun_claims import memory_db, saying

KEY = "phase7/code_quality/status"


def read(root: Path, phase: PhaseOutline) -> list[Claim | Unread]:
    return list(memory_db.gaterun_claims(root, phase))


def only_reason(root: Path, phase: PhaseOutline) -> str:
    """Why nothing could be read; it is never silently nothing."""
    (item,) = (item for item in read(root, phase) if item.source.startswith(".swarm/memory"))
    assert isinstance(item, Unread)
    assert item.source == ".swarm/memory.db"
    return item.why


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".swarm" / "memory.db"


@pytest.mark.parametrize("shape", databases.DDL)
def test_every_shape_says_the_same(tmp_path: Path, path: Path, phase: Any, shape: str) -> None:
    databases.database(path, databases.DDL[shape])
    databases.store(path, KEY, "completed")
    assert read(tmp_path, phase) == [
        Claim(
            key=KEY,
            said=Said.COMPLETED,
            source=".swarm/memory.db",
            place="namespace coordination",
            time=float(databases.NOW),
            raw="completed",
        )
    ]


def test_both_tables_in_one_file(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(path, databases.PATTERNS)
    databases.store(path, "a", "done")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(databases.V2)
    databases.store(path, "b", "done")
    assert {item.key for item in read(tmp_path, phase) if isinstance(item, Claim)} == {"a", "b"}


def test_a_table_with_the_columns_of_both_versions(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(
        path, databases.V2.replace("value TEXT NOT NULL", "value TEXT, content TEXT")
    )
    databases.store(path, "old", "done")
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("insert into memory_entries(key, content) values ('new', 'running')")
    said = {item.key: item.said for item in read(tmp_path, phase) if isinstance(item, Claim)}
    assert said == {"old": Said.COMPLETED, "new": Said.IN_PROGRESS}


def test_what_was_taken_back_is_no_claim(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(path, databases.V3)
    databases.store(path, KEY, "completed")
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("update memory_entries set status = 'deleted'")
    assert read(tmp_path, phase) == []


def test_entries_of_one_key_in_several_namespaces_are_all_read(
    tmp_path: Path, path: Path, phase: Any
) -> None:
    databases.database(path, databases.V2)
    databases.store(path, KEY, "completed", namespace="a")
    databases.store(path, KEY, "running", namespace="b")
    assert len(read(tmp_path, phase)) == 2


def test_each_file_that_version_3_writes_is_read(tmp_path: Path, phase: Any) -> None:
    for name in memory_db.FILES:
        databases.store(databases.database(tmp_path / name, databases.V3), KEY, "completed")
    assert tuple(item.source for item in read(tmp_path, phase)) == memory_db.FILES


def test_patterns_that_were_learned_are_no_entries(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(path, databases.PATTERNS)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("insert into patterns(id, type, pattern_data) values ('1', 'x', '{\"a\": 1}')")
        db.execute("insert into patterns(id, type, pattern_data) values ('2', 'x', 'no JSON')")
        db.execute("insert into patterns(id, type, pattern_data) values ('3', 'x', '[]')")
    assert read(tmp_path, phase) == []


def test_no_database_is_no_claim(tmp_path: Path, phase: Any) -> None:
    assert read(tmp_path, phase) == []


# --- what cannot be read is said -------------------------------------------------------------


def test_one_that_is_locked(
    tmp_path: Path, path: Path, phase: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_db, "PATIENCE", 0.05)
    databases.database(path, databases.V2)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma journal_mode=delete")
        db.execute("begin exclusive")
        assert only_reason(tmp_path, phase) == (
            "somebody has been writing to it for 0.05 s: database is locked"
        )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"RFE1" + bytes(100), "it is encrypted"),
        (b"", "it is empty, or somebody has just begun to write it"),
        (b"SQLite for", "it is no SQLite database, or only a part of one"),
        (b"{}", "it is no SQLite database, or only a part of one"),
        (b"SQLite format 3\0", "it is damaged, or only half written: file is not a database"),
    ],
)
def test_what_is_no_database(
    tmp_path: Path, path: Path, phase: Any, content: bytes, why: str
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert only_reason(tmp_path, phase) == why


def test_a_folder_and_a_broken_link(tmp_path: Path, path: Path, phase: Any) -> None:
    path.mkdir(parents=True)
    assert only_reason(tmp_path, phase) == "it is no file"
    path.rmdir()
    path.symlink_to("nowhere")
    assert only_reason(tmp_path, phase) == "it is a link to nothing"


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_one_that_was_cut_short(tmp_path: Path, path: Path, phase: Any, part: float) -> None:
    databases.database(path, databases.V2)
    for number in range(200):
        databases.store(path, f"{KEY}/{number}", "completed " * 50)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("pragma wal_checkpoint(truncate)")
    os.truncate(path, int(path.stat().st_size * part) // 4096 * 4096)
    assert only_reason(tmp_path, phase).startswith("it is damaged, or only half written: ")


def test_one_of_another_version(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(path, "create table memories(name, said); create table other(a)")
    assert only_reason(tmp_path, phase) == (
        "it is of a version that this gaterun does not know: it has the tables memories, other"
    )


def test_a_table_of_another_version(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(path, "create table memory_entries(name, body)")
    assert only_reason(tmp_path, phase) == (
        "it is of a version that this gaterun does not know: memory_entries has the columns "
        "body, name"
    )


def test_an_empty_schema_is_of_no_known_version(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(path, "")
    assert only_reason(tmp_path, phase).endswith("does not know: it has no table")


@pytest.fixture
def read_only(path: Path, tmp_path: Path) -> Iterator[Path]:
    """The folder of a database in which nobody can make the index of its log, root neither."""
    databases.database(path, databases.V2)
    databases.store(path, KEY, "completed")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)
    (path.parent / "memory.db-wal").write_bytes(b"")
    yield path.parent
    path.parent.chmod(0o755)


@contextlib.contextmanager
def without_power(folder: Path, mode: int = 0o555) -> Iterator[None]:
    """As a user who may write nothing in a folder."""
    folder.chmod(mode)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_folder_that_cannot_be_looked_into(tmp_path: Path, read_only: Path, phase: Any) -> None:
    with without_power(read_only, 0o000):
        assert only_reason(tmp_path, phase) == "it cannot be read: Permission denied"


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, read_only: Path, phase: Any) -> None:
    with without_power(read_only):
        (claim,) = read(tmp_path, phase)
    assert isinstance(claim, Claim)


def test_what_stands_in_a_log_that_cannot_be_read_is_said(
    tmp_path: Path, read_only: Path, phase: Any
) -> None:
    (read_only / "memory.db-wal").write_bytes(b"newer")
    with without_power(read_only):
        claim, unread = read(tmp_path, phase)
    assert isinstance(claim, Claim)
    assert unread == Unread(
        source=".swarm/memory.db",
        why="what is newer stands in memory.db-wal, and its folder is read-only",
    )


def test_what_another_process_has_just_written_is_read(
    tmp_path: Path, path: Path, phase: Any
) -> None:
    databases.database(path, databases.V2)
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("insert into memory_entries(key, value) values (?, 'completed')", (KEY,))
        assert read(tmp_path, phase) == []
        writer.commit()  # it stands in the log only
        assert len(read(tmp_path, phase)) == 1


def test_nothing_is_written_to_it(tmp_path: Path, path: Path, phase: Any) -> None:
    databases.database(path, databases.V2)
    databases.store(path, KEY, "completed")
    before = path.read_bytes()
    read(tmp_path, phase)
    assert path.read_bytes() == before


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_damaged_is_never_a_crash(tmp_path_factory: Any, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("damaged")
    path = databases.database(root / ".swarm" / "memory.db", databases.V2)
    databases.store(path, KEY, "completed")
    content = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=30)):
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    phase = PhaseOutline(id="p", tasks=())
    assert all(isinstance(item, Claim | Unread) for item in read(root, phase))


# --- what a value comes to -------------------------------------------------------------------


def said(value: object, phase: PhaseOutline, key: str = KEY) -> list[tuple[str, object]]:
    found = saying.claims_of(value, phase, key=key, source="s", place="", time=None)
    return [(claim.metric or claim.said.value, claim.number) for claim in found]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("completed", "completed"),
        ('"COMPLETE"', "completed"),
        ("✅ Done", "completed"),
        ('{"status": "completed", "duration": null}', "completed"),
        ('{"state": "in_progress"}', "in-progress"),
        ('{"success": true, "quality": 0.85}', "completed"),
        ('{"success": false}', "other"),
        ('{"status": "verified"}', "completed"),
        ('{"status":"started","agentId":{"__type__":"__undefined__"}}', "in-progress"),
        ('{"file": "a.rs", "edit": "x"}', "other"),
        ("completed, tests still pending", "other"),
        ("not completed", "other"),
        ("incomplete", "other"),
        ("", "other"),
        ("null", "other"),
        ("__compressed__" + base64.b64encode(b'{"status":"completed"}').decode(), "completed"),
        ("__compressed__no base64!", "other"),
        ("[" * 100_000, "other"),
        (b"completed\xff", "completed"),
        (None, "other"),
    ],
)
def test_a_status(phase: Any, value: object, expected: str) -> None:
    assert said(value, phase) == [(expected, None)]


def test_numbers(phase: Any) -> None:
    assert said("12", phase, "phase7/code_quality/warnings") == [("warnings", 12.0)]
    value = json.dumps({"status": "completed", "warnings": 12, "passed": 626, "agents": 4})
    assert said(value, phase) == [("completed", None), ("passed", 626.0), ("warnings", 12.0)]
    assert said('{"warnings": 12}', phase) == [("warnings", 12.0)]
    assert said("1e999", phase) == [("other", None)]
    assert said("1" + "0" * 400, phase) == [("other", None)]


@given(st.text() | st.binary() | st.none() | st.integers() | st.floats())
def test_any_value_is_at_least_one_claim(value: object) -> None:
    phase = PhaseOutline(id="p", tasks=(), metrics=frozenset({"a"}))
    assert said(value, phase)


@given(st.text())
def test_only_a_word_for_it_makes_anything_completed(text: str) -> None:
    words = {word for word in saying._COMPLETED if word in text.casefold()}
    assert (saying.said_by(text) is Said.COMPLETED) <= bool(words)


@pytest.mark.parametrize(
    "stamp", [None, True, "", "soon", -1, 0, 1e30, "9" * 5000, [], float("nan")]
)
def test_a_time_that_is_none(stamp: object) -> None:
    assert saying.seconds(stamp) is None
