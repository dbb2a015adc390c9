"""What became of one test, whichever runner ran it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """One test.

    Attributes:
        binary: nextest's binary id; ``<package>::doc`` for a documentation example.
        name: path of the test in its binary.
        output: what it wrote, cut; empty where it passed.
        flaky: it failed first and passed when run again.
        doctest: it is a documentation example.
    """

    binary: str
    name: str
    status: Status
    output: str = ""
    flaky: bool = False
    doctest: bool = False

    @property
    def id(self) -> str:
        """``<binary-id>$<test name>``, unique in a workspace."""
        return f"{self.binary}${self.name}"


#: Characters of a failed test's output that are kept.
MOST_OUTPUT = 20_000


def cut(text: str) -> str:
    """The beginning of a test's output, where the first panic is."""
    return text[:MOST_OUTPUT]
