"""Runs one program and says what it cost: wall clock, CPU of it and its children, memory."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

#: Nothing here takes this long; what does hangs, seconds.
_PATIENCE = 900


class Failed(Exception):
    """A contestant did not do its work, so there is nothing to time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A contestant.

    Attributes:
        environment: the whole environment, not additions.
        prepare: called before each run, untimed.
    """

    argv: Sequence[str | Path]
    cwd: Path
    environment: Mapping[str, str]
    prepare: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one run cost: seconds, seconds, bytes."""

    wall: float
    cpu: float
    rss: int


def sample(command: Command) -> Sample:
    """Run `command` once.

    Raises:
        Failed: it is not there, hangs, or exits with anything but 0.
    """
    command.prepare()
    argv = [os.fspath(part) for part in command.argv]
    os.chdir(command.cwd)  # posix_spawn has no working directory
    with tempfile.TemporaryFile() as output:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
        ]
        began = time.perf_counter()
        try:
            pid = os.posix_spawnp(argv[0], argv, command.environment, file_actions=actions)
        except OSError as error:
            raise Failed(f"{argv[0]}: {error.strerror}") from error
        with _ended_in_time(pid):
            _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - began
        if code := os.waitstatus_to_exitcode(status):
            output.seek(0)
            tail = output.read().decode("utf-8", "replace")[-1500:]
            raise Failed(f"{' '.join(argv)} ended with {code}:\n{tail}")
    return Sample(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        rss=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    )


@contextmanager
def _ended_in_time(pid: int) -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        os.kill(pid, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(_PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
