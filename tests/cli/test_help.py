from __future__ import annotations

import re
from typing import Any

import pytest

from gaterun.cli.main import COMMANDS, arguments_of


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(project: Any, golden: Any, command: str) -> None:
    ran = project.run(*([command] if command else []), "--help")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.out == golden
    assert max(map(len, ran.out.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_h_is_help_and_the_summary_is_the_groups(project: Any, command: str) -> None:
    ran = project.run(command, "-h")
    assert ran.out == project.run(command, "--help").out
    assert ran.out.startswith(f"Usage: gaterun {command}")


def test_nothing_is_help(project: Any) -> None:
    assert project.run().out == project.run("--help").out


def test_help_tells_every_exit_code(project: Any) -> None:
    text = " ".join(project.run("--help").out.split())
    codes = text.partition("Exit codes: ")[2]
    assert re.findall(r"(\d) \w", codes) == list("01234567")


def test_help_needs_no_workspace(project: Any) -> None:
    (project.root / "Cargo.toml").unlink()
    for command in COMMANDS:
        assert project.run(command, "--help").code == 0


def test_version(project: Any) -> None:
    from gaterun import __version__

    assert project.run("--version").out == f"gaterun {__version__}\n"
    assert project.command("--version").out == f"gaterun {__version__}\n"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], ["--help"]),
        (["list"], ["list"]),
        (["phase7"], ["run", "phase7"]),
        (["-x", "phase7"], ["run", "-x", "phase7"]),
        (["run", "list"], ["run", "list"]),
        (["-V"], ["-V"]),
    ],
)
def test_run_is_the_default(argv: list[str], expected: list[str]) -> None:
    assert arguments_of(argv) == expected


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_a_usage_error(project: Any, command: str) -> None:
    ran = project.run(command, "--nope")
    assert ran.code == 4
    assert ran.err.startswith("error: no such option")
    # Where a command has commands of its own, the first is meant.
    where = {"runs": "runs list"}.get(command, command)
    assert f"`gaterun {where} --help`" in ran.err


def test_a_near_option_is_named(project: Any) -> None:
    assert "--maxfail" in project.run("p", "--maxfial", "3").err


@pytest.mark.parametrize(
    "argv",
    [
        ["p", "--maxfail", "0"],
        ["p", "--maxfail", "x"],
        ["p", "-j", "0"],
        ["p", "-j"],
        ["p", "--color", "red"],
        ["p", "--durations", "-1"],
        ["p", "--max-warnings", "-1"],
        ["schema", "nope"],
        ["schema"],
        ["list", "--format", "xml"],
    ],
)
def test_wrong_arguments_are_4(project: Any, argv: list[str]) -> None:
    project.gates("pass")
    ran = project.run(*argv)
    assert (ran.code, ran.records) == (4, ())
    assert ran.err.startswith("error: ")
    assert "Traceback" not in ran.err


def test_cargo_gaterun(project: Any) -> None:
    """Cargo passes the subcommand's name as first argument."""
    import subprocess
    import sys
    from pathlib import Path

    program = Path(sys.executable).parent / "cargo-gaterun"
    done = subprocess.run(
        [program, "gaterun", "--version"], capture_output=True, check=True, text=True
    )
    assert done.stdout.startswith("gaterun ")
