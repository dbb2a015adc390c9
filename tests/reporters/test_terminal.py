"""The terminal report in every style, by golden and by rule."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.model.event import Event, GateFinished, GateStarted, RunFinished, RunStarted
from gaterun.model.record import RunRecord
from gaterun.model.report import Style
from gaterun.model.verdict import Check, ExitCode, Outcome
from gaterun.reporters import live, standing, terminal, terminal_lines, terminal_sections
from gaterun.reporters.pen import Pen, columns

from .nasty import records, texts
from .sample import (
    BUILD,
    CHANGELOG,
    CLIPPY,
    LISTED,
    LOC,
    RECORD,
    SCCACHE,
    TESTS,
    WEAKENED,
    events,
)

STYLES = {
    "plain": Style(),
    "colour": Style(colour=True),
    "narrow": Style(width=50, shown="A", durations=3),
    "ascii": Style(unicode=False),
    "agent": Style(agent=True),
    "quiet": Style(verbosity=-1),
    "quietest": Style(verbosity=-2),
    "verbose": Style(verbosity=1, shown="bsw"),
    "most-verbose": Style(verbosity=2),
}
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def written(style: Style, record: RunRecord = RECORD) -> str:
    stream = io.StringIO()
    listen = terminal.start(stream, style)
    for event in events(record):
        listen(event)
    return stream.getvalue()


def of(*results: object, **more: object) -> RunRecord:
    fields: dict[str, object] = {"results": results, "exit_code": ExitCode.OK, **more}
    return replace(RECORD, warnings=(), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", STYLES)
def test_golden(golden: SnapshotAssertion, name: str) -> None:
    assert written(STYLES[name]) == golden


@pytest.mark.parametrize("name", ["plain", "quiet", "agent"])
@pytest.mark.parametrize("record", [LISTED, WEAKENED], ids=["listed", "failed"])
def test_what_is_weaker_than_at_the_base(
    golden: SnapshotAssertion, name: str, record: RunRecord
) -> None:
    assert written(STYLES[name], record) == golden


def test_an_interrupted_run_golden(golden: SnapshotAssertion) -> None:
    record = of(SCCACHE, CLIPPY, interrupted=True, exit_code=ExitCode.INTERRUPTED)
    assert written(Style(), record) == golden


def test_colour_changes_nothing_but_colour() -> None:
    assert ANSI.sub("", written(STYLES["colour"])) == written(STYLES["plain"])
    assert "\x1b" not in written(STYLES["plain"])


def test_ascii_is_ascii() -> None:
    text = written(STYLES["ascii"])
    assert text.isascii()
    assert "unwrap_used 3 -> 5" in text
    assert "gr\\xf6\\xdfe" in text


@pytest.mark.parametrize("width", [30, 50, 80, 120, 200])
def test_the_width_is_respected(width: int) -> None:
    # What may be wider: a word, a command to copy, and titles.
    free = re.compile(r"^\s*\S+$|^ *repeat: |^[=_] ")
    for line in written(Style(width=width, verbosity=2, shown="A")).splitlines():
        assert columns(line) <= width or free.match(line), line


def test_the_counts_are_never_cut() -> None:
    last = written(Style(width=30)).splitlines()[-1]
    assert last == (
        "= 3 failed, 1 without verdict, 1 blocked, 1 advisory, 1 waived, 1 skipped, 2 passed, "
        "1 flaky in 31m 24s ="
    )
    assert written(STYLES["quietest"]).count("\n") == 1


@pytest.mark.parametrize(
    ("record", "colour"),
    [
        (of(SCCACHE, BUILD), "green"),
        (of(SCCACHE, CHANGELOG), "green"),
        (of(CHANGELOG), "yellow"),
        (of(SCCACHE, TESTS, exit_code=ExitCode.NO_VERDICT), "yellow"),
        (of(SCCACHE, CLIPPY, exit_code=ExitCode.FAILED), "red"),
        (of(SCCACHE, LOC), "green"),
        (of(SCCACHE, interrupted=True, exit_code=ExitCode.INTERRUPTED), "yellow"),
        (of(exit_code=ExitCode.NO_GATES), "yellow"),
    ],
)
def test_green_only_where_something_passed_and_nothing_is_open(
    record: RunRecord, colour: str
) -> None:
    assert terminal_sections.verdict_colour(record) == colour


def test_failures_show_value_target_distance_and_the_worst_findings() -> None:
    text = written(Style())
    assert "warnings < 20\n    measured 25, target < 20, off by 5\n" in text
    assert "worst findings (5 of 25):\n  crates/pool/src/lib.rs:3:9 unused variable" in text
    assert "  and 20 more\nrepeat: gaterun phase7 7.3::clippy\n" in text
    assert "worst findings (20 of 25):" in written(Style(verbosity=1))


@pytest.mark.parametrize(
    ("distance", "why", "wanted"),
    [
        ("5", "25", "off by 5"),
        ("0", "20", "exactly at the limit"),
        ("0.0 s", "20", "exactly at the limit"),
        ("0.5 s", "20", "off by 0.5 s"),
        ("0", "25 (unwrap_used 3 to 5)", "unwrap_used 3 to 5"),
        ("", "25", ""),
    ],
)
def test_distance_is_said_in_words(distance: str, why: str, wanted: str) -> None:
    value = int(why.split(" ", maxsplit=1)[0])
    check = Check(condition="c", metric="m", actual=value, distance=distance, why=why, holds=False)
    assert standing.shortfall(CLIPPY, check) == wanted


@pytest.mark.parametrize(("shown", "words"), [("b", {"BLOCKED"}), ("sw", {"SKIPPED", "WAIVED"})])
def test_r_chooses(shown: str, words: set[str]) -> None:
    section = written(Style(shown=shown)).split("short summary")[1]
    others = {kind.word for kind in standing.STANDINGS} - words
    assert all(word in section for word in words)
    assert not any(f"\n{word} " in section for word in others)
    assert "short summary" not in written(Style())


def test_agents_hear_nothing_of_what_is_well() -> None:
    assert written(Style(agent=True), of(SCCACHE, BUILD, CHANGELOG)) == ""


def test_agents_get_a_line_a_failure() -> None:
    lines = written(Style(agent=True)).splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "FAILED",
        "FAILED",
        "FAILED",
        "NO",
        "BLOCKED",
        "gaterun",
    ]
    assert lines[2] == (
        "FAILED 7.3::clippy: warnings 25 (< 20), suppressions 9 (not worse than 7 at the base); "
        "worst: crates/pool/src/lib.rs:3:9 unused variable: `größe` [unused_variables]; "
        "repeat: gaterun phase7 7.3::clippy"
    )


def test_agents_hear_of_advisory_failures_where_they_decide() -> None:
    assert written(Style(agent=True), of(SCCACHE, LOC)) == ""
    text = written(Style(agent=True), of(SCCACHE, LOC, exit_code=ExitCode.MAX_WARNINGS))
    assert text.startswith("ADVISORY 7.2::loc: lines 12345 (<= 12000)")


def test_agents_are_not_silent_when_nothing_was_judged() -> None:
    assert written(Style(agent=True), of(exit_code=ExitCode.NO_GATES)) == (
        "gaterun phase7: no gate has run in 31m 24s\n"
    )


def test_a_stream_that_lacks_a_character_gets_an_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    listen = terminal.start(stream, Style())
    for event in events():
        listen(event)
    assert "größe".encode("latin-1") in raw.getvalue()
    assert b"3 \\u2192 5" in raw.getvalue()


@settings(max_examples=40, deadline=None)
@given(records(), st.sampled_from(list(STYLES.values())))
def test_no_text_reaches_the_terminal_as_a_command(record: RunRecord, style: Style) -> None:
    text = written(style, record)
    plain = ANSI.sub("", text) if style.colour else text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", plain)
    if not style.unicode:
        assert plain.isascii()
    text.encode("utf-8")
    if style.verbosity >= 0 and not style.agent:
        head = plain.split("\n\n", 1)[1].split("\n")
        words = [line for line in head if line.startswith("NO VERDICT ")]
        assert len(words) >= record.count(Outcome.INCONCLUSIVE)


@given(texts, st.integers(1, 60))
def test_fit_and_pad_know_wide_characters(text: str, width: int) -> None:
    for style in (Style(), Style(unicode=False)):
        pen = Pen(style)
        line = pen.line(text)
        assert columns(pen.fit(line, width)) <= width
        assert columns(pen.pad(line, width)) == width


@given(st.lists(texts, max_size=8).map(" ".join), st.integers(20, 80))
def test_wrap_loses_nothing(text: str, width: int) -> None:
    pen = Pen(Style(width=width))
    lines = pen.wrap(text, "  ", "    ")
    assert " ".join(" ".join(lines).split()) == pen.line(text)
    for line in lines:
        assert columns(line) <= width or " " not in line.strip()


def test_lines_of_a_narrow_terminal_still_name_the_gate() -> None:
    pen = Pen(Style(width=20))
    names = terminal_lines.name_width((CLIPPY.node_id,), pen)
    assert "7.3::c" in terminal_lines.result(CLIPPY, names, pen)


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_live_view_keeps_the_lines_and_gives_the_cursor_back() -> None:
    stream = Tty()
    listen = terminal.start(stream, Style(live=True, colour=True))
    for event in events():
        listen(event)
    text = stream.getvalue()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    assert text.index("\x1b[?25h") < text.index("= failures =")
    # Redrawn lines aside, it is the report of a stream that cannot be redrawn.
    kept = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)
    for line in written(Style()).splitlines():
        assert line in kept


def test_a_running_gate_is_shown_with_time_and_text() -> None:
    gate = live.Running("7.3::clippy", 100.0, "compiling\x1b[2J 3 of 5")
    assert live.running_line(gate, 112.34, Pen(Style())) == (
        "  7.3::clippy  12.3s  compiling 3 of 5"
    )
    assert columns(live.running_line(gate, 112.34, Pen(Style(width=24)))) <= 24


def test_the_live_view_shows_what_runs() -> None:
    stream = Tty()
    view = live.LiveView(stream, Pen(Style(live=True)))
    view.begin("7.3::clippy")
    view.say("7.3::clippy", "compiling 3 of 5")
    view.say("never-started", "nothing")
    view.write(["a line that stays"])
    view.begin("7.3::tests")
    view.end("7.3::clippy")
    view.stop()
    view.stop()
    assert "a line that stays" in stream.getvalue()
    assert "compiling 3 of 5" in stream.getvalue()
    assert "nothing" not in stream.getvalue()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_goes_wrong_the_live_view_is_stopped(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Tty()
    listen = terminal.start(stream, Style(live=True))
    first, second, *_ = events()
    assert isinstance(first, RunStarted)
    assert isinstance(second, GateStarted)
    listen(first)
    listen(second)

    def broken(*_: object) -> str:
        raise error

    monkeypatch.setattr(terminal_lines, "result", broken)
    with pytest.raises(error):
        listen(GateFinished(result=SCCACHE, time=time.time()))
    assert stream.getvalue().endswith("\x1b[?25h") or "\x1b[?25h" in stream.getvalue()
    monkeypatch.undo()
    record = of(SCCACHE, interrupted=True, exit_code=ExitCode.INTERRUPTED)
    listen(RunFinished(record=record, time=time.time()))
    assert "interrupted, 1 passed" in stream.getvalue()


def test_the_cursor_comes_back_when_the_process_just_ends() -> None:
    code = (
        "import sys\n"
        "from gaterun.model.report import Style\n"
        "from gaterun.reporters import live\n"
        "from gaterun.reporters.pen import Pen\n"
        "view = live.LiveView(sys.stdout, Pen(Style(live=True)))\n"
        "view.begin('a::b')\n"
        "sys.exit(3)\n"
    )
    source = Path(live.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(source), "TERM": "xterm"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert b"\x1b[?25l" in done.stdout
    assert b"\x1b[?25h" in done.stdout


def test_nothing_heavy_is_imported_for_plain_lines() -> None:
    code = (
        "import sys, io\n"
        "from gaterun.model.report import Style\n"
        "from gaterun.reporters import json, jsonl, junit, markdown, terminal\n"
        "terminal.start(io.StringIO(), Style())\n"
        "heavy = {'rich', 'junit_xml', 'xml.etree.ElementTree'}\n"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)\n"
    )
    source = Path(live.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join([str(source), *map(str, sys.path)])},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_every_event_is_taken_in_any_style() -> None:
    late: list[Event] = [event for event in events() if not isinstance(event, RunStarted)]
    stream = io.StringIO()
    listen = terminal.start(stream, Style(verbosity=2))
    for event in late:
        listen(event)
    assert "7.3::clippy" in stream.getvalue()
