"""What is not as the story says ends the replay, and the work is divided without a rest."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gaterun.model.errors import UsageError


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_what_is_not_as_told_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage_of = load("replay_stage", monkeypatch)
    said: list[str] = []
    stage = stage_of.Stage(tmp_path.resolve(), said.append)
    answer = stage.gaterun("lead", "--version")
    assert said[0] == "lead$ gaterun --version"
    stage.said(answer, "gaterun")
    for wrong in (
        lambda: stage.gaterun("lead", "--version", exits=1),
        lambda: stage.gaterun("lead", "demo"[:2]),
        lambda: stage.said(answer, "COMPLETE"),
        lambda: stage.must("", "there is something"),
        lambda: stage.until(lambda: False, "it comes true", seconds=0),
    ):
        with pytest.raises(stage_of.NotAsToldError):
            wrong()


def test_the_tasks_of_the_phase_make_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what the example changes is nobody's, and two change the same lines."""
    from gaterun.cli.demo import command
    from gaterun.core.controls import git

    pieces = load("replay_pieces", monkeypatch)
    root = tmp_path / "mesh"
    command.callback(root)
    git(root, "checkout", "--quiet", "before")
    done: list[str] = []
    for task in ("7.1", "7.2", "7.3", "7.4"):
        pieces.work(root, root, task, on=done, all_of_it=True)
        done.append(task)
    git(root, "add", "--all")
    assert git(root, "diff", "--cached", "--name-only", "after") == ""
    for task in ("7.2", "7.3"):
        git(root, "checkout", "--quiet", "--force", "-b", task, "before")
        pieces.work(root, root, task, all_of_it=True)
        git(root, "commit", "--quiet", "--all", "--message", task)
    with pytest.raises(UsageError):
        git(root, "merge", "--quiet", "7.2")
    assert git(root, "diff", "--name-only", "--diff-filter=U") == pieces.CONTESTED
