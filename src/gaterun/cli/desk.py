"""One phase with its state: what has happened to its tasks, and how they stand."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.cli import noted
from gaterun.core.state_place import Place, place_of
from gaterun.model.condition import nearest
from gaterun.model.errors import GaterunError, UsageError
from gaterun.model.phase import Phase, Task
from gaterun.model.task_state import Participant, TaskHistory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gaterun.cli.footing import Footing
    from gaterun.core.freshness import Standing
    from gaterun.core.overview import Overview
    from gaterun.core.state import StateDb
    from gaterun.core.task_states import TaskView

#: The variable that names who is working, where several work as one user.
ACTOR = "GATERUN_ACTOR"

#: Seconds since the epoch.
clock = time.time


class Desk(Struct, frozen=True, kw_only=True):
    """One phase of a workspace, with its state.

    Attributes:
        who: on whose behalf gaterun was started.
        spoken: what a command that is shown has to call the phase; empty where it need not.
    """

    footing: Footing
    phase: Phase
    place: Place
    who: Participant
    spoken: str = ""

    def called(self, task: str) -> str:
        """A task, after its phase if need be, as an argument of a command that is shown."""
        return f"{self.spoken} {task}".lstrip()

    @property
    def called_status(self) -> str:
        """The command that shows how the phase stands."""
        return f"gaterun status {self.spoken}".rstrip()

    def task(self, name: str) -> Task:
        """A task of the phase, by its id.

        Raises:
            UsageError: there is none.
        """
        for task in self.phase.tasks:
            if task.id == name:
                return task
        known = [task.id for task in self.phase.tasks]
        raise UsageError(
            f"phase '{self.phase.id}' has no task '{name}'",
            help=nearest(name, known) or f"it has {', '.join(known) or 'none'}",
        )

    def now(self) -> float:
        """Seconds since the epoch."""
        return clock()

    @property
    def head(self) -> str:
        """The commit that is checked out; empty without one."""
        from gaterun.core.git import Git

        git = Git(self.footing.root)
        return (git.commit("HEAD") or "") if git.present else ""

    @property
    def baseline(self) -> str:
        """Digest of the phase's own baseline; empty without one."""
        import hashlib

        from gaterun.core.baseline_place import baseline_path
        from gaterun.core.store import Store

        path = baseline_path(self.phase, self.footing.root, Store(self.footing.state))
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return ""

    def create(self) -> StateDb:
        """The state, made where there is none, and looked through."""
        from gaterun.core.state import StateDb

        db = StateDb.create(self.place.file)
        try:
            db.check()
        except BaseException:
            db.__exit__(None, None, None)
            raise
        return db

    def existing(self) -> StateDb | None:
        """The state; ``None`` where nothing has happened yet."""
        noted.place(self.place, self.footing.root)
        if not self.place.file.exists():
            return None
        from gaterun.core.state import StateDb

        return StateDb(self.place.file)

    def overview(self) -> Overview:
        """How the phase stands on this tree; nothing is run, or made."""
        from gaterun.cli.ledger import ledger_on
        from gaterun.core.overview import look_over

        gates, tree = self.standing()
        found = look_over(
            self.phase,
            self.histories(),
            gates,
            self.place,
            tree=tree,
            now=self.now(),
            claims=ledger_on(self.footing, self.phase, gates),
        )
        noted.collisions(self.place, found, self.footing.folder)
        return found

    def histories(self) -> Mapping[str, TaskHistory]:
        """What happened to each task."""
        db = self.existing()
        if db is None:
            return {}
        with db:
            found = db.histories(self.phase.id)
        noted.histories(found, self.now())
        return found

    def views(self) -> tuple[TaskView, ...]:
        """The tasks as they stand on this tree, without looking for collisions."""
        from gaterun.cli.ledger import ledger_on
        from gaterun.core.task_states import derive

        gates, _ = self.standing()
        said_done = ledger_on(self.footing, self.phase, gates).said_done
        return derive(self.phase, self.histories(), gates, now=self.now(), said_done=said_done)

    def standing(self) -> tuple[tuple[Standing, ...], str]:
        """How all gates stand on this tree, and its digest."""
        from gaterun.cli.looking import look

        looked = look(self.footing, self.phase)
        in_force = self.footing.in_force(self.phase)
        found = looked.survey(self.phase.requirements, in_force)
        db = self.existing()
        if db is not None:
            from gaterun.core.task_evidence import Present, with_evidence

            present = Present(looked.binder, looked.tree, self.baseline)
            with db:
                found = with_evidence(
                    found, phase=self.phase.id, db=db, present=present, in_force=in_force
                )
        return found, looked.tree.summary.digest if looked.tree else ""


def actor() -> str:
    """Who is asking: as the environment says, else the user."""
    import getpass

    from gaterun.reporters import clean

    name = clean.line(os.environ.get(ACTOR, ""))
    if not name:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = "somebody"  # a container's user without a name
    return name


def participant(place: Place, name: str = "") -> Participant:
    """Who is asking, in this working tree.

    Args:
        name: of the `actor`, where it is known.
    """
    return Participant(actor=name or actor(), worktree=str(place.worktree))


def sign_of_life(root: Path, folder: str, name: str = "") -> None:
    """Renew the claims of whoever started a command; never a reason for it to fail.

    Args:
        folder: the state folder as the setting names it.
        name: of the `actor`, where it is known.
    """
    place = place_of(root, folder)
    with noted.beside_the_plan():
        noted.place(place, root)
        if not place.file.exists():
            return
        from gaterun.core.lease import renew
        from gaterun.core.state import StateDb

        try:
            with StateDb(place.file) as db:
                who, now = participant(place, name), clock()
                renew(db, who, now=now)
                noted.sign_of_life((until for *_, until in db.claims(who)), now)
        except GaterunError:
            return  # commands that need the state say what is wrong with it
