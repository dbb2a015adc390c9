"""Keeps the events of a run while it runs, so that one that is killed leaves what it knew."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from gaterun.core.record_file import EVENTS, encoded
from gaterun.core.writable import writable
from gaterun.model.event import (
    Event,
    GateFinished,
    GateProgress,
    GateStarted,
    RunFinished,
    RunStarted,
)
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import ExitCode

#: The name of each event in the file, as in the report ``jsonl``.
_NAMES: dict[type[Event], str] = {
    RunStarted: "run-started",
    GateStarted: "gate-started",
    GateProgress: "gate-progress",
    GateFinished: "gate-finished",
    RunFinished: "run-finished",
}
_KINDS = {name: kind for kind, name in _NAMES.items()}


class _Named(Struct):
    event: str = ""
    time: float = 0.0


class _Gate(Struct):
    node_id: str


class _Finished(Struct):
    result: _Gate


class EventLog:
    """``events.jsonl`` of a run: one line an event, handed to the system with each.

    The last line, ``run-finished``, leaves out the record, which is a file of its own.

    Attributes:
        problem: why it was given up; empty while it is not.
    """

    def __init__(self, folder: Path) -> None:
        self.problem = ""
        self.path = folder / EVENTS
        self._stream: io.BufferedWriter | None = None
        self._over = False

    def note(self, event: Event) -> None:
        """Write an event; one that cannot be written ends the log, and not the run."""
        if self._over:
            return
        try:
            if self._stream is None:
                self._stream = self.path.open("wb")
            for piece in _line(event):
                self._stream.write(piece)
            self._stream.flush()
        except OSError as error:
            self.problem = error.strerror or str(error)
            self.close()

    def telling(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        """`tell`, with every event noted before; the end is noted by who records the run."""

        def both(event: Event) -> None:
            if not isinstance(event, RunFinished):
                self.note(event)
            tell(event)

        return both

    def close(self) -> None:
        """Write no more."""
        self._over = True
        if self._stream is not None:
            # What is left in the buffer after a failure fails again.
            with contextlib.suppress(OSError):
                self._stream.close()
            self._stream = None


def _line(event: Event) -> Iterator[bytes]:
    name = _NAMES[type(event)]
    yield b'{"event":"' + name.encode() + b'","time":' + msgspec.json.encode(event.time)
    match event:
        case GateFinished(result=result):
            yield b',"result":'
            yield from encoded(result)
        case RunFinished():
            pass
        case _:
            fields = msgspec.to_builtins(event)
            del fields["time"]
            if isinstance(event, GateProgress):
                fields["text"] = writable(event.text)
            yield b"," + msgspec.json.encode(fields)[1:-1]
    yield b"}\n"


def read_events(folder: Path) -> Iterator[Event]:
    """The events that a run has left, but its end; a torn last line is where they end."""
    for name, line in _lines(folder):
        try:
            event: Event = msgspec.json.decode(line, type=_KINDS[name])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        yield event


def _lines(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and text of each event, without its end."""
    with contextlib.suppress(OSError), (folder / EVENTS).open("rb") as stream:
        for line in stream:
            try:
                named = msgspec.json.decode(line, type=_Named)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return
            if named.event not in _KINDS or named.event == _NAMES[RunFinished]:
                return
            yield named.event, line


def _last_lines(folder: Path) -> dict[str, int]:
    """The number of the line that says for the last time what became of each gate."""
    return {
        msgspec.json.decode(line, type=_Finished).result.node_id: number
        for number, (name, line) in enumerate(_lines(folder))
        if name == _NAMES[GateFinished]
    }


def _heard(folder: Path, results: Mapping[str, GateResult]) -> Iterator[Event]:
    """The events; the last result of a gate is that of the record, and not read again."""
    last = {number: results[node] for node, number in _last_lines(folder).items()}
    for number, (name, line) in enumerate(_lines(folder)):
        if number in last:
            time = msgspec.json.decode(line, type=_Named).time
            yield GateFinished(result=last[number], time=time)
        else:
            event: Event = msgspec.json.decode(line, type=_KINDS[name])
            yield event


def end_of(folder: Path) -> float | None:
    """When the event log says that the run ended; ``None`` where it does not."""
    with contextlib.suppress(OSError, msgspec.DecodeError), (folder / EVENTS).open("rb") as stream:
        stream.seek(max(0, stream.seek(0, 2) - 200))
        lines = stream.read().splitlines()
        named = msgspec.json.decode(lines[-1], type=_Named) if lines else _Named()
        if named.event == _NAMES[RunFinished]:
            return named.time
    return None


def whole_until(folder: Path, record: RunRecord) -> float | None:
    """When the run ended by its event log; ``None`` where that lacks the end, or a gate's."""
    ended = end_of(folder)
    if ended is None or _last_lines(folder).keys() != {each.node_id for each in record.results}:
        return None
    return ended


def begin_of(folder: Path) -> RunStarted | None:
    """How a run began, finished or not; ``None`` where it left nothing."""
    first = next(read_events(folder), None)
    return first if isinstance(first, RunStarted) else None


def replay(record: RunRecord, folder: Path | None = None) -> Iterator[Event]:
    """The events of a recorded run, as reporters heard them.

    Args:
        folder: of the run; without one, and where it holds no whole log, they are made from
            the record.
    """
    results = {result.node_id: result for result in record.results}
    ended = whole_until(folder, record) if folder is not None else None
    if folder is not None and ended is not None:
        yield from _heard(folder, results)
        yield RunFinished(record=record, time=ended)
        return
    yield RunStarted(
        run_id=record.id,
        phase=record.phase,
        title=record.title,
        root=record.root,
        version=record.version,
        tree=record.tree,
        nodes=tuple(results),
        deselected=0,
        plugins=(),
        jobs=0,
        time=record.started,
        base=record.base,
        role=record.role,
        shard=record.shard,
        merged=len(record.parts),
    )
    for result in record.results:
        yield GateFinished(result=result, time=result.started + result.seconds)
    yield RunFinished(record=record, time=record.started + record.seconds)


def what_is_known(folder: Path) -> RunRecord | None:
    """What a run that never finished had found out, as a record; ``None`` for nothing."""
    started: RunStarted | None = None
    results: list[GateResult] = []
    last = 0.0
    for event in read_events(folder):
        last = event.time
        if isinstance(event, RunStarted):
            started = event
        elif isinstance(event, GateFinished):
            results.append(event.result)
    if started is None:
        return None
    missing = [node for node in started.nodes if node not in {r.node_id for r in results}]
    warnings = ["the run was killed, or its machine went down: this is what it knew"]
    if missing:
        warnings.append(f"not finished: {', '.join(missing)}")
    return RunRecord(
        id=started.run_id,
        phase=started.phase,
        title=started.title,
        root=started.root,
        version=started.version,
        argv=(),
        tree=started.tree,
        environment={},
        tasks={},
        results=tuple(results),
        started=started.time,
        seconds=max(0.0, last - started.time),
        exit_code=ExitCode.INTERRUPTED,
        role=started.role,
        shard=started.shard,
        base=started.base,
        interrupted=True,
        warnings=tuple(warnings),
    )
