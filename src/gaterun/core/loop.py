"""Decides, as gates end, which may begin, and what becomes of those that never do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gaterun.core.result import unmeasured
from gaterun.core.schedule import Schedule
from gaterun.core.workers import GRACE, Broken, Done, Interrupt, Overdue, Progress, Workers
from gaterun.model.event import Event, GateFinished, GateProgress, GateStarted
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome, Reason, Verdict

if TYPE_CHECKING:
    from gaterun.core.dispatch import Dispatch

#: How long a gate that starts no process may go on after an interrupt, seconds.
_PATIENCE = 10.0


class Loop:
    """The order of events of one run; used by the one thread that decides and tells.

    Args:
        phase: for the needs among tasks.
        chosen: the gates of this run.
        seconds: how long each gate took before, by node id.
        jobs: how many gates run at once on this machine.
        maxfail: stop starting gates after this many failures; 0 for never.
        repeat: the command line that runs one gate again.
        recall: the result of a gate whose measurement is at hand.
        at_hand: node ids of those gates.
        dispatch: has gates measured elsewhere; ``None`` where all are measured here.
        tell: called with every event.
        whole: every gate of the run that this one is a shard of.

    Attributes:
        results: what became of each gate, by node id.
        interrupted: whether the run was interrupted.
    """

    def __init__(
        self,
        *,
        phase: Phase,
        chosen: Sequence[Requirement],
        seconds: Mapping[str, float],
        jobs: int,
        maxfail: int,
        repeat: Callable[[Requirement], str],
        recall: Callable[[Requirement], GateResult | None],
        at_hand: frozenset[str],
        dispatch: Dispatch | None = None,
        tell: Callable[[Event], None],
        whole: Sequence[Requirement] = (),
    ) -> None:
        today = datetime.now(UTC).date()
        self._chosen = chosen
        self._jobs = jobs + (dispatch.places if dispatch else 0)
        self._maxfail = maxfail
        self._repeat = repeat
        self._recall = recall
        self._tell = tell
        self._failures = 0
        self._schedule = Schedule(
            phase,
            chosen,
            blocking=frozenset(gate.node_id for gate in chosen if gate.is_blocking(today)),
            seconds=seconds,
            at_hand=at_hand,
            whole=whole,
            apart=dispatch.apart if dispatch else frozenset(),
            unshared=dispatch.unshared if dispatch else frozenset(),
            here=jobs,
        )
        self.results: dict[str, GateResult] = {}
        self.interrupted = False
        #: Tasks of this run and the tasks they need that are not part of it.
        self.unmet = self._schedule.unmet(phase)

    def run(self, workers: Workers) -> None:
        """Run every gate, until none is left that can be."""
        for gate in self._chosen:
            if gate.skip:
                self._settle(gate, self._skipped(gate, gate.skip))
        while self._schedule.unfinished:
            while blocked := self._schedule.blocked():
                for gate, called, culprit in blocked:
                    self._settle(gate, self._blocked(gate, called, self.results[culprit]))
            for gate in self._schedule.start(self._jobs - self._schedule.running):
                if (known := self._recall(gate)) is not None:
                    self._ended(gate, known)
                    continue
                self._tell(GateStarted(node_id=gate.node_id, time=time.time()))
                workers.begin(gate)
            if self._schedule.running and not self._hear(workers):
                break
        for gate in self._chosen:
            if gate.node_id not in self.results:
                self._settle(gate, self._skipped(gate, "not finished: interrupted"))

    def _hear(self, workers: Workers) -> bool:
        """Wait for a message and act on it; false when there is nothing left to wait for."""
        match workers.next(_PATIENCE if self.interrupted else None):
            case None:
                return False  # a gate that starts no process does not hear the interrupt
            case Progress(node, text):
                self._tell(GateProgress(node_id=node, text=text, time=time.time()))
            case Interrupt():
                workers.interrupt(at_once=self.interrupted)
                self.interrupted = True
                self._drop("not run: interrupted")
            case Broken(error):
                raise error
            case Overdue(gate):
                self._ended(gate, self._given_up(gate))
            case Done(gate, result):
                if gate.node_id not in self.results:  # else it was given up before
                    self._ended(gate, result or self._skipped(gate, "not finished: interrupted"))
        return True

    def _ended(self, gate: Requirement, result: GateResult) -> None:
        self._settle(gate, result)
        no_pass = result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}
        self._failures += result.blocking and no_pass
        if self._maxfail and self._failures >= self._maxfail:
            self._drop(f"not run: stopped after {self._failures} failure(s)")

    def _settle(self, gate: Requirement, result: GateResult) -> None:
        self.results[gate.node_id] = result
        self._schedule.finish(gate.node_id, result.outcome)
        self._tell(GateFinished(result=result, time=time.time()))

    def _drop(self, why: str) -> None:
        for gate in self._schedule.drop():
            self._settle(gate, self._skipped(gate, why))

    def _skipped(self, gate: Requirement, why: str) -> GateResult:
        verdict = Verdict(outcome=Outcome.SKIPPED, message=why)
        return unmeasured(gate, verdict, repeat=self._repeat(gate))

    def _given_up(self, gate: Requirement) -> GateResult:
        verdict = Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.TIMEOUT,
            message=f"gave up {gate.timeout + GRACE:.0f} s after it began, it starts no process "
            "that could be ended",
        )
        return unmeasured(gate, verdict, repeat=self._repeat(gate), seconds=gate.timeout + GRACE)

    def _blocked(self, gate: Requirement, called: str, culprit: GateResult) -> GateResult:
        said = {
            Outcome.FAIL: "failed",
            Outcome.INCONCLUSIVE: "reached no verdict",
            Outcome.BLOCKED: "is blocked",
        }.get(culprit.outcome, "did not pass")
        message = f"needs {called}: {culprit.node_id} {said}"
        verdict = Verdict(outcome=Outcome.BLOCKED, message=message)
        return unmeasured(gate, verdict, repeat=self._repeat(gate), blocked_by=culprit.node_id)
