"""Notes what a command looks at, so that its answer can be kept (`gaterun.cli.kept`)."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path

from gaterun.cli import kept

#: A file that changed so short a time before it was read could change again unseen, nanoseconds.
_RACY = 50_000_000

#: What starts a process, whose reads nobody sees.
_STARTS = frozenset({"os.exec", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"})

#: What SQLite has beside a database, where what was written last may be.
_BESIDE = ("-wal", "-journal")


class _Page:
    """What was looked at.

    Attributes:
        seen: paths of files and folders.
        known: states by name of `gaterun.cli.kept`, when they were looked at.
        again: states that have to be the same when all is said.
    """

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.known: dict[str, str] = {}
        self.again: dict[str, str] = {}


class Notes:
    """What a command looks at from now on.

    Args:
        words: the command line, and what else was asked.
        starts: whether processes may be started, as whoever keeps the answer knows what they
            depend on.
        started: when anything was looked at first, nanoseconds since the epoch; now by default.
        plan: what was recalled, and was found to hold since.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        starts: bool = False,
        started: int = 0,
        plan: kept.Plan | None = None,
    ) -> None:
        self._name = kept.name_of(words)
        self._key = kept.key_of(words)
        self._starts = starts
        self._started = started or time.time_ns()
        self._end = float("inf")
        self._plan, self._new = plan, False
        self._of_plan = plan.names() if plan is not None else frozenset()
        self._first, self._rest = _Page(), _Page()
        self._page = self._first if plan is None else self._rest
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
                self._page.seen.add(os.path.abspath(name))

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

    @property
    def recalled(self) -> bool:
        """Whether the plan was not made by this command."""
        return self._plan is not None and not self._new

    def stop(self) -> None:
        """Look no further: there is no answer to keep."""
        self.listening = False

    def sees(self, *paths: str | Path) -> None:
        """Files and folders that were looked at without opening them."""
        self._page.seen.update(os.path.abspath(path) for path in paths)

    def knows(self, name: str, state: str) -> None:
        """Something of a name of `gaterun.cli.kept` was looked at, and was in this state."""
        if self._page.known.setdefault(name, state) != state:
            self.stop()

    def confirm(self, name: str) -> None:
        """What was looked at was looked at again since, and has to be the same when all is said."""
        if name in self._page.known:
            self._page.again[name] = self._page.known[name]
        else:
            self.stop()

    def will_see(self, *names: str) -> None:
        """What these name is about to be looked at, and has to be the same when all is said.

        What the plan depends on is compared whenever it is recalled.
        """
        for name in names:
            if name not in self._page.again and name not in self._of_plan:
                self._page.again[name] = kept.state_of(name)

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

    @contextlib.contextmanager
    def beside_the_plan(self) -> Iterator[None]:
        """Within the block nothing is looked at that a plan depends on."""
        before, self._page = self._page, self._rest
        try:
            yield
        finally:
            self._page = before

    def planned(self, text: str, state: Path, *, within: Iterable[str]) -> None:
        """Everything so far was looked at for a plan, what comes is looked at for the answer.

        Args:
            text: of the plan.
            state, within: as for `keep`.
        """
        if not self.listening:
            return
        if (lines := self._lines(self._first, state, within)) is not None:
            self._plan, self._new = kept.Plan(text, lines), True
            self._of_plan = self._plan.names()
        self._page = self._rest

    def keep(
        self,
        text: str | None,
        state: Path,
        *,
        code: int = 0,
        within: Iterable[str] = ("baseline",),
    ) -> None:
        """Keep an answer, if it can be kept, and the plan that it stands on.

        Args:
            text: what is shown, with blanks as in `gaterun.reporters.moments`; ``None`` where it
                is another in a moment.
            state: the workspace's state folder.
            code: the exit code.
            within: what counts of that folder.
        """
        folder = os.path.join(state, "shown")
        lines: list[str] | None = None
        if self.listening and text is not None and os.path.isdir(folder):
            pages = (self._rest,) if self._plan is not None else (self._first, self._rest)
            found = [self._lines(page, state, within) for page in pages]
            whole = [page for page in found if page is not None]
            if len(whole) == len(pages):
                lines = list(dict.fromkeys(line for page in whole for line in page))
        self.listening = False
        if lines is None and not self._new:
            return
        plan = self._plan or kept.Plan("", [])
        begin = self._started / 1e9
        told = text or ""
        count = -1 if lines is None else len(lines)
        numbers = f"{len(plan.lines)} {len(plan.text)} {count} {len(told)} {code}"
        answer = "\n".join(
            [self._key, f"{numbers} {begin!r} {self._end!r}", *plan.lines, *(lines or ()), ""]
        )
        target = os.path.join(folder, self._name)
        aside = f"{target}.{os.getpid()}"
        # No folder, no space, no permission, half a character: it will be worked out again.
        with contextlib.suppress(OSError, ValueError):
            with open(aside, "x", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(f"{answer}{plan.text}{told}")
            os.replace(aside, target)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.stat().st_mtime_ns)
            for entry in entries[: -kept.KEPT]:
                os.unlink(entry.path)

    def _lines(self, page: _Page, state: Path, within: Iterable[str]) -> list[str] | None:
        """What a page says was looked at, and its state; ``None`` where that may be another now."""
        if not _are_still(page.again):
            return None
        looked = {**page.known, **page.again}
        named = {name: state for name, state in looked.items() if name not in self._of_plan}
        paths = [
            path for path in self._files(page.seen, state, within) if path not in self._of_plan
        ]
        files = {path: kept.state_of(path) for path in paths}
        newest = max(map(_modified, files.values()), default=0)
        if newest > self._started - _RACY or any("\n" in path for path in (*files, *named)):
            return None
        # What takes longest to look at comes last: the tree.
        order = sorted(named, key=lambda name: name.startswith("tree of "))
        states = {**files, **{name: named[name] for name in order}}
        return [f"{what}\t{name}" for name, what in states.items()]

    @staticmethod
    def _files(seen: set[str], state: Path, within: Iterable[str]) -> list[str]:
        """Every file and folder that was looked at, and the source of every module."""
        # What the kernel shows as files is of this moment, as is most of our own state.
        passing = ("/dev/", "/proc/", os.path.join(state, ""))
        lasting = tuple(os.path.join(state, name, "") for name in within)
        loaded = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        every = seen.union(os.path.abspath(path) for path in loaded if path)
        return sorted(
            path
            for path in every
            if f"{path}/".startswith(lasting) or not f"{path}/".startswith(passing)
        )


#: What the command that is running is followed by.
_FOLLOWED: ContextVar[Notes | None] = ContextVar("followed", default=None)


@contextlib.contextmanager
def following(notes: Notes | None) -> Iterator[None]:
    """Within the block a command runs whose answer may be kept."""
    token = _FOLLOWED.set(notes)
    try:
        yield
    finally:
        _FOLLOWED.reset(token)


def followed() -> Notes | None:
    """The notes of the command that is running, if there are any."""
    return _FOLLOWED.get()


def _are_still(states: Mapping[str, str]) -> bool:
    return all(kept.state_of(name) == state for name, state in states.items())


def _modified(state: str) -> int:
    moment, _, rest = state.partition(" ")
    return int(moment) if rest and moment.isdecimal() else 0
