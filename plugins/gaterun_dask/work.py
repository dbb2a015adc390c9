"""What runs at a worker. Tasks name these functions; no other code travels."""

from __future__ import annotations

import os
import re
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import gaterun

if TYPE_CHECKING:
    from distributed import Worker

#: Progress is told once in so many seconds at most.
_PAUSE = 0.1


#: What a nanny sets for hashes of Dask's own, where nobody has set it. Gates are not to inherit it.
_SEED = ("PYTHONHASHSEED", "6640")


@cache
def _station(name: str, folder: str) -> gaterun.Station:
    if os.environ.get(_SEED[0]) == _SEED[1]:
        del os.environ[_SEED[0]]
    return gaterun.Station(name=name, folder=Path(folder))


def _station_of(worker: Worker) -> gaterun.Station:
    """The station of this worker process; a cluster in one process has several."""
    name = re.sub(r"[^\w.:/-]", "-", str(worker.name))
    own = Path(worker.local_directory) / f"gaterun-{re.sub('[^0-9A-Za-z]+', '-', name)}"
    return _station(name, str(own.absolute()))


class TaskEar:
    """Tells the run what a task is doing, by events of the scheduler.

    Args:
        key: of the task, which is also what tells its events from others.
        topic: of the run.
    """

    def __init__(self, worker: Worker, key: str, topic: str) -> None:
        self._worker = worker
        self._key = key
        self._topic = topic
        self._said = 0.0
        self._guard = threading.Lock()

    def tell(self, what: str, text: str = "") -> None:
        """Send one event."""
        event = {"key": self._key, "what": what, "text": text, "worker": self._worker.address}
        self._worker.log_event(self._topic, event)

    def began(self) -> None:
        """The gate's time begins."""
        self.tell("began")

    def progress(self, text: str) -> None:
        """What the gate is doing."""
        with self._guard:
            if time.monotonic() - self._said < _PAUSE:
                return
            self._said = time.monotonic()
        self.tell("progress", text)

    def cancelled(self) -> bool:
        """Whether the task is no longer wanted, or the worker is about to end."""
        task = self._worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled" or not self._worker.status.is_running


def measure(version: str, message: bytes, key: str, topic: str) -> bytes:
    """The task: measure what a message asks for."""
    from distributed import get_worker

    worker = get_worker()
    ear = TaskEar(worker, key, topic)
    ear.tell("taken")
    return _station_of(worker).answer(version, message, ear)


def stop(run: str, at_once: bool, dask_worker: Worker) -> None:  # noqa: FBT001 - Dask's way
    """End what a worker measures for a run."""
    _station_of(dask_worker).stop(run, at_once=at_once)


def forget(run: str, dask_worker: Worker) -> None:
    """Give back what a worker holds for a run."""
    _station_of(dask_worker).forget(run)
