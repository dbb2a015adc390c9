"""Whether a phase is complete, and what is missing, from the record of a run.

Where somebody has looked how its tasks stand, that can keep it from being complete; nothing that
is said about a task can make it so.
"""

from __future__ import annotations

from msgspec import Struct

from gaterun.core.integration import Integration
from gaterun.model.phase import PHASE_WIDE, POLICY
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import ExitCode, Outcome
from gaterun.reporters.figures import plural

#: How the runner begins to say that it did not come to a gate, in distinction to one that the
#: phase file switches off.
_NOT_RUN = ("not run:", "not finished:")

_DONE = frozenset({Outcome.PASS, Outcome.WAIVED})

_INSTEAD = {
    ExitCode.NO_GATES: "nothing was measured",
    ExitCode.MAX_WARNINGS: "more advisory failures than allowed",
}


class Completion(Struct, frozen=True, kw_only=True):
    """How far a phase is.

    Attributes:
        verdict: as in the title, such as ``COMPLETE WITH 2 WAIVERS``.
        total: gates of the phase, and what judges itself where it is judged.
        missing: node ids of the gates that keep the phase from being complete.
        left_out: those of them that were not part of the run.
        waivers: how many waivers were made use of.
        lost: node ids of those that hold in the record, and not on the tree as it is now.
        obstacles: what else keeps the phase from being complete, a line each.
    """

    complete: bool
    verdict: str
    total: int
    missing: tuple[str, ...]
    left_out: tuple[str, ...]
    waivers: int
    lost: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()


def completion(record: RunRecord, beside: Integration | None = None) -> Completion:
    """Whether the phase is complete.

    It is when every blocking gate of the phase was part of the run, and passed, or is waived, or
    is switched off by the phase file; when every task has one that is not; and when the run itself
    came to an end and exited with 0.

    Args:
        beside: how its tasks stand, where somebody has looked. Then what has passed has to hold
            on the tree as it is, and no task may be blocked or still be worked on.
    """
    left_out = record.left_out or ()
    lost = beside.lost if beside else ()
    missing = (*(each.node_id for each in record.results if is_missing(each)), *left_out, *lost)
    total = len(record.results) + len(left_out)
    waivers = len(_used(record))
    obstacle = _obstacle(record) if record.interrupted or not missing else ""
    obstacles = tuple(filter(None, (obstacle, *_unproved(record), *_unfinished(beside))))
    complete = not missing and not obstacles
    if missing:
        verdict = f"INCOMPLETE: {len(missing)} of {plural(total, 'gate')} missing"
    elif obstacles:
        verdict = f"INCOMPLETE: {obstacles[0]}"
    elif waivers:
        verdict = f"COMPLETE WITH {plural(waivers, 'WAIVER').replace('WAIVERs', 'WAIVERS')}"
    else:
        verdict = "COMPLETE"
    return Completion(
        complete=complete,
        verdict=verdict,
        total=total,
        missing=missing,
        left_out=left_out,
        waivers=waivers,
        lost=lost,
        obstacles=obstacles,
    )


def is_missing(result: GateResult) -> bool:
    """Whether a gate keeps its phase from being complete."""
    if not result.blocking or result.outcome in _DONE:
        return False
    return result.outcome is not Outcome.SKIPPED or not switched_off(result)


def switched_off(result: GateResult) -> bool:
    """Whether the phase file leaves a gate out, with a reason."""
    return result.outcome is Outcome.SKIPPED and not result.verdict.message.startswith(_NOT_RUN)


def is_done(result: GateResult) -> bool:
    """Whether a gate has passed, or is waived."""
    return result.outcome in _DONE


def _used(record: RunRecord) -> set[str]:
    """The waivers that waived gates made use of, each once, by their place."""
    return {
        used.place or f"{each.node_id} {used.condition}"
        for each in record.results
        if each.outcome is Outcome.WAIVED
        for used in each.verdict.waived
    }


def _unproved(record: RunRecord) -> list[str]:
    """The tasks of which no gate could say that they are done, whatever anybody says."""
    blocking = {each.task for each in record.results if each.blocking and not switched_off(each)}
    blocking |= {node.rpartition("::")[0] for node in record.left_out or ()}
    blocking |= {PHASE_WIDE, POLICY}
    return [f"no gate can verify task {task}" for task in record.tasks if task not in blocking]


def _unfinished(beside: Integration | None) -> list[str]:
    """The tasks that are not done by what those who work on them say."""
    if beside is None:
        return []
    return [f"task {view.task.id} is {view.state.value}" for view in beside.unfinished]


def _obstacle(record: RunRecord) -> str:
    """Why the run as a whole proves nothing; empty when it does."""
    if record.shard:
        return f"{record.shard.label} is not the phase"
    if record.interrupted:
        return "the run was interrupted"
    if not any(map(is_done, record.results)):
        return "nothing was measured"
    if record.exit_code is not ExitCode.OK:
        word = record.exit_code.name.lower().replace("_", " ")
        return _INSTEAD.get(record.exit_code, f"the run ended with {word}")
    if record.left_out is None:
        return "the run does not say whether it had every gate of the phase"
    return ""
