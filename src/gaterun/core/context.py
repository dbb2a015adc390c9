"""What one gate or resource of one run works with: the `Context` of the public API."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaterun.core import lock, scratch
from gaterun.core.evidence import trace
from gaterun.core.execute import Stopped
from gaterun.core.glob import glob_matcher
from gaterun.model.command import Completed, Evidence
from gaterun.model.errors import CannotMeasure
from gaterun.model.metric import Reading
from gaterun.model.verdict import Reason

if TYPE_CHECKING:
    from gaterun.core.measure import Bench


class Trace:
    """What can be told about how something was measured.

    Attributes:
        evidence: the commands that were run.
        reads: files and folders that it depends on beyond the inputs of its gate.
        elsewhere: it was measured where it cannot be said what it depends on here.
        seconds: how long it took there, without the way; ``None`` where it was measured here.
    """

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self.reads: set[Path] = set()
        self.elsewhere = False
        self.seconds: float | None = None

    def add(self, other: Trace) -> None:
        """Take over what another measurement, that this one asked for, can tell."""
        self.evidence.extend(other.evidence)
        self.reads.update(other.reads)


class GateContext:
    """The `Context` of one gate or resource of one run.

    Args:
        name: node id, after which logs are named.
        plugin: name of the gate, after which the state folder is named; the last part of
            `name` when empty.
        others: what other gates have measured; ``None`` for a gate that is not told.
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
        others: Callable[[str], Mapping[str, Reading]] | None = None,
    ) -> None:
        self._bench = bench
        self._others = others
        self.name = name
        self.plugin = plugin or name.rpartition("::")[2]
        self._options = options
        self._progress = progress
        self._scratch: Path | None = None
        self._state: Path | None = None
        self._state_lock: int | None = None
        self._commands = 0
        self.timeout = math.inf if timeout is None else timeout
        self.deadline = time.monotonic() + self.timeout
        self.trace = Trace()

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
            self._scratch = scratch.make(self._bench.scratch_notes, self._bench.processes.run_id)
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
        program = os.path.basename(argv[0])  # noqa: PTH119 - of a path or a text
        # All in one folder: making one for each gate would take as long as all the rest.
        log = self._bench.logs / f"{self.name.replace('::', '.')}.{self._commands:02}-{program}"
        completed = self._bench.processes.run(
            argv,
            cwd=cwd or self.root,
            env=env,
            log=log,
            timeout=None if math.isinf(limit) else limit,
        )
        self.trace.evidence.append(
            trace(
                completed,
                self._bench.processes,
                env=env,
                root=self.root,
                log=f"{self._bench.logs.name}/{log.name}",
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

    def reads(self, path: Path) -> None:
        self.trace.reads.add(self.root / path)

    @property
    def measured(self) -> Mapping[str, Reading]:
        if self._others is None:
            raise RuntimeError(f"gate '{self.plugin}' does not say after_others")
        return self._others(self.name)

    def progress(self, text: str) -> None:
        self._progress(text)

    def close(self) -> None:
        """Remove the scratch folder, and let others use the state."""
        if self._state_lock is not None:
            os.close(self._state_lock)
        if self._scratch is not None:
            scratch.remove(self._bench.scratch_notes, self._scratch)
