"""Holds what was said about tasks against what was measured.

A claim can make a task *claimed*, never more: *verified* is what evidence says, with or
without a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from gaterun.core.freshness import Freshness, Standing
from gaterun.core.reading_claims import tasks_of
from gaterun.model.claim import Claim, Said, Unread
from gaterun.model.metric import Unit
from gaterun.model.phase import Phase, Task
from gaterun.model.verdict import Check, ExitCode, Outcome


class Support(StrEnum):
    """What evidence says about a claim."""

    VERIFIED = "verified"  # it is so, on this tree
    CONTRADICTED = "contradicted"  # it is not so, or what was measured was another tree
    NOT_MEASURED = "not measured"  # nobody can say
    NOTHING = "nothing to verify"  # it does not say that anything is done


class Held(Struct, frozen=True, kw_only=True):
    """A claim about a task, held against evidence.

    Attributes:
        task: its id.
        why: what speaks against it or is missing, a line each; what supports a number.
        others: what else was said under the same name before, where it was something else.
    """

    task: str
    claim: Claim
    support: Support
    why: tuple[str, ...] = ()
    others: tuple[Claim, ...] = ()

    @property
    def claims_completion(self) -> bool:
        """Whether somebody says by it that the task is done."""
        return self.claim.said is Said.COMPLETED

    @property
    def open(self) -> bool:
        """Whether somebody says that the task is done, and evidence does not cover that."""
        return self.claims_completion and self.support is not Support.VERIFIED


class Ledger(Struct, frozen=True, kw_only=True):
    """All claims about a phase.

    Attributes:
        held: in the order of the phase's tasks, then by key.
        elsewhere: those that are about no task of the phase.
        unread: what may hold more claims.
    """

    held: tuple[Held, ...]
    elsewhere: tuple[Claim, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def claimed(self) -> frozenset[str]:
        """Tasks that somebody says are done, and that evidence does not cover."""
        return frozenset(item.task for item in self.held if item.open)

    @property
    def said_done(self) -> frozenset[str]:
        """Tasks that somebody says are done, whatever evidence says."""
        return frozenset(item.task for item in self.held if item.claims_completion)

    def about(self, task: str) -> tuple[Held, ...]:
        """The claims about one task by which somebody says that it is done."""
        return tuple(item for item in self.held if item.task == task and item.claims_completion)

    @property
    def exit_code(self) -> ExitCode:
        """1 when a claim is contradicted, 7 when nobody can say, 5 when nothing was said."""
        found = {item.support for item in self.held}
        if Support.CONTRADICTED in found:
            return ExitCode.FAILED
        if Support.NOT_MEASURED in found or self.unread:
            return ExitCode.NO_VERDICT
        return ExitCode.OK if self.held else ExitCode.NO_GATES


def hold(
    phase: Phase,
    found: Iterable[Claim | Unread],
    standings: Sequence[Standing],
    *,
    today: date,
    gist: Callable[[Standing, Check], str],
) -> Ledger:
    """Hold claims against evidence.

    Args:
        standings: of every gate of the phase, on the tree as it is now.
        today: the day for which gates are blocking or advisory, in UTC.
        gist: words for a failed check.
    """
    claims, unread = [], []
    for item in found:
        if isinstance(item, Claim):
            claims.append(item)
        else:
            unread.append(item)
    groups: dict[tuple[str, str, str], list[Claim]] = {}
    elsewhere = []
    for claim in claims:
        tasks = tasks_of(claim, phase)
        for task in tasks:
            groups.setdefault((task, claim.key, claim.metric), []).append(claim)
        if not tasks:
            elsewhere.append(claim)
    judge = _Judge(phase, standings, today, gist)
    order = [task.id for task in phase.tasks]
    held = [
        judge.held(task, said)
        for (task, _, _), said in sorted(
            groups.items(), key=lambda group: (order.index(group[0][0]), *group[0][1:])
        )
    ]
    return Ledger(held=tuple(held), elsewhere=tuple(elsewhere), unread=tuple(unread))


class _Judge:
    """Knows the evidence of a phase."""

    def __init__(
        self,
        phase: Phase,
        standings: Sequence[Standing],
        today: date,
        gist: Callable[[Standing, Check], str],
    ) -> None:
        self._tasks: Mapping[str, Task] = {task.id: task for task in phase.tasks}
        self._standings = standings
        self._today = today
        self._gist = gist

    def held(self, task: str, said: Sequence[Claim]) -> Held:
        """The newest of several claims of one name; the first read where none is newer."""
        newest = max(said, key=lambda claim: claim.time or 0.0)
        others = tuple(
            claim for claim in said if (claim.said, claim.number) != (newest.said, newest.number)
        )
        if newest.said is Said.COMPLETED:
            support, why = self._completed(task)
        elif newest.said is Said.NUMBER:
            support, why = self._number(task, newest)
        else:
            support, why = Support.NOTHING, ()
        return Held(task=task, claim=newest, support=support, why=why, others=others)

    def _needed(self, task: str) -> list[str]:
        """A task and all that it needs, each once."""
        found = [task]
        for name in found:
            found += [need for need in self._tasks[name].needs if need not in found]
        return found

    def _completed(self, task: str) -> tuple[Support, tuple[str, ...]]:
        if not self._tasks[task].gates:
            return Support.NOT_MEASURED, ("no gate is there to measure it",)
        tasks = self._needed(task)
        gates = [
            item
            for item in self._standings
            if item.gate.task in tasks and item.gate.is_blocking(self._today)
        ]
        if not gates:
            return Support.NOT_MEASURED, ("no gate of it is blocking",)
        why, against = [], False
        measured = any(item.freshness is not Freshness.MISSING for item in gates)
        for item in gates:
            if item.holds:
                continue
            text, speaks = self._obstacle(item, measured=measured)
            why.append(f"{item.gate.node_id} {text}")
            against |= speaks
        if not why:
            return Support.VERIFIED, ()
        return (Support.CONTRADICTED if against else Support.NOT_MEASURED), tuple(why)

    def _obstacle(self, item: Standing, *, measured: bool) -> tuple[str, bool]:
        """Why a gate does not support a claim, and whether it speaks against it."""
        if item.gate.skip:
            return f"is switched off: {item.gate.skip}", False
        if item.last is None:
            return f"missing: {item.why}", measured
        if item.freshness is Freshness.STALE:
            return f"stale: {item.why}", True
        verdict = item.last.verdict
        if verdict.outcome is Outcome.FAIL:
            failed = [self._gist(item, check) for check in verdict.checks if check.holds is False]
            return f"failed: {', '.join(failed) or verdict.message}", True
        reason = verdict.reason.value if verdict.reason else verdict.outcome.value
        return f"without verdict: {reason}", False

    def _number(self, task: str, claim: Claim) -> tuple[Support, tuple[str, ...]]:
        said = claim.number if claim.number is not None else 0.0
        against, unknown = [], []
        for item in self._standings:
            metric = item.last.metrics.get(claim.metric) if item.last else None
            value = metric.measured.value if metric else None
            if item.gate.task != task or metric is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                unknown.append(f"{item.gate.node_id} has no number of it")
                continue
            words = f"{item.gate.node_id} measured {value:g}"
            if item.freshness is not Freshness.FRESH:
                unknown.append(f"{words}, {item.freshness.value}: {item.why}")
            elif agrees(said, value) or (metric.unit is Unit.RATIO and agrees(said, value * 100)):
                return Support.VERIFIED, (words,)
            else:
                against.append(words)
        if against:
            return Support.CONTRADICTED, tuple(against)
        return Support.NOT_MEASURED, tuple(unknown) or (
            f"no gate of {task} has measured '{claim.metric}'",
        )


def agrees(said: float, measured: float) -> bool:
    """Whether a number is the measured one, to as many places as were said.

    >>> agrees(94.2, 94.2487), agrees(94, 94.2487), agrees(94.3, 94.2487), agrees(12, 25)
    (True, True, False, False)
    """
    from decimal import Decimal

    exponent = Decimal(repr(said)).normalize().as_tuple().exponent
    places = min(exponent, 0) if isinstance(exponent, int) else 0
    return abs(said - measured) <= 0.5 * 10.0**places
