"""``hook stop`` is as quiet when it has kept that it has nothing to say, and as strict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from answers import Answer, ask, kept, never_kept, same, settle, worked_out
from team import Team
from test_kept_status import past

from gaterun.core.state import StateDb
from gaterun.core.task_history import LEASE

PHASE = (
    '[phase]\n[task.a]\n[[task.a.gate]]\nuse = "bound"\n[task.b]\n[[task.b.gate]]\nuse = "bound"\n'
)
STOP = ("hook", "stop")
QUIET = Answer(code=0, out="", err="")


@pytest.fixture
def team(project: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("GATERUN_ACTOR", "lead")
    team = Team(project, monkeypatch)
    project.phase(PHASE)
    project.write({".gitignore": "/.gaterun/\nTODO.md\n.swarm/\n", "Cargo.lock": ""})
    project.write({"src/lib.rs": "fine\n"})
    project.commit()
    ask("run", "p", at=project.root)
    settle(project.root)
    return team


def given(team: Team, **more: object) -> bytes:
    return json.dumps({"session_id": "one", "cwd": str(team.project.root), **more}).encode()


def test_where_nobody_said_anything_the_tree_does_not_matter(team: Team) -> None:
    root = team.project.root
    assert kept(*STOP, at=root, given=given(team)) == QUIET
    team.project.write({"src/lib.rs": "bad bad bad bad\n", "new": "x"})
    answer, quick = ask(*STOP, at=root, given=given(team, session_id="two", stop_hook_active=True))
    assert (answer, quick) == (QUIET, True)


def test_from_a_folder_below_and_from_elsewhere(team: Team) -> None:
    inside = given(team, cwd=str(team.project.root / "src"))
    assert kept(*STOP, at=team.project.root.parent, given=inside) == QUIET
    team.project.write({"TODO.md": "- [x] a\n"})
    assert not same(*STOP, at=team.project.root.parent, given=inside)


CHANGES = {
    "what is said": lambda t: t.project.write({"TODO.md": "- [x] b\n", "src/lib.rs": "bad bad\n"}),
    "a database": lambda t: t.project.write({".swarm/memory.db": "no database\n"}),
    "a task that is taken": lambda t: ask("start", "b", at=t.project.root),
    "a phase with a mistake": lambda t: t.project.phase("[phas]\n"),
    "another phase": lambda t: t.project.phase(PHASE, "q"),
    "the state": lambda t: (
        t.db.parent.mkdir(exist_ok=True),
        t.db.write_bytes(b"SQLite format 3\0 and no more"),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_noticed(team: Team, change: str) -> None:
    root = team.project.root
    assert kept(*STOP, at=root, given=given(team)) == QUIET
    CHANGES[change](team)
    # Each of both has been told less than three times.
    assert not same(*STOP, at=root, given=given(team))


def test_what_is_held_is_looked_at_until_it_is_covered(team: Team) -> None:
    root = team.project.root
    team.project.write({"src/lib.rs": "bad bad bad bad\n"})
    ask("start", "a", at=root)
    settle(root)
    codes = [ask(*STOP, at=root, given=given(team))[0].code for _ in range(5)]
    assert codes == [2, 2, 2, 0, 0]
    never_kept(*STOP, at=root, given=given(team))
    team.project.write({"src/lib.rs": "fine\n"})
    assert ask("done", "a", at=root)[0].code == 0
    settle(root)
    assert kept(*STOP, at=root, given=given(team)) == QUIET
    # Now it is evidence that lets it end, and that is of one tree.
    team.project.write({"src/lib.rs": "bad bad bad bad\n"})
    answer, quick = ask(*STOP, at=root, given=given(team, session_id="another"))
    assert (answer.code, quick) == (2, False)
    assert "task a is said to be done by lead here (claim 1), and that is" in answer.err


def test_what_blocks_stands_on_a_plan(team: Team) -> None:
    root = team.project.root
    ask("start", "a", at=root)
    settle(root)
    ask(*STOP, at=root, given=given(team))
    for number in range(3):
        team.project.write({"src/lib.rs": f"bad {number}\n"})
        answer, _ = ask(*STOP, at=root, given=given(team, session_id="two"))
        assert (answer.code, answer.way) == (2, "planned")
        assert f"(Told {number + 1} of 3 times" in answer.err
    answer, _ = ask(*STOP, at=root, given=given(team, session_id="two"))
    assert (answer.code, answer.way, answer.err) == (0, "planned", "")
    assert "stays unverified" in answer.out
    told = ask(*STOP, at=root, given=given(team, session_id="three"))[0]
    assert told.way == "planned"
    anew = worked_out(*STOP, at=root, given=given(team, session_id="four"))
    assert told.steady == anew.steady


def test_a_plan_of_what_is_held_may_find_it_covered(team: Team) -> None:
    root = team.project.root
    team.project.write({"src/lib.rs": "bad bad bad bad\n"})
    ask("start", "a", at=root)
    settle(root)
    assert ask(*STOP, at=root, given=given(team))[0].code == 2
    team.project.write({"src/lib.rs": "fine\n"})
    assert ask("done", "a", at=root)[0].code == 0
    settle(root)
    ways = [ask(*STOP, at=root, given=given(team))[0] for _ in range(3)]
    assert ways == [QUIET] * 3
    assert (ways[0].way, ways[-1].way) == ("planned", "kept")


def test_a_part_of_a_session_is_another_question(team: Team) -> None:
    root = team.project.root
    team.project.write({"src/lib.rs": "bad bad bad bad\n"})
    past(team, "start", "a", "lead", LEASE + 100, root)  # its own, although it ran out
    settle(root)
    part = given(team, hook_event_name="SubagentStop")
    assert kept(*STOP, at=root, given=part) == QUIET
    assert ask(*STOP, at=root, given=given(team))[0].code == 2


def test_any_hook_is_a_sign_of_life(team: Team) -> None:
    root = team.project.root
    assert kept(*STOP, at=root, given=given(team)) == QUIET
    past(team, "start", "b", "lead", 70, root)
    ask(*STOP, at=root, given=given(team))
    with StateDb(team.db) as db:
        assert [event.kind for event in db.events("p", "b")] == ["start", "heartbeat"]


ODD = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number for a text": b'{"cwd": 5}',
    "nothing for a text": b'{"session_id": null}',
    "a list for a table": b'{"tool_input": []}',
    "a name twice": b'{"cwd": 5, "cwd": "."}',
    "half a character": b'{"x": "\\ud800"}',
    "no number": b'{"x": NaN}',
    "more behind": b"{} {}",
    "no text": b'{"x": "\xff"}',
    "a line break": b'{"x": "\n"}',
    "deep": b'{"x": ' + b"[" * 100_000,
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("odd", ODD)
def test_what_no_host_says_is_answered_as_ever(team: Team, odd: str) -> None:
    assert kept(*STOP, at=team.project.root, given=b"{}") == QUIET
    raw = ODD[odd]
    answer, quick = ask(*STOP, at=team.project.root, given=raw)
    assert not quick
    again = worked_out(*STOP, at=team.project.root, given=raw)
    assert (answer.code, answer.out, answer.err) == (again.code, again.out, again.err)


@pytest.mark.parametrize("raw", [b' {"cwd": ""}\n', b'{"x": {"y": [1, true, null]}}', b"{}"])
def test_what_hosts_may_say_is_read(team: Team, raw: bytes) -> None:
    assert kept(*STOP, at=team.project.root, given=raw) == QUIET


def test_other_hooks_are_not_kept(team: Team) -> None:
    for event in ("session-start", "task-completed", "edit"):
        never_kept("hook", event, at=team.project.root, given=given(team))
