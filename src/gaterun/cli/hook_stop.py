"""The hook at the end of a session: what it holds, or says to be done, has to be verified."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from gaterun.cli import noted
from gaterun.cli.desk import ACTOR, Desk
from gaterun.cli.hook_told import Reproach, judged
from gaterun.cli.hook_values import Answer, Given, Place
from gaterun.cli.notes import followed
from gaterun.core.reading_claims import tasks_of
from gaterun.model.claim import Claim, Said, Unread
from gaterun.model.task_state import Participant, TaskHistory

if TYPE_CHECKING:
    from gaterun.cli.plan import Plan
    from gaterun.core.claims import Held

#: The hook of a part of a session, which holds nothing itself.
_PART = "SubagentStop"


class _Sides(Struct, frozen=True, kw_only=True):
    """Which tasks of a phase are whose.

    Attributes:
        own: those that this session holds, or has said to be done, by task id.
        others: ids of those that somebody else holds, or has said to be done.
    """

    own: Mapping[str, TaskHistory]
    others: frozenset[str]


def stop(given: Given, place: Place) -> Answer:
    """A session, or a part of it, is about to end."""
    from gaterun.cli.coordination import desk

    desks: tuple[Desk, ...] = tuple(desk(place.opened, phase.id) for phase in place.phases)
    said = {here.phase.id: place.opened.said(here.phase) for here in desks}
    if any(_concerned(here, said[here.phase.id], given) is not None for here in desks):
        from gaterun.cli.planning import plan_of

        desks = plan_of(place.opened, place.phases, said=said).desks()
        return _answer(given, desks, place.opened.state)
    unread = [item for each in said.values() for item in each if isinstance(item, Unread)]
    return judged(given, place.opened.state, (), unread)


def stop_again(plan: Plan) -> tuple[str, str, int]:
    """The same from a plan that still holds: what is for the host, for the agent, the exit code."""
    stream = sys.stdin.buffer
    stream.seek(0)
    given = msgspec.json.decode(stream.read(), type=Given)
    stream.seek(0)  # the long way may have to read it again
    desks = plan.desks()
    state = desks[0].footing.state
    answer = _answer(given, desks, state)
    if answer == Answer() and (notes := followed()):
        notes.keep("", state, within=noted.WITHIN)
    out = msgspec.json.encode(answer.out).decode() + "\n" if answer.out else ""
    return out, answer.err and f"{answer.err}\n", answer.code


def _answer(given: Given, desks: Sequence[Desk], state: Path) -> Answer:
    found: list[Reproach] = []
    unread: list[Unread] = []
    for here in desks:
        said = here.footing.said(here.phase)
        unread += [item for item in said if isinstance(item, Unread)]
        if (sides := _concerned(here, said, given)) is not None:
            found += _reproaches(here, sides)
    return judged(given, state, found, unread)


def _concerned(here: Desk, said: Sequence[Claim | Unread], given: Given) -> _Sides | None:
    """Whose task is whose, if that or what was said concerns the session; else nothing has to be
    looked at.
    """
    with noted.beside_the_plan():
        sides = _sides(here, part=given.hook_event_name == _PART)
    about = any(
        isinstance(item, Claim) and set(tasks_of(item, here.phase)) - sides.others for item in said
    )
    return sides if about or sides.own else None


def _sides(here: Desk, *, part: bool) -> _Sides:
    """Whose task is whose, by the working tree that a claim was made from.

    Args:
        part: whether only a part of a session ends: it answers for what was said, not for what
            the session goes on with.
    """
    own, others = {}, set()
    known = {task.id for task in here.phase.tasks}
    for name, history in here.histories().items():
        if name not in known or history.blocked is not None:
            continue
        lease, done = history.lease, history.done
        by = lease.holder if lease is not None else done.who if done is not None else None
        if by is not None and _is_here(by, here.who):
            # A claim of one's own that ran out is still one's own, as long as nobody took it.
            if done is not None or not part:
                own[name] = history
        elif done is not None or (lease is not None and lease.is_live(here.now())):
            others.add(name)
    return _Sides(own=own, others=frozenset(others))


def _is_here(by: Participant, who: Participant) -> bool:
    """Whether it is this session; the name counts only where the session was given one."""
    return by.worktree == who.worktree and (not os.environ.get(ACTOR) or by.actor == who.actor)


def _reproaches(here: Desk, sides: _Sides) -> Iterator[Reproach]:
    from gaterun.cli.ledger import held_against, ledger_on
    from gaterun.core.claims import Support

    gates, _ = here.standing()
    phase = here.phase
    held = [
        Claim(key=f"claim {history.epoch}", said=Said.COMPLETED, source="gaterun", task=name)
        for name, history in sides.own.items()
    ]
    for item in held_against(phase, held, gates).held:
        if item.open:
            yield Reproach(
                phase=phase.id,
                item=item,
                head=_head(item, sides.own[item.task]),
                way_out=f"Mend it and measure with `gaterun done {phase.id} {item.task}`, or, where "
                f"it cannot go on, `gaterun block {phase.id} {item.task} --why …`.",
            )
    for item in ledger_on(here.footing, phase, gates).held:
        if item.task not in sides.others and (item.open or item.support is Support.CONTRADICTED):
            yield Reproach(phase=phase.id, item=item)


def _head(item: Held, history: TaskHistory) -> str:
    """What is the matter with a task that the session holds."""
    from gaterun.core.claims import Support

    by = history.done.who if history.done is not None else history.holder
    said = "said to be done" if history.done is not None else "held"
    actor = by.actor if by is not None else "somebody"
    what = "contradicted" if item.support is Support.CONTRADICTED else "not verified"
    joined = f"and that is {what}" if history.done is not None else "and not verified"
    return f"task {item.task} is {said} by {actor} here ({item.claim.key}), {joined}:"
