"""Opens what reports are written to, feeds them events, and keeps their failures apart."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from gaterun.model.errors import UsageError
from gaterun.model.event import Event, RunFinished
from gaterun.model.report import Listener, Reporter, Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
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

    Raises:
        UsageError: a file cannot be written. Said before anything is measured.
    """

    def __init__(self, wanted: list[Wanted], *, stdout: TextIO, style: Style) -> None:
        self.problems: list[str] = []
        self.written: list[Path] = []
        self._open: list[_Output] = []
        plain = replace(style, colour=False, live=False, unicode=True)
        for item in wanted:
            try:
                self._open.append(_Output(item, stdout, style if item.path is None else plain))
            except OSError as error:
                self.abandon()
                raise UsageError(
                    f"report {item.path} cannot be written: {error.strerror}",
                    help="name another place with --report FORMAT:PATH",
                ) from error

    def __call__(self, event: Event) -> None:
        """Pass an event on. A reporter that raises is dropped, and remembered as a problem."""
        for output in list(self._open):
            try:
                output.listener(event)
                if isinstance(event, RunFinished):
                    output.finish()
                    if output.path is not None:
                        self.written.append(output.path)
            except BrokenPipeError:
                # The reader of standard output has gone; the others still want theirs.
                self._open.remove(output)
                output.abandon()
            except Exception as error:  # noqa: BLE001 - whatever a reporter raises
                self._open.remove(output)
                output.abandon()
                what = (
                    (error.strerror or str(error))
                    if isinstance(error, OSError)
                    else f"{type(error).__name__}: {error}"
                )
                self.problems.append(f"report '{output.name}' was not written: {what}")

    def abandon(self) -> None:
        """Remove what is half written."""
        for output in self._open:
            output.abandon()
        self._open.clear()


class _Output:
    listener: Listener

    def __init__(self, wanted: Wanted, stdout: TextIO, style: Style) -> None:
        self.name = wanted.reporter.name
        self.path = wanted.path
        self._aside: Path | None = None
        self._stream = stdout
        if wanted.path is not None:
            wanted.path.parent.mkdir(parents=True, exist_ok=True)
            if wanted.path.is_dir():
                raise IsADirectoryError(21, "is a folder", str(wanted.path))
            descriptor, name = tempfile.mkstemp(
                prefix=f".{wanted.path.name}.", dir=wanted.path.parent
            )
            self._aside = Path(name)
            self._stream = io.open(  # noqa: SIM115, UP020 - closed in finish and abandon
                descriptor, "w", encoding="utf-8", errors="replace", newline="\n"
            )
        self.listener = wanted.reporter.start(self._stream, style)

    def finish(self) -> None:
        self._stream.flush()
        if self._aside is not None and self.path is not None:
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._aside.chmod(0o644)
            self._aside.replace(self.path)

    def abandon(self) -> None:
        if self._aside is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
            self._aside.unlink(missing_ok=True)
