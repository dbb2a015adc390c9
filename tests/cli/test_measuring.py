"""What is shown while a command measures for minutes: at a terminal, and where there is none."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from typing import Any

import pytest

SLOW = """
import time
from pathlib import Path
import gaterun
from gaterun import Gate, Measurement, Metric

def measure(ctx):
    ctx.progress("step 2 of 3")
    go = SIGNALS / "go"
    while not go.exists():
        time.sleep(0.02)
    return Measurement(metrics={"n": 7}, inspected={"things": 1})

def refuse(ctx):
    raise gaterun.CannotMeasure(gaterun.Reason.TOOL_MISSING, "no such tool")

N = (Metric(name="n"),)

@gaterun.hookimpl
def gaterun_gates():
    return [
        Gate(name="slow", title="slow", metrics=N, measure=measure, requires=("n < 20",)),
        Gate(name="refused", title="refused", metrics=N, measure=refuse, requires=("n < 20",)),
    ]
"""

COMMANDS = {
    "init": ("init",),
    "baseline": ("baseline", "p"),
    "run against a revision": ("p", "--baseline", "HEAD"),
}


@pytest.fixture
def slow(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A workspace whose own gates take the place of the fake ones; one waits to be let go."""
    source = SLOW.replace("SIGNALS", f"Path({str(project.signals)!r})")
    project.write(
        {
            "local/mine.py": source,
            "phases/p.toml": '[phase]\nbase = "HEAD"\n[task.1]\ngate = ["slow", "refused"]\n',
            ".gitignore": "__pycache__\n",
        }
    )
    project.commit()
    monkeypatch.setenv("GATERUN_GATES", "local")
    blocked = os.environ["GATERUN_PLUGINS"].removeprefix("fake_gates,")
    monkeypatch.setenv("GATERUN_PLUGINS", blocked)
    return project


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_terminal_shows_what_is_measured_and_for_how_long(
    slow: Any, command: tuple[str, ...]
) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gaterun", *command],
        cwd=slow.root,
        env={**os.environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    running = re.compile(r"  (1::)?slow  \d+\.\d+s  step 2 of 3")
    seen = _read_until(ours, running)
    (slow.signals / "go").touch()
    _read_until(ours, re.compile(r"(?<!not )measured +(1::)?slow in [\dms. ]+: n 7"), seen)
    _read_until(ours, None)
    assert process.wait(30) in {0, 7}
    os.close(ours)


def _read_until(terminal: int, wanted: re.Pattern[str] | None, before: str = "") -> str:
    """What a terminal was told until it shows something; until its end for ``None``."""
    seen, end = "", time.monotonic() + 60
    while wanted is None or not wanted.search(before + seen):
        assert time.monotonic() < end, before + seen
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # what Linux says when the other end is closed
            part = b""
        if not part:
            assert wanted is None, before + seen
            break
        seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", part.decode())
    return seen


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_elsewhere_a_line_says_that_a_gate_begins_and_one_that_it_has_ended(
    slow: Any, command: tuple[str, ...]
) -> None:
    (slow.signals / "go").touch()
    ran = slow.run(*command)
    lines = [
        re.sub(r"\d+\.\d+s", "TIME", line.strip()).replace("1::", "")
        for line in (ran.err if "--baseline" in command else ran.out).splitlines()
    ]
    assert "\x1b" not in ran.out + ran.err
    assert lines.index("measuring     slow") < lines.index("measured      slow in TIME: n 7")
    assert "not measured  refused in TIME: tool-missing: no such tool" in lines
