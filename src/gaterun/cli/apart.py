"""Runs of gates in processes of their own, which are started, asked for, and ended together."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

import msgspec
from msgspec import Struct

from gaterun.core.environment import Environment
from gaterun.core.execute import Processes, Stopped
from gaterun.model.command import Completed
from gaterun.model.errors import GaterunError, UsageError
from gaterun.model.record import RunRecord

#: How many finished runs are remembered.
_KEPT = 20


class Outcome(Struct, frozen=True, kw_only=True):
    """How a run ended.

    Attributes:
        exit_code: of the run.
        record: of a run of gates; `None` where it ended without one.
        document: what ``done`` has found, as JSON; empty where it was refused.
        error: what it said about that; empty where there is a record or a document.
    """

    exit_code: int
    record: RunRecord | None = None
    document: bytes = b""
    error: str = ""


class _Asked(Struct, frozen=True):
    """What was started: ``run`` or ``done``, a phase, and what of it."""

    command: str
    phase: str
    names: tuple[str, ...]


class Apart:
    """The runs that one server has started in a workspace.

    Args:
        root: the workspace.
        options: of every run, such as ``-o state=…``.
    """

    def __init__(self, root: Path, options: Sequence[str] = ()) -> None:
        self._root = root
        self._options = tuple(options)
        self._scratch = Path(tempfile.mkdtemp(prefix="gaterun-apart-"))
        # A gaterun decides itself what its gates inherit, so it gets what we got.
        environment = Environment(given=dict(os.environ))
        self._processes = Processes(f"apart-{os.getpid()}-{time.time_ns()}", environment)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="run")
        self._runs: dict[str, tuple[_Asked, Future[Outcome]]] = {}
        self._guard = threading.Lock()
        self._number = 0

    def start(self, phase: str, selectors: Sequence[str]) -> str:
        """Start a run, unless the same one is running, and return its id.

        Raises:
            UsageError: an argument would be taken for an option.
        """
        return self._start(_Asked("run", phase, tuple(selectors)))

    def done(self, phase: str, task: str) -> str:
        """Start measuring whether a task is done, unless that is running, and return its id.

        Raises:
            UsageError: as for `start`.
        """
        return self._start(_Asked("done", phase, (task,)))

    def task(self, run: str) -> str:
        """The task that `done` was started for; empty for any other run."""
        asked = self._runs[run][0]
        return asked.names[0] if asked.command == "done" else ""

    def _start(self, asked: _Asked) -> str:
        for argument in (asked.phase, *asked.names):
            if argument.startswith("-"):
                raise UsageError(f"'{argument}' is no selector", help="name tasks or gates")
        with self._guard:
            for name, (other, future) in self._runs.items():
                if other == asked and not future.done():
                    return name
            self._number += 1
            name = f"r{self._number}"
            work = self._done if asked.command == "done" else self._run
            self._runs[name] = (asked, self._pool.submit(work, name, asked))
            over = [name for name, (_, future) in self._runs.items() if future.done()]
            for forgotten in over[:-_KEPT]:
                del self._runs[forgotten]
            return name

    def result(self, run: str, *, wait: float) -> Outcome | None:
        """How a run ended; ``None`` while it is running.

        Args:
            wait: seconds to wait for its end.

        Raises:
            UsageError: there is no such run.
        """
        if run not in self._runs:
            raise UsageError(
                f"there is no run '{run}' here",
                help=f"known are {', '.join(self._runs)}" if self._runs else "none was started",
            )
        try:
            return self._runs[run][1].result(timeout=max(0.0, wait))
        except NotYet:
            return None

    def close(self) -> None:
        """End what is running, and all that it started."""
        self._processes.interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _run(self, name: str, asked: _Asked) -> Outcome:
        report = self._scratch / f"{name}.json"
        more = ("--output", "agent", "--no-progress", "--report", f"json:{report}")
        done = self._gaterun(name, asked, more)
        if isinstance(done, Outcome):
            return done
        try:
            record = msgspec.json.decode(report.read_bytes(), type=RunRecord)
        except (OSError, msgspec.MsgspecError):
            return _failed(done)
        return Outcome(exit_code=done.exit_status, record=record)

    def _done(self, name: str, asked: _Asked) -> Outcome:
        done = self._gaterun(name, asked, ("--format", "json"))
        if isinstance(done, Outcome):
            return done
        try:
            document = done.stdout.read_bytes()
            msgspec.json.decode(document)
        except (OSError, msgspec.MsgspecError):
            return _failed(done)
        return Outcome(exit_code=done.exit_status, document=document)

    def _gaterun(self, name: str, asked: _Asked, more: Sequence[str]) -> Completed | Outcome:
        """A gaterun of its own, run to its end, or why there is none."""
        argv = [sys.executable, "-m", "gaterun", asked.command, asked.phase, *asked.names]
        try:
            return self._processes.run(
                [*argv, *self._options, *more], cwd=self._root, log=self._scratch / name
            )
        except Stopped:
            return Outcome(exit_code=2, error="it was interrupted")
        except GaterunError as error:
            return Outcome(exit_code=3, error=error.message)


def _failed(done: Completed) -> Outcome:
    said = done.stderr.read_text("utf-8", "replace").strip()
    return Outcome(exit_code=done.exit_status, error=said[-2000:] or "it left no record")
