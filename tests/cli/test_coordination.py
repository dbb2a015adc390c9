"""Four tasks, several working trees: who may start, what done proves, what others are told."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from team import PHASE, STATUS, Team

from gaterun.core.state import StateDb
from gaterun.core.task_history import LEASE


@pytest.fixture
def team(project: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    return Team(project, monkeypatch)


def test_the_brief(team: Team, golden: Any) -> None:
    team.tree("ada")
    ran = team.run("ada", "start", "7.3")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == golden


def test_a_task_is_named_with_its_phase_or_without(team: Team) -> None:
    assert team.here("start", "p", "7.1").code == 0
    team.project.phase("[phase]\n[task.1]\n[[task.1.gate]]\nuse = 'pass'\n", name="other")
    ran = team.here("start", "7.1")
    assert (ran.code, ran.err.splitlines()[0]) == (4, "error: which phase? other, p")
    assert team.here("start", "7.1", "-o", "phase=p").code == 0
    ran = team.here("start", "p", "7.5")
    assert (ran.code, ran.err) == (
        4,
        "error: phase 'p' has no task '7.5'\n  help: did you mean '7.4'?\n",
    )
    assert team.here("start", "p", "7.1", "7.2").code == 4


def test_commands_that_are_shown_name_the_phase_where_they_need_it(team: Team) -> None:
    """What is copied from the screen has to work."""
    team.project.phase("[phase]\n[task.1]\n[[task.1.gate]]\nuse = 'pass'\n", name="other")
    started = team.here("start", "p", "7.1")
    assert "`gaterun done p 7.1` measures them" in started.out
    assert team.here("done", "p", "7.1").code == 0
    assert "`gaterun done p 7.4` measures what it needs" in team.here("start", "p", "7.4").err
    assert team.here("block", "p", "7.1", "--why", "no key").code == 0
    for command in ("start", "done"):
        assert "`gaterun unblock p 7.1` when that is over" in team.here(command, "p", "7.1").err
    assert team.here("unblock", "p", "7.1").code == 0
    # An option is of one command; a setting is of the next one, too.
    assert "`gaterun done p 7.1`" in team.here("start", "7.1", "-o", "phase=p").out
    team.project.write({"gaterun.toml": 'phase = "p"\n'})
    assert "`gaterun done 7.1`" in team.here("start", "p", "7.1").out
    assert "`gaterun done other 1`" in team.here("start", "other", "1").out


def test_who_holds_a_task_that_nobody_owns(team: Team) -> None:
    assert "  owner     none is declared, lead holds it\n" in team.here("start", "7.2").out
    assert "  owner     cicd-engineer\n" in team.here("start", "7.1").out


def test_block_and_unblock_say_what_they_did(team: Team) -> None:
    ran = team.here("block", "7.1", "--why", "no key")
    assert ran.out == "7.1 is blocked: no key; `gaterun unblock 7.1` ends that\n"
    assert team.here("unblock", "7.1").out == "7.1 is not blocked any longer\n"


def test_a_note_names_its_phase_or_not(team: Team) -> None:
    assert team.here("note", "p", "7.1", "one").code == 0
    assert team.here("note", "7.1", "p", "7.1").code == 0  # a text that begins with a phase
    assert team.here("note", "7.1", "p").code == 0
    with StateDb(team.db) as db:
        assert [event.said.text for event in db.events("p", "7.1")] == ["one", "p 7.1", "p"]
    nothing = team.here("note", "7.1")
    assert (nothing.code, nothing.err.splitlines()[0]) == (4, "error: nothing is said")

    team.project.phase("[phase]\n[task.b]\n[[task.b.gate]]\nuse = 'pass'\n", name="7.1")
    assert team.here("note", "7.1", "b", "c").code == 0
    with StateDb(team.db) as db:
        assert [event.said.text for event in db.events("7.1", "b")] == ["c"]
    either = team.here("note", "7.1", "b", "c", "-o", "phase=p")
    assert either.code == 4
    assert "put the text in quotes, or say `gaterun note b … -o phase=7.1`" in either.err
    assert team.here("note", "b", "d", "-o", "phase=7.1").code == 0
    assert team.here("note", "7.1", "something", "else", "-o", "phase=p").code == 0


def test_7_4_waits_for_7_3(team: Team, golden: Any) -> None:
    """And a task that waits cannot be done either, whatever its own gates say."""
    team.tree("ada")
    ran = team.run("ada", "start", "7.4")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == golden(name="start")
    assert team.kinds("7.4") == ["refused"]
    ran = team.run("ada", "done", "7.4")
    assert ran.code == 1
    assert team.shown(ran.out) == golden(name="done")
    assert team.states("ada")["7.4"] == "claimed"
    # What was claimed only to say it is nobody's afterwards.
    assert team.run("bob", "start", "7.4", at=team.project.root).code == 1
    assert "held by" not in team.run("bob", "start", "7.4", at=team.project.root).err


def test_a_gate_of_its_own_is_not_enough(team: Team) -> None:
    assert team.here("run", "p", "7.4").outcomes == {"7.4::version": "pass"}
    assert team.states()["7.4"] == "todo"


def test_the_phase_from_its_beginning_to_its_end(team: Team, golden: Any) -> None:
    for name in ("ada", "bob", "eve"):
        team.tree(name)
    assert team.run("ada", "start", "7.1").code == 0
    assert team.run("bob", "start", "7.2").code == 0
    refused = team.run("eve", "start", "7.3")
    assert refused.code == 1
    assert team.shown(refused.err) == golden(name="overlap")
    assert team.run("eve", "start", "7.3", "--overlap-ok").code == 0
    assert team.states() == {
        "7.1": "in-progress",
        "7.2": "in-progress",
        "7.3": "in-progress",
        "7.4": "todo",
    }
    assert team.run("ada", "note", "7.1", "cache", "is warm").code == 0
    shown = team.here("status")
    assert shown.code == 1
    assert team.shown(shown.out) == golden(name="status")

    assert team.run("ada", "done", "7.1").code == 0
    failed = team.run("eve", "done", "7.3")
    assert failed.code == 1
    assert "FAILED    7.3::bound  n 2 (<= 1)" in failed.out
    assert "7.3 Code quality is not verified: 0 of 1 gates have passed" in failed.out
    assert team.states("eve")["7.3"] == "claimed"
    team.mend("eve")
    done = team.run("eve", "done", "7.3")
    assert done.code == 0
    assert team.shown(done.out) == golden(name="done")
    assert team.states("eve")["7.3"] == "verified"
    # Verified is what a tree is: this one does not have the work yet.
    assert team.states()["7.3"] == "claimed"
    assert team.here("start", "7.4").code == 1

    team.project.git("merge", "-q", "task/eve")
    assert team.states()["7.3"] == "verified"
    assert team.run("bob", "done", "7.2").code == 0
    assert team.here("start", "7.4").code == 0
    assert team.here("done", "7.4").code == 0
    assert team.here("status").code == 1  # the phase-wide gate was not measured
    team.here("run", "p", "phase::pass")
    states = team.states()
    assert states == {"7.1": "claimed", "7.2": "claimed", "7.3": "verified", "7.4": "verified"}
    assert team.here("status").code == 1  # two were verified on another tree
    assert team.here("done", "7.1").code == 0
    assert team.here("status").code == 1
    assert team.here("done", "7.2").code == 0
    assert team.here("status").code == 0
    assert team.shown(team.here("status").out) == golden(name="complete")


def test_evidence_of_another_working_tree_covers_the_same_files(team: Team) -> None:
    """Nothing is measured twice because a folder has another name."""
    team.tree("ada")
    team.mend("ada")
    assert team.run("ada", "done", "7.3").code == 0
    team.project.git("merge", "-q", "task/ada")
    document = json.loads(team.here(*STATUS).out)
    gates = {gate["node_id"]: gate for gate in document["gates"]}
    assert gates["7.3::bound"]["holds"]
    assert not list(team.project.root.glob(".gaterun/runs/*"))
    team.project.write({"src/lib.rs": "bad bad\n"})
    assert team.states()["7.3"] == "claimed"
    task = next(t for t in json.loads(team.here(*STATUS).out)["tasks"] if t["id"] == "7.3")
    assert (task["stale"], task["missing"]) == (True, ["7.3::bound"])


def test_however_gaterun_is_started(team: Team) -> None:
    """`python -m gaterun` puts the current folder among those of what is installed."""
    folder = team.tree("ada")
    team.mend("ada")
    for who, at, name in (("ada", folder, "done"), ("lead", team.project.root, "status")):
        (at / f"{name}.txt").write_text("a new file makes its folder another one\n")
        ran = subprocess.run(
            [sys.executable, "-m", "gaterun", name, *(["7.3"] if name == "done" else STATUS[1:])],
            cwd=at,
            env={**os.environ, "GATERUN_ACTOR": who},
            capture_output=True,
            check=False,
        )
        if name == "done":
            assert ran.returncode == 0, ran.stderr
            team.project.git("merge", "-q", "task/ada")
    states = {task["id"]: task["state"] for task in json.loads(ran.stdout)["tasks"]}
    assert states["7.3"] == "verified"


def test_another_condition_is_another_gate(team: Team) -> None:
    team.tree("ada")
    team.mend("ada")
    assert team.run("ada", "done", "7.3").code == 0
    team.project.git("merge", "-q", "task/ada")
    assert team.states()["7.3"] == "verified"
    team.project.phase(PHASE.replace("n <= 1", "n <= 9"))
    assert team.states()["7.3"] == "claimed"


def test_another_baseline_is_another_judgement(team: Team) -> None:
    ratchet = PHASE.replace('require = "n <= 1"', 'ratchet = ["n"]')
    team.project.phase(
        ratchet.replace("[task.", '[phase.outputs]\nbaseline = "base.json"\n[task.', 1)
    )
    team.project.write({"src/lib.rs": "bad bad\n"})
    team.project.commit()
    assert team.here("baseline", "p", "--at", "HEAD").code == 0
    assert team.here("done", "7.3").code == 0
    document = json.loads((team.project.root / "base.json").read_text())
    shutil.rmtree(team.project.root / ".gaterun/runs")
    assert team.states()["7.3"] == "verified"
    (team.project.root / "base.json").write_text(json.dumps(document) + "\n")
    assert team.states()["7.3"] == "claimed"


def test_a_later_failure_on_the_same_tree_counts(team: Team) -> None:
    team.project.phase(PHASE.replace('use = "value"\nnumber = 1', 'use = "value"\nfile = "../n"'))
    (team.project.root.parent / "n").write_text("1")
    team.tree("ada")
    (team.project.root.parent / "wt-ada/phases/p.toml").write_text(
        (team.project.root / "phases/p.toml").read_text()
    )
    assert team.run("ada", "done", "7.2").code == 0
    assert team.states()["7.2"] == "verified"
    (team.project.root.parent / "n").write_text("9")
    assert team.here("run", "p", "7.2").code == 1
    assert team.states()["7.2"] == "claimed"


def test_what_was_superseded_is_not_done(team: Team, golden: Any) -> None:
    team.tree("ada")
    team.tree("bob")
    assert team.run("ada", "start", "7.1").code == 0
    ran = team.run("bob", "start", "7.1")
    assert (ran.code, team.shown(ran.err)) == (1, golden(name="held"))
    team.late = LEASE + 1
    assert team.run("bob", "start", "7.1").code == 0
    ran = team.run("ada", "done", "7.1")
    assert (ran.code, ran.out) == (1, "")
    assert team.shown(ran.err) == golden(name="superseded")
    with StateDb(team.db) as db:
        assert db.evidence("p", "7.1::bound") is None
    assert team.run("bob", "done", "7.1").code == 0


def test_superseded_while_it_was_measured(team: Team) -> None:
    """Gates run outside of any transaction; what they found is kept only with the newest claim."""
    team.project.phase(PHASE.replace('use = "bound"', 'use = "lane"\nwait = true', 1))
    team.project.commit()
    team.tree("ada")
    folder = team.project.root.parent / "wt-ada"
    process = subprocess.Popen(
        [sys.executable, "-m", "gaterun", "done", "7.1"],
        cwd=folder,
        env={**os.environ, "GATERUN_ACTOR": "ada"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    team.project.await_file("lane-entered")
    team.late = LEASE + 5
    assert team.here("start", "7.1").code == 0
    (team.project.signals / "go").touch()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == b""
    assert b"claim 1 of task 7.1 was superseded by claim 2, of lead in " in err
    assert b"what was measured is not its evidence" in err
    with StateDb(team.db) as db:
        assert db.evidence("p", "7.1::lane") is None
    assert team.kinds("7.1") == ["start", "start", "refused"]


def test_any_command_is_a_sign_of_life(team: Team) -> None:
    team.tree("ada")
    team.tree("bob")
    team.run("ada", "start", "7.1")
    for late in (0.9, 1.8, 2.7):
        team.late = late * LEASE
        assert team.run("ada", "list", "p", "--why").code == 0
    assert team.run("bob", "start", "7.1").code == 1
    assert team.kinds("7.1") == ["start", "heartbeat", "heartbeat", "heartbeat", "refused"]
    team.late = 3.8 * LEASE
    shown = team.here("status").out
    assert "silent 16 min" in shown
    assert team.states()["7.1"] == "ready"


def test_blocked(team: Team, golden: Any) -> None:
    assert team.here("block", "7.1").code == 4
    assert team.here("block", "7.1", "--why", " ").code == 4
    assert team.here("start", "7.1").code == 0
    assert team.here("block", "7.1", "--why", "no access to \x1b[31mthe bucket").code == 0
    assert team.states()["7.1"] == "blocked"
    for command in ("start", "done"):
        ran = team.here(command, "7.1")
        assert (ran.code, team.shown(ran.err)) == (1, golden(name="refused"))
    assert "no access to the bucket" in team.here("status").out
    assert team.here("unblock", "7.1").code == 0
    assert team.here("unblock", "7.1").code == 1
    assert team.here("start", "7.1").code == 0


def test_a_conflict_refuses_the_later_task(team: Team, golden: Any) -> None:
    team.tree("ada")
    team.tree("bob")
    assert team.run("ada", "start", "7.3").code == 0
    assert team.run("bob", "start", "7.2", "--overlap-ok").code == 0
    for name, text in (("ada", "fine\n"), ("bob", "also fine\n")):
        (team.project.root.parent / f"wt-{name}/src/lib.rs").write_text(text)
    ran = team.run("bob", "done", "7.2")
    assert (ran.code, ran.out) == (1, "")
    assert team.shown(ran.err) == golden(name="refused")
    document = json.loads(team.here(*STATUS).out)
    assert [item["kind"] for item in document["collisions"]] == ["conflict"]
    # The earlier one goes on; then the later one rebases on it.
    team.git("ada", "commit", "-qam", "work")
    assert team.run("ada", "done", "7.3").code == 0
    assert team.run("bob", "done", "7.2").code == 1
    team.git("bob", "commit", "-qam", "work")
    team.git("bob", "rebase", "-q", "-X", "theirs", "task/ada")
    assert team.run("bob", "done", "7.2").code == 0


def test_a_working_tree_that_is_gone(team: Team) -> None:
    folder = team.tree("ada")
    team.run("ada", "start", "7.1")
    (folder / "scripts/build.sh").write_text("changed\n")
    shutil.rmtree(folder)
    ran = team.here("status")
    assert (ran.code, ran.err) == (1, "")
    assert team.states()["7.1"] == "in-progress"
    assert team.here("start", "7.1").code == 1
    team.late = LEASE + 1
    assert team.here("start", "7.1").code == 0
    assert team.here("done", "7.1").code == 0


@pytest.mark.parametrize("command", ["status", "done 7.1", "hook stop", "--help"])
def test_from_within_a_working_tree_that_is_gone(team: Team, command: str) -> None:
    folder = team.tree("ada")
    team.run("ada", "start", "7.1")
    script = f'rm -r "$PWD"; exec "{sys.executable}" -m gaterun {command}'
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, input="{}", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("error: the folder that gaterun was started in is gone")
    assert "Traceback" not in done.stderr


def test_a_claim_from_a_working_tree_that_is_gone(team: Team) -> None:
    folder = team.tree("ada")
    team.run("ada", "start", "7.1")
    assert "not there any more" not in team.here("start", "7.1").err
    shutil.rmtree(folder)
    refused = team.here("start", "7.1")
    assert refused.code == 1
    assert "wt-ada, which is not there any more, last heard of" in refused.err


def test_clocks_that_differ(team: Team) -> None:
    """One that is ahead holds a claim for so much longer, and nobody is told nonsense."""
    team.tree("ada")
    team.late = 3600
    assert team.run("ada", "start", "7.1").code == 0
    team.run("ada", "note", "7.1", "from tomorrow")
    team.late = 0
    shown = team.here("status")
    assert (shown.code, shown.err) == (1, "")
    assert "7.1   in-progress" in shown.out
    assert not re.search(r"-\d+ (s|min|h|d)\b", shown.out)
    refused = team.here("start", "7.1")
    assert refused.code == 1
    assert "last heard of 0 s ago" in refused.err
    assert "without a sign of life its claim ends in 1 h" in refused.err
    # Its own participant goes on with it by either clock, and the claim is not shortened.
    assert team.run("ada", "start", "7.1").code == 0
    assert "ends in 1 h" in team.here("start", "7.1").err
    assert team.run("ada", "done", "7.1").code == 0


def test_done_for_programs(team: Team) -> None:
    ran = team.here("done", "7.4", "--format", "json")
    document = json.loads(ran.out)
    assert ran.code == document["exit_code"] == 1
    assert document["run"] == team.project.record_now().id
    assert {**document, "run": "", "gates": ()} == {
        "phase": "p",
        "task": "7.4",
        "title": "Release",
        "state": "claimed",
        "verified": False,
        "passed": 0,  # what needs 7.3 is not measured where that fails
        "total": 1,
        "waived": 0,
        "missing": ["7.4::version"],
        "unmet": ["7.3"],
        "run": "",
        "gates": (),
        "collisions": [],
        "exit_code": 1,
    }
    gates = {gate["node_id"]: gate for gate in document["gates"]}
    assert gates["7.3::bound"] == {
        "node_id": "7.3::bound",
        "outcome": "fail",
        "blocking": True,
        "why": "n 2 (<= 1)",
        "repeat": "gaterun p 7.3::bound",
    }
    assert gates["7.3::lints"]["blocking"] is False
    ran = team.here("done", "7.1", "--format", "json")
    document = json.loads(ran.out)
    assert (ran.code, document["state"], document["verified"]) == (0, "verified", True)


def test_a_refusal_is_no_document(team: Team) -> None:
    team.here("block", "7.1", "--why", "no access")
    ran = team.here("done", "7.1", "--format", "json")
    assert (ran.code, ran.out) == (1, "")
    assert "task 7.1 was blocked" in ran.err


def test_a_task_without_gates_cannot_be_verified(team: Team) -> None:
    team.project.phase(PHASE + '[task."7.5"]\ntitle = "Talk"\n')
    ran = team.here("start", "7.5", "--overlap-ok")
    assert "none, so that nothing can verify it" in ran.out
    ran = team.here("done", "7.5")
    assert ran.code == 5
    assert "task 7.5 has no gates, so that nothing can verify it" in ran.err
    assert team.states()["7.5"] == "claimed"
    assert "no gate can verify it" in team.here("status").out


@pytest.mark.parametrize(
    ("gate", "code"),
    [('use = "nothing"', 7), ('use = "pass"\nskip = "not today"', 5), ('use = "crash"', 7)],
)
def test_no_verdict_verifies_nothing(team: Team, gate: str, code: int) -> None:
    team.project.phase(PHASE.replace('use = "bound"', gate, 1))
    ran = team.here("done", "7.1")
    assert ran.code == code
    assert "is not verified: 0 of 1 gates" in ran.out
    assert team.states()["7.1"] == "claimed"


def test_only_advisory_gates_verify_nothing(team: Team) -> None:
    advisory = 'use = "bound"\nmode = "advisory"\nenforce_after = 2999-12-31'
    team.project.phase(PHASE.replace('use = "bound"', advisory, 1))
    ran = team.here("done", "7.1")
    assert ran.code == 1
    assert team.states()["7.1"] == "claimed"


def test_waived_is_verified_as_long_as_the_waiver_holds(team: Team) -> None:
    blocking = PHASE.replace('mode = "advisory"\nenforce_after = 2999-12-31\n', "")
    team.project.phase(blocking.replace("n <= 1", "n <= 2"))
    soon = datetime.now(UTC).date() + timedelta(days=30)
    team.project.write(
        {
            "waivers.toml": f"""
            [[waiver]]
            gate = "7.3::lints"
            rule = "unused"
            reason = "known"
            owner = "ada"
            expires = {soon}
            """
        }
    )
    ran = team.here("done", "7.3")
    assert ran.code == 0, ran.out + ran.err
    assert "1 of them waived" in ran.out
    assert "gates have passed on this tree, 1 waived\n" in team.here("status").out
    document = json.loads(team.here(*STATUS).out)
    assert next(t["waived"] for t in document["tasks"] if t["id"] == "7.3") == 1
    (team.project.root / "waivers.toml").unlink()
    assert team.states()["7.3"] == "claimed"


def test_what_judges_was_weakened(team: Team) -> None:
    """Under the second key nothing counts that was judged by less than the base asks for."""
    team.project.phase(PHASE.replace("[phase]", '[phase]\nbase = "main"'))
    team.project.commit()
    weaker = PHASE.replace("[phase]", '[phase]\nbase = "main"').replace("n <= 1", "n <= 9")
    team.project.phase(weaker)
    team.project.write({"gaterun.toml": 'base_policy = "fail"\n'})
    ran = team.here("done", "7.3")
    assert ran.code == 1
    assert "is not verified" in ran.out
    assert team.states()["7.3"] == "claimed"
    with StateDb(team.db) as db:
        assert db.evidence("p", "7.3::bound") is None


@pytest.mark.parametrize("command", ["status", "start", "done", "note", "block", "watch"])
def test_a_damaged_state_is_told_and_left_alone(team: Team, command: str) -> None:
    team.here("start", "7.1")
    team.db.write_bytes(b"not a database, whatever it is called\n" * 100)
    arguments = {"note": ("7.1", "x"), "block": ("7.1", "--why", "x"), "watch": ("--once",)}
    ran = team.here(command, *arguments.get(command, () if command == "status" else ("7.1",)))
    assert ran.code == 4
    assert "state.db is damaged, or was changed by hand" in ran.err
    assert "help: nothing was changed; keep it with `mv " in ran.err
    assert team.db.read_bytes().startswith(b"not a database")
    # What has nothing to do with tasks goes on.
    assert team.here("list", "p").code == 0


def test_nothing_is_made_by_looking(team: Team) -> None:
    team.here("status")
    team.here("watch", "--once")
    assert not (team.project.root / ".gaterun").exists()


def test_without_a_repository(project: Any) -> None:
    project.gates("bound")
    project.write({"src/lib.rs": "fine\n"})
    assert project.run("start", "1").code == 0
    assert project.run("done", "1").code == 0
    assert project.run("status").code == 0
    project.write({"src/lib.rs": "bad bad bad bad\n"})
    assert project.run("status").code == 1
