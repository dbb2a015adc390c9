"""What a merged run takes over of a shard's results: its evidence, and never a better verdict."""

from __future__ import annotations

from msgspec.structs import replace

from gaterun.core.parts import Read
from gaterun.core.record_file import LOGS
from gaterun.model.command import Evidence
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome, Reason, Verdict

#: Reasons of a shard that say that its measurement holds for nothing, whatever it is.
_WITHDRAWN = frozenset({Reason.TREE_CHANGED, Reason.DIRTY_TREE})

#: From the worst; a shard's verdict stays where it is worse than what the measurement says.
WORST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.PASS)


def shelf_of(part: Read) -> str:
    """The folder of a shard's logs among those of the merged run."""
    return f"shard-{part.shard.number}"


def moved(result: GateResult, shelf: str) -> tuple[Evidence, ...]:
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


def of_unmeasured(result: GateResult, part: Read) -> Verdict:
    """The verdict of a gate of which a shard has no measurement: never more than none."""
    if result.outcome is Outcome.INCONCLUSIVE and result.verdict.reason is not None:
        return result.verdict
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.INCOMPLETE,
        message=f"{part.shard.label} did not measure it: {result.verdict.message or 'no word why'}",
        help="run the shard again",
    )


def no_better(result: GateResult, found: GateResult) -> GateResult:
    """`result`, unless the shard that measured it thought less of it."""
    if found.outcome is Outcome.INCONCLUSIVE and found.verdict.reason in _WITHDRAWN:
        return replace(result, verdict=found.verdict, binding=None)
    if found.outcome not in WORST:
        verdict = Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.INCOMPLETE,
            message=f"its shard says that it was {found.outcome.value}, and has a measurement",
        )
        return replace(result, verdict=verdict, binding=None)
    if WORST.index(found.outcome) < WORST.index(result.outcome):
        return replace(result, verdict=found.verdict, binding=None)
    return result
