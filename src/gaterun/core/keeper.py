"""Ends what a worker has started when the worker itself is killed.

A killed process can clean up nothing, and what it started leads sessions of its own. So a
worker has a keeper: a process that hears the markers of what runs through a pipe. The kernel
closes the pipe with the worker, however that ends, and the keeper kills what is still marked.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

from gaterun.core.execute import end_marked

#: How often it is looked again for what was being started meanwhile.
_ROUNDS = 10


class Keeper:
    """Started when it is first needed; it ends with this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, marker: str) -> None:
        """End whatever carries `marker` as its run, should this process be killed."""
        self._tell(f"+{marker}\n")

    def forget(self, marker: str) -> None:
        """What carried `marker` has ended in good order."""
        self._tell(f"-{marker}\n")

    def _tell(self, line: str) -> None:
        with self._guard:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "gaterun.core.keeper"],
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # what ends the worker's group is not to end it
                )
            pipe = self._process.stdin
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.write(line.encode())
                    pipe.flush()


def keep() -> None:
    """Hear markers until the pipe is closed, then end what is still marked."""
    markers: dict[str, None] = {}
    for line in sys.stdin:
        sign, marker = line[:1], line[1:].rstrip("\n")
        if sign == "+":
            markers[marker] = None
        else:
            markers.pop(marker, None)
    for marker in markers:
        for _ in range(_ROUNDS):
            if not end_marked(marker):
                break


if __name__ == "__main__":
    keep()
