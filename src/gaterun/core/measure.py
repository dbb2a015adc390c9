"""Asks plugins for measurements, and computes each shared resource once."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gaterun.core import lock, shape
from gaterun.core.evidence import trace
from gaterun.core.execute import Processes, Stopped
from gaterun.core.git import Git
from gaterun.core.glob import glob_matcher
from gaterun.model.command import Completed, Evidence
from gaterun.model.edit import Edit
from gaterun.model.errors import CannotMeasure
from gaterun.model.gate import Gate, Resource, resource_circle, resource_names
from gaterun.model.measurement import Measurement
from gaterun.model.verdict import Reason

T = TypeVar("T")


class GateContext:
    """The `Context` of one gate or resource of one run.

    Args:
        name: node id, after which logs are named.
        plugin: name of the gate, after which the state folder is named; the last part of
            `name` when empty.
        timeout: seconds for everything that is done with this context, counted from now.
    """

    def __init__(
        self,
        bench: Bench,
        *,
        name: str,
        options: Any,
        timeout: float | None,
        progress: Callable[[str], None],
        plugin: str = "",
    ) -> None:
        self._bench = bench
        self.name = name
        self.plugin = plugin or name.rpartition("::")[2]
        self._options = options
        self._progress = progress
        self._scratch: Path | None = None
        self._state: Path | None = None
        self._state_lock: int | None = None
        self._logs: Path | None = None
        self._commands = 0
        self.timeout = math.inf if timeout is None else timeout
        self.deadline = time.monotonic() + self.timeout
        self.evidence: list[Evidence] = []

    @property
    def remaining(self) -> float:
        """Seconds that are left.

        Raises:
            CannotMeasure: none are (``timeout``).
        """
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise CannotMeasure(
                Reason.TIMEOUT, f"its {self.timeout:g} s are over", help="raise 'timeout'"
            )
        return remaining

    @property
    def root(self) -> Path:
        return self._bench.root

    @property
    def options(self) -> Any:
        return self._options

    @property
    def base(self) -> str | None:
        return self._bench.base

    @property
    def state(self) -> Path:
        if self._state is None:
            folder = self._bench.state / "gates" / self.plugin
            locks = self._bench.state / "locks"
            folder.mkdir(parents=True, exist_ok=True)
            locks.mkdir(exist_ok=True)
            processes = self._bench.processes
            self._state_lock = lock.take(
                locks,
                f"gate-{self.plugin}",
                alone=True,
                stopped=lambda: processes.stopping or time.monotonic() > self.deadline,
                waiting=lambda _: self._progress(f"waiting: another gate uses {folder.name}"),
            )
            if processes.stopping:
                raise Stopped
            _ = self.remaining
            self._state = folder
        return self._state

    @property
    def scratch(self) -> Path:
        if self._scratch is None:
            # Outside the workspace: cargo reads the configuration of every parent folder.
            self._scratch = Path(tempfile.mkdtemp(prefix="gaterun-")).resolve()
            self._bench.note_scratch(self._scratch)
        return self._scratch

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        limit = self.remaining if timeout is None else min(timeout, self.remaining)
        self._commands += 1
        if self._logs is None:
            self._logs = self._bench.logs / self.name.replace("::", ".")
            self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{self._commands:02}-{os.path.basename(argv[0])}"  # noqa: PTH119
        completed = self._bench.processes.run(
            argv,
            cwd=cwd or self.root,
            env=env,
            log=log,
            timeout=None if math.isinf(limit) else limit,
        )
        self.evidence.append(
            trace(
                completed,
                self._bench.processes,
                env=env,
                root=self.root,
                log=f"{self._bench.logs.name}/{self._logs.name}/{log.name}",
            )
        )
        return completed

    def files(self, *globs: str) -> tuple[str, ...]:
        names = self._bench.git.files
        if not globs:
            return names
        patterns = [glob_matcher(glob) for glob in globs]
        return tuple(name for name in names if any(match(name) for match in patterns))

    def checkout(self, ref: str | None) -> Path:
        return self._bench.git.checkout(ref, self.scratch)

    def progress(self, text: str) -> None:
        self._progress(text)

    def close(self) -> None:
        """Remove the scratch folder, and let others use the state."""
        if self._state_lock is not None:
            os.close(self._state_lock)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._bench.forget_scratch(self._scratch)


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
        self.evidence: tuple[Evidence, ...] = ()

    def holds_for(self, asking: GateContext) -> bool:
        """Whether there is nothing to compute for this gate."""
        out_of_time = self.refusal is not None and self.refusal.reason is Reason.TIMEOUT
        return self.done and not (out_of_time and asking.timeout > self.allowed)


class Bench:
    """Where one run measures: the workspace, the folders, the processes, the resources.

    Args:
        root: the workspace that is measured.
        state: ``.gaterun`` of the workspace.
        logs: where the output of commands goes.
        base: the phase's base commit, resolved.
    """

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
        self._scratch_notes = state / "scratch"

    def measure(
        self,
        gate: Gate,
        options: object,
        *,
        name: str,
        timeout: float | None,
        progress: Callable[[str], None],
    ) -> tuple[Measurement, tuple[Evidence, ...]]:
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
            self, name=name, options=options, timeout=timeout, progress=progress, plugin=gate.name
        )

    def _ask(
        self, context: GateContext, function: Callable[..., object], checked: Callable[[object], T]
    ) -> tuple[T, tuple[Evidence, ...]]:
        shared: list[Evidence] = []
        try:
            crash = self.logs / f"{context.name.replace('::', '.')}.crash"
            with _as_refusal(f"gate '{context.plugin}'", crash, self.processes.redactor.text):
                answer = checked(function(context, **self._arguments(function, context, shared)))
        except CannotMeasure as refusal:
            refusal.evidence = (*shared, *context.evidence)
            raise
        finally:
            context.close()
        return answer, (*shared, *context.evidence)

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
            function(context, **self._arguments(function, context, []))
        finally:
            context.close()

    def _arguments(
        self, function: Callable[..., object], context: GateContext, shared: list[Evidence]
    ) -> dict[str, object]:
        return {name: self._resource(name, context, shared) for name in resource_names(function)}

    def _resource(self, name: str, asking: GateContext, shared: list[Evidence]) -> object:
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
        shared.extend(computed.evidence)
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
        nested: list[Evidence] = []
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
        computed.evidence = (*nested, *context.evidence)
        computed.done = True

    def note_scratch(self, folder: Path) -> None:
        """Remember a scratch folder, so that the next run can remove what a kill left."""
        self._scratch_notes.mkdir(exist_ok=True)
        (self._scratch_notes / folder.name).write_text(f"{self.processes.run_id}\n{folder}\n")

    def forget_scratch(self, folder: Path) -> None:
        """The folder has been removed in good order."""
        (self._scratch_notes / folder.name).unlink(missing_ok=True)


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
    except (Exception, SystemExit) as error:
        import traceback

        with contextlib.suppress(OSError):
            crash.parent.mkdir(parents=True, exist_ok=True)
            crash.write_text(hide(traceback.format_exc()), "utf-8", "replace")
        raise CannotMeasure(
            Reason.CRASHED,
            f"{who} raised {type(error).__name__}: {error}",
            help=f"a bug in the plugin; its traceback is in {crash}",
        ) from error


def _nothing(text: str) -> None:
    del text
