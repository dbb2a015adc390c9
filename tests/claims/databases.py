"""Memory databases as claude-flow 2 and 3 make them, with their own DDL."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

#: Of versions 2.0.0-alpha.113 to 2.7.47; times are seconds.
V2 = """
CREATE TABLE memory_entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  metadata TEXT,
  created_at INTEGER DEFAULT (strftime('%s','now')),
  updated_at INTEGER DEFAULT (strftime('%s','now')),
  accessed_at INTEGER DEFAULT (strftime('%s','now')),
  access_count INTEGER DEFAULT 0,
  ttl INTEGER,
  expires_at INTEGER,
  UNIQUE(key, namespace)
);
"""

#: Of version 3.42.5; times are milliseconds.
V3 = """
CREATE TABLE memory_entries (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  namespace TEXT DEFAULT 'default',
  content TEXT NOT NULL,
  type TEXT DEFAULT 'semantic' CHECK(type IN ('semantic','episodic','procedural','working','pattern')),
  embedding TEXT,
  tags TEXT,
  metadata TEXT,
  owner_id TEXT,
  provenance_type TEXT DEFAULT 'unknown' CHECK(provenance_type IN
    ('user_claim','agent_output','system_observation','tool_result','unknown')),
  created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
  updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
  expires_at INTEGER,
  last_accessed_at INTEGER,
  access_count INTEGER DEFAULT 0,
  status TEXT DEFAULT 'active',
  UNIQUE(namespace, key)
);
"""

#: What version 3 does to a table of version 2, before it fails for want of `content`.
V3_ON_V2 = (
    V2
    + """
ALTER TABLE memory_entries ADD COLUMN provenance_type TEXT DEFAULT 'unknown';
ALTER TABLE memory_entries ADD COLUMN status TEXT;
CREATE TABLE patterns (id TEXT PRIMARY KEY, name TEXT NOT NULL, pattern_type TEXT NOT NULL);
"""
)

#: Of the mode "ReasoningBank" of version 2.7.
PATTERNS = """
CREATE TABLE patterns (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  pattern_data TEXT NOT NULL,
  confidence REAL NOT NULL DEFAULT 0.5,
  usage_count INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
);
"""

NOW = 1_764_000_000

DDL = {"v2": V2, "v3": V3, "v3 on v2": V3_ON_V2, "patterns": PATTERNS}


def database(path: Path, ddl: str) -> Path:
    """An empty database, with a write-ahead log as both versions keep it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode=wal")
        db.executescript(ddl)
    return path


def store(
    path: Path, key: str, value: str, *, namespace: str = "coordination", at: float = NOW
) -> None:
    """Store a value under a key, as the version of the database does."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        columns = {row[1] for row in db.execute("pragma table_info(memory_entries)")}
        if not columns:
            data = {"original_key": key, "original_value": value, "namespace": namespace}
            moment = f"datetime({at}, 'unixepoch')"
            db.execute(
                f"insert into patterns(id, type, pattern_data, created_at) values (?, ?, ?, {moment})",
                (f"{namespace}:{key}", "memory", json.dumps(data)),
            )
        elif "value" in columns:
            db.execute(
                "insert into memory_entries(key, value, namespace, created_at, updated_at) "
                "values (?, ?, ?, ?, ?)",
                (key, value, namespace, at, at),
            )
        else:
            db.execute(
                "insert into memory_entries(id, key, content, namespace, created_at, updated_at) "
                "values (?, ?, ?, ?, ?, ?)",
                (f"e-{namespace}-{key}", key, value, namespace, at * 1000, at * 1000),
            )
