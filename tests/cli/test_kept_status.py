"""What ``status`` says when it has kept its answer is what it says when it works it out."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answers import Answer, ask, kept, never_kept, same, settle, variables, way, worked_out
from team import Team

from gaterun.core.state import StateDb
from gaterun.core.task_history import LEASE
from gaterun.model.task_state import Participant

#: As in `team`, without estimates and scopes, which have tests of their own here.
PHASE = """
[phase]
gates = ["pass"]
[task.a]
title = "First"
owner = "ann"
[[task.a.gate]]
use = "bound"
[task.b]
needs = ["a"]
[[task.b.gate]]
use = "value"
number = 2
require = "n < 5"
[task.c]
[[task.c.gate]]
use = "value"
id = "never"
number = 7
require = "n < 5"
"""
WAIVER = (
    '[[waiver]]\ngate = "never"\ncondition = "n < 5"\ninstead = "n < 9"\n'
    'reason = "later"\nowner = "ann"\nexpires = {}\n'
)
READER = """\
import gaterun
from pathlib import Path
opens_all = {}
@gaterun.hookimpl
def gaterun_claims(root, phase):
    if (root.parent / "said").exists():
        yield gaterun.Claim(key="b", said=gaterun.Said.COMPLETED, source="said", raw="b", task="b")
"""


@pytest.fixture
def team(project: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("GATERUN_ACTOR", "lead")
    team = Team(project, monkeypatch)
    project.phase(PHASE)
    project.write(
        {
            ".gitignore": "/.gaterun/\nTODO.md\n.swarm/\nspecs/\nwaivers.toml\n",
            "Cargo.lock": "",
            "gaterun.toml": 'gates = "gates"\n',
            "gates/.keep": "",
            "src/lib.rs": "fine\n",
        }
    )
    project.commit()
    do(team, "run", "p")
    return team


def do(team: Team, *argv: str) -> Answer:
    """By the program, whose measurements depend on how it was started."""
    return ask(*argv, at=team.project.root)[0]


def past(team: Team, kind: str, task: str, who: str, seconds: float, tree: Path) -> None:
    """Something that somebody has done a while ago."""
    with StateDb.create(team.db) as db, db.writing():
        db.append(
            phase="p",
            task=task,
            kind=kind,
            who=Participant(actor=who, worktree=str(tree)),
            epoch=db.history("p", task).epoch + (kind == "start"),
            at=time.time() - seconds,
        )


def _waived(team: Team) -> None:
    team.project.write({"waivers.toml": WAIVER.format(time.strftime("%Y-%m-%d"))})
    do(team, "run", "p")


STATES: dict[str, Callable[[Team], object]] = {
    "todo and ready": lambda t: t.project.write({"src/lib.rs": "bad bad bad bad\n"}),
    "in progress": lambda t: do(t, "start", "a"),
    "verified": lambda t: do(t, "done", "b"),
    "claimed": lambda t: do(t, "done", "c"),
    "stale": lambda t: (do(t, "done", "a"), t.project.write({"src/lib.rs": "bad bad bad\n"})),
    "blocked": lambda t: do(t, "block", "a", "--why", "no access"),
    "noted": lambda t: do(t, "note", "a", "half of it \u2713"),
    "waived": _waived,
    "ran out": lambda t: past(t, "start", "a", "eve", LEASE + 100, t.project.root),
    "said to be done": lambda t: t.project.write({"TODO.md": "- [x] c done\n- [-] b\n"}),
    "a file that nobody committed": lambda t: t.project.write({"src/new.rs": "new\n"}),
    "a working tree that is gone": lambda t: past(
        t, "done", "c", "bob", 4000, t.project.root.parent / "gone"
    ),
}

MARKS = {
    "todo and ready": "todo",
    "in progress": "in-progress",
    "verified": "2 of 3 tasks are verified",
    "claimed": "claimed",
    "stale": "stale: was verified in",
    "blocked": "no access",
    "noted": "half of it \u2713",
    "waived": "1 waived",
    "ran out": "its claim ran out; silent ",
    "said to be done": "said to be done in TODO.md, line 1, ",
    "a file that nobody committed": "the tree changed, and nobody says",
    "a working tree that is gone": "claimed",
}


@pytest.mark.parametrize("state", STATES)
def test_it_says_the_same(team: Team, state: str) -> None:
    STATES[state](team)
    root = team.project.root
    settle(root)
    assert MARKS[state] in kept("status", at=root).out
    for argv in (("status",), ("status", "p", "--format", "json"), ("status", "p", "a")):
        assert kept(*argv, at=root).steady == worked_out(*argv, at=root).steady
        kept(*argv, at=root)
        team.project.write({"src/beside": f"{argv}\n"})
        assert way(*argv, at=root) == "planned"
        settle(root)


CHANGES: dict[str, Callable[[Team], object]] = {
    "a file": lambda t: t.project.write({"src/lib.rs": "bad\n"}),
    "a file that was untracked": lambda t: t.project.write({"untracked": "two\n"}),
    "the phase": lambda t: t.project.phase(PHASE.replace("n < 5", "n < 6")),
    "the settings": lambda t: t.project.write({"gaterun.toml": 'gates = "gates"\nkeep = 9\n'}),
    "a plugin of the workspace": lambda t: t.project.write({"gates/reader.py": READER}),
    "what is said": lambda t: t.project.write({"TODO.md": "- [x] c\n"}),
    "what is said elsewhere": lambda t: t.project.write({"docs/TODO.md": "- [x] b\n"}),
    "what is said in a new folder": lambda t: t.project.write({"specs/one/tasks.md": "- [x] b\n"}),
    "what is said in an old folder": lambda t: t.project.write({"specs/old/tasks.md": "- [x] b\n"}),
    "a database that comes": lambda t: t.project.write({".swarm/memory.db": "no database\n"}),
    "a task that is taken": lambda t: do(t, "start", "c"),
    "a task that is blocked": lambda t: do(t, "block", "a", "--why", "no"),
    "a note": lambda t: do(t, "note", "a", "look"),
    "a commit": lambda t: t.project.git("commit", "-q", "--allow-empty", "-m", "x"),
    "a run": lambda t: do(t, "run", "p", "--fresh"),
    "a run that is forgotten": lambda t: next(
        (t.project.root / ".gaterun/runs").glob("*/record.json")
    ).unlink(),
    "a record": lambda t: [
        path.write_text(path.read_text().replace('"pass"', '"fail"'))
        for path in (t.project.root / ".gaterun/runs").glob("*/record.json")
    ],
    "waivers": lambda t: t.project.write(
        {"waivers.toml": WAIVER.format(time.strftime("%Y-%m-%d"))}
    ),
    "waivers that are wrong": lambda t: t.project.write({"waivers.toml": "[[waiver"}),
    "the state": lambda t: t.db.write_bytes(b"SQLite format 3\0 and no more"),
    "no state": lambda t: [path.unlink() for path in t.db.parent.glob("state.db*")],
    "a measurement": lambda t: [
        path.unlink() for path in (t.project.root / ".gaterun/measured").iterdir()
    ],
    "no repository": lambda t: (t.project.root / ".git").rename(t.project.root.parent / "git"),
    "what the index hides": lambda t: (
        t.project.git("update-index", "--assume-unchanged", "src/lib.rs"),
        t.project.write({"src/lib.rs": "bad\n"}),
    ),
}


#: What a plan does not depend on; what is damaged the longest way tells.
PLAN_HOLDS = {
    *("a file", "a file that was untracked", "a task that is taken", "a task that is blocked"),
    *("a note", "a commit", "a run", "a run that is forgotten", "no state", "a measurement"),
    *("what the index hides", "no repository"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_noticed(team: Team, change: str) -> None:
    root = team.project.root
    do(team, "done", "a")
    team.project.write({"untracked": "one\n", "TODO.md": "- [x] b\n", "specs/old/x": ""})
    (root / ".swarm").mkdir()
    settle(root)
    argv = ("status", "--format", "json")
    before = kept(*argv, at=root)
    CHANGES[change](team)
    assert way(*argv, at=root) == ("planned" if change in PLAN_HOLDS else "worked out")
    assert before.code == 1


def test_what_a_plan_has_answered_is_kept(team: Team) -> None:
    root = team.project.root
    settle(root)
    kept("status", at=root)
    do(team, "done", "a")
    team.project.write({"src/lib.rs": "bad\n"})
    settle(root)
    ways = [ask("status", at=root)[0].way for _ in range(3)]
    assert (ways[0], ways[-1]) == ("planned", "kept")
    assert same("status", at=root)
    team.project.phase(PHASE.replace("n < 5", "n < 6"))
    settle(root)
    assert way("status", at=root) == "worked out"


def test_a_plan_is_kept_where_the_answer_is_not(team: Team) -> None:
    """A file was changed so short a time ago that it could change again unseen."""
    root = team.project.root
    settle(root)
    for number in range(3):
        team.project.write({"src/lib.rs": f"bad {number}\n"})
        ways = [ask("status", at=root)[0].way]
    assert ways == ["planned"]


@pytest.mark.parametrize("plan", [False, True])
def test_the_exit_code_stays_where_nobody_reads_the_answer(team: Team, *, plan: bool) -> None:
    root = team.project.root
    settle(root)
    kept("status", at=root)
    if plan:
        team.project.write({"src/lib.rs": "bad\n"})
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gaterun", "status"],
        cwd=root,
        env=variables(),
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)
    lines = done.stderr.decode().splitlines()
    assert [line for line in lines if not line.startswith("import time:")] == []
    assert done.returncode == 1
    assert not any(line.endswith(" click.core") for line in lines)
    assert any(line.endswith(" msgspec") for line in lines) == plan


def test_what_has_nothing_to_do_with_it_may_change(team: Team) -> None:
    root = team.project.root
    settle(root)
    first = kept("status", at=root)
    (root.parent / "beside").write_text("x")
    (root / ".gaterun/blocks.json").write_text("{}")
    again, quick = ask("status", at=root, SHLVL="9")
    assert quick
    assert again.steady == first.steady


def test_a_phase_that_is_complete(team: Team) -> None:
    root = team.project.root
    team.project.phase(PHASE.partition("[task.c]")[0])
    do(team, "run", "p")
    settle(root)
    answer = kept("status", at=root)
    assert (answer.code, answer.err) == (0, "")
    assert "2 of 2 tasks are verified on this tree: the phase is complete\n" in answer.out


def test_on_a_terminal(team: Team) -> None:
    """It looks the same there, both ways."""
    root = team.project.root
    settle(root)
    kept("status", at=root)
    texts = []
    for other in ({}, {"OTHER": "terminal"}):
        here, there = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "gaterun", "status"],
            cwd=root,
            env={**variables(), **other},
            stdin=there,
            stdout=there,
            stderr=there,
            check=False,
            timeout=60,
        )
        os.close(there)
        text = b""
        try:
            while block := os.read(here, 1 << 16):
                text += block
        except OSError:
            pass  # Linux says so where the end is
        os.close(here)
        texts.append(text)
    assert texts[0].count(b" ago") == texts[1].count(b" ago") > 0
    assert b"\x1b" not in texts[0] + texts[1]
    assert [line.split(b"  ")[0] for line in texts[0].splitlines()] == [
        line.split(b"  ")[0] for line in texts[1].splitlines()
    ]


def _numbers(team: Team) -> tuple[float, float]:
    """Between which moments the newest answer holds."""
    shown = team.project.root / ".gaterun/shown"
    newest = max(shown.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    *_, begin, end = newest.read_text().split("\n")[1].split()
    return float(begin), float(end)


def test_it_ends_when_a_claim_has_to_be_renewed(team: Team) -> None:
    root = team.project.root
    past(team, "start", "a", "lead", 30, root)
    settle(root)
    kept("status", at=root)
    begin, end = _numbers(team)
    assert 20 < end - begin < 30
    past(team, "start", "b", "lead", 70, root)
    ask("status", at=root)
    with StateDb(team.db) as db:
        assert "heartbeat" in [event.kind for event in db.events("p", "b")]


def test_it_ends_when_a_claim_runs_out(team: Team) -> None:
    root = team.project.root
    past(team, "start", "a", "eve", LEASE - 40, root)
    settle(root)
    assert " in-progress " in kept("status", at=root).out
    begin, end = _numbers(team)
    assert 30 < end - begin < 40
    past(team, "start", "b", "eve", LEASE + 40, root)
    settle(root)
    kept("status", at=root)
    assert _numbers(team)[1] == end


@pytest.mark.parametrize("opens_all", [False, True])
def test_a_reader_that_may_look_elsewhere(team: Team, opens_all: bool) -> None:
    """Nothing is kept unless each says that nothing is asked for which is not opened."""
    team.project.write({"gates/reader.py": READER.format(opens_all)})
    settle(team.project.root)
    if opens_all:
        kept("status", at=team.project.root)
    else:
        never_kept("status", at=team.project.root)


def test_what_cannot_be_read_may_be_readable_in_a_moment(team: Team) -> None:
    team.project.write({".swarm/memory.db": "no database\n"})
    settle(team.project.root)
    never_kept("status", at=team.project.root)


def test_a_warning_is_said_each_time(team: Team) -> None:
    (record,) = (team.project.root / ".gaterun/runs").glob("*/record.json")
    record.write_text("{")
    settle(team.project.root)
    never_kept("status", at=team.project.root)
    assert "passed over" in ask("status", at=team.project.root)[0].err


def test_without_git_nothing_is_kept(team: Team) -> None:
    (team.project.root / ".git").rename(team.project.root.parent / "git")
    settle(team.project.root)
    never_kept("status", at=team.project.root)


@pytest.mark.parametrize("plan", [False, True])
def test_what_could_not_be_written_was_not_answered(team: Team, *, plan: bool) -> None:
    root = team.project.root
    settle(root)
    kept("status", at=root)
    if plan:
        team.project.write({"src/lib.rs": "bad\n"})
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gaterun", "status"],
            cwd=root,
            env=variables(),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 4
    assert done.stderr.decode().startswith("error: cannot write: ")


SCOPED = PHASE.replace("[task.c]\n", '[task.c]\nfiles = ["src/**"]\n')


def test_what_was_touched_outside_of_what_a_task_declares(team: Team) -> None:
    root = team.project.root
    team.project.phase(SCOPED)
    team.project.commit()
    do(team, "start", "c")
    settle(root)
    assert "outside" not in kept("status", at=root).out
    team.project.write({"outside.txt": "x\n"})
    assert not same("status", at=root)
    settle(root)
    assert "c has touched what is outside of its files: outside.txt" in kept("status", at=root).out
    team.project.git("add", "outside.txt")
    assert not same("status", at=root)


def test_work_in_another_working_tree_is_looked_at_each_time(team: Team) -> None:
    tree = team.tree("ada")
    past(team, "start", "c", "ada", 400, tree)
    settle(team.project.root, tree)
    never_kept("status", at=team.project.root)
    kept("hook", "stop", at=team.project.root, given=b"{}")  # which is not concerned


def test_in_a_linked_working_tree(team: Team) -> None:
    tree = team.tree("ada")
    assert ask("run", "p", at=tree)[0].code == 1
    settle(team.project.root, tree)
    assert kept("status", at=tree).steady == worked_out("status", at=tree).steady
    past(team, "start", "c", "eve", 400, tree)  # in the state that all working trees share
    assert not same("status", at=tree)
    settle(team.project.root, tree)
    assert kept("status", at=tree).steady == worked_out("status", at=tree).steady
    (tree / "src/lib.rs").write_text("bad\n")
    assert not same("status", at=tree)


def test_with_estimates(team: Team) -> None:
    """While nobody works the end is as far away as ever; then it comes nearer."""
    root = team.project.root
    team.project.phase(PHASE.replace('owner = "ann"', 'estimate = "3h"'))
    team.project.write({"src/lib.rs": "bad bad bad bad\n"})
    settle(root)
    quiet = kept("status", at=root)
    assert "critical path" in quiet.out
    document = json.loads(kept("status", "--format", "json", at=root).out)["forecast"]
    assert document["end"] == pytest.approx(time.time() + 3 * 3600, abs=30)
    past(team, "start", "a", "eve", 400, root)
    settle(root)
    assert kept("status", at=root).steady == worked_out("status", at=root).steady
    begin, end = _numbers(team)
    assert 0 < end - begin < 400  # a tenth of an hour later it is another one
    never_kept("status", "--format", "json", at=root)
