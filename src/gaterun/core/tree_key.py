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
    told = _ask(
        ["git", "-C", root, "-c", "core.hooksPath=/dev/null", *HONEST, *STATUS, *pathspec(root)]
    )
    return "" if told is None else key_of(told, root, prefix, state)


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


def _ask(argv: list[str]) -> bytes | None:
    """What a program prints, if it succeeds."""
    environment = {name: value for name, value in os.environ.items() if name not in LEAKED}
    here, there = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    try:
        pid = os.posix_spawnp(
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
        os.close(there)
        os.close(here)
        return None
    finally:
        os.close(null)
    os.close(there)
    with open(here, "rb") as pipe:
        told = pipe.read()
    return told if os.waitpid(pid, 0)[1] == 0 else None
