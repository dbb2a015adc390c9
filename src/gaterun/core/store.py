"""Keeps gaterun's own state: ``.gaterun/`` with runs, logs, locks and scratch notes."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gaterun.core.record_file import (
    EVENTS,
    LOGS,
    RECORD,
    files_of,
    read_record,
    read_record_of,
    write_record,
)
from gaterun.model.errors import UsageError
from gaterun.model.record import RunRecord

if TYPE_CHECKING:
    from gaterun.core.redact import Redactor
    from gaterun.model.event import RunFinished

#: In the folder of a run that was recorded elsewhere: it is shown, and never the newest here.
IMPORTED = "imported"

#: Where folders of runs are made, each with its lock, before they are among the others.
STAGING = "staging"

_ID = re.compile(r"(\d{8}T\d{6}-\d{6})[0-9a-f]{4}")
_STAMP = "%Y%m%dT%H%M%S"


class RunFolder:
    """The folder of one run; locked for as long as the run lives.

    Attributes:
        path: ``.gaterun/runs/<id>``.
        events: what is noted while the run lives.
    """

    def __init__(self, path: Path) -> None:
        from gaterun.core.event_log import EventLog
        from gaterun.core.lock import claim

        self.path = path
        # Nobody finds it without its lock, and takes it for what a killed run has left.
        staged = path.parent.parent / STAGING / path.name
        (staged / LOGS).mkdir(parents=True)
        self._lock = claim(staged / "lock")
        path.parent.mkdir(exist_ok=True)
        staged.rename(path)
        self.events = EventLog(path)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    def finish(self, over: RunFinished, redactor: Redactor) -> None:
        """Write the record with the digests of all files, and release the lock.

        Args:
            redactor: for the files that no command of the record wrote: tracebacks, the
                logs of what ran out of time.

        Raises:
            OSError: it could not be written.
        """
        from gaterun.core.redact import Redactor

        try:
            self.events.note(over)
            self.events.close()
            redactor.settle()
            digests = {
                log.path: log.sha256
                for result in over.record.results
                if result.reused is None  # its logs are in the folder of the run that made them
                for command in result.evidence
                for log in command.logs
            }
            for name in files_of(self.path):
                if name == EVENTS:
                    digests[name] = Redactor.digest(self.path / name)
                elif name not in digests:
                    digests[name] = redactor.look(self.path / name).sha256
            redactor.settle()
            write_record(self.path, over.record, digests)
        finally:
            self._release()

    def abandon(self) -> None:
        """Remove the folder: what was measured is not to be a recorded run."""
        import shutil

        self.events.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self._release()

    def close(self) -> None:
        """Keep the logs, which somebody was pointed to, without a record."""
        self._release()

    def _release(self) -> None:
        self.events.close()
        (self.path / "lock").unlink(missing_ok=True)
        os.close(self._lock)


class Store:
    """``.gaterun/`` of one workspace.

    Args:
        path: where it is or will be.

    Attributes:
        problems: what was found damaged while looking for a run, for whoever can tell.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

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
            raise self._unwritable(error) from error
        self._clear_killed()

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self.path} cannot be written to: {error.strerror}",
            help="gaterun keeps its state there; name another place with -o state=/path",
        )

    def _clear_killed(self) -> None:
        import shutil

        from gaterun.core import scratch
        from gaterun.core.aside import clear_asides
        from gaterun.core.execute import end_marked
        from gaterun.core.lock import abandoned

        for path in self.path.glob("runs/*/lock"):
            lock = abandoned(path)
            if lock is not None:
                # Its gaterun was killed: end what it had started, keep its logs.
                end_marked(path.parent.name)
                _hide_secrets(path.parent)
                clear_asides(path.parent)
                path.unlink(missing_ok=True)
                os.close(lock)
        for path in self.path.glob(f"{STAGING}/*/lock"):
            lock = abandoned(path)
            if lock is not None:
                shutil.rmtree(path.parent, ignore_errors=True)
                os.close(lock)
        scratch.clear(self.path / "scratch", self.path / "runs")

    def new_run(self) -> RunFolder:
        """A folder for a run that starts now; its id sorts after those of all that are there.

        A clock that was set back does not make an older run the newest: then the id goes on
        from the newest one.

        Raises:
            UsageError: it cannot be written.
        """
        tries = 10
        while True:
            tries -= 1
            stamp = max(_stamp(time.time_ns() // 1000), _after(self._newest()))
            import secrets  # with all of cryptography; most commands write nothing

            path = self.path / "runs" / f"{stamp}{secrets.token_hex(2)}"
            try:
                return RunFolder(path)
            except OSError as error:
                if isinstance(error, FileNotFoundError) and tries:
                    continue  # another gaterun took it for a dead one's before it had its lock
                raise self._unwritable(error) from error

    def _newest(self) -> str:
        """The stamp of the newest run that began here; empty for none."""
        found = sorted(path.name for path in self.path.glob("runs/*") if _ID.fullmatch(path.name))
        own = (name for name in reversed(found) if not self._is_imported(name))
        return next((name[:22] for name in own), "")

    def _is_imported(self, name: str) -> bool:
        return (self.path / "runs" / name / IMPORTED).exists()

    def records(self) -> list[Path]:
        """The record files of finished runs, newest last, those from elsewhere first."""
        found = sorted(self.path.glob(f"runs/*/{RECORD}"))
        return sorted(found, key=lambda path: not (path.parent / IMPORTED).exists())

    def folder_of(self, run_id: str) -> Path:
        """The folder of a run, by its whole id."""
        return self.path / "runs" / run_id

    def path_of(self, run_id: str, *, unfinished: bool = False) -> Path:
        """The folder of a run.

        Args:
            run_id: an unambiguous prefix of its id, or ``last``.
            unfinished: whether runs without a record count too.

        Raises:
            UsageError: there is none, or several fit.
        """
        found = [path.parent for path in self.records()]
        if unfinished:
            finished = set(found)
            found += [path for path in sorted(self.path.glob("runs/*")) if path not in finished]
        fitting = [path for path in found if path.name.startswith(run_id)]
        if run_id == "last":
            fitting = [path for path in found if (path / RECORD).exists()][-1:]
        if len(fitting) != 1:
            known = ", ".join(path.name for path in found[-5:])
            raise UsageError(
                f"{len(fitting) or 'no'} runs begin with '{run_id}'",
                help=f"the newest are {known}" if known else "nothing has been run here yet",
            )
        return fitting[0]

    def find(self, run_id: str) -> RunRecord:
        """Read the record of a run.

        Args:
            run_id: as for `path_of`.

        Raises:
            UsageError: there is none, several fit, or it is damaged.
        """
        return read_record(self.path_of(run_id) / RECORD)

    def newest(self, phase: str, *, role: str = "run") -> Iterator[RunRecord]:
        """The finished runs of a phase that were run here, newest first.

        A damaged record is passed over, and becomes one of the `problems`.
        """
        for path in reversed(self.records()):
            if (path.parent / IMPORTED).exists():
                return
            try:
                record = read_record_of(path, phase, role)
                if record is not None:
                    yield record
            except UsageError as error:
                if error.message not in self.problems:
                    self.problems.append(error.message)

    def latest(self, phase: str, *, role: str = "run") -> RunRecord | None:
        """The first of `newest`, or ``None``."""
        return next(self.newest(phase, role=role), None)


def is_run_id(name: str) -> bool:
    """Whether a folder's name is one that `Store.new_run` gives."""
    return _ID.fullmatch(name) is not None


def _stamp(microseconds: int) -> str:
    whole, part = divmod(microseconds, 10**6)
    return time.strftime(_STAMP, time.gmtime(whole)) + f"-{part:06}"


def _after(stamp: str) -> str:
    """The stamp a microsecond later; empty for none, and for one that is no time."""
    import calendar

    try:
        whole = calendar.timegm(time.strptime(stamp[:15], _STAMP))
    except ValueError:
        return ""
    return _stamp(whole * 10**6 + int(stamp[16:]) + 1)


def _hide_secrets(folder: Path) -> None:
    """What a killed run could not: hide secrets in the logs of what it had started."""
    from gaterun.core.environment import chosen
    from gaterun.core.redact import Redactor

    redactor = Redactor(chosen().secrets)
    for name in files_of(folder):
        with contextlib.suppress(OSError):
            redactor.look(folder / name)
            redactor.settle()


def is_held(lock: Path) -> bool:
    """Whether a living run holds this lock."""
    from gaterun.core.lock import abandoned

    descriptor = abandoned(lock)
    if descriptor is not None:
        os.close(descriptor)
        return False
    return lock.exists()
