"""Keeps gaterun's own state: ``.gaterun/`` with runs, logs, locks and scratch notes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from pathlib import Path

from gaterun.core.aside import written_aside
from gaterun.core.execute import end_marked
from gaterun.model.errors import UsageError
from gaterun.model.record import SCHEMA_VERSION, RunRecord

#: How many recorded runs are kept.
KEPT_RUNS = 50


class RunFolder:
    """The folder of one run; locked for as long as the run lives.

    Attributes:
        path: ``.gaterun/runs/<id>``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "logs").mkdir(parents=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    def finish(self, record: RunRecord) -> None:
        """Write the record and release the lock.

        Raises:
            OSError: it could not be written.
        """
        import msgspec

        try:
            with written_aside(self.path / "record.json") as aside:
                aside.write_bytes(msgspec.json.encode(record))
        finally:
            self._release()

    def abandon(self) -> None:
        """Remove the folder: what was measured is not to be a recorded run."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._release()

    def close(self) -> None:
        """Keep the logs, which somebody was pointed to, without a record."""
        self._release()

    def _release(self) -> None:
        (self.path / "lock").unlink(missing_ok=True)
        os.close(self._lock)


class Store:
    """``.gaterun/`` of one workspace.

    Args:
        path: where it is or will be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Create the folders, and clear away what a killed run has left.

        Raises:
            UsageError: it cannot be written to.
        """
        try:
            for name in ("runs", "locks", "gates", "scratch", "baseline", "shown", "measured"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            raise UsageError(
                f"{self.path} cannot be written to: {error.strerror}",
                help="gaterun keeps its state there; name another place with -o state=/path",
            ) from error
        self._clear_killed()
        self._forget_old()

    def _clear_killed(self) -> None:
        for lock in self.path.glob("runs/*/lock"):
            if not _is_held(lock):
                # Its gaterun was killed: end what it had started, keep its logs.
                end_marked(lock.parent.name)
                lock.unlink(missing_ok=True)
        for note in self.path.glob("scratch/*"):
            with contextlib.suppress(OSError, ValueError):
                owner, folder = note.read_text().splitlines()[:2]
                # Asked now, not before: a run that began meanwhile has its lock by now.
                alive = "/" not in owner and _is_held(self.path / "runs" / owner / "lock")
                if not alive and Path(folder).name.startswith("gaterun-"):
                    shutil.rmtree(folder, ignore_errors=True)
                    note.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        runs = sorted(self.path.glob("runs/*"))
        for folder in runs[: max(0, len(runs) - KEPT_RUNS)]:
            if not (folder / "lock").exists():
                shutil.rmtree(folder, ignore_errors=True)

    def new_run(self) -> RunFolder:
        """A folder for a run that starts now; its id sorts by time.

        Raises:
            UsageError: it cannot be written.
        """
        whole, part = divmod(time.time_ns(), 10**9)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(whole)) + f"-{part // 1000:06}"
        try:
            return RunFolder(self.path / "runs" / f"{stamp}{secrets.token_hex(2)}")
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written to: {error.strerror}") from error

    def records(self) -> list[Path]:
        """The record files of finished runs, newest last."""
        return sorted(self.path.glob("runs/*/record.json"))

    def find(self, run_id: str) -> RunRecord:
        """Read the record of a run.

        Args:
            run_id: an unambiguous prefix of its id, or ``last``.

        Raises:
            UsageError: there is none, several fit, or it is damaged.
        """
        records = self.records()
        fitting = [path for path in records if path.parent.name.startswith(run_id)]
        if run_id == "last":
            fitting = records[-1:]
        if len(fitting) != 1:
            known = ", ".join(path.parent.name for path in records[-5:])
            raise UsageError(
                f"{len(fitting) or 'no'} runs begin with '{run_id}'",
                help=f"the newest are {known}" if known else "nothing has been run here yet",
            )
        return read_record(fitting[0])

    def latest(self, phase: str, *, role: str = "run") -> RunRecord | None:
        """The newest finished run of a phase, or ``None``; damaged records are passed over."""
        for path in reversed(self.records()):
            with contextlib.suppress(UsageError):
                record = read_record(path)
                if record.phase == phase and record.role == role:
                    return record
        return None


def _is_held(lock: Path) -> bool:
    """Whether a living run holds this lock."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_record(path: Path) -> RunRecord:
    """Read a run record.

    Raises:
        UsageError: it is damaged, or of a later major version.
    """
    import msgspec

    try:
        record = msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"{path} is damaged: {error}", help="run the phase again") from error
    if record.schema_version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise UsageError(f"{path} has schema version {record.schema_version}")
    return record
