"""Test results out of JUnit XML, counted from the test cases and not from the totals above them.

Source: the Jenkins JUnit schema and the dialects of pytest, nextest, Maven Surefire and Gradle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCase:
    """A test case that did not pass: ``failure`` or ``error``."""

    kind: str
    name: str
    message: str
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JunitResult:
    """Counts of test cases.

    Attributes:
        tests: all of them, skipped ones too.
        announced: what the suites say that there are; 0 when they say nothing.
    """

    tests: int
    skipped: int
    bad: tuple[BadCase, ...]
    announced: int

    @property
    def failures(self) -> int:
        """Test cases that failed."""
        return sum(case.kind == "failure" for case in self.bad)

    @property
    def errors(self) -> int:
        """Test cases that ended in an error."""
        return sum(case.kind == "error" for case in self.bad)


def read_junit(data: bytes) -> JunitResult:
    """Read a report.

    Raises:
        ValueError: it is no JUnit XML, or declares a document type: entities can make a
            small file expand without bound.
    """
    if re.search(rb"<!DOCTYPE|<!ENTITY", data.replace(b"\0", b""), re.IGNORECASE):
        raise ValueError("it declares a document type, which is refused")
    try:
        root = ET.fromstring(data)  # noqa: S314 - no document type, so no entities
    except (ET.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"it is no XML: {error}") from error
    if _local(root.tag) not in ("testsuites", "testsuite"):
        raise ValueError(f"its root is <{_local(root.tag)}>, not <testsuites> or <testsuite>")
    cases = [item for item in root.iter() if _local(item.tag) == "testcase"]
    bad: list[BadCase] = []
    skipped = 0
    for case in cases:
        kinds = {_local(child.tag): child for child in case}
        kind = "error" if "error" in kinds else "failure" if "failure" in kinds else ""
        if kind:
            bad.append(_bad(case, kind, kinds[kind]))
        elif "skipped" in kinds or "disabled" in kinds:
            skipped += 1
    return JunitResult(
        tests=len(cases), skipped=skipped, bad=tuple(bad), announced=_announced(root)
    )


def _announced(element: ET.Element) -> int:
    """The greater of what a suite says and what the suites in it say."""
    inner = sum(
        _announced(child) for child in element if _local(child.tag) in ("testsuite", "testsuites")
    )
    return max(_integer(element.get("tests")), inner)


def _bad(case: ET.Element, kind: str, detail: ET.Element) -> BadCase:
    name = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
    text = (detail.get("message") or detail.text or "").strip()
    return BadCase(
        kind=kind,
        name=name,
        message=text.splitlines()[0][:300] if text else "",
        path=case.get("file") or "",
        line=_integer(case.get("line")),
    )


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _integer(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
