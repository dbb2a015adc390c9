"""A command that was run: what is needed to repeat it and to believe it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct


class Log(Struct, frozen=True, kw_only=True):
    """A file of a run's folder, as it was when the run ended.

    Attributes:
        path: relative to the run's folder.
        size: bytes.
        sha256: of its content, in hexadecimal.
    """

    path: str
    size: int
    sha256: str


class Completed(Struct, frozen=True, kw_only=True):
    """A child process that has ended.

    Attributes:
        argv: the argument list as executed.
        cwd: its working directory.
        exit_status: exit code; negative is the number of the signal that ended it.
        seconds: wall time.
        cpu_seconds: user and system time of the process and its waited-for children.
        max_rss: peak resident set in bytes of the largest process; 0 where unknown.
        stdout, stderr: log files that hold the output as bytes.
        started: seconds since the epoch.
        logs: `stdout` and `stderr` as they are kept when the run is over, secrets hidden.
        environment: digest of all variables that it got, but for gaterun's markers.
    """

    argv: tuple[str, ...]
    cwd: Path
    exit_status: int
    seconds: float
    cpu_seconds: float
    max_rss: int
    stdout: Path
    stderr: Path
    started: float = 0.0
    logs: tuple[Log, ...] = ()
    environment: str = ""

    @property
    def ok(self) -> bool:
        """Whether it exited with 0."""
        return self.exit_status == 0

    def out(self) -> str:
        """Standard output as text; undecodable bytes become U+FFFD."""
        return self.stdout.read_text("utf-8", "replace")

    def err(self) -> str:
        """Standard error as text; undecodable bytes become U+FFFD."""
        return self.stderr.read_text("utf-8", "replace")

    def lines(self) -> Iterator[bytes]:
        """Standard output line by line, never held whole in memory."""
        with self.stdout.open("rb") as stream:
            yield from stream


class Evidence(Struct, frozen=True, kw_only=True):
    """The trace of one command in a run record.

    Attributes:
        argv: the argument list.
        cwd: working directory, relative to the workspace root where it is below it.
        exit_status: as in `Completed`.
        seconds: wall time.
        log: path of the log files without ``.out`` and ``.err``, relative to the run's folder.
        program: path of the file that was executed, as it was found on ``PATH``.
        started: seconds since the epoch.
        logs: standard output and standard error as they were kept.
        environment: SHA-256 of the names and values of all variables that it got.
        variables: names of those that the gate set for it, sorted.
        removed: names of those that the gate took away from it, sorted.
        misses: names of variables that it failed without and that its output mentions.
    """

    argv: tuple[str, ...]
    cwd: str
    exit_status: int
    seconds: float
    log: str
    program: str = ""
    started: float = 0.0
    logs: tuple[Log, ...] = ()
    environment: str = ""
    variables: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
