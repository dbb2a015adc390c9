"""``gaterun status`` and ``gaterun list --why``: what holds, and what a run would do."""

from __future__ import annotations

import json
from typing import Any

import pytest

PHASE = """
[phase]
[task.1]
[[task.1.gate]]
use = "bound"
[[task.1.gate]]
use = "fail"
[[task.1.gate]]
use = "pass"
[[task.1.gate]]
use = "sleepy"
skip = "not today"
[task.2]
needs = ["1"]
[[task.2.gate]]
use = "pass"
"""


@pytest.fixture
def ran(project: Any) -> Any:
    project.write({"src/lib.rs": "fine\n", "README.md": "read me\n"})
    project.phase(PHASE)
    project.commit()
    project.run("p")
    return project


def rows(project: Any, *argv: str) -> list[str]:
    """The lines of a command, without how long ago something was."""
    import re

    out = project.run(*argv).out
    return [
        re.sub(r"\d+ (?:s|min) ago(?:, )?|, of run \S+", "", line).rstrip()
        for line in out.rpartition("\n\n")[2].splitlines()
    ]


def test_before_anything_was_run(project: Any) -> None:
    project.gates("pass")
    done = project.run("status", "p")
    assert done.code == 1
    assert done.out == (
        "task  state  owner  gates  last event\n"
        "1     ready  -      0/1    -\n"
        "0 of 1 tasks are verified on this tree\n"
        "\n"
        "missing  -           1::pass  it was never measured here\n"
        "0 of 1 gates have passed on this tree\n"
    )
    assert not (project.root / ".gaterun").exists()


def test_what_holds(ran: Any) -> None:
    assert rows(ran, "status", "p") == [
        "fresh    passed      1::bound",
        "fresh    failed      1::fail",
        "fresh    passed      1::pass",
        "missing  skipped     1::sleepy  not today",
        "missing  -           2::pass    it was never measured here",
        "2 of 5 gates have passed on this tree",
    ]


def test_what_no_longer_holds(ran: Any) -> None:
    ran.write({"src/lib.rs": "other\n"})
    assert rows(ran, "status", "p")[:3] == [
        "stale    passed      1::bound   files that it depends on changed",
        "stale    failed      1::fail    the tree changed, and nobody says what it depends on",
        "stale    passed      1::pass    the tree changed, and nobody says what it depends on",
    ]
    ran.write({"src/lib.rs": "fine\n", "README.md": "changed\n"})
    assert rows(ran, "status", "p")[:2] == [
        "fresh    passed      1::bound",
        "stale    failed      1::fail    the tree changed, and nobody says what it depends on",
    ]


def test_another_condition_makes_it_stale(ran: Any) -> None:
    ran.phase(PHASE.replace('use = "bound"', 'use = "bound"\nrequire = "n == 7"'))
    assert rows(ran, "status", "p", "bound")[0] == (
        "stale    passed      1::bound  its conditions changed"
    )


def test_it_exits_with_0_only_when_everything_has_passed(ran: Any) -> None:
    assert ran.run("status", "p").code == 1
    assert ran.run("status", "p", "1::bound", "1::pass").code == 0
    assert ran.run("status", "p", "1::sleepy").code == 1
    ran.write({"src/lib.rs": "other\n"})
    assert ran.run("status", "p", "1::bound").code == 1


def test_as_json(ran: Any) -> None:
    first, second, *_ = json.loads(ran.run("status", "p", "--format", "json").out)["gates"]
    run = ran.record_now().id
    assert first == {
        "node_id": "1::bound",
        "freshness": "fresh",
        "outcome": "pass",
        "holds": True,
        "why": "",
        "run": run,
        "reusable": True,
    }
    assert (second["outcome"], second["holds"], second["reusable"]) == ("fail", False, False)


def test_what_a_run_would_do_and_why(ran: Any) -> None:
    assert rows(ran, "list", "p", "--why") == [
        "1::bound   reused",
        "1::fail    measured: it did not pass",
        "1::pass    measured: nobody says what it depends on",
        "1::sleepy  skipped: not today",
        "2::pass    measured: it was never measured here",
    ]
    ran.write({"src/lib.rs": "other\n"})
    assert rows(ran, "list", "p", "--why")[0] == (
        "1::bound   measured: files that it depends on changed"
    )


def test_nothing_is_run_or_written(ran: Any) -> None:
    trace = (ran.signals / "measured").read_text()
    before = sorted(str(path) for path in (ran.root / ".gaterun").rglob("*"))
    ran.run("status", "p")
    ran.run("list", "p", "--why")
    assert (ran.signals / "measured").read_text() == trace
    assert sorted(str(path) for path in (ran.root / ".gaterun").rglob("*")) == before


def test_however_gaterun_is_started(ran: Any) -> None:
    """A console script and `python -m gaterun` look in other folders first."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    script = Path(sys.executable).with_name("gaterun")
    environment = {**os.environ, "PYTEST_CURRENT_TEST": ""}
    for started, asked in (
        ([str(script)], [sys.executable, "-m", "gaterun"]),
        ([sys.executable, "-m", "gaterun"], [str(script)]),
    ):
        subprocess.run(
            [*started, "p", "1::bound", "--fresh"], env=environment, check=True, capture_output=True
        )
        done = subprocess.run(
            [*asked, "status", "p", "1::bound"], env=environment, check=False, capture_output=True
        )
        assert (done.returncode, done.stdout.split()[0]) == (0, b"fresh"), done
