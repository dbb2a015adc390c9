"""Measures at a worker what a run elsewhere asks for, once it is proven to be the same there.

The counterpart of `gaterun.core.dispatch`. An executor brings the messages; what is in them is
between the two.
"""

from __future__ import annotations

import contextlib
import platform
import secrets
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gaterun.core import host, likeness, worktree
from gaterun.core.binding import Binder
from gaterun.core.context import Trace
from gaterun.core.discovery import load
from gaterun.core.environment import chosen
from gaterun.core.execute import Processes, Stopped
from gaterun.core.git import Git, GitError
from gaterun.core.keeper import Keeper
from gaterun.core.lock import held
from gaterun.core.lockfile import untouched
from gaterun.core.measure import Bench
from gaterun.core.order import Answer, Order, hidden_measurement, packed
from gaterun.core.tree import TreeState, look
from gaterun.model.errors import CannotMeasure, GaterunError
from gaterun.model.executor import Ear
from gaterun.model.gate import Gate
from gaterun.model.phase import PHASE_WIDE, Location, Requirement
from gaterun.model.verdict import Reason

#: How often it is asked whether anybody still wants the answer, seconds.
_GLANCE = 0.2

#: How many runs a worker remembers, should nobody tell it that they are over.
_KEPT = 4


class Station:
    """What a worker process needs to measure gates; one for the life of the process.

    Args:
        name: of the worker, for people.
        folder: absolute path where its clone and its state may lie, its own among all workers.
    """

    def __init__(self, *, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._keeper = Keeper()
        self._guard = threading.Lock()
        self._visits: dict[str, _Visit] = {}

    def answer(self, version: str, message: bytes, ear: Ear) -> bytes:
        """Measure what `message` asks for.

        Args:
            version: of the gaterun that wrote it.
            ear: hears when the gate's time begins, and what it is doing.

        Returns:
            The answer, for that gaterun.
        """
        who = f"worker {self._name}"
        try:
            likeness.refuse_version(version, who)
            order = msgspec.msgpack.decode(message, type=Order)
            answer = self._visit(order, who).measure(order, ear, who)
        except CannotMeasure as refusal:
            answer = Answer(reason=refusal.reason, message=refusal.message, help=refusal.help)
        except GaterunError as error:
            answer = Answer(
                reason=Reason.CRASHED, message=f"{who}: {error.message}", help=error.help
            )
        return packed(msgspec.structs.replace(answer, worker=self._name, host=platform.node()))

    def stop(self, run: str, *, at_once: bool = False) -> None:
        """End what is being measured for a run, and what that has started."""
        if (visit := self._visits.get(run)) is not None:
            visit.processes.interrupt(at_once=at_once)

    def forget(self, run: str) -> None:
        """Give back what is held for a run; what is still running of it is killed."""
        with self._guard:
            visit = self._visits.pop(run, None)
        if visit is not None:
            visit.close()

    def _visit(self, order: Order, who: str) -> _Visit:
        with self._guard:
            if order.run not in self._visits:
                while len(self._visits) >= _KEPT:
                    self._visits.pop(next(iter(self._visits))).close()
                self._visits[order.run] = _Visit(order, self._folder, self._keeper, who)
            return self._visits[order.run]


class _Visit:
    """What one run has of a worker: plugins, resources, processes.

    Raises:
        CannotMeasure: there is no tree to measure here.
        UsageError: a plugin cannot be loaded.
    """

    def __init__(self, order: Order, folder: Path, keeper: Keeper, who: str) -> None:
        self._trees = order.trees
        self.root = worktree.prepared(order, folder, who)
        shared = order.trees.shared
        self._state = Path(order.state) if shared else folder / "state"
        for name in ("locks", "gates", "scratch"):
            (self._state / name).mkdir(parents=True, exist_ok=True)
        self._temporary = Path(tempfile.mkdtemp(prefix="gaterun-station-"))
        (self._temporary / "logs").mkdir()
        self._plugins = load(
            selected=order.plugins, local=self.root / order.gates if order.gates else None
        )
        self._keeper = keeper
        self.processes = Processes(f"{order.run}.{secrets.token_hex(4)}", chosen(order.pass_env))
        keeper.watch(self.processes.run_id)
        self._git = Git(self.root)
        self._facts = host.facts(self.root)
        self._bench = Bench(
            root=self.root,
            state=self._state,
            logs=self._temporary / "logs",
            base=order.base,
            resources=self._plugins.resources,
            processes=self.processes,
            git=self._git,
        )
        self._binder: Binder | None = None

    def measure(self, order: Order, ear: Ear, who: str) -> Answer:
        """Prove that all is as it is where the run is, and measure."""
        before = self._look(order)
        binder = self._binding_of(before)
        requirement = self._requirement(order)
        parts = binder.inputs(requirement)
        mine = likeness.likeness(
            requirement,
            before,
            parts,
            plugins=self._plugins,
            base=order.base,
            tools=self._facts,
            environment=self.processes.environment.given,
        )
        likeness.refuse_other(order.like, mine, who)
        if not order.trees.shared:
            found = likeness.ignored_of(before, parts, self.root)
            likeness.refuse_missing(order.ignored, found, who)
        binding = binder.bind(requirement)
        answer = self._measured(requirement, order, ear)
        if answer.measurement is None:
            return answer
        if likeness.inputs_of(self._look(order), parts) != order.like.inputs:
            return Answer(
                reason=Reason.TREE_CHANGED,
                message=f"files that it depends on changed while {who} measured",
                help="run it again; what tests write belongs outside of the tree, or in .gitignore",
                evidence=answer.evidence,
                logs=answer.logs,
            )
        return msgspec.structs.replace(answer, binding=binding)

    def _measured(self, requirement: Requirement, order: Order, ear: Ear) -> Answer:
        gate, redactor = requirement.gate, self.processes.redactor
        answer = Answer(stopped=True)
        trace = Trace()

        def progress(text: str) -> None:
            ear.progress(redactor.text(text))

        with (
            self._listening(ear),
            contextlib.nullcontext() if order.trees.shared else untouched(self.root),
            held(
                self._state / "locks",
                gate.uses,
                exclusive=gate.exclusive,
                stopped=lambda: self.processes.stopping,
                waiting=lambda name: progress(f"waiting: another gate holds {name}"),
            ),
        ):
            if self.processes.stopping:
                return answer
            ear.began()
            began = time.monotonic()
            try:
                measurement, trace = self._bench.measure(
                    gate,
                    requirement.options,
                    name=order.node_id,
                    timeout=order.timeout,
                    progress=progress,
                )
                answer = Answer(
                    measurement=hidden_measurement(measurement, redactor),
                    seconds=time.monotonic() - began,
                )
            except CannotMeasure as refusal:
                trace.evidence.extend(refusal.evidence)
                answer = Answer(
                    reason=refusal.reason,
                    message=redactor.text(refusal.message),
                    help=redactor.text(refusal.help),
                )
            except Stopped:
                return answer
        return msgspec.structs.replace(
            answer,
            evidence=tuple(trace.evidence),
            logs=self._logs(order.node_id, trace),
            folder=str(self._bench.logs),
            reads=tuple(sorted(map(str, trace.reads))),
        )

    def _logs(self, node_id: str, trace: Trace) -> dict[str, bytes]:
        """What the commands of a gate, and of the resources that it asked for, have written."""
        own = self._bench.logs.glob(f"{node_id.replace('::', '.')}.*")
        names = {path.name for path in own}
        names |= {Path(log.path).name for command in trace.evidence for log in command.logs}
        kept: dict[str, bytes] = {}
        for name in sorted(names):
            copy = self._temporary / f"{secrets.token_hex(4)}-{name}"
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(self._bench.logs / name, copy)
                # In the copy: another gate may still be reading what its resource wrote.
                self.processes.redactor.file(copy)
                kept[name] = zlib.compress(copy.read_bytes(), 1)
                copy.unlink()
        return kept

    def _requirement(self, order: Order) -> Requirement:
        gate: Gate | None = self._plugins.gates.get(order.gate)
        if gate is None:
            raise CannotMeasure(
                Reason.TOOL_VERSION,
                f"no plugin there offers a gate '{order.gate}'",
                help="install the same plugins there",
            )
        try:
            options = msgspec.json.decode(order.options, type=gate.options)
        except msgspec.ValidationError as error:
            raise CannotMeasure(
                Reason.NOT_COMPARABLE, f"the options cannot be read there: {error}"
            ) from error
        task, _, name = order.node_id.partition("::")
        return Requirement(
            task=task or PHASE_WIDE,
            id=name,
            gate=gate,
            options=options,
            settings={},
            location=Location(file="", line=0),
            inputs=order.inputs,
            timeout=order.timeout,
        )

    def _binding_of(self, tree: TreeState) -> Binder:
        """Knows what a measurement depends on here, but for the files, which are looked at anew."""
        if self._binder is None:
            self._binder = Binder(
                tree,
                root=self.root,
                base=self._bench.base,
                environment=self.processes.environment.given,
                resources=self._plugins.resources,
            )
        return self._binder

    def _look(self, order: Order) -> TreeState:
        try:
            return look(self._git, without=order.without)
        except (GitError, OSError) as error:
            raise CannotMeasure(
                Reason.WRONG_TREE, f"git cannot say what is there: {error}"
            ) from error

    @contextlib.contextmanager
    def _listening(self, ear: Ear) -> Iterator[None]:
        """End everything once nobody wants the answer: the run was killed, or has given up."""
        over = threading.Event()

        def listen() -> None:
            while not over.wait(_GLANCE):
                if ear.cancelled():
                    self.processes.interrupt()
                    return

        threading.Thread(target=listen, name="listening", daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def close(self) -> None:
        """End what runs, and remove what was written for this run."""
        self.processes.kill()
        self._keeper.forget(self.processes.run_id)
        shutil.rmtree(self._temporary, ignore_errors=True)
