"""Keeps what was shown, with the state of all that was looked at, and shows it again unchanged.

``list`` and ``--collect-only`` only show. What they said is kept in ``.gaterun/shown/``, beside
the name, the size and the modification time of every file that was opened and of every folder
that was listed meanwhile, as Python's audit events tell; docs/design/kept-answers.md says more.
Nothing is kept where there is no ``.gaterun`` yet: showing leaves no trace in a workspace.

A run in which everything passed and nothing had to be measured is kept in the same way, beside
the state of the tree, of the toolchain and the date: as long as these are the same, another run
would find the same. So is what ``status`` says, with blanks for ages, and that ``hook stop`` has
nothing to say; both until the moment at which a claim runs out or has to be renewed. What is to be
kept `gaterun.cli.notes` notes.

Whatever is wrong with a kept answer means that there is none. Imported before everything else,
so it imports next to nothing itself.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: Where kept answers are, from the workspace root.
_FOLDER = os.path.join(".gaterun", "shown")

#: How many answers are kept.
KEPT = 32

#: Variables that differ from shell to shell and mean nothing.
_NOISE = frozenset({"_", "OLDPWD", "SHLVL"})


def shows(argv: Sequence[str]) -> bool:
    """Whether a command line only shows something that may be kept.

    >>> shows(["list", "phase7"]), shows(["phase7", "--co"]), shows(["phase7"])
    (True, True, False)
    """
    return argv[:1] == ["list"] or "--co" in argv or "--collect-only" in argv


class Plan:
    """What an answer stands on, besides the tree and what is recorded.

    Attributes:
        text: for `gaterun.cli.plan`.
        lines: what was looked at to make it: state and name of each.
    """

    __slots__ = ("lines", "text")

    def __init__(self, text: str, lines: list[str]) -> None:
        self.text = text
        self.lines = lines

    def names(self) -> frozenset[str]:
        """The names of what was looked at."""
        return frozenset(line.partition("\t")[2] for line in self.lines)


class Kept:
    """What was kept of a question, and still holds.

    Attributes:
        answer: what was answered and the exit code, if nothing that it depends on has changed.
        plan: what the answer stands on, if nothing that the plan depends on has changed.
    """

    __slots__ = ("answer", "plan")

    def __init__(self, answer: tuple[str, int] | None = None, plan: Plan | None = None) -> None:
        self.answer = answer
        self.plan = plan


def recall(words: Sequence[str], below: str = "") -> Kept:
    """What was answered before, as far as nothing that it depends on has changed since.

    Args:
        words: the command line, and what else was asked.
        below: the folder that it is about, if that is not the current one.
    """
    folder = _folder(below)
    if folder is None:
        return Kept()
    found = Kept()
    try:
        path = os.path.join(folder, name_of(words))
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            key, numbers, rest = file.read().split("\n", 2)
        planned, plan_length, count, length, code, begin, end = numbers.split()
        first, second = int(planned), max(int(count), 0)
        *states, text = rest.split("\n", first + second)
        if (
            key != key_of(words)
            or len(states) != first + second
            or len(text) != int(plan_length) + int(length)
        ):
            return found
        holds = int(count) >= 0 and float(begin) <= time.time() < float(end)
        tree = states[-1].partition("\t")[2] if holds and states else ""
        if tree.startswith("tree of "):
            from gaterun.core import tree_key

            # Git looks while we do.
            root = tree.partition(" of ")[2].partition("\t")[0]
            tree_key.put(root, *tree_key.tree_question(root))
        if not _are(states[:first]):
            return found
        if first:
            found.plan = Plan(text[: int(plan_length)], states[:first])
        if holds and _are(states[first:]):
            answer = text[int(plan_length) :]
            if "\0" in answer:
                from gaterun.reporters.moments import filled

                answer = filled(answer, time.time())
            found.answer = answer, int(code)
    except (OSError, ValueError, IndexError):
        return Kept()
    return found


def _are(states: Sequence[str]) -> bool:
    """Whether everything is in the state that stands before its name."""
    for line in states:
        state, _, name = line.partition("\t")
        if name.startswith("tree of "):
            from gaterun.core import tree_key

            now = tree_key.key_put(*name.partition(" of ")[2].split("\t"))
        else:
            now = state_of(name)
        if state != now:
            return False
    return True


def give(text: str) -> None:
    """Write an answer to standard output, whether or not somebody still reads it.

    Raises:
        SystemExit: there is no room for it.
    """
    if not text:
        return
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from gaterun.core.workflow_log import harmless

        text = harmless(text)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        unheard(error)


def unheard(error: OSError) -> None:
    """What could not be said was not said, unless whoever read standard output has gone.

    Raises:
        SystemExit: there is no room for it.
    """
    # Or Python would complain when it flushes at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if not isinstance(error, BrokenPipeError):
        tell(f"error: cannot write: {error.strerror}\n")
        sys.exit(4)


def tell(text: str) -> None:
    """Write to standard error what goes with an answer."""
    if not text:
        return
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from gaterun.core.workflow_log import harmless

        text = harmless(text)
    sys.stderr.write(text)


def _folder(below: str) -> str | None:
    """The nearest folder of kept answers, there or above."""
    here = os.path.realpath(below) if below else os.getcwd()
    while True:
        folder = os.path.join(here, _FOLDER)
        if os.path.isdir(folder):
            return folder
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above


def name_of(words: Sequence[str]) -> str:
    """Of the file that keeps the answer."""
    return f"{_checksum(repr((os.getcwd(), *words))):08x}"


def key_of(words: Sequence[str]) -> str:
    """All that an answer depends on besides files; the environment may hold secrets, so no values."""
    environment = sorted(item for item in os.environ.items() if item[0] not in _NOISE)
    python = (sys.version, sys.executable, sys.flags, sys.path)
    here = (os.getuid(), os.uname(), os.cpu_count())
    return repr((os.getcwd(), *words, *python, *here, _checksum(repr(environment)), KEPT))


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


def kind_of(path: str) -> str:
    """The name under which is kept what is at a path: a file, a folder or nothing."""
    return f"kind of {path}"


#: The name under which the date is kept.
DAY = "the day"


def state_of(path: str) -> str:
    """What tells one version of something from another: of a file, unless the name says else."""
    if not path.startswith("/"):  # most are files
        return _state_of_named(path)
    try:
        found = os.stat(path)
    except OSError:
        return "-"
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino} {found.st_mode:o}"


def _state_of_named(name: str) -> str:
    kind, _, of = name.partition(" of ")
    if name == DAY:
        from gaterun.core.toolchain import today

        return today()
    if kind == "kind":
        try:
            return f"{os.stat(of).st_mode >> 12:o}"
        except OSError:
            return "-"
    if kind == "tools":
        from gaterun.core.toolchain import digest

        return digest(of, os.environ)
    if kind == "tree":
        from gaterun.core.tree_key import key

        return key(*of.split("\t"))
    raise ValueError(name)
