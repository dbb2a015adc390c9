"""Reads claims from claude-flow's memory databases, in all the shapes that it has left behind.

Versions 2 and 3 keep different tables under one name in one file, and version 3 adds columns to
a table of version 2 without making it its own; so columns are looked for, never a version. The
database is opened read-only, for each reading anew, as version 3 replaces the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gaterun

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from gaterun import Claim, PhaseOutline, Unread

#: Nothing is asked for that is not opened as well (`gaterun_claims` of the plugin contract).
opens_all = True

#: Where the versions keep it.
FILES = (".swarm/memory.db", ".swarm/agentdb-memory.db", ".claude/memory.db")

#: How long to wait for somebody who is writing, seconds.
PATIENCE = 1.0

#: How long reading may take, seconds: what is called a table may be a view that never ends.
LONGEST_READING = 10.0

_SQLITE = b"SQLite format 3\0"
_ENCRYPTED = b"RFE1"


class _Other(Exception):
    """A database of a shape that is not known."""


@gaterun.hookimpl
def gaterun_claims(root: Path, phase: PhaseOutline) -> Iterator[Claim | Unread]:
    """What the memory databases of a workspace hold."""
    from gaterun_claims.saying import is_there

    for name in FILES:
        path = root / name
        if is_there(path):
            yield from read(path, name, phase)


def read(path: Path, source: str, phase: PhaseOutline) -> list[Claim | Unread]:
    """All entries of a database, or why there are none."""
    import sqlite3

    from gaterun import Unread

    why = _obstacle(path)
    if why:
        return [Unread(source=source, why=why)]
    try:
        return _rows(path, source, phase, "mode=ro")
    except (sqlite3.Error, _Other) as error:
        if "readonly database" not in str(error) and "unable to open" not in str(error):
            return [Unread(source=source, why=_told(error))]
    # A journal ahead of the database in a folder that cannot be written to: SQLite wants to
    # make a file there, unless it is told that nobody else will.
    try:
        found = _rows(path, source, phase, "immutable=1")
    except (sqlite3.Error, _Other) as error:
        return [Unread(source=source, why=_told(error))]
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        why = f"what is newer stands in {log.name}, and its folder is read-only"
        found.append(Unread(source=source, why=why))
    return found


def _obstacle(path: Path) -> str:
    """Why a file is no database that can be opened; empty where it may be one."""
    try:
        if not path.is_file():
            return "it is no file" if path.exists() else "it is a link to nothing"
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if head.startswith(_ENCRYPTED):
        return "it is encrypted"
    if not head:
        return "it is empty, or somebody has just begun to write it"
    return "" if head == _SQLITE else "it is no SQLite database, or only a part of one"


def _told(error: Exception) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return f"somebody has been writing to it for {PATIENCE:g} s: {text}"
    if isinstance(error, _Other):
        return text
    if text == "interrupted":
        return f"reading it took longer than {LONGEST_READING:g} s"
    return f"it is damaged, or only half written: {text}"


def _rows(path: Path, source: str, phase: PhaseOutline, how: str) -> list[Claim | Unread]:
    import contextlib
    import sqlite3
    import time

    from gaterun_claims.saying import claims_of, seconds

    found: list[Claim | Unread] = []
    uri = f"{path.resolve().as_uri()}?{how}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as db:
        end = time.monotonic() + LONGEST_READING
        db.set_progress_handler(lambda: time.monotonic() > end, 100_000)
        db.text_factory = lambda data: data.decode("utf-8", "replace")
        entries = _columns(db, "memory_entries")
        patterns = _columns(db, "patterns")
        if not entries and "pattern_data" not in patterns:
            raise _Other(
                f"it is of a version that this gaterun does not know: it has {_tables(db)}"
            )
        if entries:
            for key, namespace, value, moment in _entries(db, entries):
                found += claims_of(
                    value,
                    phase,
                    key=_text(key),
                    source=source,
                    place=f"namespace {_text(namespace)}" if namespace else "",
                    time=seconds(moment),
                )
        if "pattern_data" in patterns:
            found += _patterns(db, patterns, source, phase)
    return found


def _entries(
    db: sqlite3.Connection, columns: frozenset[str]
) -> Iterator[tuple[object, object, object, object]]:
    """Key, namespace, value and time of each entry that was not taken back."""
    from gaterun_claims.saying import LONGEST

    values = [name for name in ("content", "value") if name in columns]
    if "key" not in columns or not values:
        raise _Other(
            "it is of a version that this gaterun does not know: memory_entries has the columns "
            + ", ".join(sorted(columns))
        )
    # A table that both versions wrote to has one value in one column, the other in the other.
    value = f"coalesce({', '.join(values)})" if len(values) > 1 else values[0]
    times = [name for name in ("updated_at", "created_at") if name in columns]
    time = f"coalesce({', '.join([*times, 'null'])})" if times else "null"
    namespace = "namespace" if "namespace" in columns else "null"
    active = "where status is null or status = 'active'" if "status" in columns else ""
    yield from db.execute(
        f"select key, {namespace}, substr({value}, 1, {LONGEST}), {time} "  # noqa: S608 - names of ours
        f"from memory_entries {active} order by key"
    )


def _patterns(
    db: sqlite3.Connection, columns: frozenset[str], source: str, phase: PhaseOutline
) -> Iterator[Claim]:
    """Entries that the mode "ReasoningBank" keeps within patterns; others were never said."""
    import json

    from gaterun_claims.saying import claims_of, seconds

    time = "created_at" if "created_at" in columns else "null"
    for data, moment in db.execute(f"select pattern_data, {time} from patterns"):  # noqa: S608
        try:
            entry = json.loads(_text(data))
        except (ValueError, RecursionError):
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("original_key"), str):
            continue
        namespace = entry.get("namespace")
        yield from claims_of(
            entry.get("original_value"),
            phase,
            key=entry["original_key"],
            source=source,
            place=f"namespace {namespace}" if namespace else "",
            time=seconds(moment),
        )


def _columns(db: sqlite3.Connection, table: str) -> frozenset[str]:
    return frozenset(row[1] for row in db.execute(f"pragma table_info({table})"))


def _tables(db: sqlite3.Connection) -> str:
    rows = db.execute("select name from sqlite_master where type = 'table' order by name limit 9")
    names = [_text(name) for (name,) in rows]
    return f"the tables {', '.join(names)}" if names else "no table"


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
