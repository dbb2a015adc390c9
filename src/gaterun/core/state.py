"""Keeps what happened to tasks, and the evidence of their gates, in one SQLite file.

Events and evidence are appended and never changed: triggers of the database see to it. What
state a task is in is nowhere written; `gaterun.core.task_history` folds events and
`gaterun.core.task_evidence` asks the evidence. The table ``task`` holds claims once more, for
asking quickly; it is written anew from the events whenever one is appended.

Several processes may have it open. Writing is one at a time, with `StateDb.writing`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from gaterun.core.state_schema import APPLICATION, SCHEMA, TABLES, VERSION
from gaterun.core.task_history import fold
from gaterun.model.errors import UsageError
from gaterun.model.task_state import (
    EvidenceKey,
    Participant,
    Said,
    TaskEvent,
    TaskEvidence,
    TaskHistory,
)

#: How long another process may write before we give up, seconds.
_PATIENCE = 30.0

_EVENT = "seq, at, phase, task, kind, actor, worktree, epoch, data"
_EVIDENCE = (
    "seq, phase, task, gate, epoch, actor, worktree, definition, inputs, tools, tree, run, at, "
    "result"
)


class StateDb:
    """The state of one repository's phases.

    Use it as a context manager, in one thread.

    Args:
        path: the database, which has to exist; `StateDb.create` makes one.

    Raises:
        UsageError: it is not gaterun's, damaged, changed by hand or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            # Read and write, never made: what somebody has deleted does not come back empty.
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=_PATIENCE,
                isolation_level=None,
            )
        try:
            with self._told():
                self._check()
                self._connection.execute("pragma synchronous=full")
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def create(cls, path: Path) -> StateDb:
        """Open the state, made where there is none yet.

        Raises:
            UsageError: as for the class; or it cannot be written.
        """
        if not path.exists():
            try:
                _make(path)
            except OSError as error:
                raise UsageError(
                    f"{path.parent} cannot be written to: {error.strerror}",
                    help="the state of tasks is kept there, for all working trees of the repository",
                ) from error
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that nobody else writes during; all or nothing of it is kept.

        What is read within it is what is true when it ends, so that no two can claim a task.

        Raises:
            UsageError: somebody else has been writing for too long, or it cannot be written.
        """
        with self._told():
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def events(self, phase: str, task: str = "") -> tuple[TaskEvent, ...]:
        """Everything that happened in a phase, or to one task of it, oldest first."""
        return self._select(phase, task, every_sign=True)

    def histories(self, phase: str) -> dict[str, TaskHistory]:
        """The fold over a phase's events, by task id; only tasks that something happened to."""
        return fold(self._select(phase, "", every_sign=False))

    def history(self, phase: str, task: str) -> TaskHistory:
        """The fold over the events of one task."""
        return fold(self._select(phase, task, every_sign=False)).get(task, TaskHistory())

    def _select(self, phase: str, task: str, *, every_sign: bool) -> tuple[TaskEvent, ...]:
        """Events, oldest first; of the signs of life of a claim the last one alone is enough."""
        where = "phase = :phase and task = :task" if task else "phase = :phase"
        query = f"select {_EVENT} from event where {where}"  # noqa: S608
        if not every_sign:
            query += (
                " and (kind != 'heartbeat' or seq in (select max(seq) from event "  # noqa: S608
                f"where {where} and kind = 'heartbeat' group by task, epoch, actor))"
            )
        with self._told():
            rows = self._connection.execute(
                f"{query} order by seq", {"phase": phase, "task": task}
            ).fetchall()
        return tuple(self._event(row) for row in rows)

    def append(
        self,
        *,
        phase: str,
        task: str,
        kind: str,
        who: Participant,
        epoch: int,
        at: float,
        said: Said | None = None,
    ) -> None:
        """Append an event; within `writing`."""
        data = msgspec.json.encode(said or Said()).decode()
        with self._told():
            self._connection.execute(
                "insert into event(at, phase, task, kind, actor, worktree, epoch, data) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                (at, phase, task, kind, who.actor, who.worktree, epoch, data),
            )
            lease = self.history(phase, task).lease
            self._connection.execute("delete from task where phase = ? and task = ?", (phase, task))
            if lease is not None:
                self._connection.execute(
                    "insert into task(phase, task, epoch, actor, worktree, since, until) "
                    "values (?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(phase, task, lease.epoch, lease.holder.actor, lease.holder.worktree),
                        *(lease.since, lease.until),
                    ),
                )

    def claims(self, who: Participant) -> tuple[tuple[str, str, float], ...]:
        """What a participant has claimed and not given back: phase, task, when it runs out."""
        with self._told():
            return tuple(
                self._connection.execute(
                    "select phase, task, until from task where actor = ? and worktree = ?",
                    (who.actor, who.worktree),
                ).fetchall()
            )

    def add_evidence(self, evidence: TaskEvidence) -> None:
        """Append the evidence of one gate; within `writing`."""
        result, key = evidence.result, evidence.key
        with self._told():
            self._connection.execute(
                "insert into evidence(phase, task, gate, epoch, actor, worktree, definition, "
                "inputs, tools, tree, run, at, verdict, started, seconds, result) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(evidence.phase, evidence.task, evidence.gate, evidence.epoch),
                    *(evidence.who.actor, evidence.who.worktree),
                    *((key.definition, key.inputs, key.tools) if key else ("", "", "")),
                    *(evidence.tree, evidence.run, evidence.at, result.outcome.value),
                    *(result.started, result.seconds, msgspec.json.encode(result).decode()),
                ),
            )

    def evidence(
        self, phase: str, gate: str, key: EvidenceKey | None = None
    ) -> TaskEvidence | None:
        """The newest evidence of a gate.

        Args:
            key: only what depends on the same; whatever it depends on when ``None``.
        """
        where, values = "phase = ? and gate = ?", [phase, gate]
        if key is not None:
            where += " and definition = ? and inputs = ? and tools = ?"
            values += [key.definition, key.inputs, key.tools]
        with self._told():
            row = self._connection.execute(
                f"select {_EVIDENCE} from evidence where {where} order by seq desc limit 1",  # noqa: S608
                values,
            ).fetchone()
        return None if row is None else self._evidence(row)

    @property
    def version(self) -> int:
        """Another number after another process has written; cheap enough to be polled."""
        with self._told():
            (number,) = self._connection.execute("pragma data_version").fetchone()
        return int(number)

    def check(self) -> None:
        """Look through the whole file.

        Raises:
            UsageError: something in it is damaged.
        """
        with self._told():
            (answer,) = self._connection.execute("pragma quick_check(1)").fetchone()
        if answer != "ok":
            raise self._damaged(str(answer).splitlines()[0])

    def _check(self) -> None:
        (application,) = self._connection.execute("pragma application_id").fetchone()
        (version,) = self._connection.execute("pragma user_version").fetchone()
        if self.path.stat().st_size == 0:
            raise self._damaged("it is empty")
        if application != APPLICATION:
            raise UsageError(
                f"{self.path} is not gaterun's state: it is a database of another program",
                help="move it away, or name another folder with -o state=PATH",
            )
        if version != VERSION:
            raise UsageError(
                f"{self.path} has version {version} of the state, and this gaterun knows {VERSION}",
                help="use the gaterun that wrote it",
            )
        found = {
            name
            for (name,) in self._connection.execute("select name from sqlite_master").fetchall()
        }
        if missing := sorted(TABLES - found):
            raise self._damaged(f"it has no {', '.join(missing)}")

    def _event(self, row: tuple[object, ...]) -> TaskEvent:
        seq, at, phase, task, kind, actor, worktree, epoch, data = row
        try:
            return msgspec.convert(
                {
                    "seq": seq,
                    "at": at,
                    "phase": phase,
                    "task": task,
                    "kind": kind,
                    "who": {"actor": actor, "worktree": worktree},
                    "epoch": epoch,
                    "said": msgspec.json.decode(str(data)),
                },
                TaskEvent,
            )
        except msgspec.MsgspecError as error:
            raise self._damaged(f"event {seq} cannot be read: {error}") from error

    def _evidence(self, row: tuple[object, ...]) -> TaskEvidence:
        columns = dict(zip(_EVIDENCE.split(", "), row, strict=True))
        try:
            return msgspec.convert(
                {
                    **columns,
                    "who": {"actor": columns["actor"], "worktree": columns["worktree"]},
                    "key": columns if columns["definition"] else None,
                    "result": msgspec.json.decode(str(columns["result"])),
                },
                TaskEvidence,
            )
        except msgspec.MsgspecError as error:
            raise self._damaged(f"evidence {columns['seq']} cannot be read: {error}") from error

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turns errors of SQLite into what a person can mend."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise UsageError(
                    f"{self.path} is in use: another program has been writing for {_PATIENCE:.0f} s",
                    help="try again; `fuser` tells who has it open",
                ) from error
            if "no such" in str(error):
                raise self._damaged(str(error)) from error
            raise UsageError(
                f"{self.path} cannot be used: {error}",
                help="it has to be readable and writable, and its folder too",
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, what: str) -> UsageError:
        import shlex

        moved = f"{self.path}.damaged-{time.strftime('%Y%m%d')}"
        move = shlex.join(["mv", str(self.path), moved])
        return UsageError(
            f"{self.path} is damaged, or was changed by hand: {what}",
            help=f"nothing was changed; keep it with `{move}` (and the -wal and "
            "-shm beside it), then `gaterun done` measures anew what was verified",
        )


def _make(path: Path) -> None:
    """Make an empty database beside its place, so that nobody ever sees half of one."""
    from gaterun.core import lock
    from gaterun.core.aside import written_aside

    path.parent.mkdir(parents=True, exist_ok=True)
    ignore = path.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    descriptor = lock.take(
        path.parent, "state", alone=True, stopped=lambda: False, waiting=lambda _: None
    )
    try:
        if path.exists():
            return
        with written_aside(path) as aside:
            connection = sqlite3.connect(aside, isolation_level=None)
            try:
                # Where memory cannot be shared, on a network file system for one, the answer is
                # another, and it stays with a rollback journal, which is as safe.
                connection.execute("pragma journal_mode=wal").fetchone()
                connection.executescript(f"begin immediate; {SCHEMA} commit;")
            finally:
                connection.close()
    finally:
        os.close(descriptor)
