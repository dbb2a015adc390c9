"""Notes what is looked at to say how tasks stand, so that it need not be looked at again.

Each function is called where something is looked at, and does nothing where no answer is to be
kept. What cannot be told by the state of files, of the tree and of the clock ends the noting.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gaterun.cli import kept
from gaterun.cli.notes import Notes, followed

if TYPE_CHECKING:
    from gaterun.core.bond import Binds
    from gaterun.core.discovery import Plugins
    from gaterun.core.freshness import Standing
    from gaterun.core.git import Git
    from gaterun.core.overview import Overview
    from gaterun.core.state_place import Place
    from gaterun.core.tree import TreeState
    from gaterun.model.claim import Claim, Unread
    from gaterun.model.phase import Phase
    from gaterun.model.task_state import TaskHistory

#: What counts of gaterun's own folder.
WITHIN = ("baseline", "measured", "runs", "state.db", "state.db-wal", "state.db-journal")


def noted() -> Notes | None:
    """The notes of the command that is running, as long as its answer may be kept."""
    notes = followed()
    return notes if notes is not None and notes.listening else None


class NotPlainError(Exception):
    """Something is to be said that an answer from a recalled plan does not say."""


def warn(text: str) -> None:
    """Say something that is said again each time.

    Raises:
        NotPlainError: on the short way; the long one says it.
    """
    notes = followed()
    if notes is not None and notes.recalled:
        raise NotPlainError(text)
    import click

    click.echo(f"warning: {text}", err=True)
    if notes is not None:
        notes.stop()


@contextlib.contextmanager
def beside_the_plan() -> Iterator[None]:
    """Within the block nothing is looked at that a plan depends on."""
    notes = noted()
    with notes.beside_the_plan() if notes is not None else contextlib.nullcontext():
        yield


class Looking:
    """Notes one look at a working tree.

    Args:
        root: the workspace.
        state: its state folder.
        git: of the root.
    """

    def __init__(self, root: Path, state: Path, git: Git) -> None:
        self._notes = noted()
        self._git = git
        self._root = str(root)
        self._state = os.path.relpath(state, root)
        self._told = b""
        self._key = ""
        if self._notes and (not git.present or self._state.startswith("..")):
            self._notes.stop()
            self._notes = None
        if self._notes:
            self._notes.will_see(kept.DAY, kept.tools_of(self._root))

    def told(self, status: bytes) -> None:
        """What git says differs, before it is read."""
        if self._notes:
            self._told = status
            self._key = self._key_now()

    def seen(self, tree: TreeState | None, baseline: Path) -> None:
        """The tree, after all of it was read.

        What git tells of a change is not all where the tree is not plain.
        """
        if not self._notes:
            return
        if tree is None or not tree.plain or self._key != self._key_now():
            self._notes.stop()
            return
        name = kept.tree_of(self._root, self._git.prefix, self._state)
        self._notes.knows(name, self._key)
        # A baseline that is not there is not opened.
        self._notes.sees(baseline, *_refs(self._git.top))

    def _key_now(self) -> str:
        from gaterun.core.tree_key import key_of

        return key_of(self._told, self._root, self._git.prefix, self._state)


def _refs(top: Path) -> Iterable[Path]:
    """What changes whenever the index, HEAD or any ref does."""
    from gaterun.core.state_place import git_folders

    own, common = git_folders(top)
    yield own / "index"
    yield own / "HEAD"
    for name in ("packed-refs", "reftable", "config", "info/exclude"):
        yield common / name
    for folder, _, _ in os.walk(common / "refs"):
        yield Path(folder)


def gates(state: Path, binder: Binds, found: Sequence[Standing]) -> None:
    """Gates were bound, and held against the runs that are recorded."""
    if not (notes := noted()):
        return
    runs = state / "runs"
    # That a run has no record yet is seen without opening it.
    notes.sees(runs, *(runs.iterdir() if runs.is_dir() else ()), *binder.sources)
    for item in found:
        if item.last is not None and item.last.binding is not None:
            notes.sees(*item.last.binding.reads)


def place(here: Place, root: Path) -> None:
    """It was asked where the state of tasks is, and whether there is one."""
    if notes := noted():
        notes.sees(here.file)
        notes.will_see(*(kept.kind_of(str(it / ".git")) for it in (root, *root.parents)))


def histories(found: Mapping[str, TaskHistory], now: float) -> None:
    """It was asked who works on what; a claim that runs out changes that."""
    if notes := noted():
        for history in found.values():
            if history.lease is not None and history.lease.is_live(now):
                notes.ends(history.lease.until)


def sign_of_life(until: Iterable[float], now: float) -> None:
    """Claims of whoever asks were renewed, and will have to be.

    Args:
        until: when each of them runs out.
    """
    if notes := noted():
        from gaterun.core.lease import RENEW_AFTER
        from gaterun.core.task_history import LEASE

        for moment in until:
            if moment > now:
                notes.ends(moment - LEASE + RENEW_AFTER)


def claims(plugins: Plugins, root: Path, phase: Phase) -> list[Claim | Unread]:
    """Everything that was said, as far as it can be read.

    Raises:
        UsageError: a reader cannot be loaded.
    """
    from gaterun.core.reading_claims import read_claims
    from gaterun.model.claim import Unread

    notes = noted()
    if notes is None:
        return read_claims(plugins, root, phase)
    with notes.without_processes():
        found = read_claims(plugins, root, phase)
    # What could not be read may be readable in a moment without having changed.
    if any(isinstance(item, Unread) for item in found) or not plugins.claims_open_all:
        notes.stop()
    return found


def collisions(here: Place, found: Overview, state: str) -> None:
    """Working trees were looked at for what collides.

    Args:
        state: name of gaterun's own folder.
    """
    if not (notes := noted()):
        return
    from gaterun.core.overview import active

    items = active(found.tasks)
    gits = {item.who.worktree: Path(item.who.worktree) / ".git" for item in items}
    notes.will_see(*(kept.kind_of(str(git)) for git in gits.values()))
    there = [item for item in items if gits[item.who.worktree].exists()]
    if {item.who.worktree for item in there} - {str(here.worktree)}:
        notes.stop()
    elif there and all(item.task.files for item in there):
        # All declare their files: what was touched outside of them was looked for in this tree,
        # whole, since it parted from what the main working tree has.
        if here.prefix:
            notes.stop()
        else:
            notes.confirm(kept.tree_of(str(here.worktree), "", state))
            notes.sees(*(_refs(here.main) if here.main is not None else ()))
