"""A run that found everything passed is answered from what it kept, until anything changes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gaterun.cli import kept

PHASE = '[phase]\n[task.1]\n[[task.1.gate]]\nuse = "bound"\n'


@pytest.fixture
def settled(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A repository in which everything has passed, and the answer is kept."""
    monkeypatch.setenv("GATERUN_OUTPUT", "human")
    project.write({"src/lib.rs": "fine\n", ".gitignore": "*.gen\n", "Cargo.lock": ""})
    project.phase(PHASE)
    project.commit()
    # What has just been written could change again unseen, so nothing of it is kept.
    for path in (project.root, *project.root.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    project.git("status")
    project.command("p")
    project.command("p")
    assert quick(project)
    return project


def quick(project: Any, *argv: str) -> bool:
    """Whether the answer came from what was kept; it exits with 0 then."""
    ran = project.command("p", *argv)
    kept_answer = ran.out.startswith("p: 1 passed, nothing has changed since run ")
    assert not (kept_answer and (ran.code or ran.records))
    return bool(kept_answer)


def test_it_is_answered_without_a_run(settled: Any) -> None:
    ran = settled.command("p")
    assert ran.out == (f"p: 1 passed, nothing has changed since run {_newest(settled)}\n")
    assert (ran.code, ran.err, ran.records) == (0, "", ())
    assert (settled.signals / "measured").read_text() == "x"


def test_what_is_weaker_than_at_the_base_is_told_every_time(settled: Any) -> None:
    settled.git("tag", "base")
    settled.phase(PHASE.replace("[phase]\n", '[phase]\nprotected = ["other.txt"]\n'))
    settled.write({"other.txt": "x\n"})
    settled.commit("weaker")
    for path in (settled.root, *settled.root.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    settled.git("status")
    for _ in range(4):
        ran = settled.command("p", "--base", "base")
        assert "other.txt: protected file changed" in ran.out


def _newest(project: Any) -> str:
    return max(path.parent.name for path in (project.root / ".gaterun/runs").glob("*/record.json"))


CHANGES: dict[str, Callable[[Any, pytest.MonkeyPatch], object]] = {
    "a file": lambda p, m: p.write({"src/lib.rs": "bad bad bad bad\n"}),
    "a file of no gate": lambda p, m: p.write({"other.txt": "x\n"}),
    "an ignored file": lambda p, m: p.write({"src/x.gen": "x\n"}),
    "a commit": lambda p, m: p.git("commit", "--quiet", "--allow-empty", "-m", "x"),
    "a tag": lambda p, m: p.git("tag", "v1"),
    "a branch": lambda p, m: p.git("branch", "other"),
    "a packed ref": lambda p, m: p.git("pack-refs", "--all"),
    "the index": lambda p, m: p.git("update-index", "--assume-unchanged", "src/lib.rs"),
    "what the index hides": lambda p, m: (
        p.git("update-index", "--skip-worktree", "src/lib.rs"),
        p.write({"src/lib.rs": "bad bad bad bad\n"}),
    ),
    "the phase file": lambda p, m: p.phase(PHASE + 'require = "n < 9"\n'),
    "the settings": lambda p, m: p.write({"gaterun.toml": "jobs = 1\n"}),
    "a variable": lambda p, m: m.setenv("ANY", "thing"),
    "a toolchain file above": lambda p, m: (p.root.parent / "rust-toolchain").write_text("x"),
    "the baseline": lambda p, m: p.write({".gaterun/baseline/p.json": "{}"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_noticed(
    settled: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    CHANGES[change](settled, monkeypatch)
    assert not quick(settled)


def test_another_day_is_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    today = kept.state_of(kept.DAY)
    monkeypatch.setattr("time.gmtime", lambda: __import__("time").localtime(0))
    assert kept.state_of(kept.DAY) != today


def test_other_options_are_another_answer(settled: Any) -> None:
    assert not quick(settled, "-v")
    assert not quick(settled, "--fresh")
    assert not quick(settled, "--fresh")
    assert not quick(settled, "--report", "json:-")
    assert not quick(settled, "--report", "json:-")


def test_for_agents_it_is_silent(settled: Any) -> None:
    for _ in range(2):
        assert settled.command("p", "--output", "agent").out == ""
    ran = settled.command("p", "--output", "agent")
    assert (ran.code, ran.out, ran.records) == (0, "", ())


@pytest.mark.parametrize(
    "more",
    [
        '[[task.1.gate]]\nuse = "pass"\n',  # nobody says what it depends on
        '[[task.1.gate]]\nuse = "fail"\n',
        '[[task.1.gate]]\nuse = "fail"\nmode = "advisory"\nenforce_after = 2999-01-01\n',
    ],
)
def test_what_is_measured_each_time_is_not_kept(settled: Any, more: str) -> None:
    settled.phase(PHASE + more)
    for _ in range(3):
        assert settled.command("p").records


def test_a_link_that_leads_out_is_not_kept(settled: Any) -> None:
    outside = settled.root.parent / "outside"
    outside.write_text("one\n")
    (settled.root / "link").symlink_to(outside)
    settled.commit()
    for _ in range(3):
        assert settled.command("p").records


def test_a_submodule_is_not_kept(settled: Any) -> None:
    other = settled.root.parent / "other"
    subprocess.run(["git", "init", "--quiet", str(other)], check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    commit = ["commit", "--quiet", "--allow-empty", "-m", "x"]
    subprocess.run(["git", *identity, *commit], cwd=other, check=True)
    settled.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "s")
    settled.commit()
    for _ in range(3):
        assert settled.command("p").records


def test_without_git_nothing_is_kept(project: Any) -> None:
    project.write({"src/lib.rs": ""})
    project.phase(PHASE)
    for _ in range(3):
        assert project.command("p").records


def test_a_workspace_below_the_top(settled: Any, tmp_path: Path) -> None:
    """Its folder is a part of a repository, and what is beside it does not count."""
    top = tmp_path / "top"
    top.mkdir()
    settled.root.rename(top / "ws")
    subprocess.run(["rm", "-rf", ".git", ".gaterun"], cwd=top / "ws", check=True)
    settled.root = top / "ws"
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], cwd=top, check=True)
    for path in (top, *top.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    subprocess.run(["git", "status"], cwd=top, check=True, capture_output=True)
    for _ in range(2):
        settled.command("p")
    assert quick(settled)
    (top / "beside.txt").write_text("x")
    assert quick(settled)
    settled.write({"src/new.rs": ""})
    assert not quick(settled)


def test_what_is_waived_is_told_each_time_and_ends(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATERUN_OUTPUT", "human")
    last = datetime.now(UTC).date() + timedelta(days=1)
    waiver = (
        '[[waiver]]\ngate = "bound"\ncondition = "n <= 3"\ninstead = "n <= 4"\n'
        f'reason = "later"\nowner = "ann"\nexpires = {last}\n'
    )
    project.write({"src/lib.rs": "bad bad bad bad\n", "Cargo.lock": "", "waivers.toml": waiver})
    project.phase(PHASE)
    project.commit()
    for path in (project.root, *project.root.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    project.git("status")
    project.command("p")
    project.command("p")
    ran = project.command("p")
    counted, told = ran.out.splitlines()
    assert counted.startswith("p: 0 passed, 1 waived, nothing has changed since run ")
    assert told == f"  1::bound waived until {last} by ann: later"
    assert (ran.code, ran.records) == (0, ())
    over = last - timedelta(days=2)
    project.write({"waivers.toml": waiver.replace(str(last), str(over))})
    assert project.command("p").outcomes == {"1::bound": "fail"}


def test_a_waiver_file_that_comes_and_is_ignored_is_looked_at(settled: Any) -> None:
    (settled.root / ".git/info").mkdir(exist_ok=True)
    settled.write({".git/info/exclude": "waivers.toml\n"})
    settled.command("p")
    settled.write({"waivers.toml": "[[broken"})
    assert settled.command("p").code == 4


def _settle(project: Any) -> None:
    """Everything is old, and what a run finds is kept."""
    for path in (project.root, *project.root.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    project.git("status")
    project.command("p")
    project.command("p")
    assert quick(project)


def test_a_file_that_was_looked_for_beyond_the_tree_and_comes(settled: Any) -> None:
    settled.phase(PHASE + 'reads = "../elsewhere"\n')
    settled.commit()
    _settle(settled)
    (settled.root.parent / "elsewhere").write_text("x")
    assert not quick(settled)


LAZY = """\
import gaterun

def measure(ctx):
    from lazy_gate.inner import number
    return gaterun.Measurement(metrics={"n": number()}, inspected={"things": 1})

@gaterun.hookimpl
def gaterun_gates():
    metrics = (gaterun.Metric(name="n"),)
    return [gaterun.Gate(
        name="lazy", title="", metrics=metrics, measure=measure, requires=("n < 3",), inputs=("src/**",)
    )]
"""


def test_a_module_of_a_gate_that_only_measuring_imports(
    settled: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "plugins/lazy_gate"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(LAZY)
    (package / "inner.py").write_text("def number():\n    return 1\n")
    os.utime(package / "inner.py", (1_700_000_000, 1_700_000_000))
    monkeypatch.setenv("PYTHONPATH", str(package.parent), prepend=os.pathsep)
    monkeypatch.setenv("GATERUN_PLUGINS", f"{os.environ['GATERUN_PLUGINS']},lazy_gate")
    settled.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "lazy"\n')
    settled.commit()
    _settle(settled)
    (package / "inner.py").write_text("def number():\n    return 9\n")
    assert settled.command("p").outcomes == {"1::lazy": "fail"}
