"""Finds where the state of a phase is: one place for all working trees of a repository.

No process is started for that, as every command looks whether there is something to renew.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

#: The file that holds the state.
STATE = "state.db"


class Place(Struct, frozen=True, kw_only=True):
    """Where the state is, and from where it is looked at.

    Attributes:
        file: the database, whether it is there or not.
        worktree: top of the working tree that holds the workspace.
        prefix: the workspace's path below that; empty when it is the top.
        main: top of the main working tree; ``None`` without one.
    """

    file: Path
    worktree: Path
    prefix: str
    main: Path | None = None


def place_of(root: Path, state: str) -> Place:
    """The place for a workspace.

    Beside the common git directory, which is in the main working tree; within that directory
    where there is none beside it: of a bare repository, of a submodule. Without a repository it
    is in the workspace's own state folder.

    Args:
        root: the workspace.
        state: the setting; an absolute path is taken as it is.
    """
    root = root.resolve()
    top = _top(root)
    if top is None:
        return Place(file=root / state / STATE, worktree=root, prefix="")
    inside = root.relative_to(top)
    prefix = "" if inside == Path() else inside.as_posix()
    _, common = git_folders(top)
    if common.name == ".git":
        folder = common.parent / prefix / state
    else:
        folder = common / "gaterun" / prefix
    if Path(state).is_absolute():
        folder = Path(state)
    main = common.parent if common.name == ".git" else None
    return Place(file=folder / STATE, worktree=top, prefix=prefix, main=main)


def _top(root: Path) -> Path | None:
    ceilings = {
        os.path.realpath(path)
        for path in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep)
        if path
    }
    for folder in (root, *root.parents):
        if folder != root and str(folder) in ceilings:
            return None
        if (folder / ".git").exists():
            return folder
    return None


def git_folders(top: Path) -> tuple[Path, Path]:
    """The directory of a working tree's own, and the one that all of its repository share."""
    own = top / ".git"
    if own.is_file():
        named = _text(own).removeprefix("gitdir:").strip()
        own = (top / named).resolve()
    common = own / "commondir"
    return own, (own / _text(common)).resolve() if common.is_file() else own.resolve()


def _text(path: Path) -> str:
    """One line that git wrote; a path may hold any bytes."""
    try:
        return os.fsdecode(path.read_bytes()).rstrip("\n")
    except OSError:
        return ""
