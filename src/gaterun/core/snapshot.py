"""Takes a working tree with all its changes as a commit that leaves no trace in the repository.

The index is copied with its modification time: git takes a file for unchanged when it is older
than the index, so a younger copy would hide edits of the same second and size. What is written
goes to an object directory of our own, which borrows the repository's.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from gaterun.core.execute import capture
from gaterun.core.git import Git, GitError
from gaterun.core.tree_key import HONEST, QUIET, pathspec
from gaterun.model.errors import CannotMeasure

_NOBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "gaterun"), ("EMAIL", "gaterun@localhost"), ("DATE", "@0 +0000"))
}

#: What is gone in a moment is not worth compressing, nor warning of its line ends.
_QUICKLY = ("-c", "core.looseCompression=0", "-c", "core.safecrlf=false")


class Snapshot(Struct, frozen=True, kw_only=True):
    """A working tree at one moment.

    Attributes:
        commit: of everything that git does not ignore; HEAD itself where nothing has changed.
        head: what is checked out.
        branch: its short name; empty when detached.
    """

    commit: str
    head: str
    branch: str


class Snapshots:
    """Snapshots of the working trees of one repository, and questions about them.

    Use it as a context manager; with it, the objects are gone.

    Args:
        worktree: the top of any of its working trees.
    """

    def __init__(self, worktree: Path) -> None:
        self._git = Git(worktree)

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="gaterun-snapshots-"))
        (self._folder / "objects").mkdir()
        try:
            objects = self._git("rev-parse", "--path-format=absolute", "--git-path", "objects")
        except GitError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._env = {
            **_NOBODY,
            "GIT_OBJECT_DIRECTORY": str(self._folder / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(os.fsdecode(objects).rstrip("\n")),
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def take(self, worktree: Path) -> Snapshot:
        """A snapshot of a working tree.

        Raises:
            GitError: it is gone, or git cannot say.
        """
        git = Git(worktree)
        if not git.present:
            raise GitError(f"{worktree} is no working tree any more")
        head = git.commit("HEAD")
        if head is None:
            raise GitError("nothing is committed yet")
        try:
            branch = git("symbolic-ref", "--quiet", "--short", "HEAD").decode().strip()
        except GitError:
            branch = ""
        index = Path(
            os.fsdecode(git("rev-parse", "--path-format=absolute", "--git-path", "index"))[:-1]
        )
        own = self._folder / f"index-{len(list(self._folder.iterdir()))}"
        if index.exists():
            shutil.copy2(index, own)
        env = {**self._env, "GIT_INDEX_FILE": str(own)}
        git(*HONEST, *_QUICKLY, "add", "--all", *_sources(git, worktree), env=env)
        tree = git("write-tree", env=env).decode().strip()
        if tree == git("rev-parse", f"{head}^{{tree}}").decode().strip():
            return Snapshot(commit=head, head=head, branch=branch)
        commit = git("commit-tree", tree, "-p", head, "-m", "as it is now", env=env)
        return Snapshot(commit=commit.decode().strip(), head=head, branch=branch)

    def merge_base(self, one: str, other: str) -> str:
        """Where two commits parted.

        Raises:
            GitError: they have nothing in common.
        """
        return self._git("merge-base", one, other, env=self._env).decode().split()[0]

    def touched(self, base: str, commit: str) -> frozenset[str]:
        """Files that differ from where a commit and `base` parted, from the top.

        Raises:
            GitError: git cannot say.
        """
        parted = self.merge_base(base, commit)
        out = self._git(
            *("diff-tree", "-r", "--name-only", "-z", "--no-renames", parted, commit),
            env=self._env,
        )
        return frozenset(name for name in os.fsdecode(out).split("\0") if name)

    def conflicts(self, one: str, other: str) -> tuple[str, ...]:
        """Files that a merge of two commits would leave in conflict, from the top, sorted.

        Raises:
            GitError: git cannot say; it is older than 2.38, for one.
        """
        return self._merge(one, other)[1]

    def adds(self, one: str, other: str) -> bool:
        """Whether merging `other` into `one` would change anything, conflicts included.

        Work that has landed in whatever way, squashed for one, adds nothing.

        Raises:
            GitError: git cannot say.
        """
        tree, conflicts = self._merge(one, other)
        return (
            bool(conflicts)
            or tree != self._git("rev-parse", f"{one}^{{tree}}", env=self._env).decode().strip()
        )

    def _merge(self, one: str, other: str) -> tuple[str, tuple[str, ...]]:
        """The tree of a merge, and the files in conflict."""
        argv = ("merge-tree", "--write-tree", "--name-only", "-z", "--no-messages", one, other)
        try:
            status, out, err = capture(
                ["git", "-c", "core.hooksPath=/dev/null", *argv],
                cwd=self._git.root,
                env={**QUIET, **self._env},
                timeout=300,
            )
        except (OSError, CannotMeasure) as error:
            raise GitError(str(error)) from error
        if status not in {0, 1}:
            lines = err.decode("utf-8", "replace").strip().splitlines()
            raise GitError(lines[0] if lines else f"git merge-tree exited with {status}")
        tree, *names = os.fsdecode(out).split("\0")
        return tree, tuple(sorted({name for name in names if name}))


def _sources(git: Git, worktree: Path) -> list[str]:
    """Everything but what cargo built there.

    What git ignores is not named: `git add` refuses to leave out what it leaves out anyway.
    """
    built = pathspec(str(worktree))
    return [item for item in built if not (item.startswith(":(") and _is_ignored(git, item))]


def _is_ignored(git: Git, item: str) -> bool:
    try:
        git("check-ignore", "--quiet", "--", item.partition(")")[2])
    except GitError:
        return False
    return True


def _quoted(path: str) -> str:
    """A path as git reads it from a list that is separated by colons."""
    if path.startswith('"') or ":" in path:
        escaped = path.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return path
