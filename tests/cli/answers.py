"""Asks gaterun as a program, and tells an answer that was kept from one that was worked out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

LONG_AGO = 1_700_000_000

#: Programs are started often here, and compile what they import once.
_BYTE_CODE = tempfile.TemporaryDirectory(prefix="gaterun-byte-code-")

_others = count()


@dataclass(frozen=True, kw_only=True)
class Answer:
    code: int
    out: str
    err: str
    way: str = field(default="", compare=False)

    @property
    def steady(self) -> Answer:
        """Without what differs from second to second."""
        return Answer(
            code=self.code,
            out=re.sub(r"\b\d+ s\b", "N s", self.out),
            err=re.sub(r"Told \d of", "Told N of", self.err),
        )


def variables() -> dict[str, str]:
    """What the program is started with; the same for every test."""
    inherited = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    ours = {"PYTHONPYCACHEPREFIX": _BYTE_CODE.name, "PYTHONSAFEPATH": "1"}
    # pytest's own variable differs from phase to phase of one test
    return {**inherited, **ours, "PYTEST_CURRENT_TEST": ""}


def ask(
    *argv: str, at: Path, given: bytes | None = None, **environment: str
) -> tuple[Answer, bool]:
    """What the program answers, and whether it had kept that.

    An answer that was kept imports no msgspec, and one that stands on a kept plan no click.
    """
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gaterun", *argv],
        cwd=at,
        env={**variables(), **environment},
        input=given if given is not None else b"",
        capture_output=True,
        timeout=60,
        check=False,
    )
    lines = done.stderr.decode().splitlines(keepends=True)
    said = "".join(line for line in lines if not line.startswith("import time:"))
    told = done.stderr.decode()
    way = (
        "kept"
        if " msgspec\n" not in told
        else "planned"
        if " click.core\n" not in told
        else "worked out"
    )
    answer = Answer(code=done.returncode, out=done.stdout.decode(), err=said, way=way)
    return answer, way == "kept"


def worked_out(*argv: str, at: Path, given: bytes | None = None) -> Answer:
    """What it answers when nothing was kept: another environment is another question."""
    answer, _ = ask(*argv, at=at, given=given, OTHER=str(next(_others)))
    assert answer.way == "worked out"
    return answer


def settle(*folders: Path) -> None:
    """What has just been written could change again unseen, so nothing of it is kept."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink() and ".gaterun/shown" not in str(path):
                os.utime(path, (LONG_AGO, LONG_AGO))
        subprocess.run(["git", "status"], cwd=folder, capture_output=True, check=False)


def kept(*argv: str, at: Path, given: bytes | None = None) -> Answer:
    """What it answers from what it has kept; fails where it keeps nothing."""
    for _ in range(4):
        answer, quick = ask(*argv, at=at, given=given)
        if quick:
            return answer
    pytest.fail(f"it is worked out each time: {answer}")


def never_kept(*argv: str, at: Path, given: bytes | None = None) -> None:
    for _ in range(3):
        answer, quick = ask(*argv, at=at, given=given)
        assert not quick, answer


def same(*argv: str, at: Path, given: bytes | None = None) -> Any:
    """All ways answer the same, whichever the program takes; whether it took the shortest one."""
    return way(*argv, at=at, given=given) == "kept"


def way(*argv: str, at: Path, given: bytes | None = None) -> str:
    """By which way the program answers, which is what it answers by the longest."""
    answer, _ = ask(*argv, at=at, given=given)
    assert answer.steady == worked_out(*argv, at=at, given=given).steady
    return answer.way
