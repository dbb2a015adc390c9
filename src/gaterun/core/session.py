"""Runs a phase from the state of the tree before to the record of the run, and tells events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun import __version__
from gaterun.core.assess import Assessor
from gaterun.core.baseline import acceptances, moved
from gaterun.core.binding import Binder
from gaterun.core.bound_run import BoundRun, named
from gaterun.core.discovery import Plugins
from gaterun.core.environment import Environment
from gaterun.core.evidence import without_variables
from gaterun.core.execute import Processes
from gaterun.core.git import Git, GitError
from gaterun.core.host import Probe
from gaterun.core.lockfile import untouched
from gaterun.core.loop import Loop
from gaterun.core.measure import Bench
from gaterun.core.reuse import Shelf
from gaterun.core.run_verdict import verdict_of
from gaterun.core.store import RunFolder, Store
from gaterun.core.tree import TreeState, look_for, written
from gaterun.core.workers import Message, Workers, hearing_signals
from gaterun.core.writable import writable
from gaterun.model.errors import NothingSelected
from gaterun.model.event import Event, GateFinished, RunFinished, RunStarted
from gaterun.model.metrics_document import MetricsDocument
from gaterun.model.phase import PHASE_WIDE, POLICY, Phase, Requirement
from gaterun.model.record import GateResult, RunRecord, Tree
from gaterun.model.shard import Shard
from gaterun.model.verdict import ExitCode
from gaterun.model.waiver import InForce

if TYPE_CHECKING:
    from gaterun.core.dispatch import Dispatch, Elsewhere
    from gaterun.core.second_key import SecondKey


#: How long the facts of this machine are waited for in the end, seconds.
_PATIENCE = 30.0


class RunOptions(Struct, frozen=True, kw_only=True):
    """What the command line says about a run.

    Attributes:
        jobs: how many gates run at once.
        maxfail: stop starting gates after this many failures; 0 for never.
        max_warnings: how many advisory failures are allowed; ``None`` for any number.
        argv: the command line, for the record.
        role: ``run``, ``baseline`` or ``shard``.
        fresh: measure everything, whatever is kept of earlier runs.
        audit: share of the kept measurements that are made again and compared, from 0 to 1.
        require_clean: measure nothing of a tree that is not that of a commit.
        writes: paths that the run itself writes, relative to the workspace root.
    """

    jobs: int = 2
    maxfail: int = 0
    max_warnings: int | None = None
    argv: tuple[str, ...] = ()
    role: str = "run"
    fresh: bool = False
    audit: float = 0.0
    require_clean: bool = False
    writes: tuple[str, ...] = ()


class _Begun(Struct, frozen=True, kw_only=True):
    """What is known when a run begins.

    Attributes:
        time: when it was, seconds since the epoch.
        clock: the same by the monotonic clock.
        state: of the tree; ``None`` where git cannot say.
        base: the commit where the phase began, if it says so and git knows it.
        stale: why the phase's own baseline is that of another base; empty where it is not.
    """

    time: float
    clock: float
    state: TreeState | None
    base: str | None
    stale: str
    warnings: tuple[str, ...]

    @property
    def tree(self) -> Tree:
        """The tree, as far as it is known."""
        return self.state.summary if self.state else Tree()


@dataclass(kw_only=True)
class Session:
    """One run of a phase.

    Args:
        phase: read and bound.
        chosen: the gates to run.
        root: the workspace that is measured.
        store: where state is kept, prepared.
        baseline: ``None`` when there is none.
        baseline_is_named: the user chose it for this run, whatever the phase's base is.
        name: what the user called the phase, for commands that repeat a gate.
        seconds: how long each gate took before, by node id.
        environment: what commands inherit; the allowed variables of this process by default.
        second: what the base says about the run; ``None`` where nobody asks it.
        tell: called with every event, from the thread that calls `run`.
        in_force: the waivers and sign-offs to judge with.
        shard: which one, where this is a shard of a run; `chosen` are its gates then.
        whole: every gate of the run that it is a shard of.
        elsewhere: measures gates on other machines; ``None`` measures all here.
    """

    phase: Phase
    chosen: Sequence[Requirement]
    plugins: Plugins
    root: Path
    store: Store
    options: RunOptions
    tell: Callable[[Event], None]
    baseline: MetricsDocument | None = None
    baseline_is_named: bool = False
    name: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    in_force: InForce = field(default_factory=InForce)
    environment: Environment | None = None
    second: SecondKey | None = None
    shard: Shard | None = None
    whole: Sequence[Requirement] = ()
    elsewhere: Elsewhere | None = None

    def run(self) -> RunRecord:
        """Measure and judge the chosen gates, and record the run.

        Raises:
            NothingSelected: no gate is chosen.
            UsageError: the state folder cannot be written.
        """
        if not (self.chosen or (self.shard and self.whole)):
            raise NothingSelected(
                f"no gate of phase '{self.phase.id}' is selected",
                help=f"`gaterun list {self.phase.id}` shows what there is",
            )
        folder = self.store.new_run()
        messages: SimpleQueue[Message] = SimpleQueue()
        with hearing_signals(messages):
            return self._run(folder, messages)

    def _run(self, folder: RunFolder, messages: SimpleQueue[Message]) -> RunRecord:
        processes = Processes(folder.id, self.environment)
        git = Git(self.root)
        begun = self._begin(git)
        warnings = list(begun.warnings)
        redactor = processes.redactor
        probe = Probe(self.root)
        bench = Bench(
            root=self.root,
            state=self.store.path,
            logs=folder.path / "logs",
            base=begun.base,
            resources=self.plugins.resources,
            processes=processes,
            git=git,
        )
        tell = folder.events.telling(self.tell)
        tell(self._started(folder.id, begun))
        unclean = self.options.require_clean and (begun.tree.dirty or not begun.tree.commit)
        binder = Binder(
            begun.state,
            root=self.root,
            base=begun.base,
            environment=processes.environment.given,
            resources=self.plugins.resources,
        )
        bound = BoundRun(
            binder,
            Shelf(self.store.path / "measured"),
            self.chosen,
            fresh=self.options.fresh or unclean,
            audit=self.options.audit,
            in_force=self.in_force,
        )
        dispatch = self._dispatch(bench, begun.state, binder, probe)
        second = self.second.hiding(redactor.text) if self.second else None
        assessor = Assessor(
            bench=dispatch or bench,
            bound=bound,
            name=self.name or self.phase.id,
            probe=probe,
            redactor=redactor,
            in_force=self.in_force,
            baseline=self.baseline,
            stale=begun.stale,
            second=second,
            unclean=unclean,
        )
        loop = Loop(
            phase=self.phase,
            chosen=self.chosen,
            seconds=self.seconds,
            jobs=self.options.jobs,
            maxfail=self.options.maxfail,
            repeat=assessor.repeat,
            recall=assessor.recall,
            at_hand=bound.at_hand,
            dispatch=dispatch,
            tell=tell,
            whole=self.whole,
        )
        bench.others = bound.others(self.phase, self.store, loop.results)
        # Of a shard it is said when it is merged, as are waivers that nothing made use of.
        for task, need in loop.unmet if self.shard is None else ():
            warnings.append(f"task {task} needs {need}, which is not part of this run")
        workers = Workers(
            assessor.measure,
            messages=messages,
            locks=self.store.path / "locks",
            processes=processes,
            dispatch=dispatch,
        )
        try:
            with untouched(self.root):
                loop.run(workers)
        except BaseException:
            if dispatch:
                dispatch.cancel(at_once=True)
            processes.kill()
            raise
        facts = probe.facts(_PATIENCE)
        if processes.started or len(bound.at_hand) < len(self.chosen):
            after = self._look(git, warnings)
            if begun.state and after and (changed := after.changed_since(begun.state)):
                warnings.append(f"the working tree changed during the run: {named(changed)}")
                for result in bound.settle(self.chosen, loop.results, after):
                    tell(GateFinished(result=result, time=time.time()))
            if after:
                bound.keep(loop.results.values(), folder.id)
        ordered = tuple(loop.results[gate.node_id] for gate in self.chosen)
        warnings += self._remarks(ordered)
        entry = second.entry() if second else None
        if entry is not None:
            tell(GateFinished(result=entry, time=time.time()))
        if folder.events.problem:
            warnings.append(f"the run's events were not all kept: {folder.events.problem}")
        record = RunRecord(
            id=folder.id,
            phase=self.phase.id,
            title=self.phase.title,
            root=writable(str(self.root)),
            version=__version__,
            argv=tuple(redactor.text(writable(word)) for word in self.options.argv),
            tree=begun.tree,
            environment=facts,
            tasks={
                **{task.id: task.title for task in self.phase.tasks},
                **({PHASE_WIDE: "Whole phase"} if self.phase.gates else {}),
                **({POLICY: "What judges"} if entry else {}),
            },
            needs=self.phase.needs,
            results=(*ordered, entry) if entry else ordered,
            started=begun.time,
            seconds=time.monotonic() - begun.clock,
            exit_code=self._exit_code(ordered, entry, interrupted=loop.interrupted),
            role=self.options.role,
            base=begun.base or "",
            interrupted=loop.interrupted,
            warnings=tuple(map(redactor.text, warnings)),
            withheld=tuple(map(writable, processes.environment.withheld)),
            variables=tuple(sorted(map(writable, processes.environment.given))),
            environment_digest=processes.environment.digest,
            policy=second.policy if second else None,
            left_out=tuple(
                gate.node_id for gate in self.phase.requirements if gate.node_id not in loop.results
            ),
            shard=self.shard,
        )
        over = RunFinished(record=record, time=time.time())
        try:
            folder.finish(over, redactor)
        except OSError as error:
            unkept = f"the run could not be recorded: {error.strerror}"
            record = _with_warning(record, unkept)
        tell(RunFinished(record=record, time=over.time))
        return record

    def _begin(self, git: Git) -> _Begun:
        """Look at the tree, and at what the run is compared with."""
        started, clock = time.time(), time.monotonic()
        warnings = [self.shard.caveat(self.phase.id)] if self.shard else []
        state = self._look(git, warnings)
        base = git.commit(self.phase.base) if self.phase.base and git.present else None
        if self.phase.base and base is None:
            warnings.append(f"git knows no revision '{self.phase.base}', the phase's base")
        stale = ""
        if self.baseline and not self.baseline_is_named:
            stale = moved(self.baseline, base, self.phase.base)
        if stale:
            warnings.append(stale)
        return _Begun(
            time=started,
            clock=clock,
            state=state,
            base=base,
            stale=stale,
            warnings=tuple(warnings),
        )

    def _started(self, run_id: str, begun: _Begun) -> RunStarted:
        return RunStarted(
            run_id=run_id,
            phase=self.phase.id,
            title=self.phase.title,
            root=writable(str(self.root)),
            version=__version__,
            tree=begun.tree,
            nodes=tuple(gate.node_id for gate in self.chosen),
            deselected=len(self.phase.requirements) - len(self.chosen),
            plugins=tuple(info.name for info in self.plugins.infos if not info.blocked),
            jobs=self.options.jobs,
            time=begun.time,
            base=begun.base or "",
            role=self.options.role,
            shard=self.shard,
        )

    def _dispatch(
        self, bench: Bench, tree: TreeState | None, binder: Binder, probe: Probe
    ) -> Dispatch | None:
        if self.elsewhere is None:
            return None
        from gaterun.core.dispatch import Dispatch

        return Dispatch(
            bench,
            self.elsewhere,
            chosen=self.chosen,
            tree=tree,
            binder=binder,
            plugins=self.plugins,
            facts=probe.facts,
            without=written(self.phase, self.root, self.store.path, self.options.writes),
        )

    def _remarks(self, results: Sequence[GateResult]) -> Iterator[str]:
        """Warnings about what was found, beyond the verdicts."""
        if self.in_force.waivers and self.shard is None:
            from gaterun.core.waivers import leftovers

            nodes = {gate.node_id: gate.gate.name for gate in self.phase.requirements}
            yield from leftovers(self.in_force, results, nodes)
        yield from acceptances(results)
        yield from without_variables(results)

    def _exit_code(
        self, results: Sequence[GateResult], entry: GateResult | None, *, interrupted: bool
    ) -> ExitCode:
        """What was found; how many advisory failures are too many is asked of whole runs only."""
        limit = self.options.max_warnings if self.shard is None else None
        code = verdict_of(results, max_warnings=limit, interrupted=interrupted, policy=entry)
        empty = self.shard is not None and code is ExitCode.NO_GATES
        return ExitCode.OK if empty else code

    def _look(self, git: Git, warnings: list[str]) -> TreeState | None:
        try:
            return look_for(self.phase, git, self.store.path, self.options.writes)
        except (GitError, OSError) as error:
            warnings.append(f"git cannot say what tree this is: {error}")
            return None


def _with_warning(record: RunRecord, warning: str) -> RunRecord:
    from msgspec.structs import replace

    return replace(record, warnings=(*record.warnings, warning))
