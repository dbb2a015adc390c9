"""The completion report: complete, with waivers, incomplete, and never complete by accident."""

from __future__ import annotations

import io

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given, settings
from lxml import html  # type: ignore[import-untyped]
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.core.markers import places, with_block
from gaterun.model.binding import Reused
from gaterun.model.command import Evidence, Log
from gaterun.model.metric import Better, Unit
from gaterun.model.record import RunRecord
from gaterun.model.report import Style
from gaterun.model.verdict import Check, ExitCode, Outcome, Reason, Verdict
from gaterun.reporters import completion, completion_state

from .nasty import records
from .sample import (
    BUILD,
    CHANGELOG,
    CLIPPY,
    HARDCODED,
    LOC,
    POLICY,
    RECORD,
    SCCACHE,
    STARTED,
    TESTS,
    WEAKENED,
    events,
    metric,
    result,
)

SIGNED = result(
    "7.4::checklist",
    "signed by a person",
    Verdict(
        outcome=Outcome.PASS,
        checks=(
            Check(
                condition="signed == true",
                metric="signed",
                actual=True,
                target="== true",
                holds=True,
            ),
        ),
    ),
    gate="manual",
    metrics={"signed": metric(value=True, unit=Unit.BOOLEAN, better=Better.NEITHER)},
    inspected={"files": 1},
    notes=("signed by ann on 2026-09-20: read | it",),
    recipe={"digest": "00ff" * 16},
)

RATCHETED = result(
    "7.3::clippy",
    "clippy warnings",
    Verdict(
        outcome=Outcome.PASS,
        checks=(
            Check(
                condition="ratchet warnings",
                metric="warnings",
                actual=12,
                baseline=14,
                target="not worse than 14 at the base",
                holds=True,
                accepted="2026-09-01: a newer clippy",
            ),
        ),
    ),
    metrics={"warnings": metric(12)},
    inspected={"crates": 5},
    reused=Reused(run="20260921-120000-1", measured=STARTED - 300),
    evidence=(
        Evidence(
            argv=("cargo", "clippy", "--message-format=json", "a b"),
            cwd="crates/api",
            exit_status=0,
            seconds=11.9,
            log="logs/clippy-1",
            logs=(
                Log(path="logs/clippy-1.out", size=12345, sha256="ab" * 32),
                Log(path="logs/clippy-1.err", size=0, sha256="e3" * 32),
            ),
        ),
    ),
)

UNDECIDED = result(
    "7.1::build-time",
    "build time",
    Verdict(
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.NOT_COMPARABLE,
        message="clean is not comparable",
        checks=(
            Check(
                condition="improve clean >= 25%",
                metric="clean",
                actual=50.0,
                target="improved >= 25%",
                reason=Reason.NOT_COMPARABLE,
                why="rustc differs (1.89.0, now 1.90.0)",
            ),
        ),
    ),
    blocking=False,
    metrics={"clean": metric(50.0, unit=Unit.SECONDS)},
)

COMPLETE = replace(
    RECORD,
    results=(SCCACHE, RATCHETED, SIGNED, BUILD),
    tasks={"7.1": "Build infrastructure", "7.3": "Code quality", "7.4": "Release"}
    | {"phase": "Whole phase"},
    tree=replace(RECORD.tree, dirty=False),
    exit_code=ExitCode.OK,
    warnings=(),
    policy=replace(POLICY, changes=(), notes=()),
    left_out=(),
)
WITH_WAIVERS = replace(
    COMPLETE,
    results=(*COMPLETE.results, HARDCODED, LOC, CHANGELOG, UNDECIDED),
    tasks={**RECORD.tasks, "phase": "Whole phase"},
    policy=POLICY,
    warnings=RECORD.warnings,
)
INCOMPLETE = replace(RECORD, left_out=("7.4::release-notes",))
RECORDS = {"complete": COMPLETE, "with-waivers": WITH_WAIVERS, "incomplete": INCOMPLETE}


def page(text: str) -> html.HtmlElement:
    shown = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    return html.fromstring(f"<main>{shown}</main>")


@pytest.mark.parametrize("name", RECORDS)
def test_golden(golden: SnapshotAssertion, name: str) -> None:
    assert completion.render(RECORDS[name]) == golden


@pytest.mark.parametrize("name", RECORDS)
def test_roadmap_golden(golden: SnapshotAssertion, name: str) -> None:
    assert "\n".join(completion.roadmap(RECORDS[name])) == golden


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (COMPLETE, "COMPLETE"),
        (WITH_WAIVERS, "COMPLETE WITH 1 WAIVER"),
        (INCOMPLETE, "INCOMPLETE: 6 of 11 gates missing"),
        (replace(COMPLETE, left_out=("7.1::sweep",)), "INCOMPLETE: 1 of 5 gates missing"),
        (replace(COMPLETE, interrupted=True), "INCOMPLETE: the run was interrupted"),
        (
            replace(COMPLETE, exit_code=ExitCode.MAX_WARNINGS),
            "INCOMPLETE: more advisory failures than allowed",
        ),
        (
            replace(COMPLETE, left_out=None),
            "INCOMPLETE: the run does not say whether it had every gate of the phase",
        ),
        (replace(COMPLETE, results=(CHANGELOG,)), "INCOMPLETE: nothing was measured"),
        (replace(COMPLETE, results=()), "INCOMPLETE: nothing was measured"),
        (replace(COMPLETE, results=(SCCACHE, TESTS)), "INCOMPLETE: 1 of 2 gates missing"),
        (
            replace(
                COMPLETE,
                tasks={**COMPLETE.tasks, "7.5": "Off"},
                results=(
                    *COMPLETE.results,
                    replace(CHANGELOG, task="7.5", node_id="7.5::changelog"),
                ),
            ),
            "INCOMPLETE: no gate can verify task 7.5",
        ),
        (
            replace(COMPLETE, tasks={**COMPLETE.tasks, "7.5": "Talk"}),
            "INCOMPLETE: no gate can verify task 7.5",
        ),
        (
            replace(COMPLETE, results=(SCCACHE, SIGNED, BUILD, LOC), tasks=RECORD.tasks),
            "INCOMPLETE: no gate can verify task 7.2",
        ),
        (replace(WEAKENED, left_out=()), "INCOMPLETE: 1 of 2 gates missing"),
    ],
)
def test_verdicts(record: RunRecord, verdict: str) -> None:
    assert completion_state.completion(record).verdict == verdict
    assert page(completion.render(record)).findtext("h1").endswith(f": {verdict}")


@pytest.mark.parametrize("why", ["not run: stopped after 1 failure(s)", "not finished: x"])
def test_what_the_run_did_not_come_to_is_missing(why: str) -> None:
    dropped = replace(CHANGELOG, verdict=Verdict(outcome=Outcome.SKIPPED, message=why))
    state = completion_state.completion(replace(COMPLETE, results=(SCCACHE, dropped)))
    assert state.missing == ("7.4::changelog",)


def test_two_waivers_of_one_condition_are_two() -> None:
    (used,) = HARDCODED.verdict.waived
    twice = replace(HARDCODED.verdict, waived=(used, replace(used, place="waivers.toml:9")))
    none = replace(COMPLETE, tasks={})
    record = replace(none, results=(SCCACHE, replace(HARDCODED, verdict=twice)))
    assert completion_state.completion(record).verdict == "COMPLETE WITH 2 WAIVERS"
    again = replace(HARDCODED, node_id="7.3::hardcoded")
    record = replace(none, results=(HARDCODED, again))
    assert completion_state.completion(record).verdict == "COMPLETE WITH 1 WAIVER"


def test_more_commands_than_are_listed_are_counted() -> None:
    (command,) = CLIPPY.evidence
    commands = tuple(replace(command, started=float(number)) for number in range(45))
    many = replace(CLIPPY, evidence=(*commands, *commands))
    text = completion.render(replace(RECORD, results=(many,)))
    assert text.count("exit status 0") == 40
    assert "and 5 more commands, listed in the JSON report" in text


def test_the_reporter_writes_what_render_gives() -> None:
    stream = io.StringIO()
    listener = completion.start(stream, Style())
    for event in events(COMPLETE):
        listener(event)
    assert stream.getvalue() == completion.render(COMPLETE)


@settings(max_examples=100, deadline=None)
@given(records())
def test_any_text_breaks_nothing_and_nothing_is_complete_by_accident(record: RunRecord) -> None:
    text = completion.render(record)
    shown = page(text)
    titles = [title.text_content() for title in shown.findall("h2")]
    assert len(titles) == 15
    assert len(shown.findall("h1")) == 1
    assert not shown.xpath("//script | //img | //a[not(starts-with(@href, '#'))]")
    block = "\n".join(completion.roadmap(record))
    around = "before\n<!-- gaterun:begin p -->\n<!-- gaterun:end -->\nafter"
    assert len(places(with_block(around, "p", block.split("\n")))) == 1
    state = completion_state.completion(record)
    unfinished = any(
        each.blocking and each.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.BLOCKED}
        for each in record.results
    )
    if unfinished or record.interrupted or record.left_out or record.exit_code is not ExitCode.OK:
        assert state.verdict.startswith("INCOMPLETE")
        assert not state.complete
