"""Markdown, as GitHub's own renderer shows it."""

from __future__ import annotations

import io
import re

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html  # type: ignore[import-untyped]
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.model.record import RunRecord
from gaterun.model.report import Style
from gaterun.model.verdict import Check, ExitCode, Outcome, Verdict
from gaterun.reporters import cells, clean, markdown, markdown_sections, policy

from .nasty import records, texts
from .sample import (
    BUILD,
    CHANGELOG,
    CLIPPY,
    LISTED,
    LOC,
    POLICY,
    RECORD,
    SCCACHE,
    TESTS,
    WEAKENED,
    events,
    metric,
)

NASTY = [
    "a|b",
    "a\\|b",
    "`a|b`",
    "``",
    "line\nbreak\n\n| x | y |",
    "<b>bold</b><script>alert(1)</script>",
    "</code></details><!--",
    "@octocat and #123",
    "größe 検査 😀",
    "**bold** _em_ ~~gone~~",
    "[link](http://x.y) ![image](http://x.y)",
    "&lt;&#60;",
    "\x1b[31mred\x1b[0m\x00",
    "$math$",
    "\u2028| a | b |",
]


def rendered(text: str) -> html.HtmlElement:
    page = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    return html.fromstring(f"<main>{page}</main>")


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().replace("\N{WORD JOINER}", "").split())


def test_golden(golden: SnapshotAssertion) -> None:
    assert markdown.render(RECORD) == golden


@pytest.mark.parametrize("record", [LISTED, WEAKENED], ids=["listed", "failed"])
def test_what_is_weaker_than_at_the_base(golden: SnapshotAssertion, record: RunRecord) -> None:
    text = markdown.render(record)
    assert text == golden
    items = [words(item) for item in rendered(text).iterfind("ul/li")]
    assert "7.1::sweep gate removed: effective >= 1" in items


def test_no_room_for_the_list_leaves_its_length() -> None:
    changes = POLICY.changes * 2000
    text = markdown.render(replace(RECORD, policy=replace(POLICY, changes=changes)), 2500)
    assert "### Weakened since main&#126;14" in text
    assert "10000 changes" in text.replace(",", "")


@pytest.mark.parametrize(
    "text", ["1. x", "12) x", "1.", "- x", "+ x", "-", "===", "---", "- - -", "2.5 s", "-3 %"]
)
@pytest.mark.parametrize("line", ["- {}", "{}", "x\n{}"])
def test_a_text_begins_nothing(text: str, line: str) -> None:
    page = rendered(line.format(cells.prose(text)) + "\n")
    assert len(page.findall(".//li")) == line.startswith("-")
    assert not page.findall(".//ol") + page.findall(".//hr") + page.findall(".//h1")
    assert words(page).removeprefix("x").strip() == text


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("write", [cells.code, cells.prose])
def test_a_cell_shows_its_text_and_breaks_nothing(text: str, write: object) -> None:
    assert callable(write)
    table = "\n".join(cells.table("A | B", "lr", [[write(text), "1"], ["x", "2"]]))
    page = rendered(table)
    rows = page.findall(".//tbody/tr")
    assert [len(row) for row in rows] == [2, 2]
    assert words(rows[0][0]) == clean.line(text)
    assert words(rows[0][1]) == "1"
    assert not page.xpath("//script | //b | //strong | //em | //img | //del")


@settings(max_examples=150, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4))
def test_any_text_keeps_the_number_of_rows_and_cells(contents: list[str]) -> None:
    rows = [[cells.code(text), cells.prose(text), "end"] for text in contents]
    page = rendered("\n".join(cells.table("A | B | C", "llr", rows)))
    shown = page.findall(".//tbody/tr")
    assert [len(row) for row in shown] == [3] * len(contents)
    for row, text in zip(shown, contents, strict=True):
        assert words(row[0]) == " ".join(cells.short(text).split())
        assert words(row[2]) == "end"


def test_nobody_is_mentioned() -> None:
    assert "@octocat" not in rendered(cells.prose("by @octocat, see #12")).text_content()
    assert "#12" not in rendered(cells.prose("by @octocat, see #12")).text_content()


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    text = "```\n````sh\nrm -rf /\n````\n"
    page = rendered("\n".join(["before", "", *cells.fence(text), "", "after"]))
    assert [child.tag for child in page] == ["p", "pre", "p"]
    assert page[1].text_content().rstrip("\n") == text.rstrip("\n")


def gates(page: html.HtmlElement) -> list[str]:
    return [words(row[1]) for row in page.findall("table")[0].findall("tbody/tr")]


def test_the_report_is_one_flat_page() -> None:
    page = rendered(markdown.render(RECORD))
    assert words(page.find("h2")) == "❌ gaterun phase7: 3 of 10 gates failed"
    assert gates(page)[:4] == ["7.1::build-time", "7.2::env-coverage", "7.3::clippy", "7.3::tests"]
    assert gates(page)[-1] == "phase::build"
    assert len(page.findall("details")) == 6
    assert len(page.findall(".//details")) == 6
    assert words(page.findall("pre")[0] if page.findall("pre") else page.find(".//pre"))


def test_change_is_said_in_words() -> None:
    page = rendered(markdown.render(RECORD))
    changes = {words(row[1]): words(row[4]) for row in page.findall("table")[1].iter("tr")}
    assert changes["clippy.suppressions"] == "+2 (+28.6 %) worse"
    assert changes["loc.lines"] == "−455 (−3.6 %) better"
    assert changes["build-time.clean_as_configured"] == "−12.5 % (−15 % to −10 %) better"


def of(*results: object, **more: object) -> RunRecord:
    fields: dict[str, object] = {"results": results, "exit_code": ExitCode.OK, **more}
    return replace(RECORD, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (of(SCCACHE, BUILD), "✅ gaterun phase7: all 2 gates passed"),
        (of(SCCACHE), "✅ gaterun phase7: the 1 gate passed"),
        (of(SCCACHE, CHANGELOG), "✅ gaterun phase7: 1 of 2 gates passed, 1 skipped"),
        (of(CHANGELOG), "⚠️ gaterun phase7: 0 of 1 gate passed, 1 skipped"),
        (
            of(SCCACHE, TESTS, exit_code=ExitCode.NO_VERDICT),
            "⚠️ gaterun phase7: 1 of 2 gates without verdict",
        ),
        (of(exit_code=ExitCode.NO_GATES), "⚠️ gaterun phase7: no gates, 0 of 0 gates passed"),
        (
            of(SCCACHE, interrupted=True, exit_code=ExitCode.INTERRUPTED),
            "⚠️ gaterun phase7: interrupted after 1 gate",
        ),
        (of(CLIPPY, exit_code=ExitCode.FAILED), "❌ gaterun phase7: 1 of 1 gate failed"),
    ],
)
def test_headline(record: RunRecord, line: str) -> None:
    assert markdown_sections.headline(record) == line


def test_without_any_gate_there_is_no_table() -> None:
    page = rendered(markdown.render(of(exit_code=ExitCode.NO_GATES)))
    assert not page.findall("table")


def many(number: int) -> RunRecord:
    names = (f"7.3::clippy-{n}" for n in range(number))
    results = tuple(replace(CLIPPY, node_id=name) for name in names)
    return replace(RECORD, results=results)


@pytest.mark.parametrize("number", [10, 30, 100, 400, 3000])
@pytest.mark.parametrize("budget", [markdown.COMMENT, markdown.SUMMARY])
def test_the_budget_is_kept_by_whole_sections(number: int, budget: int) -> None:
    text = markdown.render(many(number), budget)
    assert len(text.encode()) <= budget
    page = rendered(text)
    assert words(page.find("h2")).endswith(f"{number:,} of {number:,} gates failed") or number
    for table in page.iter("table"):
        columns = len(table.find("thead/tr"))
        assert {len(row) for row in table.iter("tr")} == {columns}
    assert len(page.findall(".//details")) == text.count("<details>") == text.count("</details>")
    assert "gaterun 0.1.0" in words(page)


#: A gate whose metric is as it was at the base.
SAME = replace(
    LOC,
    node_id="7.2::same",
    metrics={"lines": metric(12800)},
    verdict=Verdict(
        outcome=Outcome.PASS,
        checks=(Check(condition="ratchet lines", metric="lines", baseline=12800, holds=True),),
    ),
)


def test_a_file_holds_every_finding_that_a_person_can_read() -> None:
    text = markdown.render(replace(RECORD, results=many(400).results), None)
    assert len(text.encode()) > 1_000_000
    assert text.count("unneeded") == 400 * 24
    assert "shortened" not in text


def test_what_is_cut_is_told_with_numbers() -> None:
    record = replace(RECORD, results=(*many(400).results, *RECORD.results, SAME))
    text = markdown.render(record)
    last = words(rendered(text).findall(".//sub")[-1])
    assert last == (
        "shortened, without 10,026 of 10,026 findings, 3 gates that passed, 1 unchanged metric, "
        "notes and commands of 402 gates, the sections of 405 gates, 368 rows of gates, "
        "363 rows of metrics: the JSON report has everything"
    )


def test_findings_go_before_anything_else() -> None:
    (gate,) = many(1).results
    findings = tuple(replace(CLIPPY.findings[0], path=f"src/{n}.rs") for n in range(5000))
    record = replace(RECORD, results=(replace(gate, findings=findings), *RECORD.results))
    text = markdown.render(record)
    last = words(rendered(text).findall(".//sub")[-1])
    assert last.startswith("shortened, without 4,800 of 5,026 findings: ")


def test_passed_gates_are_counted_where_they_are_not_shown() -> None:
    detail = replace(markdown.LADDER[0], passed=False)
    text = "\n".join(markdown_sections.report(RECORD, detail))
    assert "\nand 2 gates that passed\n" in text
    assert len(gates(rendered(text))) == len(RECORD.results) - 2


def test_bars_over_recorded_runs() -> None:
    bars = {("7.3::clippy", "suppressions"): "▁▂·█"}
    page = rendered(markdown.render(RECORD, None, bars))
    table = page.findall("table")[1]
    assert words(table.find("thead/tr")[-1]) == "Trend"
    trends = {words(row[1]): words(row[6]) for row in table.findall("tbody/tr")}
    assert trends["clippy.suppressions"] == "▁▂·█"
    assert trends["loc.lines"] == ""


def test_the_verdict_always_fits() -> None:
    text = markdown.render(many(400), budget=10)
    assert text.startswith("<!-- gaterun:report:phase7 -->\n## ❌ gaterun phase7: 400 of 400 gates")
    assert len(text) < 700
    assert "shortened" in text


def test_every_rung_is_shorter_than_the_one_before() -> None:
    findings = CLIPPY.findings * 20
    long = tuple(replace(each, findings=findings) for each in many(60).results)
    record = replace(RECORD, results=(*long, *RECORD.results, SAME))
    sizes = [len("\n".join(markdown_sections.report(record, rung))) for rung in markdown.LADDER]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)


@settings(max_examples=40, deadline=None)
@given(records())
def test_any_text_keeps_the_table_of_gates(record: RunRecord) -> None:
    text = markdown.render(record)
    page = rendered(text)
    assert len(page.findall("h2")) == 1
    assert len(page.findall(".//h1")) == 0
    if record.results:
        rows = page.findall("table")[0].findall("tbody/tr")
        assert [len(row) for row in rows] == [5] * len(record.results)
        shown = [re.sub(r"^\W+", "", words(row[0])) for row in rows]
        assert shown.count("passed") == record.count(Outcome.PASS)
    else:
        assert not page.findall("table")


@settings(max_examples=60, deadline=None)
@given(records(), st.sampled_from([None, 20_000, 2000, 10]))
def test_no_text_breaks_out(record: RunRecord, budget: int | None) -> None:
    text = markdown.render(record, budget)
    assert text.startswith("<!-- gaterun:report:")
    page = rendered(text)
    assert {element.tag for element in page.iter() if isinstance(element.tag, str)} <= {
        *(
            "main",
            "h2",
            "h3",
            "p",
            "blockquote",
            "strong",
            "br",
            "sub",
            "b",
            "code",
            "pre",
            "ul",
            "li",
        ),
        *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    }
    assert len(page.findall("h2")) == 1
    assert len(page.findall("h3")) == (policy.worth_telling(record) is not None)
    # One comment, our own: what is within it is not shown.
    # What stands in a fence is shown as it is, and hides nothing.
    outside = re.sub(r"(?ms)^(```+)[^\n]*\n.*?^\1$", "", text)
    assert outside.count("<!--") == outside.count("-->") == 1
    for element in page.iter("details", "summary", "code", "b", "br", "sub"):
        assert not element.attrib


def test_the_reporter_writes_once_at_the_end() -> None:
    reporter, _ = markdown.gaterun_reporters()
    stream = io.StringIO()
    listen = reporter.start(stream, Style())
    for event in events():
        assert not stream.getvalue()
        listen(event)
    assert stream.getvalue() == markdown.render(RECORD, None)
