"""Nothing that tools wrote is taken for a command of GitHub's, however it comes in pieces."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workflow_runner import commands

from gaterun.core.workflow_log import GuardedStream, harmless, unguarded

PIECES = ("::", ":", "##[", "#", "##", "[", "]", "error", "add-mask", " ", "\t", "\n", "\r", "\r\n",
          "set-output name=a", "x", "\u2003", "\x85", "\x1b[0m", "")  # fmt: skip
logs = st.lists(st.sampled_from(PIECES), max_size=30)

COMMANDS = (
    "::error::x",
    "  \t::add-mask::secret",
    "text\n::set-output name=a::b",
    "text\r::warning::b",
    "any text ##[add-matcher]x.json",
    "\u2003::error::x",
)


@pytest.mark.parametrize("text", COMMANDS)
def test_these_are_commands_and_are_none_any_more(text: str) -> None:
    assert len(commands(text)) == 1  # so that the reader is known to see them
    assert commands(harmless(text)) == []


@pytest.mark.parametrize("text", ["", "std::fs::read\n", "a ::b", "# a ## [b]\n", ": :x"])
def test_what_is_no_command_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(logs)
def test_no_log_has_a_command(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert commands(harmless(text)) == []
    assert harmless(text).replace(" ", "") == text.replace(" ", "")


@given(logs)
def test_pieces_give_the_same_as_the_whole(pieces: list[str]) -> None:
    beneath = io.StringIO(newline="")
    guarded = GuardedStream(beneath)
    guarded.writelines(pieces)
    assert beneath.getvalue() == harmless("".join(pieces))


def test_who_writes_commands_on_purpose_gets_the_stream_beneath() -> None:
    beneath = io.StringIO()
    assert unguarded(GuardedStream(beneath)) is beneath  # type: ignore[arg-type]
    assert unguarded(beneath) is beneath


GATE = """
import gaterun

INJECTED = "::add-mask::x\\n::set-output name=a::b ##[error]y"

def measure(ctx):
    finding = gaterun.Finding(rule="::error::r", message=INJECTED, path="src/::warning::z.rs", line=3)
    return gaterun.Measurement(
        metrics={"n": 1}, inspected={"files": 1}, findings=[finding], notes=[INJECTED]
    )

@gaterun.hookimpl
def gaterun_gates():
    metric = gaterun.Metric(name="n")
    return [gaterun.Gate(name="evil", title="::error::title", metrics=[metric], measure=measure)]
"""

PHASE = """
[phase]
title = "::error::phase"
[[task.1.gate]]
use = "evil"
require = ["n == 0"]
"""


@pytest.fixture
def evil(project: Any) -> Any:
    project.write({"g/evil.py": GATE})
    project.phase(PHASE)
    return project


@pytest.mark.parametrize(
    "arguments",
    [(), ("-vv",), ("--output", "agent"), ("-ra",)]
    + [("--report", f"{name}:-") for name in ("json", "jsonl", "md", "sarif", "gitlab", "prom", "junit")],
)  # fmt: skip
def test_no_report_on_the_screen_has_a_command(evil: Any, arguments: tuple[str, ...]) -> None:
    ran = evil.command("p", "-o", "gates=g", *arguments, GITHUB_ACTIONS="true")
    assert ran.code == 1, ran.err
    assert commands(ran.out) == []
    assert commands(ran.err) == []
    assert "add-mask" in ran.out + ran.err


def test_only_annotations_are_commands(evil: Any) -> None:
    ran = evil.command("p", "-o", "gates=g", "--report", "github", GITHUB_ACTIONS="true")
    assert [each.name for each in commands(ran.out)] == ["warning"]
    assert commands(ran.err) == []
    (told,) = commands(ran.out)
    assert told.properties["file"] == "src/::warning::z.rs"


def test_elsewhere_nothing_is_changed(evil: Any) -> None:
    ran = evil.command("p", "-o", "gates=g", "--report", "jsonl:-")
    assert "##[error]y" in ran.out


def test_what_is_kept_and_shown_again_has_no_command(evil: Any) -> None:
    evil.commit()
    evil.command("p", "-o", "gates=g")
    shown = [evil.command("list", "-o", "gates=g", GITHUB_ACTIONS="true").out for _ in range(3)]
    assert "error" in shown[0]
    assert len(set(shown)) == 1
    assert commands(shown[0]) == []


def test_an_error_has_no_command(project: Any) -> None:
    ran = project.command("run", "x\n::error::y", GITHUB_ACTIONS="true")
    assert ran.code == 4
    assert commands(ran.err) == []
