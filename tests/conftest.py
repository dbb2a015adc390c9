"""The fixture `project`: a workspace in a temporary folder, and gaterun run in it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

from gaterun.core.record_file import read_record
from gaterun.core.store import Store
from gaterun.model.record import GateResult, RunRecord

PLUGINS = Path(__file__).parent / "plugins"

#: The fakes take the place of the built-in gates, which have tests of their own.
BUILT_IN_GATES = tuple(
    sorted(
        point.name
        for point in metadata.entry_points(group="gaterun")
        if point.value.startswith("gaterun_gates.")
    )
)

_IDENTITY = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.invalid",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.invalid",
}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one command line of gaterun did."""

    code: int
    out: str
    err: str
    records: tuple[RunRecord, ...]

    @property
    def record(self) -> RunRecord:
        """The record of this run; there is exactly one new one."""
        (record,) = self.records
        return record

    @property
    def results(self) -> dict[str, GateResult]:
        """Results by node id."""
        return {result.node_id: result for result in self.record.results}

    @property
    def outcomes(self) -> dict[str, str]:
        """Outcomes by node id; an inconclusive one by its reason code."""
        return {
            node: str(result.verdict.reason or result.outcome)
            for node, result in self.results.items()
        }


class Project:
    """A workspace of a test's own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        #: Where gaterun puts scratch folders and crash logs.
        self.temporary = root.parent / "tmp"
        #: Where the fake gates and the tests tell each other things.
        self.signals = root.parent / "signals"
        self.signals.mkdir(exist_ok=True)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, dedented."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")

    def phase(self, text: str, name: str = "p") -> None:
        """Write a phase file."""
        self.write({f"phases/{name}.toml": text})

    def gates(self, *names: str, name: str = "p") -> None:
        """Write a phase with one task ``1`` of these gates."""
        entries = "".join(f'[[task.1.gate]]\nuse = "{gate}"\n' for gate in names)
        self.phase("[phase]\n[task.1]\n" + entries, name)

    def git(self, *arguments: str) -> str:
        """Run git here."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={**os.environ, **_IDENTITY},
            check=True,
            capture_output=True,
        )
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def commit(self, message: str = "work") -> str:
        """Commit everything, in a repository that is made where there is none."""
        if not (self.root / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def run(self, *argv: str) -> Ran:
        """Run gaterun in this process, with the workspace as current folder."""
        from gaterun.cli.main import run

        before = self._record_files()
        out, err = _stream(), _stream()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(argv)
        return self._ran(code, _text(out), _text(err), before)

    def command(self, *argv: str, timeout: float = 60, **environment: str) -> Ran:
        """Run gaterun in a process of its own."""
        before = self._record_files()
        done = subprocess.run(
            [sys.executable, "-m", "gaterun", *argv],
            cwd=self.root,
            # pytest's own variable differs from phase to phase of one test
            env={**os.environ, "PYTEST_CURRENT_TEST": "", **environment},
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return self._ran(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
            before,
        )

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        """Start gaterun in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "gaterun", *argv],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def await_file(self, name: str, *, seconds: float = 30) -> str:
        """The text of a signal that another process is about to write."""
        end = time.monotonic() + seconds
        while not (self.signals / name).exists():
            if time.monotonic() > end:
                pytest.fail(f"{name} did not appear")
            time.sleep(0.02)
        return (self.signals / name).read_text()

    def record_now(self) -> RunRecord:
        """The only record there is."""
        (path,) = self._record_files()
        return read_record(path)

    def _record_files(self) -> set[Path]:
        return set(Store(self.root / ".gaterun").records())

    def _ran(self, code: int, out: str, err: str, before: set[Path]) -> Ran:
        new = sorted(self._record_files() - before)
        return Ran(code=code, out=out, err=err, records=tuple(read_record(path) for path in new))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict", newline="\n")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode("utf-8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> Project:
    """A cargo workspace with no members, the fake gates loaded, the built-in gates blocked."""
    root = tmp_path / "ws"
    root.mkdir()
    (root / "Cargo.toml").write_text("[workspace]\nmembers = []\n")
    blocked = [f"no:{name}" for name in BUILT_IN_GATES]
    monkeypatch.setenv("GATERUN_PLUGINS", ",".join(["fake_gates", *blocked]))
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS), prepend=os.pathsep)
    # A repository around the temporary folder must not be taken for the workspace's.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    # Scratch folders and crash logs are seen, and gone with the test.
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(root)
    return Project(root)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds, and fail when it never does."""

    def wait(condition: Callable[[], bool], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                pytest.fail("it did not come true")
            time.sleep(0.02)

    return wait
