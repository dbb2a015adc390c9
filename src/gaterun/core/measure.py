"""Asks plugins for measurements, and computes each shared resource once."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from gaterun.core import shape
from gaterun.core.context import GateContext, Trace
from gaterun.core.execute import Processes
from gaterun.core.git import Git
from gaterun.model.edit import Edit
from gaterun.model.errors import CannotMeasure
from gaterun.model.gate import Gate, Resource, resource_circle, resource_names
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Reading
from gaterun.model.verdict import Reason

T = TypeVar("T")


class _Computed:
    """A resource's value or its refusal, computed at most once.

    Attributes:
        allowed: seconds that the gate had that computed it. One that is allowed more time
            may try again what ran out of it.
    """

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.done = False
        self.allowed = 0.0
        self.value: object = None
        self.refusal: CannotMeasure | None = None
        self.trace = Trace()

    def holds_for(self, asking: GateContext) -> bool:
        """Whether there is nothing to compute for this gate."""
        out_of_time = self.refusal is not None and self.refusal.reason is Reason.TIMEOUT
        return self.done and not (out_of_time and asking.timeout > self.allowed)


class Measures(Protocol):
    """Where gates are measured: a `Bench` here, or what sends them elsewhere."""

    @property
    def root(self) -> Path:
        """The workspace that is measured."""

    def measure(
        self,
        gate: Gate,
        options: object,
        *,
        name: str,
        timeout: float | None,
        progress: Callable[[str], None],
    ) -> tuple[Measurement, Trace]:
        """As `Bench.measure`."""


class Bench:
    """Where one run measures: the workspace, the folders, the processes, the resources.

    Args:
        root: the workspace that is measured.
        state: ``.gaterun`` of the workspace.
        logs: where the output of commands goes.
        base: the phase's base commit, resolved.

    Attributes:
        others: what a gate that is measured after the others is told of them, by its node id.
    """

    others: Callable[[str], Mapping[str, Reading]]

    def __init__(
        self,
        *,
        root: Path,
        state: Path,
        logs: Path,
        base: str | None,
        resources: Mapping[str, Resource],
        processes: Processes,
        git: Git | None = None,
    ) -> None:
        self.root = root
        self.state = state
        self.logs = logs
        self.base = base
        self.processes = processes
        self.git = git or Git(root)
        self._resources = resources
        self._computed: defaultdict[str, _Computed] = defaultdict(_Computed)
        self._guard = threading.Lock()
        self.scratch_notes = state / "scratch"
        self.others = _told_nothing

    def measure(
        self,
        gate: Gate,
        options: object,
        *,
        name: str,
        timeout: float | None,
        progress: Callable[[str], None],
    ) -> tuple[Measurement, Trace]:
        """Let `gate` measure.

        Raises:
            CannotMeasure: there is no measurement; ``evidence`` is attached to it. A plugin
                that raises anything else has crashed, and becomes this too.
            Stopped: the run was interrupted.
        """
        context = self._context(gate, options, name, timeout, progress)
        return self._ask(context, gate.measure, lambda returned: shape.check(gate, returned))

    def fix(
        self,
        gate: Gate,
        options: object,
        *,
        name: str,
        timeout: float | None,
        progress: Callable[[str], None],
    ) -> tuple[Edit, ...]:
        """Ask `gate` what it would change to mend what it measures.

        Raises:
            CannotMeasure: it cannot say; a plugin that raises anything else has crashed.
            Stopped: the run was interrupted.
        """
        if gate.fix is None:
            return ()
        context = self._context(gate, options, name, timeout, progress)
        return self._ask(context, gate.fix, shape.check_edits)[0]

    def _context(
        self,
        gate: Gate,
        options: object,
        name: str,
        timeout: float | None,
        progress: Callable[[str], None],
    ) -> GateContext:
        return GateContext(
            self,
            name=name,
            options=options,
            timeout=timeout,
            progress=progress,
            plugin=gate.name,
            others=self.others if gate.after_others else None,
        )

    def _ask(
        self, context: GateContext, function: Callable[..., object], checked: Callable[[object], T]
    ) -> tuple[T, Trace]:
        trace = Trace()
        try:
            crash = self.logs / f"{context.name.replace('::', '.')}.crash"
            with _as_refusal(f"gate '{context.plugin}'", crash, self.processes.redactor.text):
                answer = checked(function(context, **self._arguments(function, context, trace)))
        except CannotMeasure as refusal:
            refusal.evidence = (*trace.evidence, *context.trace.evidence)
            raise
        finally:
            context.close()
        trace.add(context.trace)
        return answer, trace

    def plant(self, function: Callable[..., None], *, name: str) -> None:
        """Let a gate's defect be planted in this workspace, which is a scratch copy.

        Raises:
            LookupError: there is nothing to break.
            CannotMeasure: a resource that it asks for cannot be had.
        """
        context = GateContext(
            self, name=f"plant::{name}", options=None, timeout=None, progress=_nothing
        )
        try:
            function(context, **self._arguments(function, context, Trace()))
        finally:
            context.close()

    def _arguments(
        self, function: Callable[..., object], context: GateContext, trace: Trace
    ) -> dict[str, object]:
        return {name: self._resource(name, context, trace) for name in resource_names(function)}

    def _resource(self, name: str, asking: GateContext, trace: Trace) -> object:
        if circle := resource_circle(name, self._resources):
            raise CannotMeasure(
                Reason.CRASHED,
                f"resources ask for each other in a circle: {' asks for '.join(circle)}",
            )
        with self._guard:
            computed = self._computed[name]
        # Somebody else may be computing it, for longer than this gate has.
        while not computed.guard.acquire(timeout=min(asking.remaining, threading.TIMEOUT_MAX)):
            pass
        try:
            if not computed.holds_for(asking):
                self._compute(self._resources[name], computed, asking)
        finally:
            computed.guard.release()
        trace.add(computed.trace)
        if computed.refusal is not None:
            refusal = computed.refusal
            raise CannotMeasure(refusal.reason, refusal.message, help=refusal.help)
        return computed.value

    def _compute(self, resource: Resource, computed: _Computed, asking: GateContext) -> None:
        context = GateContext(
            self,
            name=f"resource::{resource.name}",
            options=None,
            timeout=asking.remaining,
            progress=asking.progress,
            plugin=f"resource-{resource.name}",
        )
        computed.allowed = asking.timeout
        nested = Trace()
        try:
            crash = self.logs / f"resource.{resource.name}.crash"
            with _as_refusal(f"resource '{resource.name}'", crash, self.processes.redactor.text):
                arguments = self._arguments(resource.compute, context, nested)
                computed.value = resource.compute(context, **arguments)
            computed.refusal = None
        except CannotMeasure as refusal:
            computed.refusal = refusal
        finally:
            context.close()
        nested.add(context.trace)
        computed.trace = nested
        computed.done = True


@contextlib.contextmanager
def _as_refusal(who: str, crash: Path, hide: Callable[[str], str]) -> Iterator[None]:
    """Turn whatever a plugin raises into a refusal to judge, and keep its traceback."""
    try:
        yield
    except CannotMeasure:
        raise
    except OSError as error:
        what = error.strerror or str(error)
        where = f": {error.filename}" if error.filename else ""
        raise CannotMeasure(Reason.CRASHED, f"{who}: {what}{where}") from error
    except (Exception, SystemExit, GeneratorExit) as error:
        import traceback

        with contextlib.suppress(OSError):
            crash.parent.mkdir(parents=True, exist_ok=True)
            crash.write_text(hide(traceback.format_exc()), "utf-8", "replace")
        raise CannotMeasure(
            Reason.CRASHED,
            f"{who} raised {type(error).__name__}: {error}",
            help=f"a bug in the plugin; its traceback is in {crash}",
        ) from error


def _told_nothing(node_id: str) -> Mapping[str, Reading]:
    """For a gate that is measured by itself."""
    del node_id
    return {}


def _nothing(text: str) -> None:
    del text
