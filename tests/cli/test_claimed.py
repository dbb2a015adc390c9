"""What is said elsewhere makes a task *claimed*, wherever its state is shown, and never more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from team import PHASE, STATUS, Team

WITH_FILE = PHASE.replace("[task.", '[phase.outputs]\ndashboard = "docs/DASHBOARD.md"\n\n[task.', 1)


@pytest.fixture
def team(project: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(project, monkeypatch)
    project.phase(WITH_FILE)
    project.write({".gitignore": "/.gaterun/\nTODO.md\n.swarm/\n"})
    project.commit()
    return team


def say(team: Team, *tasks: str) -> None:
    team.project.write({"TODO.md": "".join(f"- [x] {task}\n" for task in tasks)})


def test_whatever_its_state_was(team: Team) -> None:
    say(team, "7.1", "7.2", "7.4")
    assert team.here("start", "7.2").code == 0
    assert team.states() == {
        "7.1": "claimed",  # was ready
        "7.2": "claimed",  # was in progress
        "7.3": "ready",
        "7.4": "claimed",  # was todo, and still waits
    }
    assert team.here("status").code == 1
    refused = team.here("start", "7.4")
    assert refused.code == 1
    assert "7.3, which is not verified on this tree (ready)" in refused.err
    say(team)
    assert team.states() == {"7.1": "ready", "7.2": "in-progress", "7.3": "ready", "7.4": "todo"}


def test_what_waits_for_it_is_told(team: Team) -> None:
    say(team, "7.3")
    refused = team.here("start", "7.4")
    assert refused.code == 1
    assert "(claimed, not covered: 7.3::bound)" in refused.err


def test_evidence_outranks_it(team: Team) -> None:
    say(team, "7.1")
    assert team.here("done", "7.1").code == 0
    assert team.states()["7.1"] == "verified"
    assert "said to be done" not in team.here("status").out
    team.here("block", "7.1", "--why", "no access")
    assert team.states()["7.1"] == "blocked"


def test_a_claim_does_not_turn_work_into_verified(team: Team) -> None:
    """Its gates hold, but whoever holds it has not said that it is done."""
    team.here("start", "7.1")
    team.here("run", "p", "7.1")
    assert team.states()["7.1"] == "in-progress"
    say(team, "7.1")
    assert team.states()["7.1"] == "in-progress"


def test_status_and_watch_say_where_it_was_said(team: Team, golden: Any) -> None:
    say(team, "7.3")
    shown = team.shown(team.here("status").out.partition("\n\n")[0])
    assert shown == golden
    assert team.shown(team.here("watch", "--once").out.rstrip()) == shown


def test_the_dashboard_says_where_and_changes_when_it_is_said(team: Team) -> None:
    team.here("watch", "--write", "--once")
    file = team.project.root / "docs/DASHBOARD.md"
    before = file.read_text("utf-8")
    assert "| 7.3 | Code quality | ready |" in before
    say(team, "7.3")
    team.here("watch", "--write", "--once")
    text = file.read_text("utf-8")
    assert "| 7.3 | Code quality | claimed |" in text
    assert "said to be done in TODO.md, line 1 |" in text
    team.late = 60
    team.here("watch", "--write", "--once")
    assert file.read_text("utf-8") == text


def test_as_json(team: Team) -> None:
    say(team, "7.3")
    (team.project.root / ".swarm").mkdir()
    (team.project.root / ".swarm/memory.db").write_bytes(b"RFE1")
    document = json.loads(team.here(*STATUS).out)
    task = next(task for task in document["tasks"] if task["id"] == "7.3")
    (said,) = task["said"]
    assert said["at"] > 0
    assert {**said, "at": 0} == {
        "key": "7.3",
        "source": "TODO.md",
        "place": "line 1",
        "at": 0,
        "evidence": "not measured",
    }
    assert document["claims_not_read"] == [
        {"source": ".swarm/memory.db", "why": "it is encrypted"},
    ]


def test_a_source_that_cannot_be_read_is_told_everywhere(team: Team) -> None:
    (team.project.root / ".swarm").mkdir()
    (team.project.root / ".swarm/memory.db").write_bytes(b"RFE1")
    line = "claims not read: .swarm/memory.db: it is encrypted"
    assert line in team.here("status").out
    assert line in team.here("watch", "--once", "--write").out
    assert line in (team.project.root / "docs/DASHBOARD.md").read_text("utf-8").replace("\\_", "_")


def test_a_claim_ahead_of_the_clock_is_one_all_the_same(team: Team) -> None:
    team.late = -3600
    team.here("start", "7.1")
    say(team, "7.1")
    assert team.states()["7.1"] == "claimed"
    assert "ahead of this clock" in team.here("status").out
