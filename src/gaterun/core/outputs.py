"""Opens what reports are written to, feeds them events, and keeps their failures apart."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from msgspec import Struct
from msgspec.structs import replace

from gaterun.core.aside import written_aside
from gaterun.core.workflow_log import unguarded
from gaterun.model.errors import UsageError
from gaterun.model.event import Event, RunFinished
from gaterun.model.report import Listener, Reporter, Style


class Wanted(Struct, frozen=True, kw_only=True):
    """A report to be written.

    Attributes:
        path: the file; ``None`` for standard output.
    """

    reporter: Reporter
    path: Path | None


class Outputs:
    """The reports of one run.

    Args:
        wanted: what to write.
        stdout: where a report without a path goes.
        style: how to draw on `stdout`; files get it without colour and without redrawing.
        observers: called with every event too, under a name for complaints.

    Raises:
        UsageError: a file cannot be written, or two reports want one. Said before anything
            is measured.
    """

    def __init__(
        self,
        wanted: Sequence[Wanted],
        *,
        stdout: TextIO,
        style: Style,
        observers: Sequence[tuple[str, Listener]] = (),
    ) -> None:
        self.problems: list[str] = []
        self.written: list[Path] = []
        self._open: list[_Output] = []
        plain = replace(style, colour=False, live=False, unicode=True)
        taken: set[Path] = set()
        for item in wanted:
            if item.path is not None:
                _check(item.path, taken)
        for item in wanted:
            output = _Output(f"report '{item.reporter.name}'", item.path)
            try:
                if item.path is not None:
                    stream = output.spool()
                else:
                    stream = unguarded(stdout) if item.reporter.commands else stdout
                output.listener = item.reporter.start(stream, style if item.path is None else plain)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises
                self._drop(output, error)
            else:
                self._open.append(output)
        for name, listener in observers:
            output = _Output(name, None)
            output.listener = listener
            self._open.append(output)

    def __call__(self, event: Event) -> None:
        """Pass an event on. Who raises is dropped, and remembered as a problem."""
        for output in tuple(self._open):
            try:
                if output.listener is not None:
                    output.listener(event)
                if isinstance(event, RunFinished) and output.path is not None:
                    output.deliver()
                    self.written.append(output.path)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises
                self._drop(output, error)

    def _drop(self, output: _Output, error: BaseException) -> None:
        """Go on without a report, and say why."""
        output.abandon()
        if output in self._open:
            self._open.remove(output)
        if isinstance(error, BrokenPipeError):
            return  # the reader of standard output has gone; the others still want theirs
        what = (
            (error.strerror or str(error))
            if isinstance(error, OSError)
            else f"{type(error).__name__}: {error}"
        )
        self.problems.append(f"{output.name} was not written: {what}")

    def abandon(self) -> None:
        """Forget what is half written."""
        for output in self._open:
            output.abandon()
        self._open.clear()


def _check(path: Path, taken: set[Path]) -> None:
    """Refuse a path that cannot be written, while nothing has been measured yet."""
    again = "name another place with --report FORMAT:PATH"
    place = path.resolve()
    if place in taken:
        raise UsageError(f"two reports want {path}", help=again)
    taken.add(place)
    if path.is_dir():
        raise UsageError(f"report {path} cannot be written: it is a folder", help=again)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with tempfile.TemporaryFile(dir=place.parent):
                pass
        elif not os.access(path, os.W_OK):
            raise PermissionError(13, "permission denied", str(path))
    except OSError as error:
        raise UsageError(
            f"report {path} cannot be written: {error.strerror}", help=again
        ) from error


class _Output:
    """One listener, and where what it writes goes in the end.

    A report is spooled to a nameless file, which vanishes with the process: a killed run
    leaves nothing half written, neither in the report's place nor beside it.
    """

    listener: Listener | None = None

    def __init__(self, name: str, path: Path | None) -> None:
        self.name = name
        self.path = path
        self._spool: TextIO | None = None

    def spool(self) -> TextIO:
        self._spool = tempfile.TemporaryFile(  # noqa: SIM115 - closed in deliver and abandon
            "w+", encoding="utf-8", errors="replace", newline="\n"
        )
        return self._spool

    def deliver(self) -> None:
        if self._spool is None or self.path is None:
            return
        self._spool.flush()
        self._spool.seek(0)
        if self.path.exists() and not self.path.is_file():
            # A pipe or a device is written to, and stays what it is.
            with self.path.open("w", encoding="utf-8") as stream:
                shutil.copyfileobj(self._spool, stream)
        else:
            with written_aside(self.path) as aside, aside.open("w", encoding="utf-8") as stream:
                shutil.copyfileobj(self._spool, stream)
                stream.flush()
                os.fsync(stream.fileno())
        self._spool.close()

    def abandon(self) -> None:
        if self._spool is not None:
            with contextlib.suppress(OSError):
                self._spool.close()
