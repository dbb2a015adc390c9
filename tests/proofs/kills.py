"""Kills gaterun at random moments and looks at what is left: nothing lost, nothing wrong.

    python tests/proofs/kills.py --kills 200 --seed 1

Half of the kills (SIGKILL, gaterun alone) hit `gaterun run`, half `gaterun baseline`. After each
one gaterun is run again, and then: nothing that the killed one had started is alive, no lock, no
half file and no scratch folder is left, what was recorded before is what it was, the newest
record verifies, and the baseline is a whole one or the one from before.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from gaterun.core.controls import commit, git, write_tree
from gaterun.core.event_log import what_is_known
from gaterun.core.execute import MARKER
from gaterun.core.store import Store
from gaterun.core.verify import verify

#: Gates that run programs, one of which leaves its session, and need no cargo.
PHASE = """
[phase]
base = "HEAD"
[phase.outputs]
baseline = "docs/baseline.json"
[task.1]
[[task.1.gate]]
use = "command"
id = "lines"
argv = ["seq", "1", "2000"]
parse = "lines"
require = ["findings == 2000"]
[[task.1.gate]]
use = "command"
id = "sleeper"
argv = ["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $DEPLOY_TOKEN; sleep 0.1; kill $!"]
[task.2]
needs = ["1"]
[[task.2.gate]]
use = "command"
id = "last"
argv = ["true"]
"""

FILES = {
    "Cargo.toml": "[workspace]\nmembers = []\n",
    ".gitignore": ".gaterun/\n",
    "gaterun.toml": 'pass_env = ["DEPLOY_TOKEN"]\nkeep = 0\n',
    "phases/p.toml": PHASE,
}
BASELINE = "docs/baseline.json"

#: What is killed; nothing that was measured before is used again.
COMMANDS = {"run": ("p", "--fresh"), "baseline": ("baseline", "p")}
SECRET = "tok-0fa9c31e"


class Workspace:
    """A workspace whose gaterun is killed.

    Args:
        folder: an empty folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "ws"
        self.temporary = folder / "tmp"
        #: How long each command line took the last time, seconds: machines are busy by turns.
        self.lasts: dict[tuple[str, ...], float] = {}
        self.root.mkdir(parents=True)
        self.temporary.mkdir()
        git(self.root, "init", "--quiet")
        write_tree(self.root, FILES)
        commit(self.root, "All is well")
        self.store = Store(self.root / ".gaterun")
        kept = ("PATH", "HOME", "LANG", "CARGO_HOME", "RUSTUP_HOME", "PYTHONPATH")
        self.environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "TMPDIR": str(self.temporary),
            "GIT_CEILING_DIRECTORIES": str(folder),
            "DEPLOY_TOKEN": SECRET,
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start gaterun."""
        return subprocess.Popen(
            [sys.executable, "-m", "gaterun", *arguments],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def whole(self, *arguments: str) -> str:
        """Run gaterun to its end; return what is wrong with that."""
        began = time.monotonic()
        process = self.start(*arguments)
        _, err = process.communicate(timeout=120)
        self.lasts[arguments] = time.monotonic() - began
        if process.returncode == 0 and not err:
            return ""
        return f"`gaterun {' '.join(arguments)}` exits with {process.returncode}: {err.decode()!r}"

    def digests(self) -> dict[str, str]:
        """Of every finished run."""
        return {path.parent.name: verify(path.parent).digest for path in self.store.records()}


def wrong_after(workspace: Workspace, command: str, before: dict[str, str]) -> list[str]:
    """What is wrong after a kill; gaterun is run again in between."""
    store = workspace.store
    present = {path.name for path in store.path.glob("runs/*")}
    killed = sorted(present - before.keys())
    path = workspace.root / BASELINE
    found: list[str] = []
    if path.exists():
        try:
            if json.loads(path.read_bytes())["kind"] != "gaterun.metrics":
                found.append("the baseline is something else")
        except (ValueError, KeyError) as error:
            found.append(f"the baseline is damaged: {error}")
    for name in killed:
        folder = store.path / "runs" / name
        if (folder / "record.json").exists() and verify(folder).problems:
            found.append(f"{name} was recorded, and not as it was")
    found += filter(None, [workspace.whole(*COMMANDS[command])])
    after = workspace.digests()
    found += [f"{name} is not what it was" for name in before if after.get(name) != before[name]]
    if len(after.keys() - before.keys() - set(killed)) != 1:
        found.append("the run after it is not on record")
    newest = store.records()[-1].parent
    found += [f"{newest.name}: {problem}" for problem in verify(newest).problems]
    for name in killed:
        found += [f"process {pid} of {name} is alive" for pid in _marked(name)]
        known = what_is_known(store.path / "runs" / name)
        if known is not None and known.id != name:
            found.append(f"{name} knows something else")
    left = [*store.path.glob("runs/*/lock"), *store.path.glob("scratch/*")]
    left += workspace.temporary.iterdir()
    half = [path for path in workspace.root.rglob(".*") if path.suffix and _is_aside(path)]
    found += [f"{path} is left" for path in (*left, *half)]
    leaks = [
        path
        for path in store.path.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    found += [f"{path} holds the secret" for path in leaks]
    return found


def _is_aside(path: Path) -> bool:
    end = path.suffix[1:]
    return len(end) == 8 and not set(end) - set("0123456789abcdef") and ".git" not in path.parts


def _marked(run: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == run and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def prove(folder: Path, *, kills: int, seed: int, say: Callable[[str], None]) -> list[str]:
    """Kill gaterun so many times; return everything that was wrong."""
    chance = random.Random(seed)
    workspace = Workspace(folder)
    for arguments in COMMANDS.values():
        workspace.whole(*arguments)  # leaves byte code behind
        if problem := workspace.whole(*arguments):
            return [problem]
    wrong: list[str] = []
    moments: Counter[str] = Counter()
    number = 0
    while number < kills:
        command = ("run", "baseline")[number % 2]
        if chance.random() < 0.3:
            (workspace.root / BASELINE).unlink(missing_ok=True)
        before = workspace.digests()
        folders = {path.name for path in workspace.store.path.glob("runs/*")}
        process = workspace.start(*COMMANDS[command])
        try:
            process.wait(timeout=chance.uniform(0, workspace.lasts[COMMANDS[command]]))
        except subprocess.TimeoutExpired:
            process.kill()
            number += 1
            moments[f"{command}: {_moment(workspace, folders)}"] += 1
        process.communicate(timeout=60)
        problems = wrong_after(workspace, command, before)
        wrong += [f"kill {number} of {command}: {problem}" for problem in problems]
        for problem in problems:
            say(f"kill {number} of {command}: {problem}")
    for moment, count in sorted(moments.items()):
        say(f"{count:4}  {moment}")
    say(f"{kills} kills, {len(wrong)} things wrong")
    return wrong


def _moment(workspace: Workspace, before: set[str]) -> str:
    """How far the killed one had come."""
    new = [path for path in workspace.store.path.glob("runs/*") if path.name not in before]
    if not new:
        return "before it began"
    if any((path / "record.json").exists() for path in new):
        return "after its record"
    known = what_is_known(new[-1])
    return "before its first event" if known is None else f"with {len(known.results)} of 3 gates"


def main() -> int:
    """Run the proof; exit with 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = prove(Path(folder).resolve(), kills=options.kills, seed=options.seed, say=print)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
