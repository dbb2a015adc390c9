"""Sends gates to an executor where that gives the same measurement, and measures the rest here.

What comes back is a measurement, or the reason why there is none. It is judged, hidden, compared
with baselines and recorded exactly as one that was made here.
"""

from __future__ import annotations

import os
import platform
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gaterun.core.binding import Binder
from gaterun.core.context import Trace
from gaterun.core.discovery import Plugins
from gaterun.core.execute import Stopped
from gaterun.core.likeness import ignored_of, likeness
from gaterun.core.measure import Bench
from gaterun.core.order import Answer, Order, packed
from gaterun.core.own import Own
from gaterun.core.tree import TreeState
from gaterun.model.command import Evidence, Log
from gaterun.model.errors import CannotMeasure
from gaterun.model.executor import Executor, Job
from gaterun.model.gate import Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Measured
from gaterun.model.phase import Mode, Requirement
from gaterun.model.verdict import Reason


class Elsewhere(Struct, frozen=True, kw_only=True):
    """What a run is told about measuring elsewhere.

    Attributes:
        plugins: as ``-p``, for the workers.
        gates: folder of the workspace's own gates, relative to the root; may be empty.
        pass_env: the setting.
    """

    executor: Executor
    plugins: tuple[str, ...] = ()
    gates: str = ""
    pass_env: tuple[str, ...] = ()


class Dispatch:
    """Where the gates of one run are measured.

    Args:
        bench: for what is measured here.
        tree: as it was when the run began; ``None`` where nobody can say.
        binder: knows what each gate depends on.
        facts: of this machine, told when they are known.
        without: what gaterun itself writes in the tree.
    """

    def __init__(
        self,
        bench: Bench,
        elsewhere: Elsewhere,
        *,
        chosen: Sequence[Requirement],
        tree: TreeState | None,
        binder: Binder,
        plugins: Plugins,
        facts: Callable[[], Mapping[str, str]],
        without: Own,
    ) -> None:
        self._bench = bench
        self._elsewhere = elsewhere
        self._executor = elsewhere.executor
        self._tree = tree
        self._binder = binder
        self._plugins = plugins
        self._facts = facts
        self._without = without
        self._gates = {gate.node_id: gate for gate in chosen if tree and self._may_leave(gate)}

    @property
    def root(self) -> Path:
        """The workspace that is measured."""
        return self._bench.root

    @property
    def places(self) -> int:
        """How many gates are measured elsewhere at once."""
        return self._executor.places if self._gates else 0

    @property
    def apart(self) -> frozenset[str]:
        """Node ids of the gates that are measured elsewhere."""
        return frozenset(self._gates)

    @property
    def unshared(self) -> frozenset[str]:
        """Of these, those whose worker has a tree, so a target folder, of its own."""
        return frozenset() if self._executor.trees.shared else self.apart

    def cancel(self, *, at_once: bool) -> None:
        """End what is measured elsewhere."""
        self._executor.cancel(at_once=at_once)

    def _may_leave(self, gate: Requirement) -> bool:
        """Whether a measurement made elsewhere would be the one that would be made here.

        That is so where one of an earlier run could be used again: all that it depends on is
        known. What times something is about this machine.
        """
        if gate.mode is Mode.MANUAL or gate.skip or gate.gate.exclusive:
            return False
        asked = {comparison.metric for comparison in gate.require} | {*gate.compared, *gate.floor}
        timed = {metric.name for metric in gate.gate.metrics if metric.host_bound}
        return not (asked & timed) and bool(self._binder.inputs(gate))

    def measure(
        self,
        gate: Gate,
        options: object,
        *,
        name: str,
        timeout: float | None,
        progress: Callable[[str], None],
    ) -> tuple[Measurement, Trace]:
        """As `Bench.measure`, wherever that is."""
        requirement = self._gates.get(name)
        if requirement is None or self._tree is None:
            return self._bench.measure(gate, options, name=name, timeout=timeout, progress=progress)
        if self._bench.processes.stopping:
            raise Stopped
        order = self._order(requirement, self._tree)
        job = Job(run=order.run, node_id=name, timeout=requirement.timeout, message=packed(order))
        who = f"executor '{self._executor.name}'"
        try:
            answer = msgspec.msgpack.decode(self._executor.measure(job, progress), type=Answer)
        except Exception as error:
            if self._bench.processes.stopping:
                raise Stopped from error
            if isinstance(error, CannotMeasure):
                raise
            raise CannotMeasure(
                Reason.CRASHED, f"{who}: {type(error).__name__}: {error}"
            ) from error
        return self._taken(requirement, answer)

    def _order(self, gate: Requirement, tree: TreeState) -> Order:
        bench, trees = self._bench, self._executor.trees
        parts = self._binder.inputs(gate)
        return Order(
            run=bench.processes.run_id,
            node_id=gate.node_id,
            gate=gate.gate.name,
            options=msgspec.json.encode(gate.options),
            inputs=gate.inputs,
            timeout=gate.timeout,
            base=bench.base,
            plugins=self._elsewhere.plugins,
            gates=self._elsewhere.gates,
            state=str(bench.state),
            pass_env=self._elsewhere.pass_env,
            without=self._without,
            root=str(bench.root),
            inside=bench.git.prefix,
            commit=tree.commit,
            trees=trees,
            like=likeness(
                gate,
                tree,
                parts,
                plugins=self._plugins,
                base=bench.base,
                tools=self._facts(),
                environment=bench.processes.environment.given,
            ),
            ignored={} if trees.shared else ignored_of(tree, parts, bench.root),
        )

    def _taken(self, gate: Requirement, answer: Answer) -> tuple[Measurement, Trace]:
        """What an answer says, with its logs among those of the run.

        Raises:
            CannotMeasure: it is that there is no measurement.
            Stopped: it is that it was interrupted.
        """
        if answer.stopped:
            if self._bench.processes.stopping:
                raise Stopped
            raise CannotMeasure(
                Reason.WORKER_LOST, f"worker {answer.worker} on {answer.host} was told to stop"
            )
        label = re.sub(r"[^\w-]+", "-", f"{answer.host}-{answer.worker}")
        logs = self._logs(answer, label)
        evidence = tuple(_renamed(command, label, logs) for command in answer.evidence)
        if answer.measurement is None:
            here = f"{self._bench.logs}{os.sep}{label}."
            there = f"{answer.folder}{os.sep}"
            help = answer.help.replace(there, here) if answer.folder else answer.help
            refusal = CannotMeasure(answer.reason or Reason.CRASHED, answer.message, help=help)
            refusal.evidence = evidence
            raise refusal
        trace = Trace()
        trace.evidence.extend(evidence)
        trace.seconds = answer.seconds
        ours = self._binder.bind(gate)
        theirs = answer.binding
        # Files and code were compared by content; all else has to be equal as it would be here.
        trace.elsewhere = (
            theirs is None
            or ours is None
            or ours.key != replace(theirs, inputs=ours.inputs, code=ours.code).key
        )
        if not trace.elsewhere:
            trace.reads.update(map(Path, answer.reads))
        return self._as_from(gate.gate, answer.measurement, answer), trace

    @staticmethod
    def _as_from(gate: Gate, measurement: Measurement, answer: Answer) -> Measurement:
        """The measurement of a worker: what is bound to a host is not known of this one."""
        metrics = dict(measurement.metrics)
        if answer.host != platform.node():
            why = f"it was measured on {answer.host}"
            for metric in gate.metrics:
                if metric.host_bound and metric.name in metrics:
                    metrics[metric.name] = Measured(value=None, why=why)
        note = f"measured by worker {answer.worker} on {answer.host}"
        return replace(measurement, metrics=metrics, notes=(*measurement.notes, note))

    def _logs(self, answer: Answer, label: str) -> dict[str, Log]:
        found: dict[str, Log] = {}
        for name, content in answer.logs.items():
            # A name from elsewhere is a name, and no path.
            path = self._bench.logs / f"{label}.{Path(name).name}"
            path.write_bytes(zlib.decompress(content))
            kept = f"{self._bench.logs.name}/{path.name}"
            found[name] = self._bench.processes.redactor.look(path, kept)
        return found


def _renamed(command: Evidence, label: str, logs: Mapping[str, Log]) -> Evidence:
    folder, _, name = command.log.rpartition("/")
    kept = (logs.get(Path(log.path).name) for log in command.logs)
    return replace(command, log=f"{folder}/{label}.{name}", logs=tuple(log for log in kept if log))
