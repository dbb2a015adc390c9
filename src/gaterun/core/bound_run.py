"""Binds the verdicts of one run to one tree: what is used again, and what no longer holds."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gaterun.core.binding import Binder
from gaterun.core.result import BaselineOf, judged
from gaterun.core.reuse import Kept, Shelf, differences, measurement_of
from gaterun.core.tree import TreeState
from gaterun.model.binding import Binding
from gaterun.model.metric import Reading
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome, Reason, Verdict
from gaterun.model.waiver import InForce

if TYPE_CHECKING:
    from gaterun.core.freshness import Standing
    from gaterun.core.store import Store

#: How many changed files are named.
_NAMED = 3


class BoundRun:
    """The measurements of one run and the tree that they are of.

    Args:
        binder: knows what each gate depends on.
        shelf: keeps measurements from one run to the next.
        chosen: the gates of this run.
        fresh: measure everything, whatever is kept.
        audit: share of the kept measurements that are made again all the same, from 0 to 1.
        in_force: the waivers of today, with which kept measurements are judged.
    """

    def __init__(
        self,
        binder: Binder,
        shelf: Shelf,
        chosen: Sequence[Requirement],
        *,
        fresh: bool = False,
        audit: float = 0.0,
        in_force: InForce | None = None,
    ) -> None:
        self._in_force = in_force
        self._binder = binder
        self._shelf = shelf
        self._bindings: dict[str, Binding] = {}
        self._kept: dict[str, Kept] = {}
        self._audited: dict[str, Kept] = {}
        for gate in chosen:
            binding = binder.bind(gate)
            if binding is None:
                continue
            self._bindings[gate.node_id] = binding
            kept = None if fresh or gate.skip else shelf.find(gate.gate.name, binding)
            if kept is not None:
                audited = random.random() < audit  # noqa: S311 - a sample
                (self._audited if audited else self._kept)[gate.node_id] = kept

    @property
    def at_hand(self) -> frozenset[str]:
        """Node ids of the gates that need not be measured."""
        return frozenset(self._kept)

    def binding(self, gate: Requirement) -> Binding | None:
        """What a measurement of `gate` depends on, as far as that is known beforehand."""
        return self._bindings.get(gate.node_id)

    def recall(self, gate: Requirement, baseline: BaselineOf, repeat: str) -> GateResult | None:
        """Judge a kept measurement, if there is one."""
        kept = self._kept.get(gate.node_id)
        if kept is None:
            return None
        return judged(
            gate,
            kept.measurement,
            baseline,
            evidence=kept.evidence,
            repeat=repeat,
            started=time.time(),
            seconds=0.0,
            binding=kept.binding,
            reused=kept.reused,
            in_force=self._in_force,
        )

    def audited(self, gate: Requirement, result: GateResult) -> GateResult:
        """Compare a result with the kept measurement that would have been used in its stead.

        Returns:
            A failure, whatever the measurement says, if the two differ: then something that
            it depends on is not declared, and no kept measurement of this gate can be believed.
        """
        kept = self._audited.get(gate.node_id)
        if kept is None or not result.metrics:
            return result
        bound = frozenset(metric.name for metric in gate.gate.metrics if metric.host_bound)
        unlike = differences(kept.measurement, measurement_of(result), bound)
        if not unlike:
            return result
        self._shelf.forget(gate.gate.name, kept.binding)
        verdict = Verdict(
            outcome=Outcome.FAIL,
            message=f"measured anew it differs from what was kept of run {kept.reused.run}: "
            + ", ".join(unlike),
            help="it depends on something that its inputs do not name; --fresh measures it anew",
            checks=result.verdict.checks,
        )
        return replace(result, verdict=verdict, binding=None)

    def others(
        self, phase: Phase, store: Store, results: Mapping[str, GateResult]
    ) -> Callable[[str], Mapping[str, Reading]]:
        """What the other gates have measured of this tree, for a gate that comes after them.

        Args:
            results: of this run, by node id, as they come in.
        """

        def standings(gates: Sequence[Requirement]) -> Sequence[Standing]:
            from gaterun.core.freshness import survey

            return survey(
                phase.id,
                gates,
                binder=self._binder,
                tree=self._binder.tree,
                store=store,
                in_force=self._in_force,
            )

        def told(asking: str) -> Mapping[str, Reading]:
            from gaterun.core.others import readings

            return readings(phase, asking, dict(results), standings)

        return told

    def settle(
        self, chosen: Sequence[Requirement], results: dict[str, GateResult], after: TreeState
    ) -> list[GateResult]:
        """Take back every verdict whose gate depends on a file that changed during the run.

        Args:
            results: by node id; what is taken back is replaced.
            after: the tree at the end of the run.

        Returns:
            The results that were replaced, as they are now.
        """
        taken_back = []
        for gate in chosen:
            result = results[gate.node_id]
            if result.outcome not in {Outcome.PASS, Outcome.FAIL, Outcome.WAIVED}:
                continue
            if changed := self._binder.changed(gate, after):
                results[gate.node_id] = _without_verdict(result, changed)
                taken_back.append(results[gate.node_id])
        return taken_back

    def keep(self, results: Iterable[GateResult], run: str) -> None:
        """Keep what may be used again; a full disk costs only the time to measure again."""
        for result in results:
            with contextlib.suppress(OSError):
                self._shelf.keep(result, run)
        self._shelf.tidy()


def _without_verdict(result: GateResult, changed: Sequence[str]) -> GateResult:
    verdict = Verdict(
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.TREE_CHANGED,
        message=f"{named(changed)} changed during the run; it would have been "
        f"{'red' if result.outcome is Outcome.FAIL else 'green'}",
        help="run it again; what tests write belongs outside of the tree, or in .gitignore",
        checks=result.verdict.checks,
    )
    return replace(result, verdict=verdict, binding=None)


def named(files: Sequence[str]) -> str:
    """Some of the files by name, and how many more there are.

    >>> named(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    shown = ", ".join(files[:_NAMED])
    return f"{shown} and {len(files) - _NAMED} more" if len(files) > _NAMED else shown
