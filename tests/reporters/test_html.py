"""The HTML report as a page: what it says, that it is whole, and that nothing breaks out of it."""

from __future__ import annotations

import base64
import hashlib
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.model.binding import Reused
from gaterun.model.finding import Finding, Severity
from gaterun.model.record import RunRecord
from gaterun.model.report import Style
from gaterun.model.verdict import Check, ExitCode, Outcome, Reason, Verdict, Waived
from gaterun.reporters import html, html_findings, html_marks, policy, standing
from gaterun.reporters.html_graph import Node, graph, in_order, lanes_of
from gaterun.reporters.html_text import Anchors, brief, joined, tag

from .nasty import records, texts
from .page import Element, check, read
from .sample import (
    BUILD,
    CHANGELOG,
    CLIPPY,
    ENV,
    HARDCODED,
    LISTED,
    LOC,
    RECORD,
    SCCACHE,
    STARTED,
    TESTS,
    VERSION,
    WEAKENED,
    events,
)


def page_of(*results: object, **more: object) -> Element:
    fields: dict[str, object] = {"results": results, "exit_code": ExitCode.OK, **more}
    return check(html.render(replace(RECORD, **fields)))  # type: ignore[arg-type]


def section(page: Element, node_id: str) -> Element:
    """The section of a gate."""
    (found,) = [
        element
        for element in page.all("section", class_="gate")
        if element.all("code")[0].text == node_id
    ]
    return found


def rows(table: Element) -> list[list[str]]:
    return [[cell.text for cell in row.parts_of("th", "td")] for row in table.all("tr")]


def test_golden(golden: SnapshotAssertion) -> None:
    page = html.render(RECORD)
    shown = re.sub("<style>.*?</style>", "<style>…</style>", page, flags=re.DOTALL)
    assert re.sub("sha256-[^&]*", "sha256-…", shown) == golden


def test_the_page_is_whole_and_loads_nothing() -> None:
    check(html.render(RECORD))


@settings(max_examples=40, deadline=None)
@given(records())
def test_no_text_breaks_out(record: RunRecord) -> None:
    page = check(html.render(record))
    assert len(page.all("section", class_="gate")) == len(record.results)


@settings(max_examples=200, deadline=None)
@given(texts)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    built = tag("p", text, title=text)
    (element,) = read(f"<!doctype html>\n<html>{built}</html>").all("p")
    assert " ".join(element.raw.split()) == " ".join(brief(text).split())
    assert element.attributes["title"] == brief(text)


def test_text_around_elements_keeps_its_spaces() -> None:
    assert tag("b", "a ", tag("i", "b"), " c") == "<b>a <i>b</i> c</b>"
    assert joined("", None, ["x", [tag("br")]], 3) == "x<br>3"


def test_what_is_very_long_is_cut_with_a_sign() -> None:
    assert brief("x" * 100_000_000, 10) == "x" * 9 + "…"


def test_anchors_are_readable_and_never_twice() -> None:
    anchors = Anchors()
    assert anchors("gate", "7.1::a") == "gate-7-1-a"
    assert anchors("gate", "7-1::a") == "gate-7-1-a.2"
    assert anchors("gate", "7.1::a") == "gate-7-1-a"


def test_names_that_end_like_ids_of_headings_are_no_trouble() -> None:
    page_of(replace(CLIPPY, node_id="7.3::x"), replace(CLIPPY, node_id="7.3::x-t"))


def test_the_policy_allows_its_own_style_sheet_and_nothing_else() -> None:
    text = html.render(RECORD)
    page = read(text)
    digest = hashlib.sha256(page.one("style").raw.encode()).digest()
    (policy,) = [
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.split("; ")[:2] == [
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(digest).decode()}'",
    ]
    assert "url(" not in page.one("style").raw
    assert "@import" not in page.one("style").raw


@pytest.mark.parametrize(
    ("results", "exit_code", "words"),
    [
        ((SCCACHE, BUILD), ExitCode.OK, "All 2 gates passed"),
        ((SCCACHE,), ExitCode.OK, "The gate passed"),
        ((SCCACHE, CHANGELOG), ExitCode.OK, "1 of 2 gates passed, 1 skipped"),
        ((CHANGELOG,), ExitCode.OK, "0 of 1 gate passed, 1 skipped"),
        ((SCCACHE, TESTS), ExitCode.NO_VERDICT, "1 of 2 gates without verdict"),
        ((), ExitCode.NO_GATES, "No gates: 0 of 0 gates passed"),
        ((SCCACHE, LOC), ExitCode.MAX_WARNINGS, "Max warnings: 1 of 2 gates passed"),
        ((CLIPPY, SCCACHE), ExitCode.FAILED, "1 of 2 gates failed"),
    ],
)
def test_the_verdict_comes_first(
    results: tuple[object, ...], exit_code: ExitCode, words: str
) -> None:
    page = page_of(*results, exit_code=exit_code)
    assert page.one("h1").text == words
    assert page.all("title")[0].text == f"{words} · phase7"


def test_an_interrupted_run_says_so_above_all() -> None:
    page = page_of(SCCACHE, interrupted=True, exit_code=ExitCode.INTERRUPTED)
    assert page.one("h1").text == "Interrupted after 1 gate"
    assert "not the whole phase" in page.one("section", aria_labelledby="attention").text


def test_what_stands_in_the_way_is_listed_worst_first() -> None:
    page = check(html.render(RECORD))
    listed = [item.all("a")[0].text for item in page.one("ul", class_="list").parts_of("li")]
    assert listed == [
        "7.1::build-time",
        "7.2::env-coverage",
        "7.3::clippy",
        "7.3::tests",
        "7.2::loc",
    ]
    assert "Next: run: cargo test --no-run -p pool" in page.one("ul", class_="list").text


def test_nothing_stands_in_the_way_of_green() -> None:
    page = page_of(SCCACHE, BUILD, warnings=())
    assert not page.all("section", aria_labelledby="attention")


def test_every_gate_is_in_the_table() -> None:
    table = check(html.render(RECORD)).one("table", class_="gates")
    found = rows(table)
    assert found[0] == ["Gate", "Verdict", "What was found", "Findings", "Time"]
    assert ["7.3 Code quality"] in found
    assert ["clippy", "Failed", standing.gist(CLIPPY), "25", "12.3s"] in found
    assert len(found) == 1 + 5 + len(RECORD.results)


def test_conditions_have_actual_baseline_target_and_distance() -> None:
    page = check(html.render(RECORD))
    table = section(page, "7.3::clippy").all("table")[0]
    assert rows(table)[:3] == [
        ["Condition", "Holds", "Measured", "Baseline", "Wanted", "Distance"],
        ["warnings < 20", "No", "25", "", "< 20", "off by 5"],
        [
            "ratchet suppressions",
            "No",
            "9 unwrap_used 3 → 5",
            "7",
            "not worse than 7 at the base",
            "off by 2",
        ],
    ]


def test_a_column_with_nothing_in_it_is_left_out() -> None:
    table = section(page_of(ENV), "7.2::env-coverage").all("table")[0]
    assert rows(table)[0] == ["Condition", "Holds", "Measured", "Wanted", "Distance"]


def test_no_verdict_is_explained() -> None:
    text = section(page_of(TESTS), "7.3::tests").text
    assert "It is neither pass nor fail: the code does not build." in text


def test_there_are_words_for_every_reason_and_every_standing() -> None:
    assert set(html_marks.REASONS) == set(Reason)
    assert set(html_marks.MARKS) == {kind.word for kind in standing.STANDINGS}
    shapes = {mark.shape for mark in html_marks.MARKS.values()}
    assert len(shapes) == len(standing.STANDINGS)


def test_what_blocks_a_gate_is_linked() -> None:
    page = check(html.render(RECORD))
    (link,) = section(page, "7.4::version").all("p", class_="gist")[0].all("a")
    (target,) = [e for e in page if e.attributes.get("id") == (link.attributes["href"] or "")[1:]]
    assert target is section(page, "7.3::clippy")


def test_advisory_flaky_reused_and_waived_are_said_in_words() -> None:
    reused = replace(SCCACHE, reused=Reused(run="20260920T101010-000000abcd", measured=STARTED))
    waived = replace(
        HARDCODED,
        verdict=Verdict(
            outcome=Outcome.WAIVED,
            waived=(
                Waived(
                    condition="urls == 0",
                    reason="moved in phase 8",
                    owner="ann",
                    expires="2026-12-31",
                    findings=1,
                    place="waivers.toml:3",
                ),
            ),
        ),
    )
    page = page_of(reused, LOC, BUILD, waived)
    assert "in run 20260920T101010-000000abcd" in section(page, "7.1::sccache").text
    assert "Advisory until 2026-12-31" in section(page, "7.2::loc").text
    assert "Flaky: something passed only after" in section(page, "phase::build").text
    said = section(page, "7.2::hardcoded").text
    assert "A waiver covers the failure" not in said
    assert "It fails, and a waiver covers the failure." in said
    assert "waived until 2026-12-31 by ann: moved in phase 8 [waivers.toml:3]" in said


def test_findings_are_grouped_by_rule_the_worst_first() -> None:
    groups = section(check(html.render(RECORD)), "7.3::clippy").one("details", class_="findings")
    inner = groups.parts_of("details")
    assert [group.one("summary").text for group in inner] == [
        "unused_variables 1",
        "clippy::needless_return 24",
    ]
    assert inner[0].one("li").text == (
        "error crates/pool/src/lib.rs:3:9 unused variable: `größe` "
        "Help: prefix it with an underscore: `_größe`"
    )
    assert len(inner[1].all("li")) == 24


def test_new_findings_come_first_and_are_called_new() -> None:
    old, new = CLIPPY.findings[0], Finding(rule="fresh", message="just written")
    checks = (Check(condition="ratchet n", metric="n", holds=False, new=(new.fingerprint,)),)
    verdict = Verdict(outcome=Outcome.FAIL, checks=checks)
    page = page_of(replace(CLIPPY, findings=(old, new), verdict=verdict))
    groups = section(page, "7.3::clippy").one("details", class_="findings").parts_of("details")
    assert [group.one("summary").text for group in groups] == ["fresh 1", f"{old.rule} 1"]
    assert [len(group.all("strong")) for group in groups] == [1, 0]
    assert groups[0].one("li").text == "new warning no place just written"


@pytest.mark.parametrize("record", [LISTED, WEAKENED], ids=["listed", "failed"])
def test_what_is_weaker_than_at_the_base_is_listed(record: RunRecord) -> None:
    assert record.policy is not None
    listed = check(html.render(record)).one("section", aria_labelledby="policy")
    assert listed.one("h2").text.startswith("Weakened since")
    assert [item.text for item in listed.all("li")] == list(policy.lines(record.policy))


def many(number: int, rules: int) -> RunRecord:
    findings = tuple(
        Finding(
            rule=f"rule-{n % rules}",
            message=f"what is wrong here, number {n}, at some length so that it is like real ones",
            path=f"crates/api/src/file_{n % 500}.rs",
            line=n,
            severity=Severity.ERROR if n % rules == 3 else Severity.WARNING,
        )
        for n in range(number)
    )
    return replace(RECORD, results=(replace(CLIPPY, findings=findings), ENV))


@pytest.mark.parametrize("rules", [5, 300, 5000])
def test_fifty_thousand_findings_are_counted_and_the_worst_shown(rules: int) -> None:
    text = html.render(many(50_000, rules))
    assert len(text) < 400_000
    found = section(check(text), "7.3::clippy").one("details", class_="findings")
    assert found.all("summary")[0].text == f"50,000 findings of {rules:,} rules"
    assert found.all("summary")[1].text == f"rule-3 {-((3 - 50_000) // rules):,}"
    shown = len(found.all("li"))
    assert html_findings.SHOWN * 0.5 <= shown <= html_findings.SHOWN * 1.5
    more = [int(n.replace(",", "")) for n in re.findall(r"and ([\d,]+) more finding", found.text)]
    others = re.search(r"more rules? with ([\d,]+) findings", found.text)
    assert shown + sum(more) + (int(others[1].replace(",", "")) if others else 0) == 50_000


def test_of_many_gates_fewer_findings_are_shown() -> None:
    results = many(1000, 3).results[:1] * 500
    results = tuple(replace(gate, node_id=f"7.3::{n}") for n, gate in enumerate(results))
    assert len(html.render(replace(RECORD, results=results))) < 6_000_000


@settings(max_examples=100, deadline=None)
@given(texts)
def test_only_http_addresses_are_links(text: str) -> None:
    built = tag("p", html_findings.linked(text))
    element = read(f"<!doctype html>\n<html>{built}</html>").one("p")
    assert " ".join(element.raw.split()) == " ".join(brief(text).split())
    for link in element.all("a"):
        assert re.match("https?://", link.attributes["href"] or "")
        assert link.attributes["href"] == link.raw


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "//x.y/z", "file:///etc/passwd", "x.y/z"]
)
def test_other_addresses_are_text(text: str) -> None:
    finding = Finding(rule="r", message=text, help=text, path=text)
    page = page_of(replace(CLIPPY, findings=(finding,), notes=(text,)))
    links = [link for link in page.all("a") if not (link.attributes["href"] or "").startswith("#")]
    assert links == []


nodes = st.integers(1, 9).flatmap(
    lambda count: st.tuples(
        *(
            st.sets(st.integers(0, count), max_size=3).map(
                lambda needs, n=n: Node(
                    id=str(n),
                    name=f"task {n}",
                    kind=standing.PASSED,
                    words="passed",
                    needs=tuple(map(str, sorted(needs))),
                )
            )
            for n in range(count)
        )
    )
)


@settings(max_examples=200, deadline=None)
@given(nodes)
def test_no_line_of_the_graph_runs_through_a_task(tasks: tuple[Node, ...]) -> None:
    ordered = in_order(tasks)
    assert sorted(node.id for node in ordered) == sorted(node.id for node in tasks)
    lanes = lanes_of(ordered)
    rows_of = {node.id: row for row, node in enumerate(ordered)}
    for node in ordered:
        for need in node.needs:
            if rows_of.get(need, 99) >= rows_of[node.id]:
                continue
            assert lanes[need] < lanes[node.id]
            between = ordered[rows_of[need] + 1 : rows_of[node.id]]
            assert lanes[need] not in {lanes[other.id] for other in between}
    graph(tasks)


def test_what_is_waited_for_comes_first_and_is_said_in_words() -> None:
    page = check(html.render(RECORD))
    words = page.one("desc").text
    assert "7.3 Code quality: 1 failed, 1 without verdict, waits for 7.1 and 7.2." in words
    assert "7.4 Release: 1 blocked, 1 skipped, waits for 7.3." in words
    assert words.index("7.3 Code") < words.index("7.4 Release")
    assert len(page.one("svg", class_="graph").all("path", class_="edge")) == 3


def test_a_task_that_was_left_out_is_said_to_be() -> None:
    page = page_of(SCCACHE)
    assert "7.2 Configuration: not part of this run." in page.one("desc").text


def test_the_reporter_writes_once_at_the_end() -> None:
    (reporter,) = html.gaterun_reporters()
    stream = io.StringIO()
    listen = reporter.start(stream, Style())
    for event in events():
        assert not stream.getvalue()
        listen(event)
    assert stream.getvalue() == html.render(RECORD)


def test_a_gate_that_waits_says_for_what() -> None:
    result = replace(VERSION, blocked_by="", verdict=Verdict(outcome=Outcome.PASS))
    page = page_of(result, CLIPPY)
    assert "It waits for 7.3::clippy." in section(page, "7.4::version").text
