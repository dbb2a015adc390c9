"""What can go wrong in a way that a user can mend, as one small class tree.

::

    GaterunError                 has a message, a help line and an exit code
    ├── UsageError        (4)    arguments, configuration, phase file, plugin
    ├── Refused           (1)    what is asked for is not granted, as others or gates are before
    ├── NothingSelected   (5)    a selection that leaves no gate
    └── CannotMeasure     (7)    a gate that reaches no verdict, with its reason code

Anything else that escapes is a bug in gaterun: exit code 3 and a crash log.
"""

from __future__ import annotations

from gaterun.model.command import Evidence
from gaterun.model.verdict import ExitCode, Reason


class GaterunError(Exception):
    """An expected error.

    Args:
        message: what is wrong and where, as a lower-case fragment.
        help: what to do next, one line; empty where nothing helps.
    """

    exit_code: ExitCode = ExitCode.INTERNAL_ERROR

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class UsageError(GaterunError):
    """Arguments, configuration, phase file or plugin set cannot be used as they are."""

    exit_code = ExitCode.USAGE_ERROR


class Refused(GaterunError):
    """A task cannot be started, or is not done: somebody or something else comes first."""

    exit_code = ExitCode.FAILED


class NothingSelected(GaterunError):
    """The selection leaves no gate to run."""

    exit_code = ExitCode.NO_GATES


class CannotMeasure(GaterunError):
    """Raised by a gate that cannot reach a measurement: *inconclusive*, neither pass nor fail.

    Args:
        reason: one of the closed set of reason codes.
        message: what could not be measured and why.
        help: what would make it measurable.

    Raises:
        ValueError: there is no such reason code.

    Attributes:
        evidence: the commands that were run before; filled in by the runner.
    """

    evidence: tuple[Evidence, ...] = ()

    exit_code = ExitCode.NO_VERDICT

    def __init__(self, reason: Reason, message: str, *, help: str = "") -> None:
        super().__init__(message, help=help)
        self.reason = Reason(reason)  # a gate has no type checker, and may name it by a text
