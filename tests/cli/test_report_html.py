"""``--report html`` and ``gaterun report --open``, with real runs and a browser that notes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gaterun.cli.browse import browse

PHASE = """
[phase]
title = "Two tasks"
[task.1]
title = "First"
[[task.1.gate]]
use = "value"
file = "number"
require = ["n < 5"]
[task.2]
title = "Second"
needs = ["1"]
[[task.2.gate]]
use = "pass"
[[task.2.gate]]
use = "pass"
id = "last"
needs = ["2::pass"]
"""

SECRET = "s3cr3t-0123456789-abcdef"


def measured(project: Any, *numbers: int) -> list[str]:
    project.phase(PHASE)
    found = []
    for number in numbers:
        project.write({"number": f"{number}\n"})
        found.append(project.run("p", "--fresh", "--report", "html:out.html").record.id)
    return found


def test_a_run_writes_its_page_with_what_earlier_runs_measured(project: Any) -> None:
    measured(project, 9, 7, 3)
    page = (project.root / "out.html").read_text("utf-8")
    assert "All 3 gates passed" in page
    assert "3 runs, from 9 to 3: −6 (−66.7 %) better." in page
    assert "2 Second: all 2 passed, waits for 1." in page
    assert "It waits for 2::pass." in page


def test_needs_are_on_record(project: Any) -> None:
    project.phase(PHASE)
    project.write({"number": "1\n"})
    record = project.run("p", "1").record
    assert record.needs == {"2": ("1",), "2::last": ("2::pass",)}


def test_the_page_shows_what_was_run_with_its_log(project: Any) -> None:
    project.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "shell"\nscript = "say.sh"\n')
    project.write({"say.sh": "echo '<i>hello</i>'"})
    project.run("p", "-p", "leaky", "--report", "html:out.html")
    page = (project.root / "out.html").read_text("utf-8")
    assert "&lt;i&gt;hello&lt;/i&gt;\n" in page
    assert "<i>" not in page


def test_no_secret_is_on_the_page(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", SECRET)
    project.write({"gaterun.toml": 'pass_env = ["DEPLOY_TOKEN"]\n'})
    project.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "leak"\n')
    project.run("p", "-p", "leaky", "--report", "html:out.html")
    page = (project.root / "out.html").read_text("utf-8")
    assert "Commands and logs (1)" in page
    assert SECRET not in page


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that notes what it is asked to open."""
    noted = tmp_path / "opened"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {noted}\n')
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    return noted


def opened(project: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``gaterun report`` in a process of its own: Python looks for browsers once."""
    command = [sys.executable, "-m", "gaterun", "report", "p", *arguments]
    return subprocess.run(
        command, cwd=project.root, check=True, capture_output=True, text=True, env=os.environ
    )


def test_open_writes_the_page_into_the_runs_folder(project: Any, browser: Path) -> None:
    (run,) = measured(project, 1)
    ran = opened(project, "--open")
    page = project.root / ".gaterun" / "runs" / run / "gaterun.html"
    assert ran.stdout == f"wrote {page}\n"
    assert "All 3 gates passed" in page.read_text("utf-8")
    assert browser.read_text() == page.as_uri()


def test_open_takes_the_path_that_was_given(project: Any, browser: Path) -> None:
    (run,) = measured(project, 1)
    assert opened(project, "--open", "--report", "html:here.html").stdout.startswith("wrote ")
    assert browser.read_text() == (project.root / "here.html").as_uri()
    assert not (project.root / ".gaterun" / "runs" / run / "gaterun.html").exists()


def test_without_a_display_the_path_is_said(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    (run,) = measured(project, 1)
    ran = project.run("report", "p", "--open")
    page = project.root / ".gaterun" / "runs" / run / "gaterun.html"
    assert ran.out == f"wrote {page}\nno browser can be opened from here\n"
    assert page.exists()
    assert not browse(page)


def test_a_run_stays_verifiable_with_its_page(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    (run,) = measured(project, 1)
    project.run("report", "p", "--open")
    assert project.run("runs", "verify", run).code == 0
