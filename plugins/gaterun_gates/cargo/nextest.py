"""Nextest's formats: the configuration for a run, the list of tests, the JUnit report.

Source: nexte.st, chapters "Configuration reference", "Machine-readable output" and "JUnit
support". JUnit is its stable format; the libtest-json one is experimental.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from gaterun_gates.cargo.outcome import CaseOutcome, Status, cut

_ENDED = re.compile(r"^test result: ok\. 1 passed; 0 failed", re.MULTILINE)


class _Match(msgspec.Struct):
    status: str
    reason: str = ""


class _Case(msgspec.Struct):
    ignored: bool
    match: _Match = msgspec.field(name="filter-match")


class _Suite(msgspec.Struct):
    status: str = "listed"
    testcases: dict[str, _Case] = {}


class _List(msgspec.Struct):
    suites: dict[str, _Suite] = msgspec.field(name="rust-suites")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The tests that nextest knows.

    Attributes:
        binaries: ids of the binaries that were asked for their tests.
        run: ids ``binary$test`` of those that it runs.
        ignored: ids of ignored ones.
        held_back: ids that a filter keeps from running.
    """

    binaries: frozenset[str]
    run: frozenset[str]
    ignored: frozenset[str]
    held_back: frozenset[str]


def read_list(text: bytes | str) -> Listed:
    """Decode ``nextest list --message-format json``.

    Raises:
        ValueError: it is not JSON of that shape.
    """
    listing = msgspec.json.decode(text, type=_List)
    run: set[str] = set()
    ignored: set[str] = set()
    held_back: set[str] = set()
    for binary, suite in listing.suites.items():
        for name, case in suite.testcases.items():
            if case.match.status == "matches":
                run.add(f"{binary}${name}")
            elif case.ignored and case.match.reason == "ignored":
                ignored.add(f"{binary}${name}")
            else:
                held_back.add(f"{binary}${name}")
    return Listed(
        binaries=frozenset(
            name for name, suite in listing.suites.items() if suite.status == "listed"
        ),
        run=frozenset(run),
        ignored=frozenset(ignored),
        held_back=frozenset(held_back),
    )


def configuration(profile: str, junit: Path, limit: float) -> str:
    """The tool configuration of a run, as TOML.

    The output of tests that pass is stored, as its end proves that the test returned: a
    test that calls ``exit(0)`` has exit status 0 all the same.

    Args:
        profile: a name that no repository uses.
        junit: where the report goes.
        limit: seconds for one test.
    """
    period = max(1, round(limit))
    return (
        f"[profile.{profile}]\n"
        "fail-fast = false\n"
        f'slow-timeout = {{ period = "{period}s", terminate-after = 1 }}\n'
        f"[profile.{profile}.junit]\n"
        f"path = {msgspec.json.encode(str(junit)).decode()}\n"
        "store-success-output = true\n"
        "store-failure-output = true\n"
    )


def wraps_tests(config: Mapping[str, Any]) -> bool:
    """Whether a repository's nextest configuration puts programs of its own before tests.

    Nextest goes by their exit status, so that a wrapper can say what it likes.
    """
    profiles = config.get("profile")
    for profile in (profiles if isinstance(profiles, Mapping) else {}).values():
        scripts = profile.get("scripts") if isinstance(profile, Mapping) else None
        for script in scripts if isinstance(scripts, list) else []:
            if isinstance(script, Mapping) and {"run-wrapper", "list-wrapper"} & script.keys():
                return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case of the report.

    Attributes:
        outcome: what became of it.
        timed_out: nextest ended it.
        proven: it passed and libtest said so at its end, or it did not pass.
        error: why it could not be run at all; empty when it could.
    """

    outcome: CaseOutcome
    timed_out: bool = False
    proven: bool = True
    error: str = ""


def _text(case: ET.Element, *names: str) -> str:
    return "\n".join(
        text for name in names for element in case.findall(name) if (text := element.text)
    )


def _case(binary: str, case: ET.Element) -> Case:
    name = case.get("name", "")
    problem = case.find("failure")
    if problem is None:
        problem = case.find("error")
    if problem is None:
        flaky = case.find("flakyFailure") is not None or case.find("flakyError") is not None
        outcome = CaseOutcome(binary=binary, name=name, status=Status.PASSED, flaky=flaky)
        return Case(outcome=outcome, proven=_ENDED.search(_text(case, "system-out")) is not None)
    kind = problem.get("type", "")
    output = _text(case, "system-out", "system-err") or problem.text or ""
    return Case(
        outcome=CaseOutcome(
            binary=binary,
            name=name,
            status=Status.FAILED,
            # Standard error first: there is the panic.
            output=cut(f"{_text(case, 'system-err')}\n{output}\n{kind}".strip()),
        ),
        timed_out="timeout" in kind,
        error=kind if problem.tag == "error" and "execut" in kind else "",
    )


def read_junit(path: Path) -> Iterator[Case]:
    """Read a report case by case, without holding it whole.

    Raises:
        ValueError: it is not XML.
    """
    binary = ""
    try:
        for event, element in ET.iterparse(path, ("start", "end")):  # noqa: S314 - written by nextest
            if event == "start":
                if element.tag == "testsuite":
                    binary = element.get("name", "")
            elif element.tag == "testcase":
                # Setup scripts are suites as well, with an @ before their name.
                if not binary.startswith("@") and element.find("skipped") is None:
                    yield _case(binary, element)
                element.clear()
    except ET.ParseError as error:
        raise ValueError(f"the JUnit report is not XML: {error}") from error
