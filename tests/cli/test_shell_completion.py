"""Completion of phases, tasks and gates, by each shell's own protocol, and in bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PHASE = """
[phase]
gates = ["pass"]
[task."7.1"]
[[task."7.1".gate]]
use = "pass"
id = "clippy"
[[task."7.1".gate]]
use = "fail"
[task."7.3"]
[[task."7.3".gate]]
use = "pass"
id = "clippy"
"""
NODES = ["7.1::clippy", "7.1::fail"]


@pytest.fixture
def workspace(project: Any) -> Any:
    project.phase(PHASE, "phase8")
    project.phase("[phase]\n", "other")
    return project


def asked(workspace: Any, **variables: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "gaterun"],
        cwd=workspace.root,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def bash(workspace: Any, line: str) -> list[str]:
    """What bash would offer for a line."""
    program = shutil.which("bash")
    if program is None:
        pytest.skip("there is no bash")
    script = """
        complete() { :; }
        eval "$(_GATERUN_COMPLETE=bash_source gaterun)"
        COMP_LINE=$1 COMP_POINT=${#1}
        _gaterun_completion gaterun
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        [program, "--norc", "-c", script, "bash", line],
        cwd=workspace.root,
        env={**os.environ, "COMP_WORDBREAKS": " \t\n\"'><=;|&(:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gaterun ph", ["phase7", "phase8"]),
        ("gaterun st", ["status", "start"]),
        ("gaterun run ph", ["phase7", "phase8"]),
        ("gaterun report oth", ["other"]),
        ("gaterun phase8 7", ["7.1", "7.3", *NODES, "7.3::clippy"]),
        ("gaterun phase8 7.1:", [":clippy", ":fail"]),
        ("gaterun phase8 7.1::", ["clippy", "fail"]),
        ("gaterun run phase8 7.1::cl", ["clippy"]),
        ("gaterun run phase8 -x 7.1 cl", ["clippy"]),
        ("gaterun phase8 --deselect 7.3::", ["clippy"]),
        ("gaterun phase8 --desel", ["--deselect"]),
        ("gaterun phase8 nope", []),
        ("gaterun nope 7", []),
        ("gaterun start phase8 7", ["7.1", "7.3"]),
        ("gaterun done -o phase=phase8 7.", []),  # options are not looked at
        ("gaterun block phase8 7.3", ["7.3"]),
        ("gaterun start ph", ["phase7", "phase8"]),
        ("gaterun start phase8 7.1 7", []),
        ("gaterun runs sh", ["show"]),
        ("gaterun runs l", ["list"]),
        ("gaterun waivers p", ["prune"]),
        ("gaterun waivers ", ["add", "check", "list", "prune", "sign"]),
        ("gaterun explain val", ["value"]),
        ("gaterun explain pass ", []),
        ("gaterun phase8 --report js", ["json", "jsonl"]),
        ("gaterun report phase8 --report ht", ["html"]),
        ("gaterun runs show ", []),
        ("gaterun start nope 7", []),
    ],
)
def test_in_bash(workspace: Any, line: str, offered: list[str]) -> None:
    assert bash(workspace, line) == offered


def test_recorded_runs_are_offered_the_newest_first(workspace: Any) -> None:
    ids = [workspace.run("phase8", "7.3").record.id for _ in range(2)]
    assert bash(workspace, "gaterun runs show ") == ["last", *reversed(ids)]
    assert bash(workspace, f"gaterun runs verify {ids[0]}") == [ids[0]]
    assert bash(workspace, "gaterun runs export la") == ["last"]


@pytest.mark.parametrize("command", ["start", "done", "note", "block", "unblock"])
def test_tasks_of_the_only_phase_need_no_phase_before_them(workspace: Any, command: str) -> None:
    (workspace.root / "phases/other.toml").unlink()
    assert bash(workspace, f"gaterun {command} 7") == ["7.1", "7.3"]
    assert bash(workspace, f"gaterun {command} p") == ["phase7", "phase8"]


@pytest.mark.parametrize("wanted", ["rubbish", "bash", "bash_rubbish", "tcsh_source"])
def test_what_no_shell_asks_for_is_said(workspace: Any, wanted: str) -> None:
    ran = workspace.command("list", _GATERUN_COMPLETE=wanted)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith(f"error: _GATERUN_COMPLETE is '{wanted}', which no shell asks for\n")
    assert workspace.command("list", _GATERUN_COMPLETE="").code == 0


def test_titles_are_shown_where_the_shell_shows_any(workspace: Any) -> None:
    workspace.phase(
        PHASE.replace('[task."7.1"]', '[task."7.1"]\ntitle = "Build, all of it"'), "phase8"
    )
    (workspace.root / "phases/other.toml").unlink()
    words = {"COMP_WORDS": "gaterun start 7", "COMP_CWORD": "7"}
    assert asked(workspace, _GATERUN_COMPLETE="fish_complete", **words) == [
        "plain,7.1\tBuild, all of it",
        "plain,7.3",
    ]


def test_commands_and_phases_come_together(workspace: Any) -> None:
    offered = bash(workspace, "gaterun ")
    assert offered[0] == "run"
    assert offered[-4:] == ["schema", "other", "phase7", "phase8"]


def test_zsh_and_fish_by_their_protocol(workspace: Any) -> None:
    zsh = asked(
        workspace,
        _GATERUN_COMPLETE="zsh_complete",
        COMP_WORDS="gaterun phase8 7.1::",
        COMP_CWORD="2",
    )
    assert zsh[1::3] == NODES
    fish = asked(
        workspace,
        _GATERUN_COMPLETE="fish_complete",
        COMP_WORDS="gaterun phase8 7.1::",
        COMP_CWORD="7.1::",
    )
    assert [line.partition(",")[2].split("\t")[0] for line in fish] == NODES


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_every_shell(workspace: Any, shell: str) -> None:
    script = "\n".join(asked(workspace, _GATERUN_COMPLETE=f"{shell}_source"))
    assert "_gaterun_completion" in script
    assert f"_GATERUN_COMPLETE={shell}_complete" in script
    program = shutil.which(shell)
    if program is not None:
        checked = subprocess.run([program, "-n"], input=script, text=True, check=False)
        assert checked.returncode == 0


def test_where_there_is_no_workspace_commands_are_left(workspace: Any, tmp_path: Path) -> None:
    (workspace.root / "Cargo.toml").unlink()
    assert bash(workspace, "gaterun ph") == []
    assert bash(workspace, "gaterun sch") == ["schema"]
