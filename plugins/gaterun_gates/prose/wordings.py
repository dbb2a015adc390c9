"""How sentences say what a gate measures, as templates in which ``{}`` stands for a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gaterun_gates.prose.numerals import NUMBER

#: What may not stand directly before a number: then it is part of something longer.
_BEFORE = r"(?<![\w.,/#\-\u2212])(?<!\d:)(?<!\d\ufffc)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One way to say what was measured.

    Attributes:
        text: the template; capitals do not matter, a space is any space.
        metrics: for each ``{}`` of the template: gate plugin and metric.
        unless: a pattern of what must not follow, where it means something else then.
    """

    text: str
    metrics: tuple[tuple[str, str], ...]
    unless: str = ""


_OTHER_TESTS = (
    r"\s+(?:(?:are|were|have|now|still|that)\s+)?(?:pass|fail|ignor|skip|added|removed|new|more|per|each|"
    r"in\s|for\s|of\s|to\s|cover|with\s)"
)
_EXECUTED, _PASSED, _FAILED = ("tests", "executed"), ("tests", "passed"), ("tests", "failed")
_WARNINGS = ("clippy", "warnings")
_VARIABLES = ("env-coverage", "implemented")
_REMOVED = ("loc", "removed")

SHIPPED = (
    *(
        Wording(text=text, metrics=(_EXECUTED,), unless=_OTHER_TESTS)
        for text in ("{} tests", "{} test cases", "tests: {}", "{} tests in total")
    ),
    *(
        Wording(text=text, metrics=(_PASSED,))
        for text in (
            "{} tests pass",
            "{} tests passing",
            "{} tests passed",
            "{} tests are passing",
            "{} passing tests",
            "{} passing",
            "tests: {} passing",
            "tests: {} passed",
            "tests passing: {}",
            "passing tests: {}",
        )
    ),
    *(
        Wording(text=text, metrics=(_PASSED, _EXECUTED))
        for text in ("{}/{} tests", "{} of {} tests", "tests: {}/{}", "tests passing: {}/{}")
    ),
    *(
        Wording(text=text, metrics=(_FAILED,))
        for text in ("{} failing tests", "{} failed tests", "{} test failures", "{} tests fail")
    ),
    *(
        Wording(text=text, metrics=(_WARNINGS,))
        for text in (
            "{} warnings",
            "{} clippy warnings",
            "clippy warnings: {}",
            "clippy: {} warnings",
        )
    ),
    *(
        Wording(text=text, metrics=(_VARIABLES,))
        for text in (
            "{} environment variables",
            "{} env vars",
            "{} env variables",
            "{} configuration variables",
            "environment variables: {}",
            "env vars: {}",
        )
    ),
    *(
        Wording(text=text, metrics=(_VARIABLES, ("env-coverage", "required")))
        for text in (
            "{}/{} environment variables",
            "{}/{} env vars",
            "{} of {} environment variables",
            "environment variables: {}/{}",
            "env vars: {}/{}",
        )
    ),
    *(
        Wording(text=text, metrics=(_REMOVED,))
        for text in (
            "{} lines removed",
            "{} lines of code removed",
            "{} loc removed",
            "removed {} lines",
            "removed {} loc",
            "lines removed: {}",
        )
    ),
    *(
        Wording(text=text, metrics=(("hardcoded", "total"),))
        for text in ("{} hardcoded values", "{} hard-coded values", "hardcoded values: {}")
    ),
    *(
        Wording(text=text, metrics=(("build", "members"),))
        for text in ("{} workspace members", "{} member crates", "workspace members: {}")
    ),
)


def of_metric(gate: str, metric: str) -> Iterator[Wording]:
    """The shipped wordings that speak of one metric alone."""
    return (wording for wording in SHIPPED if wording.metrics == ((gate, metric),))


def blanks(text: str) -> int:
    """How many numbers a template asks for."""
    return text.count("{}")


@cache
def pattern(text: str, unless: str = "") -> re.Pattern[str]:
    """What finds a template; its groups are the numbers.

    >>> [match[1] for match in pattern("{} tests").finditer("630 tests, 1 testsuite, v2.630 tests")]
    ['630']
    """
    made = [_BEFORE if text.startswith("{}") else r"(?<![\w-])"]
    for index, literal in enumerate(text.split("{}")):
        made.append(f"({NUMBER})" if index else "")
        made.append(_literal(literal))
    made.append(r"(?!\w)(?!-\w)" if text[-1:].isalnum() else "")
    made.append(f"(?!{unless})" if unless else "")
    return re.compile("".join(made), re.IGNORECASE)


def _literal(text: str) -> str:
    parts = re.split(r"(\s*:\s*|\s+)", text)
    return "".join(
        r"\s*[:=|]\s*" if ":" in part else r"\s+" if part.isspace() else re.escape(part)
        for part in parts
        if part
    )
