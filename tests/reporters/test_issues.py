"""What review tools show: everything once, the worst first, each with a place."""

from __future__ import annotations

from hypothesis import given, settings
from msgspec.structs import replace

from gaterun.model.finding import Finding, Severity
from gaterun.model.record import RunRecord
from gaterun.model.verdict import Outcome, Verdict, Waived
from gaterun.reporters.issues import CONDITION, LONGEST, bounded, inside, issues

from .nasty import records
from .sample import CLIPPY, HARDCODED, LOC, RECORD, TESTS


def of(*results: object) -> RunRecord:
    return replace(RECORD, results=results)


def test_a_failure_without_findings_is_told_at_the_phase_file() -> None:
    (issue,) = issues(of(LOC))
    assert (issue.rule, issue.path, issue.line) == (CONDITION, "phases/phase7.toml", 12)
    assert issue.message == "7.2::loc: lines 12345 (<= 12000): off by 345"
    assert issue.severity is Severity.WARNING  # advisory
    assert issue.of_gate


def test_a_failure_with_findings_is_told_by_them() -> None:
    found = issues(of(CLIPPY))
    assert len(found) == len(CLIPPY.findings)
    assert found[0].rule == "clippy/unused_variables"  # the only error
    assert not any(issue.of_gate for issue in found)


def test_notes_alone_do_not_explain_a_failure() -> None:
    note = Finding(rule="r", message="m", path="a.rs", severity=Severity.NOTE)
    rules = [issue.rule for issue in issues(of(replace(LOC, findings=(note,))))]
    assert rules == [CONDITION, "loc/r"]


def test_a_missing_verdict_is_told_with_its_reason() -> None:
    (issue,) = issues(of(TESTS))
    assert issue.rule == "gaterun/build-failed"
    assert issue.message == "7.3::tests: build-failed: the tests of 'pool' do not compile"
    assert issue.severity is Severity.ERROR


def test_what_a_waived_gate_found_is_waived_and_last() -> None:
    finding = Finding(rule="url", message="http://x", path="a.rs", severity=Severity.ERROR)
    found = issues(of(replace(HARDCODED, findings=(finding,)), CLIPPY))
    assert found[-1].rule == "hardcoded/url"
    assert [issue for issue in found if issue.waived] == [found[-1]]


def test_only_the_findings_that_a_waiver_covers_are_waived() -> None:
    covered = CLIPPY.findings[3]
    waived = Waived(
        condition="warnings < 20",
        reason="moved later",
        owner="ann",
        expires="2026-12-31",
        findings=1,
        fingerprints=(covered.fingerprint,),
    )
    gate = replace(CLIPPY, verdict=Verdict(outcome=Outcome.WAIVED, waived=(waived,)))
    accepted = {issue.path: issue.waived for issue in issues(of(gate)) if issue.waived}
    assert accepted == {covered.path: "moved later (waived until 2026-12-31 by ann)"}


def test_equal_findings_have_keys_of_their_own() -> None:
    twin = Finding(rule="r", message="m", path="a.rs", line=3)
    found = issues(of(replace(CLIPPY, findings=(twin, replace(twin, line=9)))))
    assert len({issue.key for issue in found}) == 2


def test_a_key_survives_a_moved_line() -> None:
    def keys(line: int) -> list[str]:
        finding = Finding(rule="r", message="m", path="a.rs", line=line)
        return [issue.key for issue in issues(of(replace(CLIPPY, findings=(finding,))))]

    assert keys(3) == keys(300)


def test_a_place_outside_of_the_workspace_is_told_in_the_message() -> None:
    finding = Finding(rule="r", message="m", path="/etc/passwd", line=3)
    (issue,) = issues(of(replace(CLIPPY, findings=(finding,))))
    assert (issue.path, issue.line) == ("phases/phase7.toml", 12)
    assert issue.message == "/etc/passwd:3: m"


def test_a_long_text_says_how_long_it_was() -> None:
    assert bounded("x" * 10**8) == "x" * LONGEST + "… (100,000,000 characters)"
    assert bounded("\x1b[31m" * 10**6).endswith("… (5,000,000 characters)")
    assert bounded("x" * LONGEST) == "x" * LONGEST


@settings(max_examples=60, deadline=None)
@given(records())
def test_nothing_is_lost_and_everything_has_a_place(record: RunRecord) -> None:
    found = issues(record)
    findings = sum(len(result.findings) for result in record.results)
    assert sum(not issue.of_gate for issue in found) == findings
    assert len({issue.key for issue in found}) == len(found)
    for issue in found:
        assert issue.message
        assert issue.path == inside(issue.path) != ""
        assert issue.line >= 1
        assert issue.column >= 0
    told = {issue.node_id for issue in found}
    for result in record.results:
        if result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
            assert result.node_id in told
