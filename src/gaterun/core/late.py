"""Measures, while shards are merged, the gates that read what all other gates have measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from gaterun.core import host
from gaterun.core.binding import Binder
from gaterun.core.bound_run import BoundRun
from gaterun.core.discovery import Plugins
from gaterun.core.evidence import hidden
from gaterun.core.execute import Processes
from gaterun.core.loop import Loop
from gaterun.core.measure import Bench
from gaterun.core.parts import Whole
from gaterun.core.result import BaselineOf, obtain
from gaterun.core.reuse import Shelf
from gaterun.core.store import RunFolder, Store
from gaterun.core.tree import TreeState
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult
from gaterun.model.waiver import InForce


class Late:
    """What a merged run measures itself.

    Args:
        gates: those that no shard has measured.
        before: the tree as it was when merging began.
        loop: of the merged run, whose results are read.
    """

    def __init__(
        self,
        gates: Sequence[Requirement],
        *,
        whole: Whole,
        root: Path,
        before: TreeState,
        folder: RunFolder,
        store: Store,
        plugins: Plugins,
        processes: Processes,
        in_force: InForce,
        loop: Loop,
    ) -> None:
        self._gates = gates
        self._in_force = in_force
        self._processes = processes
        self._root = root
        self._results = loop.results
        self._bound = BoundRun(
            Binder(
                before,
                root=root,
                base=whole.base or None,
                environment=processes.environment.given,
                resources=plugins.resources,
            ),
            Shelf(store.path / "measured"),
            gates,
            fresh=True,
            in_force=in_force,
        )
        self._bench = Bench(
            root=root,
            state=store.path,
            logs=folder.path / "logs",
            base=whole.base or None,
            resources=plugins.resources,
            processes=processes,
        )
        self._bench.others = self._bound.others(whole.phase, store, loop.results)

    @cached_property
    def facts(self) -> dict[str, str]:
        """Those of this machine, asked once."""
        return host.facts(self._root)

    def measure(
        self,
        gate: Requirement,
        baseline: BaselineOf,
        *,
        repeat: str,
        progress: Callable[[str], None],
    ) -> GateResult:
        """Measure and judge."""
        redactor = self._processes.redactor
        result = obtain(
            self._bench,
            gate,
            baseline,
            progress=lambda text: progress(redactor.text(text)),
            repeat=repeat,
            in_force=self._in_force,
        )
        return hidden(result, redactor)

    def settle(self, after: TreeState) -> list[GateResult]:
        """Take back what depends on a file that has changed meanwhile; what was replaced."""
        there = [gate for gate in self._gates if gate.node_id in self._results]
        return self._bound.settle(there, self._results, after)
