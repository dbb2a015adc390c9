"""Which files differ from the base, and since which commits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property

from gaterun.core.base_files import AS_MADE
from gaterun.core.git import Git, GitError

#: How many commits are named for a file.
_MOST_COMMITS = 5


class ChangedFiles:
    """What of a working tree differs from a commit, as names relative to the workspace.

    What only the base's side has changed, where the two have parted, does not count.

    Args:
        git: of the workspace.
        commit: the base's full id.
    """

    def __init__(self, git: Git, commit: str) -> None:
        self._git = git
        self._commit = commit

    def matching(self, wanted: Callable[[str], object]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Changed files that are `wanted`, each with its commits, and ``not committed`` where so.

        Raises:
            GitError: git cannot tell.
        """
        for name in sorted(self._different | self._untracked):
            if not wanted(name):
                continue
            commits = self._commits(name)
            if name in self._uncommitted or name in self._untracked:
                commits = ("not committed", *commits)
            if commits:
                yield name, commits

    @cached_property
    def _different(self) -> set[str]:
        return self._names("diff", "--name-only", "--no-renames", "--relative", self._commit)

    @cached_property
    def _uncommitted(self) -> set[str]:
        try:
            return self._names("diff", "--name-only", "--no-renames", "--relative", "HEAD")
        except GitError:
            return self._different  # nothing is committed yet

    @cached_property
    def _untracked(self) -> set[str]:
        return self._names("ls-files", "--others", "--exclude-standard")

    def _names(self, command: str, *arguments: str) -> set[str]:
        out = os.fsdecode(self._git(command, "-z", *arguments, "--", ".", env=AS_MADE))
        return {name for name in out.split("\0") if name}

    def _commits(self, name: str) -> tuple[str, ...]:
        out = self._git(
            *("-c", "log.showSignature=false", "-c", "log.follow=false"),
            *("log", f"--max-count={_MOST_COMMITS}", "--format=%h %s", "--no-renames"),
            *(f"{self._commit}..HEAD", "--", f":(literal){name}"),
            env=AS_MADE,
        )
        return tuple(out.decode("utf-8", "replace").splitlines())
