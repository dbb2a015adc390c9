"""Claims of tasks: taken by one at a time, renewed by signs of life, fenced by their number.

A claim that ran out can be taken over, which gives it the next number. Whoever comes back with
an older number is refused: the task is somebody else's by now.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType

from gaterun.core.state import StateDb
from gaterun.core.task_history import LEASE
from gaterun.model.age import age
from gaterun.model.errors import GaterunError, Refused
from gaterun.model.task_state import Kind, Participant, Said, TaskHistory

#: A claim is renewed when its last sign of life is older than this, seconds.
RENEW_AFTER = 60.0


def take(
    db: StateDb,
    phase: str,
    task: str,
    who: Participant,
    *,
    now: float,
    head: str = "",
    unmet: Iterable[str] = (),
    overlapping: Mapping[str, str] | None = None,
    overlap_ok: bool = False,
    called: str = "",
) -> int:
    """Claim a task, or go on with a claim of one's own.

    Args:
        head: commit from which the work begins.
        unmet: what the task needs and is not verified, in words.
        overlapping: tasks whose declared files overlap with those of this one, with words.
        overlap_ok: whether that is accepted.
        called: how commands name the task, after its phase if need be.

    Returns:
        The number of the claim.

    Raises:
        Refused: it is blocked, held by somebody else, waits for something, or overlaps with
            what somebody else is working on; the refusal is noted.
    """
    refusal: Refused | None = None
    epoch = 0
    with db.writing():
        history = db.history(phase, task)
        histories = db.histories(phase) if overlapping else {}
        running = _running(histories, who, now, without=task)
        met = sorted(other for other in overlapping or {} if other in running)
        refusal = (
            _blocked(task, history, now, called)
            or _held(task, history, who, now)
            or _unmet(task, unmet, called)
            or (None if overlap_ok else _overlap(task, met, overlapping or {}, running))
        )
        epoch = history.epoch
        if refusal is None:
            lease = history.lease
            own = lease is not None and lease.holder == who and lease.is_live(now)
            epoch += not own
        db.append(
            phase=phase,
            task=task,
            kind=Kind.REFUSED if refusal else Kind.START,
            who=who,
            epoch=epoch,
            at=now,
            said=Said(text=refusal.message)
            if refusal
            else Said(head=head, overlaps=tuple(met) if overlap_ok else ()),
        )
    if refusal is not None:
        raise refusal
    return epoch


def own_claim(
    history: TaskHistory, task: str, who: Participant, now: float, *, called: str = ""
) -> int:
    """The number of the claim that a participant may say *done* with; 0 without one.

    A claim of one's own that ran out still counts, unless somebody has taken it over.

    Args:
        called: how commands name the task, after its phase if need be.

    Raises:
        Refused: it is blocked, was superseded, or is somebody else's.
    """
    if refusal := _blocked(task, history, now, called):
        raise refusal
    mine = history.claims.get(who, 0)
    if mine and mine < history.epoch:
        by = history.holder
        raise Refused(
            f"claim {mine} of task {task} was superseded by claim {history.epoch}"
            + (f", of {described(by)}" if by else ""),
            help=f"nothing of it is lost; `gaterun start {called or task}` claims it again once it "
            "is free",
        )
    if refusal := _held(task, history, who, now):
        raise refusal
    return mine


def still_holds(
    history: TaskHistory,
    task: str,
    who: Participant,
    epoch: int,
    *,
    look: str = "gaterun status",
) -> None:
    """Check, within a transaction, that a claim is the newest one.

    Args:
        look: the command that tells who has it.

    Raises:
        Refused: it was superseded, or given back.
    """
    lease = history.lease
    if lease is None or lease.epoch != epoch or lease.holder != who:
        newest = history.holder
        by = (
            f"superseded by claim {history.epoch}" + (f", of {described(newest)}" if newest else "")
            if history.epoch != epoch
            else "given back meanwhile"
        )
        raise Refused(
            f"claim {epoch} of task {task} was {by}: what was measured is not its evidence",
            help=f"the run is recorded all the same; `{look}` tells who has it",
        )


def say(
    db: StateDb, phase: str, task: str, who: Participant, *, kind: Kind, text: str, now: float
) -> None:
    """Append what somebody says about a task: a note, that it is blocked, or no longer."""
    with db.writing():
        history = db.history(phase, task)
        if kind is Kind.UNBLOCK and history.blocked is None:
            raise Refused(f"task {task} is not blocked")
        said = Said(text=text)
        db.append(
            phase=phase, task=task, kind=kind, who=who, epoch=history.epoch, at=now, said=said
        )


def renew(db: StateDb, who: Participant, *, now: float) -> None:
    """A sign of life from a participant: renews its claims that have not run out."""
    if not any(_is_due(until, now) for *_, until in db.claims(who)):
        return
    with db.writing():
        for phase, task, _ in db.claims(who):
            lease = db.history(phase, task).lease
            if lease is not None and lease.holder == who and _is_due(lease.until, now):
                kind, epoch = Kind.HEARTBEAT, lease.epoch
                db.append(phase=phase, task=task, kind=kind, who=who, epoch=epoch, at=now)


def _is_due(until: float, now: float) -> bool:
    """Whether a claim has not run out, and its last sign of life is a while ago."""
    return now < until <= now + LEASE - RENEW_AFTER


class Renewing:
    """Renews claims for as long as a block lasts, by a thread with a connection of its own.

    Args:
        path: the database.
        clock: seconds since the epoch.
    """

    def __init__(
        self, path: Path, who: Participant, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._who = who
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._over.wait(RENEW_AFTER):
            try:
                with StateDb(self._path) as db:
                    renew(db, self._who, now=self._clock())
            except GaterunError:
                return  # whoever writes the evidence is told


def described(who: Participant) -> str:
    """A participant in words."""
    return f"{who.actor} in {who.worktree}"


def _gone(who: Participant) -> str:
    """That the working tree is not there any more; a container may have it elsewhere."""
    return "" if Path(who.worktree).exists() else ", which is not there any more"


def _running(
    histories: Mapping[str, TaskHistory], who: Participant, now: float, *, without: str
) -> dict[str, Participant]:
    """What others are working on."""
    return {
        task: history.lease.holder
        for task, history in histories.items()
        if task != without
        and history.lease is not None
        and history.lease.is_live(now)
        and history.lease.holder != who
    }


def _blocked(task: str, history: TaskHistory, now: float, called: str) -> Refused | None:
    if history.blocked is None:
        return None
    event = history.blocked
    return Refused(
        f"task {task} was blocked {age(now - event.at)} ago by {event.who.actor}: "
        f"{event.said.text}",
        help=f"`gaterun unblock {called or task}` when that is over",
    )


def _held(task: str, history: TaskHistory, who: Participant, now: float) -> Refused | None:
    lease = history.lease
    if lease is None or lease.holder == who or not lease.is_live(now):
        return None
    return Refused(
        f"task {task} is held by {described(lease.holder)}{_gone(lease.holder)}, "
        f"last heard of {age(now - lease.heard)} ago",
        help=f"without a sign of life its claim ends in {age(lease.until - now)}",
    )


def _unmet(task: str, unmet: Iterable[str], called: str) -> Refused | None:
    waits = list(unmet)
    if not waits:
        return None
    return Refused(
        f"task {task} needs " + "; ".join(waits),
        help=f"`gaterun done {called or task}` measures what it needs on this tree",
    )


def _overlap(
    task: str,
    met: Collection[str],
    words: Mapping[str, str],
    running: Mapping[str, Participant],
) -> Refused | None:
    if not met:
        return None
    told = "; ".join(f"{other} of {described(running[other])}: {words[other]}" for other in met)
    return Refused(
        f"task {task} overlaps with what is being worked on: {told}",
        help="wait for it, or agree on who touches what and say --overlap-ok, which is noted",
    )
