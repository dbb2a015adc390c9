"""What a working tree holds, file by file, so that a verdict can be bound to it.

Two questions to git, ``ls-files`` for what it knows and ``status`` for what differs, give an
identity for every file: git's own blob id, taken from the index where git says that the file
is as it is there, and computed from the bytes where it is not. So content that is committed,
staged or lying about has the same identity. docs/design/trees.md lists the traps.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

from gaterun.core.git import Git, GitError
from gaterun.core.glob import glob_matcher
from gaterun.core.own import Own, read
from gaterun.core.tree_key import (
    HONEST,
    blob,
    file_state,
    files_below,
    ignored,
    tree_question,
)
from gaterun.model.gate import HISTORY
from gaterun.model.phase import Outputs, Phase
from gaterun.model.record import Tree

#: Names what git knows, with its state in the index.
LISTED = (*HONEST, "ls-files", "-v", "-s", "-z", "--", ".")

#: More files than this outside of the tree are not looked at.
_MANY = 20_000


class TreeState:
    """A working tree at one moment.

    Args:
        commit: full id of HEAD; empty without git or without commits.
        branch: short name; empty when detached.
        dirty: whether something differs from the commit, untracked files included.
        files: identity of every file that git does not ignore, by path relative to the
            workspace root.
        ignored: the same for what git ignores and no tool made: a file's state instead of
            its content.
        git: answers what is asked later; ``None`` without a repository.
        own: what gaterun writes there.
        plain: whether git's status tells of every change; it does not where the index hides a
            file, and not of submodules and of what links lead to.
    """

    def __init__(
        self,
        *,
        commit: str = "",
        branch: str = "",
        dirty: bool = False,
        files: Mapping[str, str],
        ignored: Mapping[str, str] | None = None,
        git: Git | None = None,
        own: Own | None = None,
        plain: bool = False,
    ) -> None:
        self.commit = commit
        self.branch = branch
        self.dirty = dirty
        self.files = files
        self.ignored = ignored or {}
        self.plain = plain
        self._git = git
        self._own = own or Own()
        self._digests: dict[tuple[str, ...], str] = {}

    @cached_property
    def summary(self) -> Tree:
        """For the record of a run; its digest is of everything that git does not ignore."""
        return Tree(
            commit=self.commit,
            branch=self.branch,
            digest=_digest(self.files.items()),
            dirty=self.dirty,
        )

    def digest(self, globs: Sequence[str]) -> str:
        """Digest of the files that match, with what git ignores; equal for equal content.

        Args:
            globs: as in ``Gate.inputs``.
        """
        key = tuple(globs)
        if key not in self._digests:
            chosen = [*_matching(self.files, key), *_matching(self.ignored, key)]
            history = self._history if HISTORY in key else ""
            self._digests[key] = _digest(chosen, history)
        return self._digests[key]

    def content(self, globs: Sequence[str]) -> str:
        """As `digest`, without what git ignores: the same for this content wherever it lies."""
        history = self._history if HISTORY in globs else ""
        return _digest(_matching(self.files, tuple(globs)), history)

    def unseen(self, globs: Sequence[str]) -> tuple[str, ...]:
        """The files that match and that git ignores, sorted."""
        return tuple(sorted(name for name, _ in _matching(self.ignored, tuple(globs))))

    @cached_property
    def _history(self) -> str:
        """The newest commit of more than gaterun's documents, and every tag with what it names."""
        if self._git is None:
            return ""
        try:
            tags = self._git("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
            return f"{self._last_commit(self._git)} {hashlib.sha256(tags).hexdigest()}"
        except GitError as error:
            return f"unknown at {self.commit}: {error}"

    def _last_commit(self, git: Git) -> str:
        """HEAD, unless it only commits documents: a report that is committed is out of date else."""
        if not self.commit or not self._own.documents:
            return self.commit
        but = (f":(exclude,literal){name}" for name in self._own.documents)
        found = git("log", "-1", "--format=%H", self.commit, "--", ":/", *but)
        return os.fsdecode(found).strip() or self.commit

    def changed_since(self, earlier: TreeState, globs: Sequence[str] = ("**",)) -> list[str]:
        """The files that matter and differ from an earlier moment, sorted.

        What git ignores is left out: tools write there as they please.
        """
        before = dict(_matching(earlier.files, globs))
        now = dict(_matching(self.files, globs))
        return sorted(
            name for name in before.keys() | now.keys() if before.get(name) != now.get(name)
        )


def look(
    git: Git, *, without: Own | None = None, told: Callable[[bytes], None] | None = None
) -> TreeState:
    """Look at the working tree as it is now.

    Args:
        git: of the workspace's root.
        without: what gaterun itself writes there.
        told: hears what git says differs, before any of that is read.

    Raises:
        GitError: git is there, and cannot say.
    """
    own = without or Own()
    if not git.present:
        names = [name for name in Git(git.root).files if not own.has(name)]
        found = {name: _identity(git.root / name, git.root) for name in names}
        found |= {name: _by_people(git.root, name) for name in own.documents if name in found}
        return TreeState(files={name: identity for name, identity in found.items() if identity})
    listed = git(*LISTED)
    status = git(*tree_question(str(git.root)))
    if told is not None:
        told(status)
    return _read(git, os.fsdecode(listed), os.fsdecode(status), own)


def look_for(
    phase: Phase,
    git: Git,
    state: Path,
    writes: Sequence[str] = (),
    *,
    told: Callable[[bytes], None] | None = None,
) -> TreeState:
    """Look at a phase's tree, without what gaterun itself writes there.

    Args:
        state: gaterun's folder.
        writes: reports of this run, relative to the root.
        told: hears what git says differs, before any of that is read.

    Raises:
        GitError: git is there, and cannot say.
    """
    return look(git, without=written(phase, git.root, state, writes), told=told)


def written(phase: Phase, root: Path, state: Path, writes: Sequence[str]) -> Own:
    """What gaterun itself writes in a phase's tree."""
    outputs = (getattr(phase.outputs, name) for name in Outputs.__struct_fields__)
    return Own(
        paths=(os.path.relpath(state, root) + "/", *writes),
        documents=tuple(dict.fromkeys(os.path.normpath(name) for name in outputs if name)),
    )


def digest_of(path: Path) -> str:
    """Digest of a file or folder, wherever it is.

    Folders that tools fill, such as ``target``, are left out of a folder. One with more files
    than anybody keeps sources in has another digest each time.
    """
    if not path.is_dir():
        identity = _identity(path, path)
        if not identity or identity.startswith("120000 "):
            # Opened, not asked for: kept answers depend on what was tried to be opened.
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        return identity
    files = list(islice(files_below(str(path)), _MANY + 1))
    if len(files) > _MANY:
        return f"more than {_MANY} files at {time.time_ns()}"
    return _digest((os.path.relpath(file, path), _identity(Path(file), path)) for file in files)


def _read(git: Git, listed: str, status: str, own: Own) -> TreeState:
    root = git.root
    files: dict[str, str] = {}
    look_at: set[str] = set()
    plain = True
    for entry in listed.split("\0"):
        if not entry:
            continue
        description, _, name = entry.partition("\t")
        tag, mode, blob, _ = description.split(" ")
        files[name] = f"{mode} {blob}"
        # Lower case is assume-unchanged, S is skip-worktree: git does not look, so we do. What
        # a link leads to, and what a submodule holds, is no content of this tree's.
        if tag != "H" or mode in {"120000", "160000"}:
            look_at.add(name)
            plain = plain and tag == "H" and mode == "120000"
    commit = branch = ""
    dirty = False
    unseen: dict[str, str] = {}
    prefix = len(git.prefix)
    for entry in status.split("\0"):
        kind, _, rest = entry.partition(" ")
        match kind:
            case "#":
                key, _, value = rest.partition(" ")
                if key == "branch.oid" and value != "(initial)":
                    commit = value
                elif key == "branch.head" and value != "(detached)":
                    branch = value
            case "?":
                name = rest[prefix:]
                if not own.has(name):
                    dirty = dirty or _counts(root, name, own)
                    look_at.add(name.rstrip("/"))
            case "!":
                name = rest[prefix:]
                if not own.has(name):
                    found = ignored(str(root), name)
                    unseen.update((file, file_state(str(root / file))) for file in found)
            case "1" | "u":
                name = rest.split(" ", 7 if kind == "1" else 9)[-1][prefix:]
                look_at.add(name)
                dirty = dirty or _counts(root, name, own)
            case _:
                pass
    for name in look_at:
        identity = _identity(root / name, root)
        # A link with more than its text leads out of the tree.
        plain = plain and not (identity.startswith("120000 ") and identity.count(" ") > 1)
        if identity or not files.get(name, "").startswith("160000 "):
            files[name] = identity  # else a submodule that nobody has filled
    for name in own.documents:
        if name in files:
            files[name] = _by_people(root, name)
        if name in unseen:
            unseen[name] = _by_people(root, name)
    unseen = {name: what for name, what in unseen.items() if what}
    exact = frozenset(own.paths)
    below = tuple(path for path in own.paths if path.endswith("/"))
    files = {
        name: what
        for name, what in files.items()
        if what and name not in exact and not name.startswith(below)
    }
    return TreeState(
        commit=commit,
        branch=branch,
        dirty=dirty,
        files=files,
        ignored=unseen,
        git=git,
        own=own,
        plain=plain,
    )


def _by_people(root: Path, name: str) -> str:
    """Identity of what people wrote of a document; empty where gaterun wrote all of it."""
    document = read(root / name)
    if document is None or not document.mixed:
        return "" if document and document.by_people is None else _identity(root / name, root)
    return f"text {hashlib.sha256(document.by_people or b'').hexdigest()}"


def _counts(root: Path, name: str, own: Own) -> bool:
    """Whether a file that differs from the commit makes the tree another one."""
    if name not in own.documents:
        return not own.has(name)
    document = read(root / name)
    return document is not None and document.by_people is not None and not document.mixed


def _matching(files: Mapping[str, str], globs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The files that match; a submodule always does, as its files are not listed."""
    if "**" in globs and not any(glob.startswith("!") for glob in globs):
        yield from files.items()
        return
    wanted = [glob_matcher(glob) for glob in globs if not glob.startswith(("!", "@"))]
    unwanted = [glob_matcher(glob[1:]) for glob in globs if glob.startswith("!")]
    for name, identity in files.items():
        if identity.startswith("160000 ") or (
            any(match(name) for match in wanted) and not any(match(name) for match in unwanted)
        ):
            yield name, identity


def _digest(files: Iterable[tuple[str, str]], more: str = "") -> str:
    digest = hashlib.sha256()
    for name, identity in sorted(files):
        digest.update(f"{identity}\t{name}\0".encode("utf-8", "surrogateescape"))
    digest.update(more.encode())
    return digest.hexdigest()


def _identity(path: Path, root: Path) -> str:
    """Mode and blob id of a file as git would have them; empty where there is none."""
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return _link(path, root)
        if stat.S_ISREG(found.st_mode):
            mode = "100755" if found.st_mode & stat.S_IXUSR else "100644"
            return f"{mode} {blob(str(path), found.st_size)}"
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return f"unreadable {error.errno}"
    if stat.S_ISDIR(found.st_mode) and (path / ".git").exists():
        inner = Git(path)
        if inner.present:
            state = look(inner)
            return f"160000 {state.commit} {state.summary.digest}"
    return ""


def _link(path: Path, root: Path) -> str:
    """Where a link leads, and what is there where that is not in the tree."""
    text = os.fsencode(os.readlink(path))  # noqa: PTH115 - as it is written
    digest = hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False)
    identity = f"120000 {digest.hexdigest()}"
    target = path.resolve()
    return identity if target.is_relative_to(root) else f"{identity} {digest_of(target)}"
