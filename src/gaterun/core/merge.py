"""Judges the measurements of all shards as one run, and records it.

What the shards measured is judged anew, by the definitions that are here: the same schedule
decides what is blocked, the same waivers and the same base apply. A shard's own verdict is used
for one thing only: what it took back (the tree changed, a kept measurement did not hold) is not
given back. So merging can take a green away, and never gives one. Gates that read what all others
have measured, which no shard could measure, are measured here (`gaterun.core.late`).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue

from gaterun import __version__
from gaterun.core.baseline import BaselineValue, acceptances, moved, values_for
from gaterun.core.bound_run import named
from gaterun.core.discovery import Plugins
from gaterun.core.environment import Environment, digest_of
from gaterun.core.evidence import without_variables
from gaterun.core.execute import Processes
from gaterun.core.late import Late
from gaterun.core.loop import Loop
from gaterun.core.parts import Read, Whole
from gaterun.core.record_file import LOGS
from gaterun.core.result import BaselineOf, judged, unmeasured
from gaterun.core.reuse import measurement_of
from gaterun.core.run_verdict import verdict_of
from gaterun.core.second_key import SecondKey
from gaterun.core.store import RunFolder, Store
from gaterun.core.taken_over import WORST, no_better, of_unmeasured, shelf_of
from gaterun.core.taken_over import moved as moved_evidence
from gaterun.core.tree import TreeState
from gaterun.core.waivers import leftovers
from gaterun.core.workers import Workers
from gaterun.core.writable import writable
from gaterun.model.errors import UsageError
from gaterun.model.event import Event, GateFinished, RunFinished, RunStarted
from gaterun.model.measurement import Measurement
from gaterun.model.metrics_document import MetricsDocument
from gaterun.model.phase import PHASE_WIDE, POLICY, Requirement
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.shard import ShardRun
from gaterun.model.verdict import Outcome
from gaterun.model.waiver import InForce

#: Facts that shards of one run should have in common.
_ALIKE = ("os", "arch", "rustc", "cargo")


@dataclass(kw_only=True)
class Merge:
    """The run that shards are merged to.

    Args:
        whole: what they are parts of; they have been checked against it.
        chosen: the gates of all shards, in the phase's order.
        parts: one a shard, by number.
        look: looks at the tree as it is then.
        before: as it was before anything was judged.
        second: what the base says; ``None`` where nobody asks it.
        name: what the user called the phase, for commands that repeat a gate.
        tell: called with every event.
    """

    whole: Whole
    chosen: Sequence[Requirement]
    parts: Sequence[Read]
    store: Store
    plugins: Plugins
    root: Path
    look: Callable[[], TreeState]
    before: TreeState
    tell: Callable[[Event], None]
    in_force: InForce
    environment: Environment
    baseline: MetricsDocument | None = None
    baseline_is_named: bool = False
    max_warnings: int | None = None
    second: SecondKey | None = None
    name: str = ""
    argv: tuple[str, ...] = ()
    #: Who measures what no shard could.
    _late: Late | None = field(default=None, init=False)
    #: Why the baseline is out of date; empty when it is not.
    _stale: str = field(default="", init=False)

    def run(self) -> RunRecord:
        """Judge, and record the run.

        Raises:
            UsageError: it cannot be recorded.
        """
        folder = self.store.new_run()
        processes = Processes(folder.id, self.environment)
        try:
            record = self._judge(folder, processes)
        except BaseException:
            processes.kill()
            folder.abandon()
            raise
        over = RunFinished(record=record, time=time.time())
        try:
            folder.finish(over, processes.redactor)
        except OSError as error:
            raise UsageError(f"the merged run cannot be recorded: {error.strerror}") from error
        self.tell(over)
        return record

    def _judge(self, folder: RunFolder, processes: Processes) -> RunRecord:
        whole, phase = self.whole, self.whole.phase
        redactor = processes.redactor
        second = self.second.hiding(redactor.text) if self.second else None
        self._copy_logs(folder)
        if self.baseline and not self.baseline_is_named:
            self._stale = moved(self.baseline, whole.base or None, phase.base)
        tell = folder.events.telling(self.tell)
        began = min(part.record.started for part in self.parts)
        tell(
            RunStarted(
                run_id=folder.id,
                phase=phase.id,
                title=phase.title,
                root=writable(str(self.root)),
                version=__version__,
                tree=whole.tree,
                nodes=tuple(gate.node_id for gate in self.chosen),
                deselected=len(phase.requirements) - len(self.chosen),
                plugins=(),
                jobs=0,
                time=time.time(),
                base=whole.base,
                merged=len(self.parts),
            )
        )
        loop = Loop(
            phase=phase,
            chosen=self.chosen,
            seconds={},
            jobs=max(1, len(self.chosen)),
            maxfail=0,
            repeat=self._repeat,
            recall=lambda gate: self._recall(gate, second),
            at_hand=frozenset(self._measured),
            tell=tell,
        )
        loop.run(self._workers(folder, processes, loop, second))
        late_warnings = self._settle(tell)
        results = tuple(loop.results[gate.node_id] for gate in self.chosen)
        entry = second.entry() if second else None
        warnings = [*self._warnings(results, loop.unmet), *late_warnings]
        if entry is not None:
            tell(GateFinished(result=entry, time=time.time()))
        return RunRecord(
            id=folder.id,
            phase=phase.id,
            title=phase.title,
            root=writable(str(self.root)),
            version=__version__,
            argv=tuple(redactor.text(writable(word)) for word in self.argv),
            tree=whole.tree,
            environment=self._common(),
            tasks={
                **{task.id: task.title for task in phase.tasks},
                **({PHASE_WIDE: "Whole phase"} if phase.gates else {}),
                **({POLICY: "What judges"} if entry else {}),
            },
            needs=phase.needs,
            results=(*results, entry) if entry else results,
            started=began,
            seconds=self._seconds(began),
            exit_code=verdict_of(results, max_warnings=self.max_warnings, policy=entry),
            base=whole.base,
            warnings=tuple(map(redactor.text, warnings)),
            withheld=tuple(sorted({n for part in self.parts for n in part.record.withheld})),
            variables=tuple(sorted({n for part in self.parts for n in part.record.variables})),
            environment_digest=digest_of(
                {str(part.shard.number): part.record.environment_digest for part in self.parts}
            ),
            policy=second.policy if second else None,
            left_out=tuple(
                gate.node_id for gate in phase.requirements if gate.node_id not in loop.results
            ),
            parts=tuple(map(_part, self.parts)),
        )

    @cached_property
    def _measured(self) -> dict[str, tuple[Read, GateResult]]:
        """What became of each gate in its shard, by node id."""
        return {each.node_id: (part, each) for part in self.parts for each in part.record.results}

    def _repeat(self, gate: Requirement) -> str:
        return f"gaterun {self.name or self.whole.phase.id} {gate.node_id}"

    def _copy_logs(self, folder: RunFolder) -> None:
        """Keep the logs of every shard below a folder of its own."""
        for part in self.parts:
            logs = part.folder / LOGS
            if logs.is_dir():
                try:
                    shutil.copytree(logs, folder.path / LOGS / shelf_of(part))
                except (OSError, shutil.Error) as error:
                    raise UsageError(
                        f"the logs of {part.name} cannot be copied: {error}"
                    ) from error

    def _workers(
        self, folder: RunFolder, processes: Processes, loop: Loop, second: SecondKey | None
    ) -> Workers:
        """Those who measure what no shard could."""
        self._late = late = Late(
            self.whole.plan.late,
            whole=self.whole,
            root=self.root,
            before=self.before,
            folder=folder,
            store=self.store,
            plugins=self.plugins,
            processes=processes,
            in_force=self.in_force,
            loop=loop,
        )

        baseline = self._baseline_at(lambda: late.facts)

        def measure(gate: Requirement, progress: Callable[[str], None]) -> GateResult:
            result = late.measure(gate, baseline, repeat=self._repeat(gate), progress=progress)
            return result if second is None else second.held(result, baseline)

        return Workers(
            measure, messages=SimpleQueue(), locks=self.store.path / "locks", processes=processes
        )

    def _baseline_at(self, facts: Callable[[], Mapping[str, str]]) -> BaselineOf:
        """The baseline's values for what was measured on a machine of such facts."""

        def values(
            requirement: Requirement, measurement: Measurement
        ) -> Mapping[str, BaselineValue] | None:
            if self.baseline is None:
                return None
            return values_for(self.baseline, requirement, measurement, facts(), stale=self._stale)

        return values

    def _settle(self, tell: Callable[[Event], None]) -> list[str]:
        """Take back what was measured here of a tree that has changed meanwhile."""
        if self._late is None or not self.whole.plan.late:
            return []
        after = self.look()
        if not (changed := after.changed_since(self.before)):
            return []
        for result in self._late.settle(after):
            tell(GateFinished(result=result, time=time.time()))
        return [f"the working tree changed while shards were merged: {named(changed)}"]

    def _recall(self, gate: Requirement, second: SecondKey | None) -> GateResult | None:
        """What its shard measured of a gate, judged here; ``None`` where no shard could."""
        if gate.node_id not in self._measured:
            return None
        part, found = self._measured[gate.node_id]
        evidence = moved_evidence(found, shelf_of(part))
        # By the facts of the machine that measured, not of this one.
        baseline = self._baseline_at(lambda: part.record.environment)
        if found.inspected or found.metrics:
            result = judged(
                gate,
                measurement_of(found),
                baseline,
                evidence=evidence,
                repeat=self._repeat(gate),
                started=found.started,
                seconds=found.seconds,
                binding=found.binding,
                reused=found.reused,
                in_force=self.in_force,
            )
            result = no_better(result, found)
        else:
            result = unmeasured(
                gate,
                of_unmeasured(found, part),
                repeat=self._repeat(gate),
                started=found.started,
                seconds=found.seconds,
                evidence=evidence,
            )
        return result if second is None else second.held(result, baseline)

    def _seconds(self, began: float) -> float:
        """From the first beginning to the last end; clocks that differ make it no shorter."""
        longest = max(part.record.seconds for part in self.parts)
        end = max(part.record.started + part.record.seconds for part in self.parts)
        return max(longest, end - began)

    def _common(self) -> dict[str, str]:
        """The facts that all machines share; a value that depends on others says which it had."""
        first, *others = (part.record.environment for part in self.parts)
        return {
            name: value
            for name, value in first.items()
            if all(other.get(name) == value for other in others)
        }

    def _warnings(
        self, results: tuple[GateResult, ...], unmet: Sequence[tuple[str, str]]
    ) -> list[str]:
        found: list[str] = []
        if self.whole.phase.base and not self.whole.base:
            name = self.whole.phase.base
            found.append(f"git knows no revision '{name}', the phase's base")
        found += [self._stale] if self._stale else []
        found += [
            f"task {task} needs {need}, which is not part of this run" for task, need in unmet
        ]
        for name in _ALIKE:
            values: dict[str, list[str]] = {}
            for part in self.parts:
                value = part.record.environment.get(name, "unknown")
                values.setdefault(value, []).append(str(part.shard.number))
            if len(values) > 1:
                each = (f"{value} (shard {', '.join(have)})" for value, have in values.items())
                found.append(f"the shards had different machines, {name}: {'; '.join(each)}")
        if self.in_force.waivers:
            nodes = {gate.node_id: gate.gate.name for gate in self.whole.phase.requirements}
            found += leftovers(self.in_force, results, nodes)
        found += acceptances(results)
        found += without_variables(results)
        blocked = {each.node_id for each in results if each.outcome is Outcome.BLOCKED}
        for_nothing = [
            each.node_id
            for part in self.parts
            for each in part.record.results
            if each.node_id in blocked and each.outcome in WORST
        ]
        if for_nothing:
            names = ", ".join(for_nothing)
            found.append(f"measured by their shards, and not judged as they are blocked: {names}")
        told: dict[str, list[str]] = {}
        for part in self.parts:
            for warning in part.record.warnings:
                if warning not in {*found, part.shard.caveat(part.record.phase)}:
                    told.setdefault(warning, []).append(str(part.shard.number))
        found += [f"shard {', '.join(who)}: {warning}" for warning, who in told.items()]
        return found


def _part(part: Read) -> ShardRun:
    record = part.record
    return ShardRun(
        number=part.shard.number,
        run=record.id,
        digest=part.digest,
        nodes=tuple(each.node_id for each in record.results),
        environment=record.environment,
        started=record.started,
        seconds=record.seconds,
    )
