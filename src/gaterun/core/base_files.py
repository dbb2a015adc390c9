"""Reads files of a workspace as they were at a commit; nothing is checked out."""

from __future__ import annotations

import os
from pathlib import Path

from gaterun.core.git import Git
from gaterun.core.source import from_disk, unmarked

#: Links that lead to links: more than anybody has, and an end to those in a circle.
_MOST_LINKS = 8


#: A commit is what it was made of, whatever a replacement in this clone says.
AS_MADE = {"GIT_NO_REPLACE_OBJECTS": "1"}


class BaseFiles:
    """The files of a commit, by the paths that they have in the working tree.

    Args:
        git: of the workspace.
        commit: full id.
    """

    def __init__(self, git: Git, commit: str) -> None:
        self._git = git
        self._commit = commit

    def read(self, path: Path) -> str:
        """The text of a file at the commit; of one outside of the repository, as it is now.

        Raises:
            FileNotFoundError: there is none.
            IsADirectoryError: it is a folder.
            UnicodeDecodeError: it is not UTF-8.
            GitError: git cannot tell, as in a clone that lacks what the commit holds.
        """
        name = self._name(path)
        return from_disk(path) if name is None else self._text(name, _MOST_LINKS)

    def _name(self, path: Path) -> str | None:
        """A path as the repository calls it; ``None`` for one outside of it."""
        for place in (os.path.abspath(path), os.path.realpath(path)):  # noqa: PTH100 - links stay
            below = os.path.relpath(place, self._git.root)
            name = os.path.normpath(os.path.join(self._git.prefix, below))  # noqa: PTH118 - a name
            if name != ".." and not name.startswith("../"):
                return name
        return None

    def _text(self, name: str, links: int) -> str:
        out = os.fsdecode(
            self._git("ls-tree", "-z", "--full-tree", self._commit, name, env=AS_MADE)
        )
        description, _, _ = out.partition("\t")
        if not description:
            raise FileNotFoundError(name)
        mode, kind, blob = description.split()
        if kind != "blob":
            raise IsADirectoryError(name)
        data = self._git("cat-file", "blob", blob, env=AS_MADE)
        if mode != "120000":
            return unmarked(data.decode("utf-8"))
        if not links:
            raise FileNotFoundError(name)
        target = os.path.join(os.path.dirname(name), os.fsdecode(data))  # noqa: PTH118, PTH120
        return self._text(os.path.normpath(target), links - 1)
