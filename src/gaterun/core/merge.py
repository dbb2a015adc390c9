"""Judges the measurements of all shards as one run, and records it.

What the shards measured is judged anew, by the definitions that are here: the same schedule
decides what is blocked, the same waivers and the same base apply. A shard's own verdict is used
for one thing only: what it took back (the tree changed, a kept measurement did not hold) is not
given back. So merging can take a green away, and never gives one.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from queue import SimpleQueue

from msgspec.structs import replace

from gaterun import __version__
from gaterun.core.baseline import BaselineValue, acceptances, moved, values_for
from gaterun.core.environment import Environment, digest_of
from gaterun.core.evidence import without_variables, writable
from gaterun.core.execute import Processes
from gaterun.core.loop import Loop
from gaterun.core.parts import Read, Whole
from gaterun.core.record_file import LOGS
from gaterun.core.result import judged, unmeasured
from gaterun.core.reuse import measurement_of
from gaterun.core.run_verdict import verdict_of
from gaterun.core.second_key import SecondKey
from gaterun.core.store import RunFolder, Store
from gaterun.core.waivers import leftovers
from gaterun.core.workers import Message, Workers
from gaterun.model.command import Evidence
from gaterun.model.errors import UsageError
from gaterun.model.event import Event, GateFinished, RunFinished, RunStarted
from gaterun.model.measurement import Measurement
from gaterun.model.metrics_document import MetricsDocument
from gaterun.model.phase import PHASE_WIDE, POLICY, Requirement
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.shard import ShardRun
from gaterun.model.verdict import Outcome, Reason, Verdict
from gaterun.model.waiver import InForce

#: Reasons of a shard that say that its measurement holds for nothing, whatever it is.
_WITHDRAWN = frozenset({Reason.TREE_CHANGED, Reason.DIRTY_TREE})

#: From the worst; a shard's verdict stays where it is worse than what the measurement says.
_WORST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.PASS)

#: Facts that shards of one run should have in common.
_ALIKE = ("os", "arch", "rustc", "cargo")


@dataclass(kw_only=True)
class Merge:
    """The run that shards are merged to.

    Args:
        whole: what they are parts of; they have been checked against it.
        chosen: the gates of all shards, in the phase's order.
        parts: one a shard, by number.
        second: what the base says; ``None`` where nobody asks it.
        name: what the user called the phase, for commands that repeat a gate.
        tell: called with every event.
    """

    whole: Whole
    chosen: Sequence[Requirement]
    parts: Sequence[Read]
    store: Store
    root: str
    tell: Callable[[Event], None]
    in_force: InForce
    environment: Environment
    baseline: MetricsDocument | None = None
    baseline_is_named: bool = False
    max_warnings: int | None = None
    second: SecondKey | None = None
    name: str = ""
    argv: tuple[str, ...] = ()
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
                root=writable(self.root),
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
            at_hand=frozenset(gate.node_id for gate in self.chosen),
            tell=tell,
        )
        messages: SimpleQueue[Message] = SimpleQueue()
        idle = Workers(
            _measures_nothing,
            messages=messages,
            locks=self.store.path / "locks",
            processes=processes,
        )
        loop.run(idle)
        results = tuple(loop.results[gate.node_id] for gate in self.chosen)
        entry = second.entry() if second else None
        warnings = self._warnings(results, loop.unmet)
        if entry is not None:
            tell(GateFinished(result=entry, time=time.time()))
        return RunRecord(
            id=folder.id,
            phase=phase.id,
            title=phase.title,
            root=writable(self.root),
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
                    shutil.copytree(logs, folder.path / LOGS / _shelf(part))
                except (OSError, shutil.Error) as error:
                    raise UsageError(
                        f"the logs of {part.name} cannot be copied: {error}"
                    ) from error

    def _recall(self, gate: Requirement, second: SecondKey | None) -> GateResult:
        """What its shard measured of a gate, judged here."""
        part, found = self._measured[gate.node_id]
        evidence = _moved(found, _shelf(part))

        def baseline(
            requirement: Requirement, measurement: Measurement
        ) -> Mapping[str, BaselineValue] | None:
            if self.baseline is None:
                return None
            # The facts of the machine that measured, not of this one.
            facts = part.record.environment
            return values_for(self.baseline, requirement, measurement, facts, stale=self._stale)

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
            result = _no_better(result, found)
        else:
            result = unmeasured(
                gate,
                _of_unmeasured(found, part),
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
            if each.node_id in blocked and each.outcome in _WORST
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


def _shelf(part: Read) -> str:
    """The folder of a shard's logs among those of the merged run."""
    return f"shard-{part.shard.number}"


def _moved(result: GateResult, shelf: str) -> tuple[Evidence, ...]:
    """The evidence of a result, with its logs where they have been copied to."""
    if result.reused is not None:
        return result.evidence  # its logs were in the folder of another run, and still are

    def there(path: str) -> str:
        return f"{LOGS}/{shelf}/{path.removeprefix(f'{LOGS}/')}"

    return tuple(
        replace(
            each,
            log=there(each.log),
            logs=tuple(replace(log, path=there(log.path)) for log in each.logs),
        )
        for each in result.evidence
    )


def _of_unmeasured(result: GateResult, part: Read) -> Verdict:
    """The verdict of a gate of which a shard has no measurement: never more than none."""
    if result.outcome is Outcome.INCONCLUSIVE and result.verdict.reason is not None:
        return result.verdict
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.INCOMPLETE,
        message=f"{part.shard.label} did not measure it: {result.verdict.message or 'no word why'}",
        help="run the shard again",
    )


def _no_better(result: GateResult, found: GateResult) -> GateResult:
    """`result`, unless the shard that measured it thought less of it."""
    if found.outcome is Outcome.INCONCLUSIVE and found.verdict.reason in _WITHDRAWN:
        return replace(result, verdict=found.verdict, binding=None)
    if found.outcome not in _WORST:
        verdict = Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.INCOMPLETE,
            message=f"its shard says that it was {found.outcome.value}, and has a measurement",
        )
        return replace(result, verdict=verdict, binding=None)
    if _WORST.index(found.outcome) < _WORST.index(result.outcome):
        return replace(result, verdict=found.verdict, binding=None)
    return result


def _measures_nothing(gate: Requirement, progress: Callable[[str], None]) -> GateResult:
    del progress
    raise AssertionError(f"nothing is measured while merging, and {gate.node_id} is no exception")
