"""Annotations, as GitHub's runner reads the log."""

from __future__ import annotations

from hypothesis import given, settings
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion
from tests.workflow_runner import commands

from gaterun.model.finding import Finding, Severity
from gaterun.model.record import RunRecord
from gaterun.reporters import github
from gaterun.reporters.clean import encodable
from gaterun.reporters.issues import issues

from .nasty import records, texts
from .sample import BUILD, CLIPPY, LOC, RECORD, SCCACHE
from .told import written


def test_golden(golden: SnapshotAssertion) -> None:
    assert written(github) == golden


def test_the_worst_nine_and_how_many_more() -> None:
    told = commands(written(github))
    counted = [issue for issue in issues(RECORD) if issue.counts and not issue.waived]
    assert len(told) == github.SHOWN + 1
    assert told[-1].name == "notice"
    assert told[-1].data.startswith(f"and {len(counted) - github.SHOWN} more of gates")


def test_every_gate_that_failed_is_shown_before_any_is_shown_twice() -> None:
    titles = [each.properties["title"].partition(" ")[0] for each in commands(written(github))]
    assert titles[:5] == [
        "7.1::build-time",
        "7.3::clippy",
        "7.2::env-coverage",
        "7.3::tests",
        "7.2::loc",
    ]


def test_without_more_there_is_no_word_of_more() -> None:
    told = commands(written(github, replace(RECORD, results=(LOC,))))
    assert [each.name for each in told] == ["warning"]


def test_a_run_that_passed_says_nothing() -> None:
    assert written(github, replace(RECORD, results=(SCCACHE, BUILD))) == ""


def test_a_place_comes_back_as_it_was() -> None:
    path = "src/a,b:c =%0A;d.rs"
    finding = Finding(
        rule="r", message="50 % of a\nb", path=path, line=3, column=7, severity=Severity.ERROR
    )
    (told,) = commands(written(github, replace(RECORD, results=(_of(finding),))))
    assert (told.name, told.data) == ("error", "50 % of a b")
    assert told.properties == {
        "file": path, "line": "3", "col": "7", "title": "7.3::clippy clippy/r"
    }  # fmt: skip


def _of(*findings: Finding) -> object:
    return replace(CLIPPY, findings=findings)


@settings(max_examples=200, deadline=None)
@given(texts, texts)
def test_texts_come_back_as_they_were(message: str, file: str) -> None:
    message, file = encodable(message), encodable(file)
    (told,) = commands(github.command("error", message, file=file, line="1"))
    assert told.data == message
    if file and not file.startswith("="):
        assert told.properties["file"] == file
    assert set(told.properties) <= {"file", "line"}


@settings(max_examples=60, deadline=None)
@given(records())
def test_no_text_adds_a_command(record: RunRecord) -> None:
    text = written(github, record)
    told = commands(text)
    counted = [issue for issue in issues(record) if issue.counts and not issue.waived]
    assert len(told) == len(text.splitlines()) if text.isascii() else text.count("\n")
    assert len(told) == min(len(counted), github.SHOWN) + (len(counted) > github.SHOWN)
    assert {each.name for each in told} <= {"error", "warning", "notice"}
