"""Measures gates in threads; what becomes of them, and interrupts, arrive as messages."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.core import ending
from gaterun.core.execute import Processes, Stopped
from gaterun.core.lock import held
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult

if TYPE_CHECKING:
    from gaterun.core.dispatch import Dispatch

#: How long after its timeout a gate is given up: its processes get this long to end.
GRACE = 6.0

#: How long one wait lasts at most, seconds. A signal that comes just before a wait begins does
#: not end it: Python hears of it only when the wait is over.
_GLANCE = 0.5


class Progress(Struct, frozen=True):
    """A gate says what it is doing."""

    node_id: str
    text: str


class Done(Struct, frozen=True):
    """A gate has ended; without a result when it was interrupted."""

    requirement: Requirement
    result: GateResult | None


class Overdue(Struct, frozen=True):
    """A gate has not ended though its time is long over: it starts no process that could be."""

    requirement: Requirement


class Interrupt(Struct, frozen=True):
    """Somebody wants the run to end: INT or TERM."""


class Broken(Struct, frozen=True):
    """A thread ended with what is a bug of gaterun's."""

    error: BaseException


Message = Progress | Done | Overdue | Interrupt | Broken


class Workers:
    """As many threads as gates run at once, started when they are needed.

    Args:
        measure: called in a thread, with the gate and with what it calls to tell progress.
        messages: where what happens is told.
        locks: folder of the locks that gates of other runs hold.
        processes: those of this run.
        dispatch: has gates measured elsewhere: nothing here is held for them, and whoever
            measures them says when they are overdue.
    """

    def __init__(
        self,
        measure: Callable[[Requirement, Callable[[str], None]], GateResult],
        *,
        messages: SimpleQueue[Message],
        locks: Path,
        processes: Processes,
        dispatch: Dispatch | None = None,
    ) -> None:
        self._dispatch = dispatch
        self._apart = dispatch.apart if dispatch else frozenset[str]()
        self._measure = measure
        self._locks = locks
        self._processes = processes
        self._gates: SimpleQueue[Requirement] = SimpleQueue()
        self._messages = messages
        self._threads = 0
        #: When to look whether a gate is overdue; and since when it has what it waited for.
        self._looks: dict[str, tuple[float, Requirement]] = {}
        self._began: dict[str, float] = {}

    def begin(self, gate: Requirement) -> None:
        """Let a thread measure `gate`."""
        end = time.monotonic() + gate.timeout + GRACE
        self._looks[gate.node_id] = (math.inf if gate.node_id in self._apart else end, gate)
        if len(self._looks) > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, name="gates", daemon=True).start()
        self._gates.put(gate)

    def next(self, patience: float | None = None) -> Message | None:
        """The next message.

        Args:
            patience: seconds to wait for one; ``None`` waits for as long as it takes.

        Returns:
            ``None`` when the patience is over.
        """
        give_up = None if patience is None else time.monotonic() + patience
        while True:
            moments = [moment for moment, _ in self._looks.values()]
            soonest = min(moments if give_up is None else [*moments, give_up], default=None)
            wait = _GLANCE
            if soonest is not None:
                wait = min(wait, max(0.0, soonest - time.monotonic()))
            try:
                message = self._messages.get(timeout=wait)
            except Empty:
                if give_up is not None and give_up <= time.monotonic():
                    return None
                if (overdue := self._overdue()) is not None:
                    return overdue
                continue
            if isinstance(message, Done):
                self._looks.pop(message.requirement.node_id, None)
            return message

    def interrupt(self, *, at_once: bool) -> None:
        """End every child of the run, here and elsewhere, and start no more.

        Args:
            at_once: leave them no time to end by themselves.
        """
        self._processes.interrupt(at_once=at_once)
        if self._dispatch is not None:
            self._dispatch.cancel(at_once=at_once)

    def _overdue(self) -> Overdue | None:
        now = time.monotonic()
        for node, (moment, gate) in self._looks.items():
            if moment > now:
                continue
            # What it waited for another run to free is not its own time.
            end = self._began.get(node, now) + gate.timeout + GRACE
            if end > now:
                self._looks[node] = (end, gate)
                continue
            del self._looks[node]
            self._threads -= 1  # its thread is lost; the next gate gets another
            return Overdue(gate)
        return None

    def _work(self) -> None:
        while True:
            gate = self._gates.get()
            try:
                self._messages.put(Done(gate, self._result(gate)))
            except Stopped:
                self._messages.put(Done(gate, None))
            except BaseException as error:  # noqa: BLE001 - told to the thread that can act
                self._messages.put(Broken(error))

    def _result(self, gate: Requirement) -> GateResult:
        def progress(text: str) -> None:
            self._messages.put(Progress(gate.node_id, text))

        if gate.node_id in self._apart:
            return self._measure(gate, progress)
        with held(
            self._locks,
            gate.gate.uses,
            exclusive=gate.gate.exclusive,
            stopped=lambda: self._processes.stopping,
            waiting=lambda name: progress(f"waiting: another run holds {name}"),
        ):
            self._began[gate.node_id] = time.monotonic()
            return self._measure(gate, progress)


@contextlib.contextmanager
def hearing_signals(messages: SimpleQueue[Message]) -> Iterator[None]:
    """Turn signals that end the program into messages, so that nothing is torn in the middle.

    ``SimpleQueue.put`` may be called from a signal handler.
    """

    def handler(number: int, frame: FrameType | None) -> None:
        del number, frame
        messages.put(Interrupt())

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in ending.signals()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
