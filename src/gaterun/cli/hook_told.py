"""What hooks tell about claims: a claim may keep a session from ending so many times, no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.cli.hook_values import BLOCK, Answer, Given
from gaterun.model.claim import Unread
from gaterun.reporters import clean

if TYPE_CHECKING:
    from gaterun.core.claims import Held

#: How many reasons of a claim are told.
_MOST_REASONS = 8

RULE = "A task is complete only when evidence verifies it; saying so is no evidence."


class Reproach(Struct, frozen=True, kw_only=True):
    """A claim that keeps a session from ending.

    Attributes:
        phase: id of the phase of the task.
        head: what is the matter, in words of its own; empty where it was read somewhere.
        way_out: what mends it; empty likewise.
    """

    phase: str
    item: Held
    head: str = ""
    way_out: str = ""

    @property
    def name(self) -> str:
        """What tells the claim from others, for counting."""
        claim = self.item.claim
        return f"{self.phase} {self.item.task} {claim.key} {claim.metric}"


def judged(
    given: Given, state: Path, found: Sequence[Reproach], unread: Sequence[Unread]
) -> Answer:
    """Block as long as a claim is not covered, and may still block.

    Args:
        state: the workspace's state folder, where it is counted.
    """
    if not found and not unread:
        return Answer()
    from gaterun.reporters import claims as shown

    if not found:
        sources = dict.fromkeys(shown.unread(item) for item in unread)
        return _told([f"could not be read: {source}" for source in sources])
    from gaterun.core import blocks

    before = blocks.count(state, given.session_id, [each.name for each in found])
    again = [each for each in found if before[each.name] < blocks.MOST]
    if not again:
        tasks = dict.fromkeys(f"{each.phase} {each.item.task}" for each in found)
        return _told([f"{task} stays unverified, whatever was said" for task in tasks])
    lines: list[str] = []
    told: set[tuple[str, str]] = set()
    for each in again:
        task = (each.phase, each.item.task)
        # The gates of a task are listed once, whoever said that it is done.
        lines += _reproach(each, before[each.name] + 1, again=task in told)
        told.add(task)
    return Answer(code=BLOCK, err="\n".join([*lines, RULE]))


def _told(lines: Sequence[str]) -> Answer:
    """What the person is told, without keeping anybody."""
    return Answer(out={"systemMessage": f"gaterun: {'; '.join(lines)}"} if lines else {})


def _reproach(each: Reproach, number: int, *, again: bool) -> list[str]:
    """What was said, what was measured, and what is needed."""
    from gaterun.core import blocks
    from gaterun.core.claims import Support
    from gaterun.reporters import claims as shown

    item = each.item
    claim = item.claim
    against = item.support is Support.CONTRADICTED
    reasons = shown.reasons(item)
    if again and item.claims_completion:
        reasons = ("as told above",)
    left = len(reasons) - _MOST_REASONS
    head = each.head or (
        f"task {item.task} is said to be {shown.spoken(claim)} "
        f"({clean.line(claim.source)}: {clean.line(claim.key)}), and that is "
        f"{'contradicted' if against else 'not verified'}:"
    )
    way_out = each.way_out or (
        f"Mend it and measure with `gaterun {each.phase} {item.task}`, or take the claim back."
    )
    told = [f"  {reason}" for reason in reasons[:_MOST_REASONS]]
    more = [f"  and {left} more"] if left > 0 else []
    end = (
        f"  {way_out} (Told {number} of {blocks.MOST} times; then the session may end, and the "
        "task stays unverified.)"
    )
    return [f"gaterun: {head}", *told, *more, end]
