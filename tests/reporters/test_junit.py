"""JUnit: the rules that its readers need (R1 to R14), both schemas, and nasty text."""

from __future__ import annotations

import functools
import io
import re
from xml.etree import ElementTree as ET

import junit_xml
import junitparser
import pytest
from hypothesis import given, settings
from lxml import etree  # type: ignore[import-untyped]
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.model.finding import Finding
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.report import Style
from gaterun.model.verdict import Outcome, Reason, Verdict
from gaterun.reporters import junit, junit_case

from .nasty import records
from .published import published
from .sample import CLIPPY, LISTED, LOC, RECORD, SCCACHE, TESTS, WEAKENED, events

DIALECTS = pytest.mark.parametrize("strict", [False, True], ids=["extended", "strict"])
VERDICTS = ("failure", "error", "skipped")
SCHEMAS = ("jenkins-junit-10.xsd", "windyroad-JUnit.xsd")


def parsed(record: RunRecord = RECORD, *, strict: bool = False) -> ET.Element:
    return ET.fromstring(junit.render(record, strict=strict))


def of(*results: GateResult) -> RunRecord:
    return replace(RECORD, results=results)


def only(result: GateResult) -> ET.Element:
    case = parsed(of(result)).find("testsuite/testcase")
    assert case is not None
    return case


@functools.cache
def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(published(name)))


@DIALECTS
def test_golden(golden: SnapshotAssertion, *, strict: bool) -> None:
    assert junit.render(RECORD, strict=strict) == golden


@pytest.mark.parametrize("record", [LISTED, WEAKENED], ids=["listed", "failed"])
def test_what_is_weaker_than_at_the_base(golden: SnapshotAssertion, record: RunRecord) -> None:
    assert junit.render(record, strict=False) == golden


@pytest.mark.parametrize("name", SCHEMAS)
def test_strict_is_valid_with_a_policy(name: str) -> None:
    schema(name).assertValid(etree.fromstring(junit.render(WEAKENED, strict=True).encode()))


@pytest.mark.parametrize("name", SCHEMAS)
def test_strict_is_valid(name: str) -> None:
    document = etree.fromstring(junit.render(RECORD, strict=True).encode())
    schema(name).assertValid(document)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_refuse_extended(name: str) -> None:
    """So that the test above is known to be able to fail."""
    document = etree.fromstring(junit.render(RECORD, strict=False).encode())
    assert not schema(name).validate(document)


@DIALECTS
def test_junitparser_reads_equal_counts(*, strict: bool) -> None:
    suites = junitparser.JUnitXml.fromstring(junit.render(RECORD, strict=strict).encode())
    suites.update_statistics()  # type: ignore[no-untyped-call]
    counts = (suites.tests, suites.failures, suites.errors, suites.skipped)
    assert counts == (10, 3, 1, 4)


@DIALECTS
def test_flat_and_one_verdict_with_message_type_and_text(*, strict: bool) -> None:
    root = parsed(strict=strict)
    assert [child.tag for child in root] == ["testsuite"] * 5
    assert not root.findall("testsuite/testsuite")
    for case in root.iter("testcase"):
        verdicts = [child for child in case if child.tag in VERDICTS]
        assert len(verdicts) <= 1
        for verdict in verdicts:
            assert (verdict.text or "").startswith(verdict.attrib["message"])
            assert verdict.attrib["message"]
            if not strict or verdict.tag != "skipped":
                assert verdict.attrib["type"].startswith("gaterun.")


@DIALECTS
def test_verdict_elements_are_never_self_closed(*, strict: bool) -> None:
    """Codecov reads a self-closed failure as a pass."""
    text = junit.render(RECORD, strict=strict)
    assert not re.search(r"<(failure|error|skipped)\b[^>]*/>", text)
    assert "CDATA" not in text


@DIALECTS
def test_counters_times_and_names(*, strict: bool) -> None:
    root = parsed(strict=strict)
    seen = set()
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for counter, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[counter]) == len(suite.findall(f"testcase/{tag}"))
        assert "disabled" not in suite.attrib
        assert suite.attrib["hostname"] == "localhost"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        for each in (suite, *cases):
            assert re.fullmatch(r"\d+\.\d{3}", each.attrib["time"])
        for case in cases:
            assert case.attrib["classname"] == suite.attrib["name"]
            seen.add((suite.attrib["name"], case.attrib["name"]))
    assert len(seen) == 10


def test_tasks_are_slugs_so_that_dots_only_separate() -> None:
    names = [suite.attrib["name"] for suite in parsed()]
    assert names == ["phase7.7-1", "phase7.7-2", "phase7.7-3", "phase7.7-4", "phase7.phase"]


def test_names_stay_unique_where_slugs_collide() -> None:
    twins = (
        SCCACHE,
        replace(SCCACHE, task="7-1", node_id="7-1::sccache"),
        replace(SCCACHE, task="7_1!", node_id="7_1!::sccache"),
        replace(SCCACHE, node_id="7.1::sccache\x1b[0m"),
    )
    root = parsed(of(*twins))
    keys = [
        (suite.attrib["name"], case.attrib["name"])
        for suite in root
        for case in suite.iter("testcase")
    ]
    assert len(set(keys)) == len(keys) == 4


def test_place_is_the_worst_finding_else_the_definition() -> None:
    case = only(CLIPPY)
    assert (case.attrib["file"], case.attrib["line"]) == ("crates/pool/src/lib.rs", "3")
    case = only(TESTS)
    assert (case.attrib["file"], case.attrib["line"]) == ("phases/phase7.toml", "12")


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "C:\\x", "a/../../b", "\x1b[0m", ""])
def test_places_outside_the_workspace_are_not_named(path: str) -> None:
    finding = Finding(rule="r", message="m", path=path, line=3)
    result = replace(CLIPPY, findings=(finding,), file="/usr/lib/phase7.toml")
    case = only(result)
    assert (case.attrib["file"], case.attrib["line"]) == ("Cargo.toml", "1")


def test_failure_text() -> None:
    failure = only(CLIPPY).find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "gaterun.ThresholdExceeded"
    # Allure 3 shows entities undecoded.
    assert not set("<>&") & set(failure.attrib["message"])
    lines = (failure.text or "").splitlines()
    assert lines[0] == failure.attrib["message"]
    places = [line for line in lines if line.startswith(" --> ")]
    assert len(places) == junit_case.TOP
    assert places[0] == " --> crates/pool/src/lib.rs:3:9"
    assert "and 5 more" in lines
    assert "distance:  5" in lines
    assert lines[-1] == "repeat: gaterun phase7 7.3::clippy"


@pytest.mark.parametrize(
    ("node", "tag", "kind"),
    [
        ("7.1::build-time", "failure", "gaterun.BaselineRegressed"),
        ("7.3::clippy", "failure", "gaterun.ThresholdExceeded"),
        ("7.3::tests", "error", "gaterun.BuildFailed"),
        ("7.4::version", "skipped", "gaterun.blocked"),
        ("7.4::changelog", "skipped", "gaterun.skipped"),
        ("7.2::hardcoded", "skipped", "gaterun.waived"),
        ("7.2::loc", "skipped", "gaterun.advisory"),
    ],
)
def test_mapping(node: str, tag: str, kind: str) -> None:
    result = next(each for each in RECORD.results if each.node_id == node)
    verdict = only(result).find(tag)
    assert verdict is not None
    assert verdict.attrib["type"] == kind


def test_what_hides_in_a_skip_is_said() -> None:
    blocked = only(next(each for each in RECORD.results if each.blocked_by)).find("skipped")
    assert blocked is not None
    assert blocked.attrib["message"] == "blocked by 7.3::clippy"
    advisory = only(LOC).find("skipped")
    assert advisory is not None
    assert advisory.attrib["message"].startswith("advisory until 2026-12-31: lines is 12345")


def test_advisory_without_verdict_does_not_turn_a_build_red() -> None:
    case = only(replace(TESTS, blocking=False))
    assert case.find("error") is None
    assert case.find("skipped") is not None


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.PASS])
def test_no_outcome_but_pass_is_ever_a_pass(outcome: Outcome) -> None:
    """junit-xml drops a failure without message and output: then it reads as passed."""
    reason = Reason.CRASHED if outcome is Outcome.INCONCLUSIVE else None
    verdict = Verdict(outcome=outcome, message="\x1b[31m\x1b[0m", reason=reason)
    for blocking in (True, False):
        empty = GateResult(
            node_id="a::b", task="a", gate="b", title="", verdict=verdict, blocking=blocking
        )
        for strict in (False, True):
            root = parsed(of(empty), strict=strict)
            assert sum(len(root.findall(f"testsuite/testcase/{tag}")) for tag in VERDICTS) == 1


def test_flaky_pass_has_its_element() -> None:
    case = only(next(each for each in RECORD.results if each.flaky))
    assert case.find("flakyFailure/stackTrace") is not None
    assert not [child for child in case if child.tag in VERDICTS]


def test_the_library_never_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise AssertionError

    monkeypatch.setattr(junit_xml, "to_xml_report_string", refuse)
    monkeypatch.setattr(junit_xml, "to_xml_report_file", refuse)
    assert junit.render(RECORD, strict=False)


def test_texts_and_file_stay_below_the_limits_of_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(CLIPPY, notes=tuple("&" * 5000 for _ in range(40)))
    root = parsed(of(long))
    assert max(len((each.text or "").encode()) for each in root.iter()) < junit.TEXT_LIMIT + 200
    monkeypatch.setattr(junit, "FILE_LIMIT", 100_000)
    many = of(*(replace(long, node_id=f"7.3::clippy-{n}") for n in range(3)))
    text = junit.render(many, strict=False)
    assert len(text) <= 100_000
    assert "bytes cut" in text


def test_an_empty_run_is_a_valid_file() -> None:
    assert parsed(of()).attrib["tests"] == "0"
    for name in SCHEMAS:
        schema(name).assertValid(etree.fromstring(junit.render(of(), strict=True).encode()))


def test_the_reporters_write_once_at_the_end() -> None:
    for reporter in junit.gaterun_reporters():
        assert re.fullmatch("junit-reports(-strict)?/TEST-gaterun.xml", reporter.filename)
        stream = io.StringIO()
        listen = reporter.start(stream, Style())
        for event in events():
            assert not stream.getvalue()
            listen(event)
        strict = reporter.name == "junit-strict"
        assert stream.getvalue() == junit.render(RECORD, strict=strict)


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=40, deadline=None)
@given(record=records())
def test_any_text_is_valid(name: str, record: RunRecord) -> None:
    schema(name).assertValid(etree.fromstring(junit.render(record, strict=True).encode()))


@settings(max_examples=40, deadline=None)
@given(records())
def test_any_text_gives_a_file_that_all_read(record: RunRecord) -> None:
    for strict in (False, True):
        text = junit.render(record, strict=strict)
        assert text.endswith("</testsuites>\n") or not record.results
        root = etree.fromstring(text.encode())
        assert ET.fromstring(text).tag == "testsuites"
        cases = root.findall("testsuite/testcase")
        assert len(cases) == len(record.results)
        # A verdict is never lost.
        passed = [case for case in cases if not any(case.find(tag) is not None for tag in VERDICTS)]
        assert len(passed) == record.count(Outcome.PASS)
        failed = [result for result in record.results if result.outcome is Outcome.FAIL]
        blocking = [result for result in failed if result.blocking]
        assert len(root.findall("testsuite/testcase/failure")) == len(blocking)
        keys = {(case.get("classname"), case.get("name")) for case in cases}
        assert len(keys) == len(cases)
