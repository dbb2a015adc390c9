"""One place for all working trees of a repository, and git agrees on where that is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from gaterun.core.state_place import place_of


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    return os.fsdecode(done.stdout).rstrip("\n")


def common(folder: Path) -> Path:
    return Path(git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))


def test_without_a_repository_it_is_the_workspaces(project: Any) -> None:
    place = place_of(project.root, ".gaterun")
    assert place.file == project.root / ".gaterun" / "state.db"
    assert (place.worktree, place.prefix, place.main) == (project.root, "", None)


def test_every_working_tree_has_the_same(project: Any) -> None:
    project.commit()
    other = project.root.parent / "ä b"
    project.git("worktree", "add", "-q", str(other), "-b", "other")
    here, there = place_of(project.root, ".gaterun"), place_of(other, ".gaterun")
    assert here.file == there.file == common(other).parent / ".gaterun" / "state.db"
    assert (here.worktree, there.worktree) == (project.root, other)
    assert here.main == there.main == project.root


def test_of_a_workspace_below_the_top(project: Any) -> None:
    project.write({"rust/ws/Cargo.toml": "[workspace]\n"})
    project.commit()
    other = project.root.parent / "other"
    project.git("worktree", "add", "-q", str(other), "-b", "other")
    place = place_of(other / "rust/ws", ".gaterun")
    assert place.file == project.root / "rust/ws/.gaterun/state.db"
    assert (place.worktree, place.prefix) == (other, "rust/ws")
    assert place.file == place_of(project.root / "rust/ws", ".gaterun").file


def test_a_bare_repository_keeps_it_inside(project: Any) -> None:
    project.commit()
    bare = project.root.parent / "store.git"
    project.git("clone", "-q", "--bare", str(project.root), str(bare))
    tree = project.root.parent / "tree"
    git(bare, "worktree", "add", "-q", str(tree), "main")
    place = place_of(tree, ".gaterun")
    assert common(tree) == bare
    assert place.file == bare / "gaterun" / "state.db"
    assert place.main is None


def test_a_separate_git_directory_keeps_it_inside(project: Any) -> None:
    project.commit()
    moved = project.root.parent / "elsewhere"
    project.git("init", "-q", "--separate-git-dir", str(moved))
    assert common(project.root) == moved
    assert place_of(project.root, ".gaterun").file == moved / "gaterun" / "state.db"


def test_a_named_folder_is_taken_as_it_is(project: Any, tmp_path: Path) -> None:
    project.commit()
    assert place_of(project.root, str(tmp_path / "s")).file == tmp_path / "s" / "state.db"
    assert place_of(project.root, "kept").file == project.root / "kept" / "state.db"


def test_git_looks_no_further_than_the_ceiling_and_neither_do_we(
    project: Any, monkeypatch: Any
) -> None:
    project.commit()
    inner = project.root / "inner"
    inner.mkdir()
    assert place_of(inner, ".gaterun").worktree == project.root
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root))
    assert place_of(inner, ".gaterun").worktree == inner
