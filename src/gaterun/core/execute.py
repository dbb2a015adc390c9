"""Starts, bounds and ends child processes; nothing else in gaterun starts or signals one.

Every child leads a session of its own, so that a signal reaches all that it started. On a
timeout or an interrupt the whole group gets INT, then TERM, then KILL; what has left its
group (``setsid``) is found by the marker variable that every child inherits. A thread that
waits for a child blocks in ``waitid``; one watchdog thread serves all deadlines.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from errno import ENOENT
from functools import lru_cache
from pathlib import Path

from gaterun.core.environment import Environment, chosen, digest_of
from gaterun.core.redact import Redactor
from gaterun.model.command import Completed
from gaterun.model.errors import CannotMeasure
from gaterun.model.verdict import Reason

#: Inherited by everything that a run starts; its value is the run's id.
MARKER = "GATERUN_RUN_ID"

#: Inherited by everything that one command of a run starts; unique among all commands.
COMMAND_MARKER = "GATERUN_COMMAND_ID"

#: Signals of the escalation and the seconds that each gets before the next.
_ESCALATION = ((signal.SIGINT, 2.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 0.0))

#: What one wait takes at most, seconds; ``threading`` refuses to wait for centuries.
_LONGEST_WAIT = 3600.0


class Stopped(BaseException):
    """Unwinds a gate when the run is interrupted.

    A ``BaseException``, so that a plugin's ``except Exception`` does not swallow it.
    """


def _encoded(variables: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}


def _changed(environment: Environment, env: Mapping[str, str | None]) -> dict[str, str]:
    """The variables of one command."""
    together = {**environment.given, **env}
    return {name: value for name, value in together.items() if value is not None}


@lru_cache(maxsize=64)
def found_program(name: str, path: str) -> str:
    """The file that a program's name means.

    Raises:
        FileNotFoundError: there is none; that is asked again, as a gate may build it.
        ValueError: it cannot be a name.
    """
    if "\0" in name:
        raise ValueError("embedded null byte")
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), name)
    return found


def _spawn(
    argv: tuple[str, ...], cwd: Path, env: Mapping[bytes, bytes], stdout: Path, stderr: Path
) -> int:
    """Start a program that leads a session of its own, and return its process id.

    ``posix_spawn`` lets the child do what costs gaterun's threads a turn each. It knows no
    working directory, so that elsewhere than here it is the slower ``subprocess``.

    Raises:
        OSError: it cannot be started.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    if sys.platform != "linux" or os.fspath(cwd) != os.getcwd():  # noqa: PTH109 - a text
        with contextlib.ExitStack() as stack:
            out, err = (os.open(path, flags | os.O_CLOEXEC, 0o666) for path in (stdout, stderr))
            stack.callback(os.close, out)
            stack.callback(os.close, err)
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        process.returncode = 0  # it is waited for here, not there
        return process.pid
    name = argv[0]
    if "/" not in name:
        name = found_program(name, os.fsdecode(env.get(b"PATH", os.defpath.encode())))
    return os.posix_spawn(
        name,
        argv,
        env,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, stdout, flags, 0o666),
            (os.POSIX_SPAWN_OPEN, 2, stderr, flags, 0o666),
        ],
        setsid=True,
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python ignores
    )


def _keep_to_ourselves() -> None:
    """Let no child inherit what gaterun has inherited beyond its standard streams."""
    with contextlib.suppress(OSError):
        for name in os.listdir("/dev/fd"):  # noqa: PTH208 - names are numbers here
            if int(name) > 2:
                with contextlib.suppress(OSError):
                    os.set_inheritable(int(name), False)


class _Child:
    def __init__(self, pid: int, command: str) -> None:
        self.pid = pid
        self.command = command
        self.step = 0
        self.timed_out = False
        self.done = False

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


class Processes:
    """The children of one run.

    Args:
        run_id: value of the marker variable.
        environment: what children inherit; by default what is allowed of this process's own.
    """

    def __init__(self, run_id: str, environment: Environment | None = None) -> None:
        self.run_id = run_id
        self.environment = chosen() if environment is None else environment
        #: Hides the secrets of this environment in what is kept.
        self.redactor = Redactor(self.environment.secrets)
        self._digest = self.environment.digest
        self.started = 0
        #: Encoded once, as every command gets it.
        self._environment = _encoded(self.environment.given)
        _keep_to_ourselves()
        self._children: set[_Child] = set()
        self._deadlines: list[tuple[float, int, _Child]] = []
        self._tick = 0
        self._guard = threading.Condition()
        self._watchdog: threading.Thread | None = None
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether the run was interrupted."""
        return self._stopping

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        log: Path,
        env: Mapping[str, str | None] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a program to its end; its output goes to ``log.out`` and ``log.err``.

        Both stay as they were written, secrets included, until ``redactor.settle`` is called.

        Args:
            argv: program and arguments; never a shell line.
            cwd: working directory.
            log: path without suffix.
            env: variables to add, or to remove where the value is ``None``.
            timeout: seconds.

        Raises:
            CannotMeasure: the program is not there (``tool-missing``) or ran out of time
                (``timeout``).
            Stopped: the run was interrupted.
        """
        arguments = tuple(os.fspath(part) for part in argv)
        stdout, stderr = log.with_name(log.name + ".out"), log.with_name(log.name + ".err")
        started, began = time.time(), time.monotonic()
        child = self._start(arguments, cwd, env, stdout, stderr)
        if timeout is not None:
            self._schedule(began + max(timeout, 0.0), child)
        # The child stays a zombie, and its process group id its own, until it is reaped below.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.monotonic() - began
        with self._guard:
            child.done = True
            self._children.discard(child)
            child.signal(signal.SIGKILL)  # what it left behind in its group
        _, status, usage = os.wait4(child.pid, 0)
        if self._stopping:
            end_marked(self.run_id)
        elif child.timed_out:
            end_marked(child.command, COMMAND_MARKER)
        try:
            logs = tuple(self.redactor.look(path, path.name) for path in (stdout, stderr))
        finally:
            if self._stopping:
                raise Stopped
        if child.timed_out:
            raise CannotMeasure(
                Reason.TIMEOUT,
                f"{arguments[0]} was ended after {seconds:.0f} s",
                help=f"see {stdout} and {stderr.name} beside it, or raise 'timeout'",
            )
        return Completed(
            argv=arguments,
            cwd=cwd,
            exit_status=os.waitstatus_to_exitcode(status),
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            max_rss=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            stdout=stdout,
            stderr=stderr,
            started=started,
            logs=logs,
            environment=self._digest if not env else digest_of(_changed(self.environment, env)),
        )

    def _start(
        self,
        argv: tuple[str, ...],
        cwd: Path,
        env: Mapping[str, str | None] | None,
        stdout: Path,
        stderr: Path,
    ) -> _Child:
        variables = _encoded(_changed(self.environment, env)) if env else dict(self._environment)
        with self._guard:
            if self._stopping:
                raise Stopped
            command = f"{self.run_id}.{self.started}"
            variables |= _encoded({MARKER: self.run_id, COMMAND_MARKER: command})
            try:
                pid = _spawn(argv, cwd, variables, stdout, stderr)
            except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
                if not cwd.is_dir():
                    raise CannotMeasure(
                        Reason.NO_INPUT, f"the working directory {cwd} does not exist"
                    ) from error
                what = "cannot be executed" if isinstance(error, PermissionError) else "not found"
                raise CannotMeasure(
                    Reason.TOOL_MISSING,
                    f"{argv[0]}: {what}",
                    help=f"install {Path(argv[0]).name}, or put it on PATH; `gaterun doctor` tells "
                    "what else is missing",
                ) from error
            self.started += 1
            child = _Child(pid, command)
            self._children.add(child)
            return child

    def interrupt(self, *, at_once: bool = False) -> None:
        """End every child and refuse new ones.

        Args:
            at_once: skip INT and TERM.
        """
        with self._guard:
            self._stopping = True
            children = list(self._children)
            for child in children:
                if at_once:
                    child.step = len(_ESCALATION) - 1
        for child in children:
            self._schedule(time.monotonic(), child)

    def kill(self) -> None:
        """End everything now, for a run that unwinds by an exception."""
        with self._guard:
            self._stopping = True
            children = list(self._children)
            for child in children:
                child.signal(signal.SIGKILL)
        if children:
            end_marked(self.run_id)

    def _schedule(self, moment: float, child: _Child) -> None:
        with self._guard:
            self._tick += 1
            entry = (moment, self._tick, child)
            heapq.heappush(self._deadlines, entry)
            if self._watchdog is None:
                self._watchdog = threading.Thread(target=self._watch, daemon=True)
                self._watchdog.start()
            elif self._deadlines[0] is entry:
                self._guard.notify()  # it waits for a later one

    def _watch(self) -> None:
        while True:
            with self._guard:
                while not self._deadlines:
                    self._guard.wait()
                moment, _, child = self._deadlines[0]
                if child.done:
                    heapq.heappop(self._deadlines)
                    continue
                remaining = moment - time.monotonic()
                if remaining > 0:
                    self._guard.wait(min(remaining, _LONGEST_WAIT))
                    continue
                heapq.heappop(self._deadlines)
                child.timed_out = not self._stopping
                number, grace = _ESCALATION[min(child.step, len(_ESCALATION) - 1)]
                child.step += 1
                child.signal(number)
            if child.step < len(_ESCALATION):
                self._schedule(time.monotonic() + grace, child)


def end_marked(owner: str, marker: str = MARKER) -> int:
    """Kill every process whose variable `marker` says `owner`; return how many there were.

    A process that called ``setsid`` has left its group, but not its environment.
    """
    import psutil

    own = os.getpid()
    ended = 0
    for process in psutil.process_iter():
        if process.pid == own:
            continue
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(marker) == owner:
                process.kill()
                ended += 1
    return ended


def capture(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    inherit: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> tuple[int, bytes, bytes]:
    """Run a short program of gaterun's own (git, ``rustc -vV``) and return status and output.

    Args:
        env: variables to add.
        inherit: the others; this process's own by default, as git is asked on behalf of whoever
            started gaterun.

    Raises:
        FileNotFoundError: it is not there.
        CannotMeasure: it did not end in time.
    """
    with subprocess.Popen(
        [os.fspath(part) for part in argv],
        cwd=cwd,
        env={**(os.environ if inherit is None else inherit), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise CannotMeasure(
                    Reason.TIMEOUT, f"{argv[0]} did not end in {timeout:.0f} s"
                ) from error
            raise
    return process.returncode, out, err
