"""Runs a phase: workers measure, one thread judges the order, tells events, decides the end."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from gaterun import __version__
from gaterun.core import host
from gaterun.core.baseline import BaselineValue, values_for
from gaterun.core.discovery import Plugins
from gaterun.core.execute import Processes, Stopped
from gaterun.core.git import Git, GitError
from gaterun.core.lock import held
from gaterun.core.lockfile import untouched
from gaterun.core.measure import Bench
from gaterun.core.result import is_blocking, obtain, unmeasured
from gaterun.core.schedule import Schedule
from gaterun.core.store import RunFolder, Store
from gaterun.model.errors import NothingSelected
from gaterun.model.event import (
    Event,
    GateFinished,
    GateProgress,
    GateStarted,
    RunFinished,
    RunStarted,
)
from gaterun.model.measurement import Measurement
from gaterun.model.metrics_document import MetricsDocument
from gaterun.model.phase import PHASE_WIDE, Phase, Requirement
from gaterun.model.record import GateResult, RunRecord, Tree
from gaterun.model.verdict import ExitCode, Outcome, Reason, Verdict, exit_code

#: How long a gate that starts no process may go on after an interrupt, seconds.
_PATIENCE = 10.0

#: How long after its timeout a gate is given up: its processes get this long to end.
_GRACE = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line says about a run.

    Attributes:
        jobs: how many gates run at once.
        maxfail: stop starting gates after this many failures; 0 for never.
        max_warnings: how many advisory failures are allowed; ``None`` for any number.
        argv: the command line, for the record.
        role: ``run`` or ``baseline``.
    """

    jobs: int = 2
    maxfail: int = 0
    max_warnings: int | None = None
    argv: tuple[str, ...] = ()
    role: str = "run"


@dataclass(frozen=True, slots=True)
class _Progress:
    node_id: str
    text: str


@dataclass(frozen=True, slots=True)
class _Began:
    requirement: Requirement
    moment: float


@dataclass(frozen=True, slots=True)
class _Done:
    requirement: Requirement
    result: GateResult | None


@dataclass(frozen=True, slots=True)
class _Interrupt:
    number: int


@dataclass(frozen=True, slots=True)
class _Broken:
    error: BaseException


_Message = _Progress | _Began | _Done | _Interrupt | _Broken


@dataclass(kw_only=True)
class Session:
    """One run of a phase.

    Args:
        phase: read and bound.
        chosen: the gates to run.
        root: the workspace that is measured.
        store: where state is kept, prepared.
        baseline: ``None`` when there is none.
        name: what the user called the phase, for commands that repeat a gate.
        seconds: how long each gate took before, by node id.
        tell: called with every event, from the thread that calls `run`.
    """

    phase: Phase
    chosen: Sequence[Requirement]
    plugins: Plugins
    root: Path
    store: Store
    options: RunOptions
    tell: Callable[[Event], None]
    baseline: MetricsDocument | None = None
    name: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    _queue: SimpleQueue[_Message] = field(default_factory=SimpleQueue, init=False)

    def run(self) -> RunRecord:
        """Measure and judge the chosen gates, and record the run.

        Raises:
            NothingSelected: no gate is chosen.
            UsageError: the state folder cannot be written.
        """
        if not self.chosen:
            raise NothingSelected(
                f"no gate of phase '{self.phase.id}' is selected",
                help=f"`gaterun list {self.phase.id}` shows what there is",
            )
        folder = self.store.new_run()
        with _signals(self._queue):
            return self._run(folder)

    def _run(self, folder: RunFolder) -> RunRecord:
        started, clock = time.time(), time.monotonic()
        git = Git(self.root)
        processes = Processes(folder.id)
        warnings: list[str] = []
        tree = _tree(git, warnings)
        base = git.commit(self.phase.base) if self.phase.base and git.present else None
        if self.phase.base and base is None:
            warnings.append(f"git knows no revision '{self.phase.base}', the phase's base")
        bench = Bench(
            root=self.root,
            state=self.store.path,
            logs=folder.path / "logs",
            base=base,
            resources=self.plugins.resources,
            processes=processes,
            git=git,
        )
        environment: dict[str, str] = {}
        prober = threading.Thread(
            target=lambda: environment.update(host.facts(self.root)), daemon=True
        )
        prober.start()
        self.tell(
            RunStarted(
                run_id=folder.id,
                phase=self.phase.id,
                title=self.phase.title,
                root=str(self.root),
                version=__version__,
                tree=tree,
                nodes=tuple(gate.node_id for gate in self.chosen),
                deselected=len(self.phase.requirements) - len(self.chosen),
                plugins=tuple(info.name for info in self.plugins.infos if not info.blocked),
                jobs=self.options.jobs,
                time=started,
                base=base or "",
            )
        )

        def baseline(
            requirement: Requirement, measurement: Measurement
        ) -> Mapping[str, BaselineValue] | None:
            if self.baseline is None:
                return None
            prober.join()
            return values_for(
                self.baseline,
                requirement,
                measurement,
                environment,
                stale=_stale(self.baseline, base),
            )

        try:
            with untouched(self.root):
                results, interrupted = self._loop(bench, baseline, warnings)
        except BaseException:
            processes.kill()
            raise
        prober.join(timeout=30)
        after = _tree(git, [])
        if after.digest != tree.digest:
            warnings.append(
                "the working tree changed during the run, so the verdicts are not of one tree"
            )
        ordered = tuple(results[gate.node_id] for gate in self.chosen if gate.node_id in results)
        record = RunRecord(
            id=folder.id,
            phase=self.phase.id,
            title=self.phase.title,
            root=str(self.root),
            version=__version__,
            argv=self.options.argv,
            tree=tree,
            environment=dict(environment),
            tasks={
                **{task.id: task.title for task in self.phase.tasks},
                **({PHASE_WIDE: "Whole phase"} if self.phase.gates else {}),
            },
            results=ordered,
            started=started,
            seconds=time.monotonic() - clock,
            exit_code=verdict_of(
                ordered, max_warnings=self.options.max_warnings, interrupted=interrupted
            ),
            role=self.options.role,
            base=base or "",
            interrupted=interrupted,
            warnings=tuple(warnings),
        )
        try:
            folder.finish(record)
        except OSError as error:
            unkept = f"the run could not be recorded: {error.strerror}"
            record = _with_warning(record, unkept)
        self.tell(RunFinished(record=record, time=time.time()))
        return record

    def _loop(
        self,
        bench: Bench,
        baseline: Callable[..., Mapping[str, BaselineValue] | None],
        warnings: list[str],
    ) -> tuple[dict[str, GateResult], bool]:
        today = datetime.now(UTC).date()
        blocking = frozenset(gate.node_id for gate in self.chosen if is_blocking(gate, today))
        schedule = Schedule(self.phase, self.chosen, blocking=blocking, seconds=self.seconds)
        for task, need in schedule.unmet(self.phase):
            warnings.append(f"task {task} needs {need}, which is not part of this run")
        results: dict[str, GateResult] = {}

        def settle(requirement: Requirement, result: GateResult) -> None:
            results[requirement.node_id] = result
            schedule.finish(requirement.node_id, result.outcome)
            self.tell(GateFinished(result=result, time=time.time()))

        for gate in self.chosen:
            if gate.skip:
                settle(gate, self._skipped(gate, gate.skip))
        failures = 0
        interrupted = False
        patience: float | None = None
        deadlines: dict[str, tuple[float, Requirement]] = {}
        while schedule.unfinished:
            while blocked := schedule.blocked():
                for gate, called, culprit in blocked:
                    settle(gate, self._blocked(gate, called, results[culprit]))
            for gate in schedule.start(self.options.jobs - schedule.running):
                self.tell(GateStarted(node_id=gate.node_id, time=time.time()))
                self._work(bench, gate, baseline)
            if not schedule.running:
                continue
            soonest = min((moment for moment, _ in deadlines.values()), default=None)
            wait = patience if soonest is None else max(0.0, soonest - time.monotonic())
            try:
                message = self._queue.get(timeout=patience if interrupted else wait)
            except Empty:
                if interrupted:
                    break  # a gate that starts no process does not hear the interrupt
                for node, (moment, gate) in list(deadlines.items()):
                    if moment <= time.monotonic():
                        del deadlines[node]
                        settle(gate, self._overdue(gate))
                continue
            match message:
                case _Began(requirement=gate, moment=moment):
                    deadlines[gate.node_id] = (moment + gate.timeout + _GRACE, gate)
                case _Progress(node_id=node, text=text):
                    self.tell(GateProgress(node_id=node, text=text, time=time.time()))
                case _Interrupt():
                    bench.processes.interrupt(at_once=interrupted)
                    interrupted, patience = True, _PATIENCE
                    for gate in schedule.drop():
                        settle(gate, self._skipped(gate, "not run: interrupted"))
                case _Broken(error=error):
                    raise error
                case _Done(requirement=gate, result=result):
                    deadlines.pop(gate.node_id, None)
                    if gate.node_id in results:
                        continue  # given up before
                    if result is None:
                        settle(gate, self._skipped(gate, "not finished: interrupted"))
                        continue
                    settle(gate, result)
                    failures += result.blocking and result.outcome in {
                        Outcome.FAIL,
                        Outcome.INCONCLUSIVE,
                    }
                    if self.options.maxfail and failures >= self.options.maxfail:
                        why = f"not run: stopped after {failures} failure(s)"
                        for waiting in schedule.drop():
                            settle(waiting, self._skipped(waiting, why))
        for gate in self.chosen:
            if gate.node_id not in results:
                settle(gate, self._skipped(gate, "not finished: interrupted"))
        return results, interrupted

    def _work(
        self,
        bench: Bench,
        gate: Requirement,
        baseline: Callable[..., Mapping[str, BaselineValue] | None],
    ) -> None:
        def progress(text: str) -> None:
            self._queue.put(_Progress(gate.node_id, text))

        def work() -> None:
            try:
                with held(
                    self.store.path / "locks",
                    gate.gate.uses,
                    exclusive=gate.gate.exclusive,
                    stopped=lambda: bench.processes.stopping,
                    waiting=lambda name: progress(f"waiting: another run holds {name}"),
                ):
                    self._queue.put(_Began(gate, time.monotonic()))
                    result = obtain(
                        bench, gate, baseline, progress=progress, repeat=self._repeat(gate)
                    )
                self._queue.put(_Done(gate, result))
            except Stopped:
                self._queue.put(_Done(gate, None))
            except BaseException as error:  # noqa: BLE001 - told to the thread that can act
                self._queue.put(_Broken(error))

        threading.Thread(target=work, name=gate.node_id, daemon=True).start()

    def _repeat(self, gate: Requirement) -> str:
        return f"gaterun {self.name or self.phase.id} {gate.node_id}"

    def _skipped(self, gate: Requirement, why: str) -> GateResult:
        verdict = Verdict(outcome=Outcome.SKIPPED, message=why)
        return unmeasured(gate, verdict, repeat=self._repeat(gate))

    def _overdue(self, gate: Requirement) -> GateResult:
        verdict = Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.TIMEOUT,
            message=f"gave up {gate.timeout + _GRACE:.0f} s after it began, it starts no process "
            "that could be ended",
        )
        return unmeasured(gate, verdict, repeat=self._repeat(gate), seconds=gate.timeout + _GRACE)

    def _blocked(self, gate: Requirement, called: str, culprit: GateResult) -> GateResult:
        said = {
            Outcome.FAIL: "failed",
            Outcome.INCONCLUSIVE: "reached no verdict",
            Outcome.BLOCKED: "is blocked",
        }.get(culprit.outcome, "did not pass")
        message = f"needs {called}: {culprit.node_id} {said}"
        verdict = Verdict(outcome=Outcome.BLOCKED, message=message)
        return unmeasured(gate, verdict, repeat=self._repeat(gate), blocked_by=culprit.node_id)


def verdict_of(
    results: Sequence[GateResult], *, max_warnings: int | None = None, interrupted: bool = False
) -> ExitCode:
    """The exit code of a run.

    A blocked gate adds nothing of its own: what blocks it has failed, or has no verdict.
    """
    codes = [ExitCode.INTERRUPTED] if interrupted else []
    advisory = 0
    for result in results:
        if result.outcome is Outcome.FAIL and result.blocking:
            codes.append(ExitCode.FAILED)
        elif result.outcome is Outcome.INCONCLUSIVE and result.blocking:
            codes.append(ExitCode.NO_VERDICT)
        elif result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
            advisory += 1
    if max_warnings is not None and advisory > max_warnings:
        codes.append(ExitCode.MAX_WARNINGS)
    if not codes and all(result.outcome is Outcome.SKIPPED for result in results):
        codes.append(ExitCode.NO_GATES)
    return exit_code(codes)


def _stale(baseline: MetricsDocument, base: str | None) -> str:
    """Why a stored baseline is not of the phase's base; empty when it is, or nobody can say."""
    if baseline.role != "baseline" or not base or not baseline.subject.commit:
        return ""
    if baseline.subject.commit == base:
        return ""
    return (
        f"the baseline is of {baseline.subject.commit[:12]}, the phase's base is {base[:12]}: "
        "run `gaterun baseline` again"
    )


def _tree(git: Git, warnings: list[str]) -> Tree:
    try:
        return git.tree()
    except (GitError, OSError) as error:
        warnings.append(f"git cannot say what tree this is: {error}")
        return Tree()


def _with_warning(record: RunRecord, warning: str) -> RunRecord:
    from msgspec.structs import replace

    return replace(record, warnings=(*record.warnings, warning))


@contextlib.contextmanager
def _signals(queue: SimpleQueue[_Message]) -> Iterator[None]:
    """Turn INT and TERM into messages, so that nothing is torn in the middle.

    ``SimpleQueue.put`` may be called from a signal handler.
    """

    def handler(number: int, frame: FrameType | None) -> None:
        del frame
        queue.put(_Interrupt(number))

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
