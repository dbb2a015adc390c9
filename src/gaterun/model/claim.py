"""What somebody said about a task, as read from where they said it; never evidence."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

#: How many characters of what was said are kept.
EXCERPT = 160


class Said(StrEnum):
    """What a claim comes to. There is no *verified*: nobody can say that."""

    COMPLETED = "completed"
    IN_PROGRESS = "in-progress"
    NUMBER = "number"
    OTHER = "other"  # something else, or nothing that can be understood: shown as it is


class Claim(Struct, frozen=True, kw_only=True):
    """One thing that was said.

    Attributes:
        key: the name under which it was said, which the ``claims`` of a task are held against.
        said: what it comes to.
        source: the file that it was read from, relative to the workspace.
        place: where in it, a namespace or a line; may be empty.
        metric: the metric that a number is of; empty for anything else.
        number: the number.
        time: when it was said, seconds since the epoch; ``None`` where nobody knows.
        task: id of the task, where the source itself names it; empty leaves it to the key.
        raw: what was said, word for word, as far as `EXCERPT` goes.
    """

    key: str
    said: Said
    source: str
    place: str = ""
    metric: str = ""
    number: float | None = None
    time: float | None = None
    task: str = ""
    raw: str = ""

    def __post_init__(self) -> None:
        if (self.said is Said.NUMBER) != (self.number is not None and bool(self.metric)):
            raise ValueError(
                f"a claim '{self.key}' is a number exactly when it has one of a metric"
            )


class Unread(Struct, frozen=True, kw_only=True):
    """A source that is there, and may hold claims that could not be read.

    Attributes:
        source: as of a `Claim`.
        why: one line, a lower-case fragment.
    """

    source: str
    why: str


class TaskOutline(Struct, frozen=True, kw_only=True):
    """A task, as far as a reader of claims has to know it.

    Attributes:
        claims: globs over keys.
    """

    id: str
    title: str
    claims: tuple[str, ...] = ()


class PhaseOutline(Struct, frozen=True, kw_only=True):
    """A phase, as far as a reader of claims has to know it.

    Attributes:
        metrics: names of what its gates measure; only numbers of these can be compared.
        lists: documents of the phase that may hold task lists, relative to the workspace.
    """

    id: str
    tasks: tuple[TaskOutline, ...]
    metrics: frozenset[str] = frozenset()
    lists: tuple[str, ...] = ()
