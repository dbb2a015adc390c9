"""What can be said about a gate, and the exit code that follows for a run."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from msgspec import Struct

from gaterun.model.metric import Value


class Outcome(StrEnum):
    """The closed set of verdicts."""

    PASS = "pass"  # noqa: S105 - every condition holds on a measurement of this tree
    FAIL = "fail"  # a condition does not hold
    INCONCLUSIVE = "inconclusive"  # no verdict could be reached; carries a reason
    BLOCKED = "blocked"  # something that this gate needs did not pass
    SKIPPED = "skipped"  # not asked for, or switched off by name with a reason
    WAIVED = "waived"  # it fails, and a live waiver covers the failure


class Reason(StrEnum):
    """Why a gate is inconclusive. Closed: a plugin picks one and may not add any."""

    TOOL_MISSING = "tool-missing"
    TOOL_VERSION = "tool-version"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    BUILD_FAILED = "build-failed"
    INCOMPLETE = "incomplete"
    NO_INPUT = "no-input"
    BELOW_FLOOR = "below-floor"
    UNDECIDED = "undecided"
    NOT_COMPARABLE = "not-comparable"
    NOISE = "noise"
    BASELINE_MISSING = "baseline-missing"
    BASELINE_STALE = "baseline-stale"
    DIRTY_TREE = "dirty-tree"
    TREE_CHANGED = "tree-changed"
    PARSE_ERROR = "parse-error"
    WORKER_LOST = "worker-lost"
    WRONG_TREE = "wrong-tree"


class ExitCode(IntEnum):
    """The process's exit codes: pytest's own numbers, and one more (``NO_VERDICT``)."""

    OK = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE_ERROR = 4
    NO_GATES = 5
    MAX_WARNINGS = 6
    NO_VERDICT = 7


#: Where several codes apply, the first of these wins.
PRECEDENCE = (
    ExitCode.USAGE_ERROR,
    ExitCode.INTERNAL_ERROR,
    ExitCode.INTERRUPTED,
    ExitCode.FAILED,
    ExitCode.NO_VERDICT,
    ExitCode.MAX_WARNINGS,
    ExitCode.NO_GATES,
    ExitCode.OK,
)


class Check(Struct, frozen=True, kw_only=True):
    """One condition, judged.

    Attributes:
        condition: the condition as written in the phase file.
        actual: the measured value, ``None`` where there is none.
        baseline: the value it was compared with, where the condition compares.
        target: what was asked for, formatted.
        distance: how far the actual value is from the target, formatted; empty where
            that means nothing.
        holds: ``None`` when it could not be decided.
        why: what makes it undecided, or more about how it failed.
        reason: the reason code of an undecided check.
        new: fingerprints of the findings that the baseline does not have, where the
            condition compares findings; one that came up twice more stands twice.
        slack: how much better than the baseline a ratchet is, formatted; empty when it is not.
        accepted: when and why the baseline's value was accepted; empty when it was measured.
    """

    condition: str
    metric: str
    actual: Value = None
    baseline: Value = None
    target: str = ""
    distance: str = ""
    holds: bool | None = None
    why: str = ""
    reason: Reason | None = None
    new: tuple[str, ...] = ()
    slack: str = ""
    accepted: str = ""


class Waived(Struct, frozen=True, kw_only=True):
    """What one waiver covers of a gate's failure.

    Attributes:
        condition: the failed condition.
        findings: how many findings it takes off; 0 where it covers the condition by name.
        fingerprints: of these findings, each once.
        instead: what had to hold instead of the condition, and does; empty for findings.
        expires: ISO date of the last day on which the waiver holds, in UTC.
        issue: where the work is followed; may be empty.
        place: ``file:line`` of the waiver.
    """

    condition: str
    reason: str
    owner: str
    expires: str
    findings: int = 0
    fingerprints: tuple[str, ...] = ()
    instead: str = ""
    issue: str = ""
    place: str = ""


class Verdict(Struct, frozen=True, kw_only=True):
    """What the runner says about one gate.

    Attributes:
        reason: set exactly when the outcome is *inconclusive*.
        message: one line for people.
        help: what to do next; may be empty.
        waived: what waivers cover of what does not hold.
    """

    outcome: Outcome
    message: str = ""
    reason: Reason | None = None
    help: str = ""
    checks: tuple[Check, ...] = ()
    waived: tuple[Waived, ...] = ()


def exit_code(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that wins among `codes`; ``OK`` for none.

    >>> exit_code([ExitCode.NO_VERDICT, ExitCode.FAILED])
    <ExitCode.FAILED: 1>
    """
    return min(codes, key=PRECEDENCE.index, default=ExitCode.OK)
