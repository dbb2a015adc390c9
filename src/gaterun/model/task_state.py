"""What is known of a task: who works on it, what was said, and the state that follows."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from gaterun.model.binding import Binding
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome


class TaskState(StrEnum):
    """Derived, never written: nobody can make a task *verified* by saying so."""

    TODO = "todo"  # something that it needs is not verified
    READY = "ready"  # all that it needs is verified, and nobody holds it
    IN_PROGRESS = "in-progress"  # somebody holds it, and was heard of lately
    CLAIMED = "claimed"  # said to be done, and evidence does not cover it on this tree
    VERIFIED = "verified"  # every gate, and all that it needs, has passed on this tree
    BLOCKED = "blocked"  # somebody said that it cannot go on, and why


class Kind(StrEnum):
    """The kinds of events that say something to this version of gaterun; others are kept."""

    START = "start"
    HEARTBEAT = "heartbeat"
    DONE = "done"
    REFUSED = "refused"
    BLOCK = "block"
    UNBLOCK = "unblock"
    NOTE = "note"
    COLLISION = "collision"  # what a participant was told of, word for word


class Participant(Struct, frozen=True, kw_only=True):
    """Who works: a name, and the top of the working tree that is worked in."""

    actor: str
    worktree: str


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event says beyond its kind.

    Attributes:
        text: of a note, a reason, a refusal.
        head: commit that was checked out when work began.
        overlaps: tasks whose declared files overlap, where that was accepted.
        run: id of the run that ``done`` made.
        verified: whether every gate of the task and of all that it needs had passed.
        passed, total: blocking gates of the task itself.
        released: whether the claim is given back with it.
    """

    text: str = ""
    head: str = ""
    overlaps: tuple[str, ...] = ()
    run: str = ""
    verified: bool = False
    passed: int = 0
    total: int = 0
    released: bool = False


class TaskEvent(Struct, frozen=True, kw_only=True):
    """One thing that happened to a task; appended, never changed.

    Attributes:
        seq: position among all events, from 1; later events have greater ones.
        at: seconds since the epoch, by the clock of whoever said it.
        kind: one of `Kind`, or of another version's.
        epoch: the claim of the task at that moment; grows with each claim.
    """

    seq: int
    at: float
    phase: str
    task: str
    kind: str
    who: Participant
    epoch: int
    said: Said = field(default_factory=Said)


class Lease(Struct, frozen=True, kw_only=True):
    """A claim of a task that ends by itself.

    Attributes:
        epoch: number of the claim; only the newest one counts.
        since: when it was taken, seconds since the epoch.
        heard: the last sign of life of its holder.
        until: when it ends unless it is renewed.
    """

    epoch: int
    holder: Participant
    since: float
    heard: float
    until: float

    def is_live(self, now: float) -> bool:
        """Whether it has not run out."""
        return now < self.until


class TaskHistory(Struct, frozen=True, kw_only=True):
    """The fold over a task's events.

    Attributes:
        epoch: of the newest claim; 0 when there was none.
        lease: the newest claim, run out or not; ``None`` when it was given back.
        holder: who claimed it last, whether it was given back or not.
        begun: position of the event that began the newest claim; 0 without one.
        head: commit from which the work of the newest claim began.
        claims: the newest claim of each participant that was not given back.
        done: the newest ``done`` since work on it began.
        proved: the newest ``done`` that found it verified.
        blocked: what blocks it, if something does.
        last: the newest event that is more than a sign of life.
        note: the newest note.
    """

    epoch: int = 0
    lease: Lease | None = None
    holder: Participant | None = None
    begun: int = 0
    head: str = ""
    claims: dict[Participant, int] = field(default_factory=dict)
    done: TaskEvent | None = None
    proved: TaskEvent | None = None
    blocked: TaskEvent | None = None
    last: TaskEvent | None = None
    note: TaskEvent | None = None


class EvidenceKey(Struct, frozen=True, kw_only=True):
    """What a measurement depends on, wherever the working tree lies.

    Attributes:
        definition: digest of the gate's code, options, conditions and base.
        inputs: digest of the files that it depends on; of the whole tree where nobody can say.
        tools: digest of toolchain and environment; of the host too, where values are bound to it.
    """

    definition: str
    inputs: str
    tools: str


class TaskEvidence(Struct, frozen=True, kw_only=True):
    """One gate, measured and judged by ``done``; appended, never changed.

    Attributes:
        gate: node id.
        key: `None` where nothing is known of the tree; such evidence covers nothing.
        tree: digest of the whole tree.
        run: id of the run, in the state of the working tree where it was made.
        result: with findings only where a waiver has to be held against them again.
    """

    phase: str
    task: str
    gate: str
    epoch: int
    who: Participant
    key: EvidenceKey | None
    tree: str
    run: str
    at: float
    result: GateResult
    seq: int = 0

    @property
    def binding(self) -> Binding | None:
        """What the measurement was bound to."""
        return self.result.binding

    @property
    def verifies(self) -> bool:
        """Whether it is of the kind that can verify: nothing but pass and waived is."""
        return self.result.outcome in {Outcome.PASS, Outcome.WAIVED}


class Severity(StrEnum):
    """How much a collision matters."""

    WARNING = "warning"
    ERROR = "error"  # the later task cannot be done before it is resolved


class Collision(Struct, frozen=True, kw_only=True):
    """Two tasks, or a task and its scope, that do not go together.

    Attributes:
        kind: ``outside``, ``same-file``, ``conflict``, ``shared-tree`` or ``unknown``.
        tasks: the later one last.
        files: relative to the top of the working tree, sorted.
        text: what is the matter and what to do, one line.
    """

    severity: Severity
    kind: str
    tasks: tuple[str, ...]
    text: str
    files: tuple[str, ...] = ()
