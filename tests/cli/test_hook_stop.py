"""``gaterun hook stop``: a session answers for what it holds, and for nobody else's work."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from team import Team

from gaterun.core.state import StateDb
from gaterun.core.task_history import LEASE


@pytest.fixture
def team(project: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(project, monkeypatch)
    project.write({".gitignore": "/.gaterun/\nTODO.md\n"})
    project.commit()
    team.tree("ada")
    team.tree("bob")
    return team


@pytest.fixture
def hook(team: Team, monkeypatch: pytest.MonkeyPatch) -> Any:
    def hook(who: str, event: str = "stop", **given: object) -> Any:
        folder = team.project.root.parent / f"wt-{who}"
        text = json.dumps({"session_id": who, "cwd": str(folder), **given})
        stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        return team.project.run("hook", event)

    return hook


def test_what_is_held_keeps_three_times_until_it_is_verified(
    team: Team, hook: Any, golden: Any
) -> None:
    """And stays unverified when the session has ended all the same."""
    assert team.run("ada", "start", "7.3").code == 0
    answers = [hook("ada") for _ in range(4)]
    assert [done.code for done in answers] == [2, 2, 2, 0]
    assert answers[0].err == golden(name="held")
    assert "Told 3 of 3 times" in answers[2].err
    assert json.loads(answers[3].out) == {
        "systemMessage": "gaterun: p 7.3 stays unverified, whatever was said"
    }
    assert team.states("ada")["7.3"] == "in-progress"
    assert team.run("ada", "done", "7.3").code == 1
    again = hook("ada", session_id="another")
    assert again.code == 2
    assert again.err == golden(name="said to be done")
    team.mend("ada")
    assert team.run("ada", "done", "7.3").code == 0
    done = hook("ada", session_id="a third")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_somebody_else_holds_keeps_nobody_here(team: Team, hook: Any) -> None:
    team.run("ada", "start", "7.3")
    team.run("ada", "done", "7.3")
    assert hook("bob").code == 0
    for name in ("ada", "bob"):
        folder = team.project.root.parent / f"wt-{name}"
        (folder / "TODO.md").write_text("- [x] 7.3 Code quality\n")
    assert hook("bob").code == 0
    assert hook("ada").code == 2


def test_a_claim_about_what_nobody_holds_keeps_whoever_says_it(team: Team, hook: Any) -> None:
    team.run("ada", "start", "7.1")
    team.run("ada", "done", "7.1")
    (team.project.root.parent / "wt-ada/TODO.md").write_text("- [x] 7.2 Configuration\n")
    done = hook("ada")
    assert done.code == 2
    assert "task 7.2 is said to be completed (TODO.md: 7.2)" in done.err
    assert "7.1" not in done.err


def test_both_at_once_list_the_gates_once(team: Team, hook: Any, golden: Any) -> None:
    team.run("ada", "start", "7.3")
    (team.project.root.parent / "wt-ada/TODO.md").write_text("- [x] 7.3 Code quality\n")
    answers = [hook("ada") for _ in range(4)]
    assert [done.code for done in answers] == [2, 2, 2, 0]
    assert answers[0].err == golden


def test_another_claim_of_the_task_is_counted_for_itself(team: Team, hook: Any) -> None:
    team.run("ada", "start", "7.3")
    assert [hook("ada").code for _ in range(4)] == [2, 2, 2, 0]
    team.late = LEASE + 1
    assert hook("ada").code == 0  # it ran out, and nobody has taken it
    assert team.run("ada", "start", "7.3").code == 0
    done = hook("ada")
    assert done.code == 2
    assert "(claim 2)" in done.err


def test_a_claim_that_was_taken_over_is_anothers(team: Team, hook: Any) -> None:
    team.run("ada", "start", "7.3")
    team.late = LEASE + 1
    assert hook("ada").code == 2
    assert team.run("bob", "start", "7.3").code == 0
    assert hook("ada").code == 0
    assert hook("bob").code == 2


def test_block_is_the_honest_way_out(team: Team, hook: Any) -> None:
    team.run("ada", "start", "7.3")
    assert hook("ada").code == 2
    assert team.run("ada", "block", "7.3", "--why", "no access").code == 0
    done = hook("ada")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_gates_say_is_enough(team: Team, hook: Any) -> None:
    """Nobody has to say `done` for a session to end: evidence covers what is held."""
    team.run("ada", "start", "7.1")
    assert team.run("ada", "run", "p", "7.1").code == 0
    assert hook("ada").code == 0


def test_a_part_of_a_session_answers_for_what_was_said_only(team: Team, hook: Any) -> None:
    part = {"hook_event_name": "SubagentStop"}
    team.run("ada", "start", "7.3")
    assert hook("ada", **part).code == 0
    team.run("ada", "done", "7.3")
    assert hook("ada", **part).code == 2


def test_two_in_one_working_tree_are_told_apart_by_name(
    team: Team, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.run("ada", "start", "7.3")
    monkeypatch.setenv("GATERUN_ACTOR", "eve")
    assert hook("ada").code == 0
    monkeypatch.setenv("GATERUN_ACTOR", "ada")
    assert hook("ada").code == 2


def test_a_task_without_gates(team: Team, hook: Any) -> None:
    folder = team.project.root.parent / "wt-ada"
    phase = (folder / "phases/p.toml").read_text()
    (folder / "phases/p.toml").write_text(phase + '[task."7.5"]\ntitle = "Talk"\n')
    assert team.run("ada", "start", "7.5", "--overlap-ok").code == 0
    done = hook("ada")
    assert done.code == 2
    assert "no gate is there to measure it" in done.err


def test_a_damaged_state_is_unverified(team: Team, hook: Any) -> None:
    team.run("ada", "start", "7.3")
    team.db.write_bytes(b"not a database\n" * 100)
    answers = [hook("ada") for _ in range(4)]
    assert [done.code for done in answers] == [2, 2, 2, 1]
    assert answers[0].err.startswith("gaterun: unverified, as it could not find out: ")
    assert "state.db is damaged, or was changed by hand" in answers[0].err


def test_any_hook_is_a_sign_of_life(team: Team, hook: Any) -> None:
    team.run("ada", "start", "7.1", at=None)
    for late in (0.9, 1.8):
        team.late = late * LEASE
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GATERUN_ACTOR", "ada")
            hook("ada", "edit", tool_input={"file_path": "src/lib.rs"})
    with StateDb(team.db) as db:
        assert [event.kind for event in db.events("p")] == ["start", "heartbeat", "heartbeat"]
    assert team.run("bob", "start", "7.1").code == 1


def test_a_session_that_begins_is_told_whose_work_it_is(team: Team, hook: Any, golden: Any) -> None:
    team.run("ada", "start", "7.3")
    team.run("bob", "start", "7.1")
    team.run("bob", "block", "7.1", "--why", "no access")
    team.run("bob", "start", "7.2", "--overlap-ok")
    (team.project.root.parent / "wt-ada/TODO.md").write_text("- [x] 7.4 Release\n")
    done = hook("ada", "session-start")
    context = json.loads(done.out)["hookSpecificOutput"]["additionalContext"]
    assert team.shown(context) == golden
