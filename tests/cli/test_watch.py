"""``gaterun watch``: sees others' work, and keeps a file that changes only when something does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from team import PHASE, Team

WITH_FILE = PHASE.replace("[task.", '[phase.outputs]\ndashboard = "docs/DASHBOARD.md"\n\n[task.', 1)


@pytest.fixture
def team(project: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(project, monkeypatch)
    project.phase(WITH_FILE)
    project.commit()
    return team


def file(team: Team) -> Path:
    return team.project.root / "docs/DASHBOARD.md"


def test_once(team: Team) -> None:
    team.here("start", "7.1")
    ran = team.here("watch", "--once")
    assert ran.code == 0
    status = team.here("status").out
    assert team.shown(ran.out) == team.shown(status.partition("\n\n")[0] + "\n")
    assert not file(team).exists()


def test_the_dashboard(team: Team, golden: Any) -> None:
    team.tree("ada")
    team.run("ada", "start", "7.1")
    team.run("ada", "note", "7.1", "a | b <b>*c*</b>")
    team.here("done", "7.4")
    assert team.here("watch", "--write", "--once").code == 0
    assert team.shown(file(team).read_text("utf-8")) == golden


def test_it_is_written_only_when_something_has_changed(team: Team) -> None:
    team.here("start", "7.1")
    team.here("watch", "--write", "--once")
    before = (file(team).stat().st_ino, file(team).read_text("utf-8"))
    team.late = 30
    team.here("watch", "--write", "--once")
    assert (file(team).stat().st_ino, file(team).read_text("utf-8")) == before
    team.here("note", "7.1", "something")
    team.here("watch", "--write", "--once")
    assert "something" in file(team).read_text("utf-8")
    assert [path.name for path in file(team).parent.iterdir()] == ["DASHBOARD.md"]


def test_writing_it_makes_no_evidence_stale(team: Team) -> None:
    team.here("done", "7.1")
    team.here("run", "p", "phase::pass")
    team.here("watch", "--write", "--once")
    ran = team.here("status", "p", "7.1", "phase")
    assert ran.code == 0, ran.out


def test_edits_by_hand_are_lost(team: Team) -> None:
    team.here("watch", "--write", "--once")
    text = file(team).read_text("utf-8")
    file(team).write_text(text.replace("ready", "verified"), "utf-8")
    team.here("watch", "--write", "--once")
    assert "verified |" not in file(team).read_text("utf-8")


def test_a_file_that_is_none_of_ours_is_left_alone(team: Team) -> None:
    file(team).parent.mkdir()
    file(team).write_text("# Our own notes\n")
    ran = team.here("watch", "--write", "--once")
    assert ran.code == 4
    assert "docs/DASHBOARD.md is no dashboard of gaterun's" in ran.err
    assert file(team).read_text() == "# Our own notes\n"


def test_without_a_file_named(team: Team) -> None:
    team.project.phase(PHASE)
    ran = team.here("watch", "--write")
    assert ran.code == 4
    assert "phase 'p' names no file for a dashboard" in ran.err


def test_it_follows_what_others_do(team: Team, eventually: Any) -> None:
    """A process of its own keeps the file, another one starts a task; Ctrl-C is its normal end."""
    import signal

    watcher = team.project.start("watch", "--write")
    try:
        eventually(file(team).exists)
        assert team.here("start", "7.1").code == 0
        eventually(lambda: "in-progress" in file(team).read_text("utf-8"))
        team.here("block", "7.1", "--why", "no access")
        eventually(lambda: "no access" in file(team).read_text("utf-8"))
    finally:
        os.kill(watcher.pid, signal.SIGINT)
        out, err = watcher.communicate(timeout=30)
    assert watcher.returncode == 0, err
    assert b"7.1" in out
    assert b"no access" in out


def test_it_ends_when_nobody_reads_it(team: Team) -> None:
    watching = team.project.start("watch", "p")
    try:
        assert watching.stdout.readline()
        watching.stdout.close()
        assert watching.wait(timeout=30) == 0
        assert b"Traceback" not in watching.stderr.read()
    finally:
        watching.kill()
        watching.wait()
        watching.stderr.close()
