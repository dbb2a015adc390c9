"""Notes what a command looks at, so that its answer can be kept (`gaterun.cli.kept`)."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gaterun.cli import kept

#: A file that changed so short a time before it was read could change again unseen, nanoseconds.
_RACY = 50_000_000

#: What starts a process, whose reads nobody sees.
_STARTS = frozenset({"os.exec", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"})

#: What SQLite has beside a database, where what was written last may be.
_BESIDE = ("-wal", "-journal")


class Notes:
    """What a command looks at from now on.

    Args:
        words: the command line, and what else was asked.
        starts: whether processes may be started, as whoever keeps the answer knows what they
            depend on.
    """

    def __init__(self, words: Sequence[str], *, starts: bool = False) -> None:
        self._name = kept.name_of(words)
        self._key = kept.key_of(words)
        self._starts = starts
        self._started = time.time_ns()
        self._end = float("inf")
        self._seen: set[str] = set()
        self._known: dict[str, str] = {}
        self._again: dict[str, str] = {}
        self.listening = True
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.listening:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
                return
        elif event in {"os.listdir", "os.scandir"}:
            path = arguments[0] or "."
        elif event == "sqlite3.connect":
            self._hear_of_database(arguments[0])
            return
        elif event in _STARTS:
            self.listening = self._starts
            return
        else:
            return
        if isinstance(path, str | bytes | os.PathLike):
            name = os.fsdecode(path)
            # Byte code stands for its source, which is looked at in its stead.
            if not name.endswith(".pyc"):
                self._seen.add(os.path.abspath(name))

    def _hear_of_database(self, database: object) -> None:
        """SQLite opens files without telling Python."""
        if not isinstance(database, str | bytes | os.PathLike):
            self.stop()
            return
        name = os.fsdecode(database)
        if name.startswith("file:"):
            from urllib.parse import unquote

            name = unquote(name.removeprefix("file:").partition("?")[0], errors="surrogateescape")
            if name.startswith("//"):
                host, slash, rest = name[2:].partition("/")
                name = slash + rest
                if host:
                    self.stop()
        path = os.path.abspath(name)
        self.sees(path, *(path + end for end in _BESIDE))

    def stop(self) -> None:
        """Look no further: there is nothing to keep."""
        self.listening = False

    def sees(self, *paths: str | Path) -> None:
        """Files and folders that were looked at without opening them."""
        self._seen.update(os.path.abspath(path) for path in paths)

    def knows(self, name: str, state: str) -> None:
        """Something of a name of `gaterun.cli.kept` was looked at, and was in this state."""
        if self._known.setdefault(name, state) != state:
            self.stop()

    def confirm(self, name: str) -> None:
        """What was looked at was looked at again since, and has to be the same when all is said."""
        if name in self._known:
            self._again[name] = self._known[name]
        else:
            self.stop()

    def will_see(self, *names: str) -> None:
        """What these name is about to be looked at, and has to be the same when all is said."""
        for name in names:
            if name not in self._again:
                self._again[name] = kept.state_of(name)

    def ends(self, moment: float) -> None:
        """The answer is another from a moment on, seconds since the epoch."""
        self._end = min(self._end, moment)

    @contextlib.contextmanager
    def without_processes(self) -> Iterator[None]:
        """Within the block nobody knows what a process that is started depends on."""
        before, self._starts = self._starts, False
        try:
            yield
        finally:
            self._starts = before

    def keep(
        self, text: str, state: Path, *, code: int = 0, within: Iterable[str] = ("baseline",)
    ) -> None:
        """Keep an answer, if it can be kept.

        Args:
            text: what is shown, with blanks as in `gaterun.reporters.moments`.
            state: the workspace's state folder.
            code: the exit code.
            within: what counts of that folder.
        """
        if not self.listening:
            return
        self.listening = False
        folder = os.path.join(state, "shown")
        if not os.path.isdir(folder) or not _are_still(self._again):
            return
        named = {**self._known, **self._again}
        files = {path: kept.state_of(path) for path in self._files(state, within)}
        newest = max(map(_modified, files.values()), default=0)
        if newest > self._started - _RACY or any("\n" in path for path in (*files, *named)):
            return
        # What takes longest to look at comes last: the tree.
        order = sorted(named, key=lambda name: name.startswith("tree of "))
        states = {**files, **{name: named[name] for name in order}}
        looked = [f"{what}\t{name}" for name, what in states.items()]
        begin = self._started / 1e9
        numbers = f"{len(looked)} {len(text)} {code} {begin!r} {self._end!r}"
        answer = "\n".join([self._key, numbers, *looked, text])
        target = os.path.join(folder, self._name)
        aside = f"{target}.{os.getpid()}"
        # No folder, no space, no permission, half a character: it will be worked out again.
        with contextlib.suppress(OSError, ValueError):
            with open(aside, "x", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(answer)
            os.replace(aside, target)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.stat().st_mtime_ns)
            for entry in entries[: -kept.KEPT]:
                os.unlink(entry.path)

    def _files(self, state: Path, within: Iterable[str]) -> list[str]:
        """Every file and folder that was looked at, and the source of every module."""
        # What the kernel shows as files is of this moment, as is most of our own state.
        passing = ("/dev/", "/proc/", os.path.join(state, ""))
        lasting = tuple(os.path.join(state, name, "") for name in within)
        loaded = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        seen = self._seen.union(os.path.abspath(path) for path in loaded if path)
        return sorted(
            path
            for path in seen
            if f"{path}/".startswith(lasting) or not f"{path}/".startswith(passing)
        )


def _are_still(states: Mapping[str, str]) -> bool:
    return all(kept.state_of(name) == state for name, state in states.items())


def _modified(state: str) -> int:
    moment, _, rest = state.partition(" ")
    return int(moment) if rest and moment.isdecimal() else 0
