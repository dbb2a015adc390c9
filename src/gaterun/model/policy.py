"""The second key: what a change makes easier for itself, seen from the base that it starts from."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class PolicyMode(StrEnum):
    """What becomes of a change that weakens what it is judged by; the strictest last."""

    OFF = "off"  # nobody looks
    WARN = "warn"  # every report lists it
    FAIL = "fail"  # it fails the run, and gates are judged under the base's conditions too

    @property
    def strictness(self) -> int:
        """Greater is stricter."""
        return list(PolicyMode).index(self)


class ChangeKind(StrEnum):
    """How what judges has changed since the base."""

    TASK_REMOVED = "task-removed"
    GATE_REMOVED = "gate-removed"
    GATE_REPLACED = "gate-replaced"
    CONDITION_REMOVED = "condition-removed"
    CONDITION_LOOSENED = "condition-loosened"
    MADE_ADVISORY = "made-advisory"
    ENFORCED_LATER = "enforced-later"
    SKIPPED = "skipped"
    NEED_REMOVED = "need-removed"
    PROTECTION_REMOVED = "protection-removed"
    BASE_CHANGED = "base-changed"
    WAIVER_ADDED = "waiver-added"
    SETTING_LOOSENED = "setting-loosened"
    PROTECTED_FILE_CHANGED = "protected-file-changed"
    OPTION_CHANGED = "option-changed"
    SETTING_CHANGED = "setting-changed"
    BASELINE_CHANGED = "baseline-changed"
    LOCAL_GATE_CHANGED = "local-gate-changed"

    @property
    def phrase(self) -> str:
        """In words, as in ``gate removed``."""
        return self.value.replace("-", " ")


#: What may be for better or for worse; only a person can tell.
_UNDECIDED = frozenset(
    {
        ChangeKind.OPTION_CHANGED,
        ChangeKind.SETTING_CHANGED,
        ChangeKind.BASELINE_CHANGED,
        ChangeKind.LOCAL_GATE_CHANGED,
    }
)


#: What is about one gate or task; the rest is about a file.
_OF_NODES = frozenset(
    {
        ChangeKind.TASK_REMOVED,
        ChangeKind.GATE_REMOVED,
        ChangeKind.GATE_REPLACED,
        ChangeKind.CONDITION_REMOVED,
        ChangeKind.CONDITION_LOOSENED,
        ChangeKind.MADE_ADVISORY,
        ChangeKind.ENFORCED_LATER,
        ChangeKind.SKIPPED,
        ChangeKind.NEED_REMOVED,
        ChangeKind.OPTION_CHANGED,
    }
)


class PolicyChange(Struct, frozen=True, kw_only=True):
    """One thing that judges less strictly than at the base, or nobody knows how.

    Attributes:
        subject: node id or task; otherwise the file, from the workspace root.
        before, after: as written; empty where there is nothing.
        commits: those that changed a file, as short id and subject, newest first.
    """

    kind: ChangeKind
    subject: str
    before: str = ""
    after: str = ""
    commits: tuple[str, ...] = ()

    @property
    def weakens(self) -> bool:
        """Whether it makes passing easier; false where nobody can say."""
        return self.kind not in _UNDECIDED and not self.touches

    @property
    def touches(self) -> bool:
        """Whether it is in a file that is not to be changed without a second opinion."""
        return self.kind is ChangeKind.PROTECTED_FILE_CHANGED

    @property
    def file(self) -> str:
        """The file that it is about; empty where it is about a gate or a task."""
        return "" if self.kind in _OF_NODES else self.subject

    @property
    def text(self) -> str:
        """What has changed, on one line, without the subject.

        >>> PolicyChange(
        ...     kind=ChangeKind.CONDITION_LOOSENED, subject="1::clippy", before="n < 3", after="n < 9"
        ... ).text
        'condition loosened: n < 9 (was n < 3)'
        """
        if self.before and self.after:
            told = f"{self.after} (was {self.before})"
        else:
            told = self.after or self.before
        if self.commits:
            told = ", ".join(part for part in (told, *self.commits) if part)
        return f"{self.kind.phrase}: {told}" if told else self.kind.phrase


class BasePolicy(Struct, frozen=True, kw_only=True):
    """How what judges this run compares with what judged at the base.

    Attributes:
        ref: the base as it was named.
        commit: its full id; empty when git does not know it.
        file: the phase file that was read there; empty when there was none.
        gates: how many gates the phase had there.
        changes: what is weaker, then protected files, then what has changed otherwise.
        notes: what else has to be known about the comparison.
        obstacle: why nothing could be compared; empty when it could.
        help: what to do about the obstacle.
    """

    mode: PolicyMode
    ref: str = ""
    commit: str = ""
    file: str = ""
    gates: int = 0
    changes: tuple[PolicyChange, ...] = ()
    notes: tuple[str, ...] = ()
    obstacle: str = ""
    help: str = ""

    @property
    def label(self) -> str:
        """The base by name and short id.

        >>> BasePolicy(mode=PolicyMode.WARN, ref="main", commit="0f1e2d3c4b5a6978").label
        'main (0f1e2d3c4b)'
        """
        short = self.commit[:10]
        if not short or self.commit.startswith(self.ref or "-"):
            return short or self.ref
        return f"{self.ref} ({short})"

    @property
    def weakened(self) -> tuple[PolicyChange, ...]:
        """What makes passing easier."""
        return tuple(change for change in self.changes if change.weakens)

    @property
    def touched(self) -> tuple[PolicyChange, ...]:
        """Protected files that have changed."""
        return tuple(change for change in self.changes if change.touches)

    @property
    def undecided(self) -> tuple[PolicyChange, ...]:
        """What has changed for better or for worse."""
        left = (change for change in self.changes if not change.weakens)
        return tuple(change for change in left if not change.touches)
