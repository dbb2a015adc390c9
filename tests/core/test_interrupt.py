"""Ctrl-C, TERM and KILL on a real gaterun with real children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

Wait = Callable[[Callable[[], bool]], None]

HANGING = """
[task.1]
[[task.1.gate]]
use = "pass"
[[task.1.gate]]
use = "hang"
deaf = {deaf}
[task.2]
needs = ["1"]
[[task.2.gate]]
use = "pass"
"""


def hanging(project: Any, *argv: str, deaf: bool = False) -> tuple[Any, list[int]]:
    project.phase(HANGING.format(deaf=str(deaf).lower()))
    process = project.start("p", "--report", "json:out.json", "--junit-xml", "out.xml", *argv)
    pids = [int(word) for word in project.await_file("pids").split()]
    assert all(psutil.pid_exists(pid) for pid in pids)
    return process, pids


def alive(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            pass
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_children_and_writes_reports(
    project: Any, eventually: Wait, number: int
) -> None:
    process, pids = hanging(project)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2, (out, err)
    assert alive(pids) == []
    record = project.record_now()
    assert record.interrupted
    outcomes = {result.node_id: str(result.outcome) for result in record.results}
    assert outcomes == {"1::pass": "pass", "1::hang": "skipped", "2::pass": "skipped"}
    messages = {result.node_id: result.verdict.message for result in record.results}
    assert messages["1::hang"] == "not finished: interrupted"
    assert messages["2::pass"] == "not run: interrupted"
    assert json.loads((project.root / "out.json").read_text())["interrupted"] is True
    assert (project.root / "out.xml").stat().st_size
    assert b"Traceback" not in out + err
    assert not Path(project.await_file("scratch-of-hang")).exists()


@pytest.mark.slow
def test_a_deaf_child_is_killed_in_the_end(project: Any) -> None:
    process, pids = hanging(project, deaf=True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 2
    assert alive(pids) == []


def test_a_second_interrupt_is_at_once(project: Any) -> None:
    process, pids = hanging(project, deaf=True)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=3)
    assert process.returncode == 2
    assert alive(pids) == []


def test_exit_zero_does_not_hide_an_interrupt(project: Any) -> None:
    process, _ = hanging(project, "--exit-zero")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 2


def test_lf_takes_up_what_an_interrupt_left(project: Any) -> None:
    process, _ = hanging(project)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    (project.signals / "go").touch()
    project.phase(
        HANGING.format(deaf="false").replace("hang", "sleepy").replace("deaf = false", "")
    )
    ran = project.run("p", "--lf")
    assert set(ran.outcomes) == {"1::sleepy", "2::pass"}


def test_kill_9_in_the_middle_and_the_next_run_cleans_up(project: Any, eventually: Wait) -> None:
    process, pids = hanging(project)
    scratch = Path(project.await_file("scratch-of-hang"))
    process.kill()
    process.communicate(timeout=30)
    assert alive(pids) == pids
    assert scratch.exists()
    project.gates("pass", name="q")
    ran = project.run("q")
    assert ran.code == 0
    eventually(lambda: alive(pids) == [])
    assert not scratch.exists()
    assert list((project.root / ".gaterun/scratch").iterdir()) == []
    assert list((project.root / ".gaterun/runs").glob("*/lock")) == []


def test_kill_9_leaves_no_half_written_report(project: Any, eventually: Wait) -> None:
    process, pids = hanging(project)
    process.kill()
    process.communicate(timeout=30)
    project.gates("pass", name="q")
    project.run("q")
    eventually(lambda: alive(pids) == [])
    assert [path.name for path in project.root.iterdir() if path.name.startswith(".out")] == []


def test_a_run_beside_a_live_one_leaves_it_alone(project: Any) -> None:
    process, pids = hanging(project)
    scratch = Path(project.await_file("scratch-of-hang"))
    project.gates("pass", name="q")
    assert project.run("q").code == 0
    assert alive(pids) == pids
    assert scratch.exists()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 2


def test_two_runs_share_a_resource_by_turns(project: Any) -> None:
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "lane"\nwait = true\n')
    first = project.start("p")
    project.await_file("lane-entered")
    second = project.start("p", "-vv")
    waited = False
    lines: list[bytes] = []
    assert second.stdout is not None
    for line in second.stdout:
        lines.append(line)
        if b"waiting: another run holds lane" in line:
            waited = True
            (project.signals / "go").touch()
            break
    rest, _ = second.communicate(timeout=30)
    first.communicate(timeout=30)
    assert waited, b"".join(lines) + rest
    assert (first.returncode, second.returncode) == (0, 0)


def test_many_runs_at_once(project: Any) -> None:
    project.phase(
        """
        [task.1]
        [[task.1.gate]]
        use = "lane"
        [[task.1.gate]]
        use = "pass"
        [[task.1.gate]]
        use = "alone"
        """
    )
    processes = [project.start("p") for _ in range(4)]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], ends
    assert len(list((project.root / ".gaterun/runs").glob("*/record.json"))) == 4


def test_an_interrupt_while_waiting_for_another_run(project: Any) -> None:
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "lane"\nwait = true\n')
    first = project.start("p")
    project.await_file("lane-entered")
    second = project.start("p", "-vv")
    assert second.stdout is not None
    for line in second.stdout:
        if b"waiting: another run holds lane" in line:
            break
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=20)
    (project.signals / "go").touch()
    first.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 2)


@pytest.mark.slow
def test_an_interrupt_of_a_gate_that_does_not_hear(project: Any) -> None:
    """Python code that starts no process: after ten seconds the run ends without it."""
    project.gates("python-loop")
    process = project.start("p", "-v")
    assert process.stdout is not None
    for line in process.stdout:
        if b"1 gate" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 2
    assert project.record_now().interrupted


def test_a_reader_that_goes_away_ends_nothing_else(project: Any) -> None:
    project.gates("fail", "pass")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "gaterun", "p", "--report", "json:out.json"],
        cwd=project.root,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert json.loads((project.root / "out.json").read_text())


def test_clearing_a_killed_run_spares_one_that_starts_meanwhile(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one gaterun looks for orphans of a killed run, another begins and makes a scratch."""
    from gaterun.core import execute
    from gaterun.core import store as module

    store = module.Store(project.root / ".gaterun")
    store.prepare()
    killed = store.new_run()
    os.close(killed._lock)  # its process is gone, its lock file is not
    scratch = project.temporary / "gaterun-live"
    scratch.mkdir()

    def meanwhile(run_id: str) -> int:
        live = store.new_run()
        note = store.path / "scratch" / scratch.name
        note.write_text(f"{live.id}\n{scratch}\n")
        return 0

    monkeypatch.setattr(execute, "end_marked", meanwhile)
    store._clear_killed()
    assert scratch.exists()


def test_an_interrupt_does_not_say_that_a_task_is_done(project: Any) -> None:
    project.phase(HANGING.format(deaf="false"))
    assert project.run("start", "1").code == 0
    process = project.start("done", "1")
    project.await_file("pids")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2, (out, err)
    task = next(
        task
        for task in json.loads(project.run("status", "--format", "json").out)["tasks"]
        if task["id"] == "1"
    )
    assert task["state"] == "in-progress"
