"""What was shown is shown again while nothing changed, and worked out anew when anything did."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gaterun.cli import kept

MANIFEST = '[workspace]\nmembers = []\nresolver = "2"\n'
PHASE = """\
[phase]
title = "One"
[task.a]
[[task.a.gate]]
use = "command"
argv = ["true"]
"""
LOCAL = """\
import os
from pathlib import Path
import gaterun

def measure(ctx):
    raise NotImplementedError

@gaterun.hookimpl
def gaterun_gates():
    metric = gaterun.Metric(name=os.environ.get("METRIC", "todos"))
    requires = ((Path(__file__).parent.parent / "limit.txt").read_text().strip(),)
    return [gaterun.Gate(name="todo", title="", metrics=(metric,), measure=measure, requires=requires)]
"""
LONG_AGO = 1_700_000_000


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "workspace"
    (root / "phases").mkdir(parents=True)
    (root / "gates").mkdir()
    (root / ".gaterun/shown").mkdir(parents=True)
    (root / ".gaterun/.gitignore").write_text("*\n")
    (root / "Cargo.toml").write_text(MANIFEST)
    (root / "gaterun.toml").write_text('gates = "gates"\n')
    (root / "limit.txt").write_text("todos < 3\n")
    (root / "gates/todo.py").write_text(LOCAL)
    (root / "phases/one.toml").write_text(PHASE + '[[task.a.gate]]\nuse = "todo"\n')
    (root / "sub").mkdir()
    for path in [root, *root.rglob("*")]:
        os.utime(path, (LONG_AGO, LONG_AGO))
    monkeypatch.chdir(root)
    return root


def _gaterun(*argv: str, **variables: str) -> tuple[str, bool]:
    """What the program shows, and whether it imported click to find out."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gaterun", *argv],
        env={**os.environ, "PYTHONSAFEPATH": "1", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    errors = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert done.returncode == 0, errors
    return done.stdout, " click.core\n" in done.stderr


COLLECT = ("one", "--collect-only")


def test_it_is_shown_again_without_importing_anything(workspace: Path) -> None:
    first, worked_out = _gaterun(*COLLECT)
    again, worked_out_again = _gaterun(*COLLECT)
    assert worked_out
    assert not worked_out_again
    assert again == first
    assert "a::todo  todos < 3" in again


@pytest.mark.parametrize("argv", [("list",), ("list", "one"), ("list", "one", "--format", "json")])
def test_lists_are_kept_too(workspace: Path, argv: tuple[str, ...]) -> None:
    first = _gaterun(*argv)
    assert _gaterun(*argv) == (first[0], False)


def _edit(path: str, text: str) -> None:
    Path(path).write_text(text)


CHANGES = {
    "the phase file": lambda: _edit("phases/one.toml", PHASE),
    "the configuration": lambda: _edit("gaterun.toml", 'gates = "gates"\njobs = 3\n'),
    "the manifest": lambda: _edit("Cargo.toml", MANIFEST + "\n"),
    "a local gate": lambda: _edit("gates/todo.py", LOCAL + "\n"),
    "a new local gate": lambda: _edit("gates/other.py", LOCAL.replace('"todo"', '"other"')),
    "what a plugin reads": lambda: _edit("limit.txt", "todos < 4\n"),
    "a file put in another's place": lambda: (
        _edit("new", MANIFEST),
        Path("new").replace("Cargo.toml"),
    ),
    "a modification time": lambda: os.utime("Cargo.toml", (LONG_AGO + 1, LONG_AGO + 1)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_noticed(workspace: Path, what: str) -> None:
    _gaterun(*COLLECT)
    CHANGES[what]()
    _, worked_out = _gaterun(*COLLECT)
    assert worked_out


def test_the_environment_counts(workspace: Path) -> None:
    _gaterun(*COLLECT)
    assert _gaterun(*COLLECT, SOME_VARIABLE="1")[1]
    assert not _gaterun(*COLLECT, SOME_VARIABLE="1", SHLVL="7")[1]


def test_a_manifest_that_appears_is_noticed(workspace: Path) -> None:
    os.chdir("sub")
    _gaterun(*COLLECT)
    assert not _gaterun(*COLLECT)[1]
    _edit("Cargo.toml", "[workspace]\n")
    done = subprocess.run(
        [sys.executable, "-m", "gaterun", *COLLECT], capture_output=True, check=False
    )
    assert done.returncode == 4, "the nearest workspace has no such phase"


@pytest.mark.parametrize("where", ["target", ".gaterun/runs", "src"])
def test_what_nobody_looked_at_may_change(workspace: Path, where: str) -> None:
    _gaterun(*COLLECT)
    Path(where).mkdir()
    # A folder of the state that appears is a change of the state folder, which is looked at.
    os.utime(".gaterun", (LONG_AGO, LONG_AGO))
    _gaterun(*COLLECT)
    _edit(f"{where}/new.rs", "fn main() {}\n")
    assert not _gaterun(*COLLECT)[1]


def test_where_there_is_no_state_none_is_made(workspace: Path) -> None:
    (workspace / ".gaterun/.gitignore").unlink()
    (workspace / ".gaterun/shown").rmdir()
    (workspace / ".gaterun").rmdir()
    _gaterun(*COLLECT)
    assert not (workspace / ".gaterun").exists()


def test_what_is_not_there_to_keep_is_no_error(workspace: Path) -> None:
    (workspace / ".gaterun/shown").rmdir()
    assert _gaterun(*COLLECT)[1]
    assert _gaterun(*COLLECT)[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-3],
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace("\n", "\r", 2),
        lambda text: text.replace("gates in", "gates  in"),
        lambda text: "\0" * len(text),
        lambda text: text + "more",
    ],
    ids=["end", "half", "empty", "lines", "longer", "zeros", "tail"],
)
def test_a_damaged_answer_is_none(workspace: Path, damage: Callable[[str], str]) -> None:
    first, _ = _gaterun(*COLLECT)
    (answer,) = (workspace / ".gaterun/shown").iterdir()
    answer.write_text(damage(answer.read_text()))
    assert _gaterun(*COLLECT) == (first, True)


def test_errors_are_not_kept(workspace: Path) -> None:
    (workspace / "phases/one.toml").write_text("[phas]\n")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "gaterun", *COLLECT], capture_output=True, check=False
        )
        assert done.returncode == 4
    assert not list((workspace / ".gaterun/shown").iterdir())


def test_the_oldest_answers_go(workspace: Path) -> None:
    shown = workspace / ".gaterun/shown"
    for number in range(50):
        (shown / f"{number:08x}").touch()
        os.utime(shown / f"{number:08x}", (LONG_AGO + number, LONG_AGO + number))
    _gaterun(*COLLECT)
    assert len(list(shown.iterdir())) == 32
    assert not (shown / f"{0:08x}").exists()
    assert not _gaterun(*COLLECT)[1]


def test_only_what_shows_is_kept() -> None:
    assert not kept.shows(["one"])
    assert not kept.shows(["run", "list"])
