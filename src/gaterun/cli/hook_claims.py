"""The hooks that are about claims: a session ends or begins, a task is ticked off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from gaterun.cli.claims import held_against, read_ledger, standing
from gaterun.cli.hook import BLOCK, Answer, Given, Place
from gaterun.core import blocks
from gaterun.core.claims import Held, Ledger, Support
from gaterun.core.result import is_blocking
from gaterun.model.claim import Claim, Said
from gaterun.model.phase import Phase, Task
from gaterun.reporters import claims as shown
from gaterun.reporters import clean

#: How many reasons of a claim are told.
_MOST_REASONS = 8

RULE = "A task is complete only when evidence verifies it; saying so is no evidence."


def stop(given: Given, place: Place) -> Answer:
    """A session, or a part of it, is about to end."""
    ledgers = [(phase, read_ledger(place.opened, phase)) for phase in place.phases]
    return _judged(given, place, ledgers)


def task_completed(given: Given, place: Place) -> Answer:
    """A task of the session's own list is about to be ticked off."""
    text = given.task_subject or given.task_id
    ledgers = []
    for phase in place.phases:
        claims = [
            Claim(
                key=text or task.id,
                said=Said.COMPLETED,
                source="the session's task list",
                task=task.id,
                raw=text,
            )
            for task in phase.tasks
            if is_named(task, text)
        ]
        if claims:
            ledgers.append((phase, held_against(place.opened, phase, claims)))
    return _judged(given, place, ledgers)


def session_start(given: Given, place: Place) -> Answer:
    """A session begins: it is told how the phases stand."""
    del given
    lines = []
    for phase in place.phases:
        standings = standing(place.opened, phase)
        lines.append(f"gaterun measures phase {phase.id} ({clean.line(phase.title)}) here:")
        today = datetime.now(UTC).date()
        for task in phase.tasks:
            gates = [
                item
                for item in standings
                if item.gate.task == task.id and is_blocking(item.gate, today)
            ]
            missing = [item.gate.id for item in gates if not item.holds]
            if not gates:
                state = "no gate, so nothing can verify it"
            elif missing:
                state = f"not verified, of {len(gates)} gates these are open: {', '.join(missing)}"
            else:
                state = f"{len(gates)} of {len(gates)} gates have passed on this tree"
            lines.append(f"- {task.id} {clean.line(task.title)}: {state}")
        lines.append(f"Measure with `gaterun {phase.id} TASK`. {RULE}")
    context = {"hookEventName": "SessionStart", "additionalContext": "\n".join(lines)}
    return Answer(out={"hookSpecificOutput": context})


def is_named(task: Task, text: str) -> bool:
    """Whether a text is about a task: it begins with its id, or says ``task ID`` somewhere."""
    name = rf"{re.escape(task.id)}(?![\w-]|\.\w)"
    return re.search(rf"(?:^\W*|\btask[\s:#-]+){name}", text, re.IGNORECASE) is not None


def _judged(given: Given, place: Place, ledgers: Sequence[tuple[Phase, Ledger]]) -> Answer:
    """Block as long as a claim is not covered, and may still block."""
    found = [
        (phase, item)
        for phase, ledger in ledgers
        for item in ledger.held
        if item.open or item.support is Support.CONTRADICTED
    ]
    unread = [shown.unread(item) for _, ledger in ledgers for item in ledger.unread]
    if not found:
        return _told([f"could not be read: {line}" for line in dict.fromkeys(unread)])
    names = [
        f"{phase.id} {item.task} {item.claim.key} {item.claim.metric}" for phase, item in found
    ]
    before = blocks.count(place.opened.config.state, given.session_id, names)
    again = [
        (phase, item, before[name])
        for (phase, item), name in zip(found, names, strict=True)
        if before[name] < blocks.MOST
    ]
    if not again:
        tasks = dict.fromkeys(f"{phase.id} {item.task}" for phase, item in found)
        return _told([f"{task} stays unverified, whatever was said" for task in tasks])
    lines = []
    for phase, item, number in again:
        lines += _reproach(phase, item, number + 1)
    return Answer(code=BLOCK, err="\n".join([*lines, RULE]))


def _told(lines: Sequence[str]) -> Answer:
    """What the person is told, without keeping anybody."""
    return Answer(out={"systemMessage": f"gaterun: {'; '.join(lines)}"} if lines else {})


def _reproach(phase: Phase, item: Held, number: int) -> list[str]:
    """What was said, what was measured, and what is needed."""
    claim = item.claim
    against = item.support is Support.CONTRADICTED
    reasons = shown.reasons(item)
    left = len(reasons) - _MOST_REASONS
    head = (
        f"gaterun: task {item.task} is said to be {shown.spoken(claim)} "
        f"({clean.line(claim.source)}: {clean.line(claim.key)}), and that is "
        f"{'contradicted' if against else 'not verified'}:"
    )
    way_out = (
        f"  Mend it and measure with `gaterun {phase.id} {item.task}`, or take the claim back. "
        f"(Told {number} of {blocks.MOST} times; then the session may end, and the task stays "
        "unverified.)"
    )
    told = [f"  {reason}" for reason in reasons[:_MOST_REASONS]]
    more = [f"  and {left} more"] if left > 0 else []
    return [head, *told, *more, way_out]
