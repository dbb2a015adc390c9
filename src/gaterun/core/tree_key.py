"""Asks git what differs in a working tree; imports next to nothing, so that asking is quick.

`gaterun.core.tree` needs more than this to say what a tree holds. To say whether it still holds
what it held before, HEAD, what differs from it and the content of that are enough.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Whatever the user's configuration says, git is to look at the files themselves.
HONEST = (
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.untrackedCache=false"),
    *("-c", "core.checkStat=default"),
    *("-c", "core.trustctime=true"),
    *("-c", "core.ignoreStat=false"),
)

#: Names HEAD, and everything that differs from it or that git ignores.
STATUS = (
    *("status", "--porcelain=v2", "--branch", "-z", "--no-renames"),
    *("--untracked-files=all", "--ignored=matching"),
)

#: No optional locks (a refreshed index is a changed index), no prompt, one language.
QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

#: What a git hook leaks into what it starts.
LEAKED = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")

#: Marks of a folder whose content is made from what is in the tree.
_MADE = ("CACHEDIR.TAG", "pyvenv.cfg")

#: Folders that tools fill, and that no Rust source is read from: the last two by agents, which write
#: there while others measure.
_FETCHED = frozenset({"node_modules", "__pycache__", ".git", ".swarm", ".claude"})

_BUFFER = 1 << 18


def pathspec(root: str) -> list[str]:
    """Everything below the root but what cargo built, where nobody told git to ignore it."""
    with os.scandir(root) as entries:
        built = sorted(
            entry.name
            for entry in entries
            if entry.is_dir() and os.path.exists(os.path.join(entry.path, "CACHEDIR.TAG"))
        )
    return ["--", ".", *(f":(exclude,literal){name}" for name in built)]


def key(root: str, prefix: str, state: str) -> str:
    """Digest that is equal as long as the tree, HEAD and all refs are as they were.

    Args:
        root: the workspace.
        prefix: its path below the top of the working tree, with a ``/`` at the end.
        state: name of gaterun's own folder, which does not count.

    Returns:
        Empty where git does not answer.
    """
    told = Question(root, tree_question(root)).answer()
    return "" if told is None else key_of(told, root, prefix, state)


def key_put(root: str, prefix: str, state: str) -> str:
    """The same by a question that was `put`, whose answer others may take after that."""
    told = put(root, *tree_question(root)).answer()
    return "" if told is None else key_of(told, root, prefix, state)


def tree_question(root: str) -> tuple[str, ...]:
    """What git is asked to say what differs."""
    return (*HONEST, *STATUS, *pathspec(root))


def key_of(told: bytes, root: str, prefix: str, state: str) -> str:
    """The same, of what git has answered to `STATUS` a moment ago.

    Args:
        told: with ``-z``.
    """
    import hashlib

    digest = hashlib.sha256()
    for entry in os.fsdecode(told).split("\0"):
        kind, _, rest = entry.partition(" ")
        if kind in {"?", "!"}:
            name = rest.removeprefix(prefix)
        elif kind in {"1", "u"}:
            name = rest.split(" ", 7 if kind == "1" else 9)[-1].removeprefix(prefix)
        else:
            name = ""
        if name == state or name.startswith(f"{state}/"):
            continue
        digest.update(os.fsencode(f"{entry}\0"))
        if kind == "!":
            for file in ignored(root, name):
                digest.update(os.fsencode(f"{file}\0{file_state(os.path.join(root, file))}\0"))
        elif name:
            digest.update(_content(os.path.join(root, name)))
    return digest.hexdigest()


def blob(path: str, size: int) -> str:
    """Git's id of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    import hashlib

    digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BUFFER):
            digest.update(block)
    return digest.hexdigest()


def file_state(path: str) -> str:
    """What tells one version of a file from another without reading it; follows links."""
    try:
        found = os.stat(path)
    except OSError:
        return "-"
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def ignored(root: str, name: str) -> Iterator[str]:
    """The files that git ignores at `name`, unless a tool made or fetched them.

    Args:
        name: relative to the root; a folder's ends with ``/``.
    """
    if not name.endswith("/"):
        if _FETCHED.isdisjoint(name.split("/")):
            yield name
        return
    folder = os.path.join(root, name.rstrip("/"))
    for file in files_below(folder):
        yield os.path.relpath(file, root)


def files_below(folder: str) -> Iterator[str]:
    """Every file in a folder, but for those in folders that tools fill."""
    if _is_filled(folder):
        return
    for here, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in sorted(subfolders) if not _is_filled(f"{here}/{name}")]
        for name in sorted(names):
            yield os.path.join(here, name)


def _is_filled(folder: str) -> bool:
    name = folder.rpartition("/")[2]
    return name in _FETCHED or any(os.path.exists(f"{folder}/{mark}") for mark in _MADE)


def _content(path: str) -> bytes:
    """What a path holds, as far as git's answer does not tell."""
    try:
        if os.path.islink(path):
            return os.fsencode(f"link {os.readlink(path)} {file_state(path)}")
        found = os.stat(path)
        if os.path.isdir(path):
            return b"".join(
                os.fsencode(f"{file} {file_state(file)}\0") for file in files_below(path)
            )
        return f"{found.st_mode} {blob(path, found.st_size)}".encode()
    except OSError as error:
        return f"unreadable {error.errno}".encode()


class Question:
    """A question that git is working on while others things go on.

    Args:
        root: where it is asked.
        arguments: of git.
    """

    def __init__(self, root: str, arguments: tuple[str, ...]) -> None:
        self._answer: bytes | None = None
        self._process = 0
        environment = {name: value for name, value in os.environ.items() if name not in LEAKED}
        self._pipe, there = os.pipe()
        null = os.open(os.devnull, os.O_RDWR)
        argv = ["git", "-C", root, "-c", "core.hooksPath=/dev/null", *arguments]
        try:
            self._process = os.posix_spawnp(
                argv[0],
                argv,
                {**environment, **QUIET},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, null, 0),
                    (os.POSIX_SPAWN_DUP2, there, 1),
                    (os.POSIX_SPAWN_DUP2, null, 2),
                ],
            )
        except OSError:
            self._process = 0  # it is not there
        os.close(null)
        os.close(there)

    def answer(self) -> bytes | None:
        """What git says, once it has said all; ``None`` where it fails."""
        if self._pipe >= 0:
            with open(self._pipe, "rb") as pipe:
                told = pipe.read()
            self._pipe = -1
            if self._process and os.waitpid(self._process, 0)[1] == 0:
                self._answer = told
        return self._answer

    def drop(self) -> None:
        """Nobody wants to know any more."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
            if self._process:
                os.kill(self._process, 9)
                os.waitpid(self._process, 0)


#: Questions that were put, by where and what was asked; each is for whoever asks it next.
_put: dict[tuple[str, ...], Question] = {}


def put(root: str, *arguments: str) -> Question:
    """Ask git something, whose answer is needed soon; it was asked already, it may be."""
    asked = (root, *arguments)
    if asked not in _put:
        _put[asked] = Question(root, arguments)
    return _put[asked]


def take(root: str, *arguments: str) -> bytes | None:
    """The answer to a question that was put, once; ``None`` where it was not, or failed."""
    question = _put.pop((root, *arguments), None)
    return None if question is None else question.answer()


def drop() -> None:
    """Forget all questions that were put."""
    while _put:
        _put.popitem()[1].drop()
