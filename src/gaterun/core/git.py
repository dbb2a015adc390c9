"""Asks git about a working tree; never changes the tree, the index or a ref."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from gaterun.core.tree_key import LEAKED, QUIET, pathspec, take
from gaterun.model.errors import CannotMeasure
from gaterun.model.verdict import Reason

#: Names the top of the working tree, and the root's path below it.
PLACE = ("rev-parse", "--is-inside-work-tree", "--show-toplevel", "--show-prefix")

#: How a revision begins that is the last commit in common with another.
MERGE_BASE = "merge-base:"


class GitError(Exception):
    """Git answered with an error; the message is git's own, in one line."""


class Git:
    """The repository that holds a workspace, if there is one.

    Args:
        root: the workspace root, which may be below the repository's top.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in LEAKED:
            os.environ.pop(name, None)

    def __call__(self, *arguments: str, env: dict[str, str] | None = None) -> bytes:
        """Run git in the workspace root and return its output.

        Raises:
            GitError: it failed, or git is not there.
        """
        if env is None and (told := take(str(self.root), *arguments)) is not None:
            return told
        from gaterun.core.execute import capture

        try:
            status, out, err = capture(
                ["git", "-c", "core.hooksPath=/dev/null", *arguments],
                cwd=self.root,
                env={**QUIET, **(env or {})},
                timeout=300,
            )
        except FileNotFoundError as error:
            raise GitError("git is not installed") from error
        if status:
            lines = err.decode("utf-8", "replace").strip().splitlines()
            raise GitError(lines[0] if lines else f"git {arguments[0]} exited with {status}")
        return out

    @cached_property
    def _place(self) -> tuple[str, str] | None:
        """The top of the working tree and the root's path below it; none without a repository."""
        try:
            out = self(*PLACE)
        except GitError:
            return None
        inside, *top, prefix = os.fsdecode(out).removesuffix("\n").split("\n")
        return ("\n".join(top), prefix) if inside == "true" else None

    @cached_property
    def present(self) -> bool:
        """Whether the workspace is in a git working tree and git is there."""
        return self._place is not None

    @property
    def top(self) -> Path:
        """The top of the working tree; the root itself without a repository."""
        return self.root if self._place is None else Path(self._place[0])

    @property
    def prefix(self) -> str:
        """The root's path below the top, with a ``/`` at the end; empty when it is the top."""
        return "" if self._place is None else self._place[1]

    def commit(self, ref: str) -> str | None:
        """The full id of the commit that `ref` names, or ``None``.

        Args:
            ref: a revision; ``merge-base:main`` is where HEAD and ``main`` parted.
        """
        try:
            if ref.startswith(MERGE_BASE):
                other = ref.removeprefix(MERGE_BASE)
                return self("merge-base", "--end-of-options", "HEAD", other).decode().split()[0]
            return self("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
        except GitError:
            return None

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Files below the workspace root, tracked or untracked, that git does not ignore.

        Without git: every file that is not below ``target`` or a hidden folder. Names that
        are not UTF-8 come with surrogate escapes.
        """
        if not self.present:
            return tuple(sorted(_walk(self.root)))
        out = self(
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
            *pathspec(str(self.root)),
        )
        names = os.fsdecode(out).split("\0")
        # What was deleted is still listed, and a submodule's folder looks like a file.
        return tuple(
            sorted(
                name
                for name in names
                if name and not name.startswith(".gaterun/") and _is_file(self.root / name)
            )
        )

    def checkout(self, ref: str | None, parent: Path) -> Path:
        """Check a revision out into a new folder below `parent`, sharing this object store.

        A clone with borrowed objects leaves no trace in the user's repository, which a
        linked worktree would.

        Args:
            ref: a revision; ``None`` for the working tree with all its changes.

        Returns:
            The folder in the checkout that corresponds to the workspace root.

        Raises:
            CannotMeasure: there is no repository, or no such revision.
        """
        import shutil
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="tree-", dir=parent))
        if ref is None and (not self.present or self.commit("HEAD") is None):
            _copy(self.root, self.files, folder)
            return folder
        if not self.present:
            raise CannotMeasure(
                Reason.BASELINE_MISSING,
                f"{self.root} is not in a git repository, so there is no earlier state",
            )
        commit = self.commit(ref or "HEAD")
        if commit is None:
            raise CannotMeasure(
                Reason.BASELINE_MISSING,
                f"git knows no revision '{ref}'",
                help="a shallow clone has no history: fetch more, or set 'base' in the phase file",
            )
        top = self.top
        try:
            self(
                "clone",
                "--quiet",
                "--shared",
                "--no-checkout",
                "--template=",
                str(top),
                str(folder),
            )
            self("-C", str(folder), "checkout", "--quiet", "--detach", commit)
        except GitError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise CannotMeasure(
                Reason.INCOMPLETE, f"revision {commit[:12]} cannot be checked out: {error}"
            ) from error
        self._submodules(top, folder, commit)
        inside = folder / self.root.resolve().relative_to(top.resolve())
        if ref is None:
            self._overlay(inside)
        return inside

    def _submodules(self, top: Path, folder: Path, commit: str) -> None:
        """Fill the submodules of a checkout from those beside it; what is not there stays empty."""
        try:
            self("cat-file", "-e", f"{commit}:.gitmodules")
        except GitError:
            return
        for entry in os.fsdecode(self("-C", str(top), "ls-tree", "-r", "-z", commit)).split("\0"):
            description, _, name = entry.partition("\t")
            if not description.startswith("160000"):
                continue
            wanted = description.split()[2]
            source = Git(top / name)
            if (top / name / ".git").exists() and source.commit(wanted):
                (folder / name).rmdir()
                clone = ("clone", "--quiet", "--shared", "--no-checkout", "--template=")
                self(*clone, str(top / name), str(folder / name))
                self("-C", str(folder / name), "checkout", "--quiet", "--detach", wanted)
                source._submodules(top / name, folder / name, wanted)

    def _overlay(self, inside: Path) -> None:
        import shutil

        changed = os.fsdecode(self("diff", "--name-only", "-z", "--relative", "HEAD", "--", "."))
        untracked = os.fsdecode(self("ls-files", "-z", "--others", "--exclude-standard"))
        names = [name for name in (changed + untracked).split("\0") if name]
        for name in names:
            if not os.path.lexists(self.root / name):
                (inside / name).unlink(missing_ok=True)
        kept = [name for name in names if not name.startswith(".gaterun/")]
        _copy(self.root, [name for name in kept if _is_file(self.root / name)], inside)
        for name in kept:
            if (self.root / name / ".git").exists():
                # A submodule with changes: as it is now, not as it is committed.
                shutil.rmtree(inside / name, ignore_errors=True)
                (inside / name).mkdir(parents=True)
                _copy(self.root / name, Git(self.root / name).files, inside / name)


def _copy(root: Path, names: Sequence[str], folder: Path) -> None:
    import shutil

    for name in names:
        source, target = root / name, folder / name
        for above in reversed(target.relative_to(folder).parents):
            if (above.parts and not (folder / above).is_dir()) or (folder / above).is_symlink():
                (folder / above).unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _is_file(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _walk(root: Path) -> list[str]:
    found: list[str] = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if name != "target" and name[0] != "."]
        base = Path(folder).relative_to(root)
        found.extend((base / name).as_posix() for name in files)
    return found
