"""Keeps what was shown, with the state of all that was looked at, and shows it again unchanged.

``list`` and ``--collect-only`` only show. What they said is kept in ``.gaterun/shown/``, beside
the name, the size and the modification time of every file that was opened and of every folder
that was listed meanwhile, as Python's audit events tell; docs/design/kept-answers.md says more.
Nothing is kept where there is no ``.gaterun`` yet: showing leaves no trace in a workspace.

A run in which everything passed and nothing had to be measured is kept in the same way, beside
the state of the tree, of the toolchain and the date: as long as these are the same, another run
would find the same.

Whatever is wrong with a kept answer means that there is none. Imported before everything else,
so it imports next to nothing itself.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Where kept answers are, from the workspace root.
_FOLDER = os.path.join(".gaterun", "shown")

#: How many answers are kept.
_KEPT = 32

#: A file that changed so short a time before it was read could change again unseen, nanoseconds.
_RACY = 50_000_000

#: Variables that differ from shell to shell and mean nothing.
_NOISE = frozenset({"_", "OLDPWD", "SHLVL"})

#: What starts a process, whose reads nobody sees.
_STARTS = frozenset({"os.exec", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"})


def shows(argv: Sequence[str]) -> bool:
    """Whether a command line only shows something that may be kept.

    >>> shows(["list", "phase7"]), shows(["phase7", "--co"]), shows(["phase7"])
    (True, True, False)
    """
    return argv[:1] == ["list"] or "--co" in argv or "--collect-only" in argv


def recall(argv: Sequence[str]) -> str | None:
    """What this command line showed before, if nothing that it depends on has changed since."""
    folder = _folder()
    if folder is None:
        return None
    try:
        path = os.path.join(folder, _name(argv))
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            key, counts, rest = file.read().split("\n", 2)
        count, length = map(int, counts.split())
        *states, text = rest.split("\n", count)
        if key != _key(argv) or len(states) != count or len(text) != length:
            return None
        for line in states:
            state, _, path = line.partition("\t")
            if state != state_of(path):
                return None
    except (OSError, ValueError):
        return None
    return text


def give(text: str) -> None:
    """Write a kept answer to standard output, whoever is still reading it."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from gaterun.core.workflow_log import harmless

        text = harmless(text)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Notes:
    """What a command looks at from now on, so that its answer can be kept.

    Args:
        argv: the command line.
        starts: whether processes may be started, as whoever keeps the answer knows what they
            depend on.
    """

    def __init__(self, argv: Sequence[str], *, starts: bool = False) -> None:
        import time

        self._argv = tuple(argv)
        self._starts = starts
        self._started = time.time_ns()
        self._seen: set[str] = set()
        self._listening = True
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._listening:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
                return
        elif event in {"os.listdir", "os.scandir"}:
            path = arguments[0] or "."
        elif event in _STARTS:
            self._listening = self._starts
            return
        else:
            return
        if isinstance(path, str | bytes | os.PathLike):
            name = os.fsdecode(path)
            # Byte code stands for its source, which is looked at in its stead.
            if not name.endswith(".pyc"):
                self._seen.add(os.path.abspath(name))

    def stop(self) -> None:
        """Look no further: there is nothing to keep."""
        self._listening = False

    def keep(self, text: str, state: Path, also: Mapping[str, str] | None = None) -> None:
        """Keep what is shown, if it can be kept.

        Args:
            state: the workspace's state folder.
            also: what else it depends on, with its state when it was looked at.
        """
        if not self._listening:
            return
        self._listening = False
        # What the kernel shows as files is of this moment, as is our own state but for baselines.
        passing = ("/dev/", "/proc/", os.path.join(state, ""))
        lasting = os.path.join(state, "baseline", "")
        folder = os.path.join(state, "shown")
        if not os.path.isdir(folder):
            return
        loaded = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        seen = self._seen.union(os.path.abspath(path) for path in loaded if path)
        paths = [
            *(also or {}),
            *sorted(
                path
                for path in seen
                if path.startswith(lasting) or not f"{path}/".startswith(passing)
            ),
        ]
        states = [f"{state_of(path)}\t{path}" for path in paths]
        if states[: len(also or {})] != [f"{was}\t{path}" for path, was in (also or {}).items()]:
            return
        newest = max((_modified(state) for state in states), default=0)
        if newest > self._started - _RACY or any("\n" in path for path in paths):
            return
        answer = "\n".join([_key(self._argv), f"{len(states)} {len(text)}", *states, text])
        target = os.path.join(folder, _name(self._argv))
        aside = f"{target}.{os.getpid()}"
        try:
            with open(aside, "x", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(answer)
            os.replace(aside, target)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.stat().st_mtime_ns)
            for entry in entries[:-_KEPT]:
                os.unlink(entry.path)
        except OSError:
            return  # no folder, no space, no permission: it will be worked out again


def _folder() -> str | None:
    """The nearest folder of kept answers, here or above."""
    here = os.getcwd()
    while True:
        folder = os.path.join(here, _FOLDER)
        if os.path.isdir(folder):
            return folder
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above


def _name(argv: Sequence[str]) -> str:
    return f"{_checksum(repr((os.getcwd(), *argv))):08x}"


def _key(argv: Sequence[str]) -> str:
    """All that an answer depends on besides files; the environment may hold secrets, so no values."""
    environment = sorted(item for item in os.environ.items() if item[0] not in _NOISE)
    python = (sys.version, sys.executable, sys.flags, sys.path)
    return repr((os.getcwd(), *argv, *python, _checksum(repr(environment)), _KEPT))


def _checksum(text: str) -> int:
    from zlib import crc32

    return crc32(text.encode("utf-8", "surrogatepass"))


def tree_of(root: str, prefix: str, state: str) -> str:
    """The name under which the state of a working tree is kept.

    Args:
        root: the workspace.
        prefix: its path below the top of the working tree.
        state: name of gaterun's own folder there.
    """
    return f"tree of {root}\t{prefix}\t{state}"


def tools_of(root: str) -> str:
    """The name under which the state of the toolchain is kept, as seen from a workspace."""
    return f"tools of {root}"


#: The name under which the date is kept.
DAY = "the day"


def state_of(path: str) -> str:
    """What tells one version of something from another: of a file, unless the name says else."""
    if path == DAY:
        from gaterun.core.toolchain import today

        return today()
    if path.startswith("tools of "):
        from gaterun.core.toolchain import digest

        return digest(path.removeprefix("tools of "), os.environ)
    if path.startswith("tree of "):
        from gaterun.core.tree_key import key

        return key(*path.removeprefix("tree of ").split("\t"))
    try:
        found = os.stat(path)
    except OSError:
        return "-"
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _modified(state: str) -> int:
    moment, _, rest = state.partition(" ")
    return int(moment) if rest and moment.isdecimal() else 0
