"""Collisions, seen in real working trees: declared, touched, and what a merge really says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.collisions import Active, collisions, overlapping
from gaterun.core.git import Git, GitError
from gaterun.core.snapshot import Snapshots
from gaterun.model.phase import Phase, Task
from gaterun.model.task_state import Collision, Participant

FILES = {
    "src/a.rs": "".join(f"line {number}\n" for number in range(30)),
    "src/b.rs": "one\n",
    "docs/c.md": "text\n",
}


def task(name: str, *files: str) -> Task:
    return Task(id=name, title="", gates=(), files=files)


class Trees:
    """A repository with a working tree for each participant."""

    def __init__(self, project: Any) -> None:
        self.project = project
        self.active: list[Active] = []
        project.write(FILES)
        self.head = project.commit()

    def tree(self, name: str, *files: str) -> Path:
        folder = self.project.root.parent / f"wt-{name}"
        self.project.git("worktree", "add", "-q", str(folder), "-b", f"task/{name}")
        self.active.append(
            Active(
                task=task(name, *files),
                who=Participant(actor=f"who{name}", worktree=str(folder)),
                begun=len(self.active) + 1,
                head=self.head,
                live=True,
            )
        )
        return folder

    def look(self, **more: Any) -> list[Collision]:
        return list(collisions(self.active, main=self.project.root, prefix="", **more))

    def kinds(self) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
        return [(c.severity.value, c.kind, c.tasks, c.files) for c in self.look()]

    def commit(self, folder: Path) -> None:
        self.project.git("-C", str(folder), "add", "--all")
        self.project.git("-C", str(folder), "commit", "-qm", "work")


@pytest.fixture
def trees(project: Any) -> Trees:
    return Trees(project)


def edit(path: Path, line: int, text: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[line] = text + "\n"
    path.write_text("".join(lines))


def objects(root: Path) -> set[str]:
    return {str(path) for path in (root / ".git").rglob("*") if path.is_file()}


def state(root: Path) -> list[str]:
    git = Git(root)
    return [
        os.fsdecode(git("for-each-ref")),
        os.fsdecode(git("status", "--porcelain=v2", "--branch")),
        os.fsdecode(git("count-objects", "-v")),
    ]


def test_nobody_collides_without_work(trees: Trees) -> None:
    assert trees.look() == []
    trees.tree("1", "src/**")
    trees.tree("2", "src/**")
    assert trees.look() == []


def test_the_same_file_in_different_places_is_a_warning(trees: Trees) -> None:
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    edit(one / "src/a.rs", 2, "mine")
    edit(two / "src/a.rs", 25, "yours")
    assert trees.kinds() == [("warning", "same-file", ("1", "2"), ("src/a.rs",))]


@pytest.mark.parametrize("committed", [True, False])
def test_the_same_place_is_a_conflict_and_the_later_one_gives_way(
    trees: Trees, committed: bool
) -> None:
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    trees.active.reverse()  # their order is that of their beginnings, however they are given
    for folder, word in ((one, "mine"), (two, "yours")):
        edit(folder / "src/a.rs", 2, word)
        edit(folder / "src/a.rs", 20, "the same in both")
        (folder / "src/b.rs").write_text("both made the same of it\n")
    if committed:
        trees.commit(one)
    conflict, same = trees.look()
    assert (conflict.severity.value, conflict.files) == ("error", ("src/a.rs",))
    assert conflict.text == (
        "1 and 2 conflict in src/a.rs; 1 began first: who2 rebases 2 on task/1"
        + ("" if committed else ", once who1 has committed there")
    )
    assert (same.kind, same.files) == ("same-file", ("src/b.rs",))


def test_it_is_resolved_by_rebasing(trees: Trees) -> None:
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    for folder, word in ((one, "mine"), (two, "yours")):
        edit(folder / "src/a.rs", 2, word)
        trees.commit(folder)
    assert [item.kind for item in trees.look()] == ["conflict"]
    git = trees.project.git
    git("-C", str(two), "rebase", "-q", "-X", "theirs", "task/1")
    assert "conflict" not in [item.kind for item in trees.look()]


def test_what_has_landed_squashed_is_in_nobodys_way(trees: Trees) -> None:
    """The second one builds on it, in the same lines, and the first one's tree is still there."""
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    edit(one / "src/a.rs", 2, "mine")
    trees.commit(one)
    edit(two / "src/a.rs", 2, "yours")
    assert [item.kind for item in trees.look()] == ["conflict"]
    git = trees.project.git
    git("merge", "-q", "--squash", "task/1")
    git("commit", "-qm", "squashed")
    git("-C", str(two), "checkout", "-q", "src/a.rs")
    git("-C", str(two), "rebase", "-q", "main")
    edit(two / "src/a.rs", 2, "mine, and yours")
    assert trees.look() == []


def test_a_new_file_that_both_made(trees: Trees) -> None:
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    (one / "src/new.rs").write_text("mine\n")
    (two / "src/new.rs").write_text("yours\n")
    assert trees.kinds() == [("error", "conflict", ("1", "2"), ("src/new.rs",))]


def test_deleted_here_and_changed_there(trees: Trees) -> None:
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    (one / "src/b.rs").unlink()
    (two / "src/b.rs").write_text("changed\n")
    assert trees.kinds() == [("error", "conflict", ("1", "2"), ("src/b.rs",))]


def test_outside_of_its_files(trees: Trees) -> None:
    one = trees.tree("1", "src/**")
    (one / "docs/c.md").write_text("changed\n")
    (one / "new ä.txt").write_text("new\n")
    (one / "src/b.rs").write_text("fine\n")
    assert trees.kinds() == [("warning", "outside", ("1",), ("docs/c.md", "new ä.txt"))]
    trees.commit(one)
    assert [item.kind for item in trees.look()] == ["outside"]


def test_what_others_have_landed_is_not_ones_own_doing(trees: Trees) -> None:
    one = trees.tree("1", "src/**")
    trees.project.write({"docs/c.md": "landed\n"})
    trees.project.commit("of somebody else")
    trees.project.git("-C", str(one), "merge", "-q", "main")
    (one / "src/b.rs").write_text("mine\n")
    assert trees.look() == []


def test_without_declared_files_nothing_is_outside(trees: Trees) -> None:
    (trees.tree("1") / "docs/c.md").write_text("changed\n")
    assert trees.look() == []


def test_what_gaterun_writes_collides_with_nothing(trees: Trees) -> None:
    for name in ("1", "2"):
        (trees.tree(name, "src/**") / "DASHBOARD.md").write_text(f"by {name}\n")
    assert trees.look(outputs=("DASHBOARD.md",)) == []
    assert [item.kind for item in trees.look()] == ["outside", "outside", "conflict"]


def test_a_working_tree_that_is_gone(trees: Trees) -> None:
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    for folder, word in ((one, "mine"), (two, "yours")):
        edit(folder / "src/a.rs", 2, word)
    trees.project.git("worktree", "remove", "--force", str(one))
    assert trees.look() == []


def test_two_that_share_a_tree(trees: Trees) -> None:
    trees.tree("1", "src/**")
    shared = trees.active[0]
    trees.active.append(
        Active(task=task("2", "docs/**"), who=shared.who, begun=9, head=trees.head, live=True)
    )
    (Path(shared.who.worktree) / "docs/c.md").write_text("by whom?\n")
    (found,) = trees.look()
    assert found.kind == "shared-tree"
    assert "nobody can tell who touched what" in found.text


def test_two_edits_of_the_same_second_and_size_are_seen(trees: Trees) -> None:
    """Git takes what is older than the index for unchanged, so the copy must not be younger."""
    one = trees.tree("1", "docs/**")
    index = Path(trees.project.git("-C", str(one), "rev-parse", "--absolute-git-dir")) / "index"
    file, moment = one / "src/b.rs", (1_700_000_000, 1_700_000_000)
    for number in range(12):
        file.write_text(f"{number:03}\n")
        os.utime(file, moment)
        trees.project.git("-C", str(one), "add", "src/b.rs")
        # As if all of it had been in one second, and this were a later one.
        os.utime(index, moment)
        file.write_text(f"{number + 1:03}\n")
        os.utime(file, moment)
        with Snapshots(one) as snapshots:
            snapshot = snapshots.take(one)
            blob = snapshots._git("show", f"{snapshot.commit}:src/b.rs", env=snapshots._env)
            assert blob == f"{number + 1:03}\n".encode()


@pytest.mark.parametrize("ignored", ["/target\n", "target/\n", "", "/other\n"])
def test_what_cargo_built_is_in_nobodys_way(trees: Trees, ignored: str) -> None:
    """Whether git was told to ignore it or not: `git add` is particular about that."""
    trees.project.write({".gitignore": ignored})
    trees.head = trees.project.commit()
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    for folder, word in ((one, "mine"), (two, "yours")):
        (folder / "target").mkdir()
        (folder / "target/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
        (folder / "target/made").write_text(word)
        edit(folder / "src/a.rs", 2, word)
    assert [(kind, files) for _, kind, _, files in trees.kinds()] == [("conflict", ("src/a.rs",))]


def test_looking_leaves_no_trace(trees: Trees) -> None:
    one, two = trees.tree("1", "src/**"), trees.tree("2", "src/**")
    edit(one / "src/a.rs", 2, "mine")
    trees.project.git("-C", str(one), "add", "src/a.rs")
    edit(one / "src/a.rs", 2, "mine again")
    edit(two / "src/a.rs", 2, "yours")
    before = [objects(trees.project.root), *map(state, (one, two, trees.project.root))]
    index = [(Path(p), Path(p).read_bytes()) for p in before[0] if p.endswith("/index")]
    assert trees.look()
    assert [objects(trees.project.root), *map(state, (one, two, trees.project.root))] == before
    assert all(path.read_bytes() == content for path, content in index)
    assert list(trees.project.temporary.iterdir()) == []


def test_an_old_git_is_told_and_not_taken_for_peace(
    trees: Trees, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1", "2"):
        edit(trees.tree(name, "src/**") / "src/a.rs", 2, name)

    def refuses(*_: object) -> tuple[str, ...]:
        raise GitError("unknown option `write-tree'")

    monkeypatch.setattr(Snapshots, "_merge", refuses)
    unknown, same = trees.look()
    assert (unknown.kind, same.kind) == ("unknown", "same-file")
    assert "nobody can tell whether 1 and 2 collide: unknown option" in unknown.text


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("src/**",), ("docs/**",), ""),
        (("src/**",), ("src/a.rs", "docs/**"), "both may touch src/a.rs"),
        (("new/**",), ("new/**",), "both may touch new/**"),
        ((), ("docs/**",), "1 may touch every file, as no files are declared"),
        ((), (), "1 and 2 may touch every file, as no files are declared"),
        (("src/*",), ("src/a.rs",), "both may touch src/a.rs"),
        (("*.md",), ("docs/**",), ""),
        (("src/**", "!src/a.rs"), ("src/a.rs",), ""),
        (("!src/a.rs", "src/**"), ("src/*",), "both may touch src/b.rs"),
        (("src/**", "!new/**"), ("docs/**", "!new/**"), ""),
    ],
)
def test_declared_files(one: tuple[str, ...], other: tuple[str, ...], expected: str) -> None:
    tasks = (task("1", *one), task("2", *other))
    phase = Phase(id="p", title="", tasks=tasks)
    assert overlapping(tasks[0], phase, list(FILES)).get("2", "") == expected
    assert bool(overlapping(tasks[1], phase, list(FILES))) == bool(expected)
