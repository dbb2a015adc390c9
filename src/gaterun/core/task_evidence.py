"""Asks the evidence of tasks whether it covers the tree as it is now, wherever it was made."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gaterun import __version__
from gaterun.core.bond import Binds, joint_digest, options_text
from gaterun.core.freshness import Freshness, Standing, still_waived
from gaterun.core.reuse import digests
from gaterun.model.binding import Binding
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.task_state import EvidenceKey, Participant, TaskEvidence
from gaterun.model.verdict import Outcome
from gaterun.model.waiver import InForce

if TYPE_CHECKING:
    from gaterun.core.state import StateDb
    from gaterun.core.tree import TreeState

#: What says something about a gate; the others only say why nothing was measured.
_SAYS = frozenset({Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED})


class Present:
    """What the gates of a phase depend on at one moment.

    Args:
        binder: of the tree.
        tree: as it is now; ``None`` where nothing is known about it.
        baseline: digest of the baseline that gates are compared with.
    """

    def __init__(self, binder: Binds, tree: TreeState | None, baseline: str) -> None:
        self._binder = binder
        self._tree = tree
        self._baseline = baseline

    @property
    def digest(self) -> str:
        """Of the whole tree; empty where nothing is known about it."""
        return self._tree.summary.digest if self._tree else ""

    def key(self, gate: Requirement) -> EvidenceKey | None:
        """What a measurement made now would depend on; ``None`` where nobody can say."""
        return key_of(gate, self._binder.bind(gate), self.digest, self._baseline)


def key_of(
    gate: Requirement, binding: Binding | None, tree: str, baseline: str
) -> EvidenceKey | None:
    """What a measurement depends on, but for the folder; ``None`` where nothing is known.

    Args:
        binding: of the measurement; where nobody can say on which files it depends, it is
            bound to the whole tree.
        tree: digest of that.
        baseline: digest of the baseline, which counts where a condition compares with it.
    """
    if not tree:
        return None
    host = [platform.system(), platform.machine()]
    if gate.gate.exclusive or any(metric.host_bound for metric in gate.gate.metrics):
        host += [platform.node(), str(os.cpu_count())]
    judged = (*gate.conditions, *([baseline] if gate.compared else []))
    if binding is None:
        options = options_text(gate.options)
        return EvidenceKey(
            definition=joint_digest(__version__, gate.gate.name, options, *judged),
            inputs=f"tree {tree}",
            tools=joint_digest(*host),
        )
    return EvidenceKey(
        definition=joint_digest(
            binding.gaterun, binding.code, binding.options, binding.base, *judged
        ),
        inputs=binding.inputs,
        tools=joint_digest(binding.tools, binding.environment, *host),
    )


def with_evidence(
    found: Iterable[Standing],
    *,
    phase: str,
    db: StateDb,
    present: Present,
    in_force: InForce,
) -> tuple[Standing, ...]:
    """How gates stand when the evidence of all working trees counts, too.

    Of what holds for this tree the newest decides, so that a pass is not kept alive by
    looking away from a later failure.

    Args:
        found: how they stand by the runs of this working tree alone.
    """
    return tuple(_with(item, phase, db, present, in_force) for item in found)


def _with(item: Standing, phase: str, db: StateDb, present: Present, in_force: InForce) -> Standing:
    gate = item.gate
    key = present.key(gate)
    if key is None or gate.skip:
        return item
    evidence = db.evidence(phase, gate.node_id, key)
    if evidence is None or not _reads_hold(evidence):
        if item.freshness is Freshness.MISSING and db.evidence(phase, gate.node_id) is not None:
            why = "it was measured on another tree, or under another definition"
            return replace(item, freshness=Freshness.STALE, why=why)
        return item
    fresh = item.freshness is Freshness.FRESH
    if fresh and item.last is not None and item.last.started >= evidence.result.started:
        return item
    if not still_waived(gate, evidence.result, in_force):
        return replace(
            item,
            freshness=Freshness.STALE,
            why="its waivers have expired, or changed",
            last=evidence.result,
            run=evidence.run,
        )
    return replace(item, freshness=Freshness.FRESH, why="", last=evidence.result, run=evidence.run)


def _reads_hold(evidence: TaskEvidence) -> bool:
    """Whether the files that it read beyond its inputs are as they were."""
    reads = evidence.binding.reads if evidence.binding else {}
    return digests(map(Path, reads)) == dict(reads)


def evidence_of(
    record: RunRecord,
    gates: Sequence[Requirement],
    *,
    phase: Phase,
    epoch: int,
    who: Participant,
    baseline: str,
    at: float,
) -> tuple[TaskEvidence, ...]:
    """What a run says about gates, as evidence of the tree at its beginning.

    Verdicts of gates whose files changed meanwhile the run itself has taken back.
    """
    chosen = {gate.node_id: gate for gate in gates}
    return tuple(
        TaskEvidence(
            phase=phase.id,
            task=result.task,
            gate=result.node_id,
            epoch=epoch,
            who=who,
            key=key_of(chosen[result.node_id], result.binding, record.tree.digest, baseline),
            tree=record.tree.digest,
            run=record.id,
            at=at,
            result=_slim(result),
        )
        for result in record.results
        if result.node_id in chosen and result.outcome in _SAYS
    )


def _slim(result: GateResult) -> GateResult:
    """Without what only the run's own record has to keep."""
    if result.outcome is Outcome.WAIVED:
        return replace(result, evidence=())  # its waivers are held against the findings again
    return replace(result, findings=(), evidence=())
