"""Writes down what ``done`` has found, as long as the claim that it was said with still counts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from gaterun.core.lease import still_holds
from gaterun.core.state import StateDb
from gaterun.core.task_evidence import evidence_of
from gaterun.model.errors import Refused
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import RunRecord
from gaterun.model.task_state import Collision, Kind, Participant, Said


class Claim:
    """A claim of a task, for what is said with it.

    Args:
        epoch: its number.
        look: the command that tells who has it where it was superseded.
    """

    def __init__(
        self,
        db: StateDb,
        phase: Phase,
        task: str,
        who: Participant,
        epoch: int,
        *,
        look: str = "gaterun status",
    ) -> None:
        self._db = db
        self._phase = phase
        self._task = task
        self._who = who
        self._epoch = epoch
        self._look = look

    def prove(
        self, record: RunRecord, gates: Sequence[Requirement], *, baseline: str, now: float
    ) -> None:
        """Append the evidence of a run.

        Args:
            baseline: digest of the baseline that it was judged with.

        Raises:
            Refused: the claim was superseded meanwhile; that is noted, and nothing else.
        """
        items = evidence_of(
            record,
            gates,
            phase=self._phase,
            epoch=self._epoch,
            who=self._who,
            baseline=baseline,
            at=now,
        )
        with self._fenced(now):
            for item in items:
                self._db.add_evidence(item)

    def conclude(self, said: Said, *, now: float) -> None:
        """Append that ``done`` was said, and what was found.

        Raises:
            Refused: as for `prove`.
        """
        with self._fenced(now):
            self._append(Kind.DONE, said, now)

    def told(self, collisions: Iterable[Collision], *, now: float) -> None:
        """Append what of its collisions somebody is told of."""
        with self._db.writing():
            for item in collisions:
                others = tuple(task for task in item.tasks if task != self._task)
                self._append(Kind.COLLISION, Said(text=item.text, overlaps=others), now)

    def refuse(self, text: str, *, now: float) -> None:
        """Append that ``done`` was refused, and why."""
        with self._db.writing():
            self._append(Kind.REFUSED, Said(text=text), now)

    @contextlib.contextmanager
    def _fenced(self, now: float) -> Iterator[None]:
        """A transaction in which the claim is the newest one."""
        try:
            with self._db.writing():
                history = self._db.history(self._phase.id, self._task)
                still_holds(history, self._task, self._who, self._epoch, look=self._look)
                yield
        except Refused as refusal:
            self.refuse(refusal.message, now=now)
            raise

    def _append(self, kind: Kind, said: Said, now: float) -> None:
        self._db.append(
            phase=self._phase.id,
            task=self._task,
            kind=kind,
            who=self._who,
            epoch=self._epoch,
            at=now,
            said=said,
        )
