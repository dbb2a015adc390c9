"""``gaterun hook``: what Claude Code asks, and what it is answered."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PHASE = """
[phase]
title = "A phase"
protected = ["phases/**"]
[phase.outputs]
report = "docs/REPORT.md"
roadmap = "docs/ROADMAP.md"
[task."7.1"]
title = "Infrastructure"
[["task"."7.1".gate]]
use = "bound"
[task."7.2"]
title = "Configuration"
[["task"."7.2".gate]]
use = "lints"
require = "warnings < 2"
inputs = ["lints"]
[task."7.5"]
title = "Nobody measures it"
"""


@pytest.fixture
def ran(project: Any) -> Any:
    project.write({"src/lib.rs": "fine\n", ".gitignore": "TODO.md\n"})
    project.write({"lints": "a src/lib.rs:1 x\n" * 3})
    project.phase(PHASE)
    project.commit()
    project.run("p")
    return project


@pytest.fixture
def hook(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def hook(event: str, given: object = None, **more: object) -> Any:
        text = given if isinstance(given, bytes) else json.dumps({"session_id": "s1", **more})
        stdin = io.TextIOWrapper(io.BytesIO(text if isinstance(text, bytes) else text.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        return project.run("hook", event)

    return hook


def message(done: Any) -> str:
    text = json.loads(done.out)["systemMessage"]
    assert isinstance(text, str)
    return text


def test_a_false_claim_blocks_three_times_and_stays_unverified(
    ran: Any, hook: Any, golden: Any
) -> None:
    ran.write({"TODO.md": "- [x] 7.2 Configuration\n"})
    answers = [hook("stop") for _ in range(4)]
    assert [done.code for done in answers] == [2, 2, 2, 0]
    assert answers[0].err == golden
    assert "Told 3 of 3 times" in answers[2].err
    assert message(answers[3]) == "gaterun: p 7.2 stays unverified, whatever was said"
    assert ran.run("claims", "p").code == 1
    ran.write({"lints": ""})
    ran.run("p", "7.2")
    done = hook("stop")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert ran.run("claims", "p").code == 0


def test_each_session_and_each_claim_is_told_for_itself(ran: Any, hook: Any) -> None:
    ran.write({"TODO.md": "- [x] 7.2 Configuration\n"})
    assert [hook("stop").code for _ in range(4)] == [2, 2, 2, 0]
    assert hook("stop", session_id="s2").code == 2
    ran.write({"TODO.md": "- [x] 7.2 Configuration\n- [x] 7.5 Nobody\n"})
    done = hook("stop")
    assert done.code == 2
    assert "7.2" not in done.err.replace("gaterun p 7.2", "")
    assert "no gate is there to measure it" in done.err


def test_what_is_true_or_not_said_blocks_nobody(ran: Any, hook: Any) -> None:
    assert hook("stop").code == 0
    ran.write({"TODO.md": "- [x] 7.1 Infrastructure\n- [~] 7.2 Configuration\n"})
    done = hook("stop")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_claim_about_a_tree_that_has_changed_blocks(ran: Any, hook: Any) -> None:
    ran.write({"TODO.md": "- [x] 7.1 Infrastructure\n", "src/lib.rs": "other\n"})
    done = hook("stop")
    assert done.code == 2
    assert "7.1::bound stale: files that it depends on changed" in done.err


def test_no_gate_is_run(ran: Any, hook: Any) -> None:
    ran.write({"TODO.md": "- [x] 7.1 Infrastructure\n- [x] 7.2 x\n", "src/lib.rs": "other\n"})
    trace = (ran.signals / "measured").read_text()
    for event in ("stop", "session-start", "edit"):
        hook(event)
    hook("task-completed", task_subject="7.1")
    assert (ran.signals / "measured").read_text() == trace


def test_what_cannot_be_read_is_told(ran: Any, hook: Any) -> None:
    ran.write({".swarm/memory.db": "RFE1", ".gitignore": ".swarm\n"})
    done = hook("stop")
    assert done.code == 0
    assert message(done) == "gaterun: could not be read: .swarm/memory.db: it is encrypted"


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("7.1 Infrastructure", 0),
        ("7.2 Configuration", 2),
        ("Finish task 7.2", 2),
        ("7.2.1 a part", 0),
        ("Write some docs", 0),
        ("17.2 another", 0),
        ("7.5 Nobody", 2),
    ],
)
def test_a_task_is_ticked_off(ran: Any, hook: Any, subject: str, code: int) -> None:
    done = hook("task-completed", task_subject=subject, task_id="1")
    assert done.code == code
    if code:
        assert "the session's task list" in done.err


def test_ticking_off_is_blocked_three_times(ran: Any, hook: Any) -> None:
    assert [hook("task-completed", task_subject="7.2").code for _ in range(4)] == [2, 2, 2, 0]


def test_a_session_begins(ran: Any, hook: Any, golden: Any) -> None:
    done = hook("session-start", source="startup")
    assert done.code == 0
    answer = json.loads(done.out)["hookSpecificOutput"]
    assert answer["hookEventName"] == "SessionStart"
    assert answer["additionalContext"] == golden


@pytest.mark.parametrize(
    ("path", "decision", "words"),
    [
        (".gaterun/runs/x/record.json", "deny", "gaterun's own state"),
        ("docs/REPORT.md", "deny", "written by gaterun from what was measured in p"),
        ("docs/../docs/REPORT.md", "deny", "written by gaterun"),
        ("phases/p.toml", "ask", "is protected by phase p (phases/**)"),
        ("docs/ROADMAP.md", "", ""),
        ("src/lib.rs", "", ""),
        ("/etc/passwd", "", ""),
    ],
)
def test_an_edit(ran: Any, hook: Any, path: str, decision: str, words: str) -> None:
    given = {"tool_name": "Edit", "tool_input": {"file_path": path}}
    done = hook("edit", cwd=str(ran.root), **given)
    assert done.code == 0
    if not decision:
        assert done.out == ""
        return
    answer = json.loads(done.out)["hookSpecificOutput"]
    assert answer["permissionDecision"] == decision
    assert words in answer["permissionDecisionReason"]


def test_a_link_does_not_hide_what_is_edited(ran: Any, hook: Any) -> None:
    (ran.root / "innocent.toml").symlink_to("phases/p.toml")
    done = hook("edit", tool_input={"file_path": "innocent.toml"})
    assert "permissionDecision" in done.out


def test_a_file_of_a_task_that_is_held_elsewhere(
    project: Any, hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Asked for where no task that is held here declares it; told by name, and by nothing else."""
    project.phase(
        '[phase]\n[task.1]\nfiles = ["src/**", "!src/config.rs"]\n'
        '[task.2]\nfiles = ["src/config.rs"]\n[task.3]\nfiles = ["docs/**"]\n'
    )
    project.write({"src/lib.rs": "", "src/config.rs": "", ".gitignore": ".gaterun/\n"})
    project.commit()
    project.git("worktree", "add", "-q", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GATERUN_ACTOR", "ada")
    assert project.run("start", "1", "-C", str(tmp_path / "elsewhere")).code == 0

    def asked(name: str, cwd: Path = project.root) -> str:
        done = hook("edit", cwd=str(cwd), tool_input={"file_path": name})
        assert (done.code, done.err) == (0, "")
        if not done.out:
            return ""
        answer = json.loads(done.out)["hookSpecificOutput"]
        assert answer["permissionDecision"] == "ask"
        return str(answer["permissionDecisionReason"])

    said = (
        "src/lib.rs is no file of a task that is held here, and one of "
        f"1 (ada in {tmp_path / 'elsewhere'}): who changes it may have to merge"
    )
    assert asked("src/lib.rs") == said
    assert [asked(name) for name in ("src/config.rs", "docs/a.md")] == ["", ""]
    assert asked("src/lib.rs", tmp_path / "elsewhere") == ""
    assert project.run("start", "2").code == 0
    assert asked("src/lib.rs") == said
    assert asked("src/config.rs") == ""
    assert project.run("done", "1", "-C", str(tmp_path / "elsewhere")).code == 5
    assert project.run("block", "1", "--why", "it is over").code == 0
    assert asked("src/lib.rs") == ""


# --- nobody is kept, and nothing verified, by an error -----------------------------------------


@pytest.mark.parametrize("event", ["stop", "task-completed"])
def test_an_error_is_unverified_and_blocks_three_times(ran: Any, hook: Any, event: str) -> None:
    ran.phase("[phase]\nnonsense = 1\n")
    answers = [hook(event, task_subject="7.1") for _ in range(4)]
    assert [done.code for done in answers] == [2, 2, 2, 1]
    assert all(
        done.err.startswith("gaterun: unverified, as it could not find out: ") for done in answers
    )
    assert "unknown key 'nonsense'" in answers[0].err


@pytest.mark.parametrize("event", ["edit", "session-start"])
def test_an_error_where_nothing_can_be_claimed_blocks_nobody(
    ran: Any, hook: Any, event: str
) -> None:
    ran.phase("[phase]\nnonsense = 1\n")
    done = hook(event)
    assert done.code == 1
    assert "unverified" in done.err


@pytest.mark.parametrize("given", [b"", b"{", b"[]", b"\xff", b'{"session_id": 3}'])
def test_what_is_no_json_is_unverified(ran: Any, hook: Any, given: bytes) -> None:
    done = hook("stop", given)
    assert done.code == 1
    assert "unverified" in done.err


def test_a_state_that_cannot_be_written_keeps_nobody(ran: Any, hook: Any) -> None:
    ran.write({"TODO.md": "- [x] 7.2 Configuration\n"})
    (ran.root / ".gaterun" / "blocks.json").mkdir()
    done = hook("stop")
    assert done.code == 1
    assert "unverified" in done.err


def test_a_damaged_count_begins_anew(ran: Any, hook: Any) -> None:
    ran.write({"TODO.md": "- [x] 7.2 Configuration\n", ".gaterun/blocks.json": "{"})
    assert [hook("stop").code for _ in range(4)] == [2, 2, 2, 0]


def test_a_folder_that_is_no_workspace_has_nothing_to_say(project: Any, hook: Any) -> None:
    (project.root / "Cargo.toml").unlink()
    for event in ("stop", "edit", "session-start"):
        assert (hook(event).code, hook(event).out) == (0, "")


def test_a_workspace_without_phases_has_nothing_to_say(project: Any, hook: Any) -> None:
    assert (hook("stop").code, hook("stop").out) == (0, "")
    assert not (project.root / ".gaterun").exists()


def test_the_folder_is_the_one_that_the_host_names(ran: Any, hook: Any, tmp_path: Any) -> None:
    ran.write({"TODO.md": "- [x] 7.2 Configuration\n"})
    os.chdir(tmp_path)
    assert hook("stop", cwd=str(ran.root)).code == 2
    os.chdir(ran.root)


def test_as_a_process(ran: Any) -> None:
    ran.write({"TODO.md": "- [x] 7.2 Configuration\n"})
    ran.command("p")
    done = subprocess.run(
        [sys.executable, "-m", "gaterun", "hook", "stop"],
        input=json.dumps({"session_id": "x", "hook_event_name": "Stop"}).encode(),
        env={**os.environ, "PYTEST_CURRENT_TEST": ""},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"7.2::lints failed: warnings 3 (< 2)" in done.stderr


def test_eight_sessions_at_once_lose_no_count(tmp_path: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from gaterun.core import blocks

    with ThreadPoolExecutor(8) as pool:
        before = list(pool.map(lambda n: blocks.count(tmp_path, f"s{n % 8}", ["c"]), range(24)))
    assert sorted(item["c"] for item in before) == [0] * 8 + [1] * 8 + [2] * 8


#: What a hook has no use for, however it is asked; it is started at every edit.
HEAVY = ("asyncio", "junit_xml", "markdown_it", "mcp", "psutil", "pydantic", "rich", "ruamel")


@pytest.mark.parametrize("event", ["stop", "edit", "session-start", "task-completed"])
def test_it_imports_nothing_that_only_measuring_needs(ran: Any, event: str) -> None:
    code = (
        f"import sys; from gaterun.cli.main import run; run(['hook', {event!r}])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps({"session_id": "x", "task_subject": "7.2", "tool_input": {}}).encode(),
        capture_output=True,
        check=True,
    )
    loaded = done.stderr.decode().splitlines()[-1].split()
    assert "gaterun" in loaded
    assert [name for name in HEAVY if name in loaded] == []
    assert ("sqlite3" in loaded) is False  # there is no memory database here
