"""The tables of the state: append-only where something happened or was measured."""

from __future__ import annotations

#: "gate" as SQLite's application id, so that nobody's database is taken for ours.
APPLICATION = 0x67617465

#: Version of the tables.
VERSION = 1

#: What has to be there.
TABLES = frozenset(
    {
        *("event", "evidence", "task"),
        *("event_kept", "event_unchanged", "evidence_kept", "evidence_unchanged"),
    }
)

_APPENDED = """
create trigger {table}_unchanged before update on {table}
  begin select raise(abort, '{table} is append-only'); end;
create trigger {table}_kept before delete on {table}
  begin select raise(abort, '{table} is append-only'); end;
"""

SCHEMA = f"""
create table event(
  seq integer primary key autoincrement,
  at real not null,
  phase text not null,
  task text not null,
  kind text not null,
  actor text not null,
  worktree text not null,
  epoch integer not null,
  data text not null
);
create index event_of on event(phase, task, seq);
create table evidence(
  seq integer primary key autoincrement,
  phase text not null,
  task text not null,
  gate text not null,
  epoch integer not null,
  actor text not null,
  worktree text not null,
  definition text not null,
  inputs text not null,
  tools text not null,
  tree text not null,
  run text not null,
  at real not null,
  verdict text not null
    check (verdict in ('pass', 'fail', 'inconclusive', 'waived')),
  started real not null,
  seconds real not null,
  result text not null
);
create index evidence_of on evidence(phase, gate, definition, inputs, tools, seq);
create table task(
  phase text not null,
  task text not null,
  epoch integer not null,
  actor text not null,
  worktree text not null,
  since real not null,
  until real not null,
  primary key (phase, task)
);
{_APPENDED.format(table="event")}
{_APPENDED.format(table="evidence")}
pragma application_id = {APPLICATION};
pragma user_version = {VERSION};
"""
