"""Every bad input: a clear message, the documented code, no traceback, nothing left behind."""

from __future__ import annotations

import os
from typing import Any

import pytest

from gaterun.cli.main import COMMANDS

NEED_A_WORKSPACE = [
    name
    for name in COMMANDS
    if name not in {"selftest", "demo", "doctor", "explain", "schema", "capabilities", "hook"}
]


#: Commands that cannot be called without arguments.
ARGUMENTS = {
    "start": ("7.1",),
    "done": ("7.1",),
    "note": ("7.1", "text"),
    "block": ("7.1", "--why", "text"),
    "unblock": ("7.1",),
}


@pytest.mark.parametrize("command", NEED_A_WORKSPACE)
def test_no_workspace(project: Any, command: str) -> None:
    (project.root / "Cargo.toml").unlink()
    ran = project.run(command, *ARGUMENTS.get(command, ()))
    assert ran.code == 4
    assert "error: there is no Cargo.toml in" in ran.err
    assert "help: go to a Rust workspace" in ran.err
    assert not (project.root / ".gaterun").exists()


def test_a_phase_that_does_not_exist(project: Any) -> None:
    project.gates("pass", name="release")
    ran = project.run("relase")
    assert ran.code == 4
    assert ran.err == "error: there is no phase 'relase'\n  help: did you mean 'release'?\n"
    assert "did you mean 'plugins'?" in project.run("plugin").err
    assert "there is no phase 'zzzz'" in project.run("list", "zzzz").err


def test_options_before_the_command(project: Any) -> None:
    assert project.run("-C", str(project.root), "list").code == 0


def test_which_phase(project: Any) -> None:
    ran = project.run("run")
    assert ran.code == 4
    assert "which phase? there is none here yet" in ran.err
    project.gates("pass", name="only")
    assert project.run("run").outcomes == {"1::pass": "pass"}
    project.gates("fail", name="other")
    ran = project.run("run")
    assert (ran.code, "which phase? only, other" in ran.err) == (4, True)
    project.write({"gaterun.toml": 'phase = "only"\n'})
    assert project.run("run").code == 0
    assert project.run("other").code == 1


def test_selectors_that_nothing_has(project: Any) -> None:
    project.gates("pass")
    ran = project.run("p", "1::pas")
    assert ran.code == 4
    assert "did you mean '1::pass'?" in ran.err


@pytest.mark.parametrize(
    "argv",
    [
        ["p", "--report", "nope"],
        ["p", "--report", "jsn:x"],
        ["p", "--report", ""],
        ["p", "--report", "md:-", "--report", "json:-"],
        ["p", "--baseline", "nope"],
        ["p", "--baseline", "."],
        ["p", "-c", "nope.toml"],
        ["p", "-o", "jobs"],
        ["p", "-P", "nope"],
        ["p", "-p", "no_such_module"],
        ["p", "-p", "no:nope"],
        ["p", "-C", "nope"],
        ["p", "-k", "("],
        ["p", "-m", "nope"],
        ["p", "--deselect", "nope"],
        ["explain", "nope"],
        ["config", "nope"],
        ["diff", "nope", "last"],
        ["diff", "nope.json"],
        ["report", "p"],
        ["report", "p", "--run", "nope"],
        ["baseline", "p"],
        ["baseline", "p", "--at", "nope"],
        ["init", "../x"],
        ["init", "p"],
        ["demo", "phases"],
        ["selftest", "nope"],
    ],
)
def test_is_4_with_a_message(project: Any, argv: list[str]) -> None:
    project.gates("pass")
    ran = project.run(*argv)
    assert (ran.code, ran.records) == (4, ()), ran.out + ran.err
    assert ran.err.startswith("error: ")
    assert "internal error" not in ran.err


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["explain"]),
        ["list"],
        ["plugins"],
        ["config"],
    ],
)
def test_without_any_gate(project: Any, monkeypatch: Any, argv: list[str]) -> None:
    plugins = os.environ["GATERUN_PLUGINS"].removeprefix("fake_gates,")
    monkeypatch.setenv("GATERUN_PLUGINS", plugins)
    assert project.run(*argv).code == 0


def test_a_phase_file_that_is_no_toml_does_not_hide_the_others(project: Any) -> None:
    project.gates("pass")
    project.phase("[phase\n", "broken")
    ran = project.run("list")
    assert ran.code == 0
    assert "broken  cannot be read: phases/broken.toml: " in ran.out
    assert "p       -" in ran.out


@pytest.mark.parametrize("text", ["phase = 3\n", "[[phase]]\n"])
def test_list_with_a_phase_of_the_wrong_shape(project: Any, text: str) -> None:
    project.phase(text, "odd")
    assert project.run("list").code == 0


def test_a_folder_named_like_a_phase_file(project: Any) -> None:
    (project.root / "phases/p.toml").mkdir(parents=True)
    assert project.run("p").code == 4
    assert project.run("list").code == 0


def test_a_phase_file_that_cannot_be_read_does_not_hide_the_others(project: Any) -> None:
    project.gates("pass")
    (project.root / "phases/latin.toml").write_bytes(b'[phase]\ntitle = "\xe9"\n')
    assert project.run("p").code == 0
    assert project.run("list").code == 0


def test_names_that_are_not_utf_8(project: Any) -> None:
    project.gates("pass")
    (project.root / "phases" / os.fsdecode(b"\xff.toml")).write_text("[phase]\n")
    for argv in (["list"], [os.fsdecode(b"\xff"), "--co"], [os.fsdecode(b"\xfe")]):
        done = project.command(*argv, PYTHONIOENCODING="utf-8:strict")
        assert done.code in {0, 4, 5}


@pytest.mark.parametrize("argv", [["list"], ["list", "p"], ["p"], ["p", "--co"]])
def test_a_terminal_that_knows_ascii_only(project: Any, argv: list[str]) -> None:
    project.phase('[phase]\ntitle = "Qualität ✓"\n[task.1]\n[[task.1.gate]]\nuse = "pass"\n')
    ran = project.command(*argv, PYTHONIOENCODING="ascii")
    assert ran.code == 0, ran.err


def test_a_bug_is_3_with_a_log(project: Any, monkeypatch: Any) -> None:
    from gaterun.cli import list as module

    def broken(*arguments: object) -> str:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(module, "render_phase", broken)
    project.gates("pass")
    ran = project.run("list", "p")
    assert ran.code == 3
    assert "internal error: ZeroDivisionError: by zero" in ran.err
    (log,) = project.temporary.glob("gaterun-crash-*.log")
    assert str(log) in ran.err
    assert "Traceback" in log.read_text()
    assert "Traceback" not in ran.err


def test_an_interrupt_outside_a_run_is_2(project: Any, monkeypatch: Any) -> None:
    from gaterun.cli import list as module

    def interrupted(*arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "render_phase", interrupted)
    project.gates("pass")
    ran = project.run("list", "p")
    assert (ran.code, ran.err.strip()) == (2, "error: interrupted")


def test_head_closes_the_pipe(project: Any) -> None:
    import subprocess
    import sys

    project.gates("pass")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "gaterun", "explain"],
        cwd=project.root,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 0
    assert done.stderr == b""


def test_standard_output_on_a_full_disk(project: Any) -> None:
    """What could not be said was not said: that is no success."""
    import subprocess
    import sys

    project.gates("pass")
    with open("/dev/full", "wb") as full:
        for argv in (["list"], ["p"], ["p", "--report", "json:-"], ["--version"]):
            done = subprocess.run(
                [sys.executable, "-m", "gaterun", *argv],
                cwd=project.root,
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
            assert done.returncode != 0, argv
            assert b"Traceback" not in done.stderr, argv


@pytest.mark.parametrize(
    "ends", ["os._exit(0)", "os.execv('/bin/true', ['true'])", "os.execlp('true', 'true')"]
)
def test_a_gate_that_ends_the_program_has_no_verdict(project: Any, ends: str) -> None:
    import subprocess
    import sys

    project.phase("[phase]\n[[task.1.gate]]\nuse = 'bad'\nrequire = 'n == 1'\n")
    project.write(
        {
            "g/bad.py": f"""
            import os
            import gaterun
            from gaterun import Better, Metric, Unit

            N = Metric(name="n", unit=Unit.COUNT, better=Better.NEITHER, help="a number")

            def measure(context):
                if not os.fork():
                    os._exit(7)  # a child may end as it wishes
                assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
                {ends}

            @gaterun.hookimpl
            def gaterun_gates():
                return [gaterun.Gate(name="bad", title="Ends", metrics=(N,), measure=measure)]
            """
        }
    )
    program = [sys.executable, "-m", "gaterun", "p", "-o", "gates=g"]
    done = subprocess.run(program, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 7, (done.stdout, done.stderr)
    assert "it would end the whole run" in " ".join(done.stdout.split())


def test_code_of_the_workspace_is_not_executed_by_surprise(project: Any) -> None:
    """A gate of the workspace is loaded where its configuration says so, and nowhere else."""
    project.gates("pass")
    for name in (
        "gates/evil.py",
        "gaterun.py",
        "conftest.py",
        "fake.py",
        "click.py",
        "phases/x.py",
    ):
        project.write({name: "open('executed', 'w')\n"})
    import subprocess
    import sys
    from pathlib import Path

    program = Path(sys.executable).parent / "gaterun"
    done = subprocess.run([program, "p"], cwd=project.root, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (project.root / "executed").exists()
