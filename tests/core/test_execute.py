"""Real processes, ended for real."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from gaterun.core.execute import MARKER, Processes, Stopped, capture, end_marked
from gaterun.model.errors import CannotMeasure
from gaterun.model.verdict import Reason

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def processes() -> Processes:
    return Processes(f"test-{os.getpid()}-{os.urandom(4).hex()}")


@pytest.fixture(params=["here", "elsewhere"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: Any) -> Path:
    """A working directory: this process's own, where programs are started in another way."""
    if request.param == "here":
        monkeypatch.chdir(tmp_path)
    return tmp_path


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_is_started_the_same_way_everywhere(processes: Processes, place: Path) -> None:
    """Leader of its session, without our descriptors, with signals as a shell gives them."""
    code = """
import os
print(os.getcwd(), os.getsid(0) == os.getpid(), sorted(os.listdir("/dev/fd"))[:3])
print(len(os.listdir("/dev/fd")))
"""
    read, write = os.pipe()
    os.set_inheritable(read, True)  # as gaterun may have got it from who started it
    os.set_inheritable(write, True)
    try:
        done = Processes(processes.run_id).run(
            ["python3", "-I", "-S", "-c", code],
            cwd=place,
            log=place / "l",
        )
    finally:
        os.close(read)
        os.close(write)
    # Three standard streams, and the listing itself.
    assert done.out() == f"{place} True ['0', '1', '2']\n4\n"
    # Python ignores it, and what is ignored would be inherited.
    done = processes.run(["sh", "-c", "kill -PIPE $$; true"], cwd=place, log=place / "p")
    assert done.exit_status == -signal.SIGPIPE


def test_a_program_is_looked_for_on_the_path_of_its_environment(
    processes: Processes, place: Path
) -> None:
    (place / "bin").mkdir()
    (place / "bin/own-program").write_text("#!/bin/sh\necho own\n")
    (place / "bin/own-program").chmod(0o755)
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    done = processes.run(["own-program"], cwd=place, log=place / "l", env={"PATH": path})
    assert done.out() == "own\n"
    with pytest.raises(CannotMeasure) as caught:
        processes.run(["own-program"], cwd=place, log=place / "l")
    assert caught.value.reason is Reason.TOOL_MISSING


def test_output_status_and_resources(processes: Processes, place: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = processes.run(python(code), cwd=place, log=place / "log")
    assert (done.exit_status, done.ok) == (3, False)
    assert (done.out(), done.err()) == ("out\n", "err\n")
    assert (done.stdout.name, done.stderr.name) == ("log.out", "log.err")
    assert done.max_rss > 1_000_000
    assert 0 < done.cpu_seconds < 60
    assert done.argv == tuple(python(code))
    assert processes.started == 1


def test_a_program_ended_by_a_signal(processes: Processes, place: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    assert processes.run(python(code), cwd=place, log=place / "l").exit_status == -11


def test_there_is_no_shell(processes: Processes, place: Path) -> None:
    done = processes.run(["echo", "$HOME; touch x", "*"], cwd=place, log=place / "l")
    assert done.out() == "$HOME; touch x *\n"
    assert not (place / "x").exists()


def test_standard_input_is_empty(processes: Processes, place: Path) -> None:
    assert processes.run(["cat"], cwd=place, log=place / "l").out() == ""


def test_environment_is_added_and_removed(processes: Processes, place: Path) -> None:
    code = f"import os; print(os.environ.get('A'), os.environ.get('HOME'), os.environ['{MARKER}'])"
    done = processes.run(python(code), cwd=place, log=place / "l", env={"A": "b", "HOME": None})
    assert done.out() == f"b None {processes.run_id}\n"


def test_output_that_is_not_text(processes: Processes, tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\x00' + b'x' * 100000 + b'\\n')"
    done = processes.run(python(code), cwd=tmp_path, log=tmp_path / "l")
    assert done.out() == "\ufffd\x00" + "x" * 100_000 + "\n"
    assert [len(line) for line in done.lines()] == [100_003]


@pytest.mark.parametrize(
    ("argv", "reason", "message"),
    [
        (["no-such-program"], Reason.TOOL_MISSING, "no-such-program: not found"),
        (["./not-executable"], Reason.TOOL_MISSING, "./not-executable: cannot be executed"),
        (["./file/below"], Reason.TOOL_MISSING, "./file/below: not found"),
    ],
)
def test_a_program_that_is_not_there(
    processes: Processes, place: Path, argv: list[str], reason: Reason, message: str
) -> None:
    (place / "not-executable").write_text("#!/bin/sh\n")
    (place / "file").write_text("")
    with pytest.raises(CannotMeasure) as caught:
        processes.run(argv, cwd=place, log=place / "l")
    assert (caught.value.reason, caught.value.message) == (reason, message)
    assert "install" in caught.value.help


def test_a_working_directory_that_is_not_there(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(CannotMeasure) as caught:
        processes.run(["true"], cwd=tmp_path / "nope", log=tmp_path / "l")
    assert caught.value.reason is Reason.NO_INPUT


HANG = """
import os, subprocess, sys, time, signal
if {deaf}:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
one = subprocess.Popen(["sleep", "1000"])
two = subprocess.Popen(["sleep", "1000"], start_new_session=True)
open("pids.part", "w").write(f"{{os.getpid()}} {{one.pid}} {{two.pid}}")
os.rename("pids.part", "pids")
time.sleep({seconds})
"""


def gone(pids: list[int]) -> bool:
    def running(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return not any(running(pid) for pid in pids)


def pids(folder: Path) -> list[int]:
    return [int(word) for word in (folder / "pids").read_text().split()]


@pytest.mark.parametrize("deaf", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_timeout_ends_the_group_and_who_has_left_it(
    processes: Processes, tmp_path: Path, eventually: Wait, deaf: bool
) -> None:
    code = HANG.format(deaf=deaf, seconds=1000)
    with pytest.raises(CannotMeasure) as caught:
        processes.run(python(code), cwd=tmp_path, log=tmp_path / "l", timeout=1.0)
    assert caught.value.reason is Reason.TIMEOUT
    assert "was ended after" in caught.value.message
    assert len(pids(tmp_path)) == 3
    eventually(lambda: gone(pids(tmp_path)))


def test_what_a_program_leaves_in_its_group_is_ended_with_it(
    processes: Processes, place: Path, eventually: Wait
) -> None:
    done = processes.run(python(HANG.format(deaf=False, seconds=0)), cwd=place, log=place / "l")
    assert done.ok
    _, in_group, daemon = pids(place)
    try:
        eventually(lambda: gone([in_group]))
    finally:
        end_marked(processes.run_id)
    eventually(lambda: gone([daemon]))


def test_an_interrupt_ends_every_child_and_refuses_new_ones(
    processes: Processes, tmp_path: Path, eventually: Wait
) -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            processes.run(
                python(HANG.format(deaf=False, seconds=1000)), cwd=tmp_path, log=tmp_path / "l"
            )
        except BaseException as error:
            raised.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    eventually((tmp_path / "pids").exists)
    processes.interrupt()
    worker.join(20)
    assert isinstance(raised[0], Stopped)
    assert processes.stopping
    eventually(lambda: gone(pids(tmp_path)))
    with pytest.raises(Stopped):
        processes.run(["true"], cwd=tmp_path, log=tmp_path / "l2")


def test_an_interrupt_at_once_does_not_ask(
    processes: Processes, tmp_path: Path, eventually: Wait
) -> None:
    def work() -> None:
        code = HANG.format(deaf=True, seconds=1000)
        with pytest.raises(Stopped):
            processes.run(python(code), cwd=tmp_path, log=tmp_path / "l")

    worker = threading.Thread(target=work)
    worker.start()
    eventually((tmp_path / "pids").exists)
    processes.interrupt(at_once=True)
    worker.join(1.5)
    assert not worker.is_alive()
    eventually(lambda: gone(pids(tmp_path)))


def test_stopped_is_not_swallowed_by_a_plugin() -> None:
    assert not issubclass(Stopped, Exception)


def test_deadlines_are_kept_apart(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(CannotMeasure):
        processes.run(["sleep", "100"], cwd=tmp_path, log=tmp_path / "a", timeout=0.2)
    assert processes.run(["sleep", "0.5"], cwd=tmp_path, log=tmp_path / "b", timeout=60).ok
    with pytest.raises(CannotMeasure):
        processes.run(["sleep", "100"], cwd=tmp_path, log=tmp_path / "c", timeout=0.2)


def test_the_timeout_of_one_program_leaves_the_others_alone(
    processes: Processes, tmp_path: Path
) -> None:
    statuses: list[int] = []

    def work() -> None:
        done = processes.run(["sleep", "1.5"], cwd=tmp_path, log=tmp_path / "other")
        statuses.append(done.exit_status)

    other = threading.Thread(target=work)
    other.start()
    with pytest.raises(CannotMeasure):
        processes.run(["sleep", "100"], cwd=tmp_path, log=tmp_path / "one", timeout=0.2)
    other.join(20)
    assert statuses == [0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_timeout_beyond_reason_does_not_end_the_watchdog(
    processes: Processes, tmp_path: Path, eventually: Wait
) -> None:
    raised: list[BaseException] = []

    def long() -> None:
        try:
            processes.run(["sleep", "1000"], cwd=tmp_path, log=tmp_path / "a", timeout=1e12)
        except BaseException as error:
            raised.append(error)

    def short() -> None:
        try:
            processes.run(["sleep", "1000"], cwd=tmp_path, log=tmp_path / "b", timeout=0.2)
        except BaseException as error:
            raised.append(error)

    one, two = threading.Thread(target=long), threading.Thread(target=short)
    one.start()
    eventually(lambda: processes._watchdog is not None)
    watchdog = processes._watchdog
    assert watchdog is not None
    watchdog.join(0.5)  # long enough to die of it
    two.start()
    two.join(3)
    try:
        assert not two.is_alive()
        assert [type(error) for error in raised] == [CannotMeasure]
    finally:
        processes.kill()
        one.join(5)
        two.join(5)


def test_end_marked_takes_only_its_own(tmp_path: Path, eventually: Wait) -> None:
    import subprocess

    mine = subprocess.Popen(["sleep", "1000"], env={**os.environ, MARKER: "run-a"})
    other = subprocess.Popen(["sleep", "1000"], env={**os.environ, MARKER: "run-b"})
    try:
        eventually(lambda: end_marked("run-a") >= 1 or mine.poll() is not None)
        mine.wait(10)
        assert other.poll() is None
    finally:
        for process in (mine, other):
            process.kill()
            process.wait()


def test_capture(tmp_path: Path) -> None:
    code = "import sys, os; print(os.environ['A']); sys.exit(2)"
    assert capture(python(code), cwd=tmp_path, env={"A": "b"}) == (2, b"b\n", b"")
    with pytest.raises(FileNotFoundError):
        capture(["no-such-program"], cwd=tmp_path)
    with pytest.raises(CannotMeasure, match="did not end"):
        capture(["sleep", "100"], cwd=tmp_path, timeout=0.2)


def test_the_timeout_of_a_gate_is_for_all_its_commands(project: Any) -> None:
    """``timeout`` bounds the gate, not each of its commands."""
    project.phase(
        """
        [task.1]
        [[task.1.gate]]
        use = "sleepy"
        seconds = 0.3
        times = 8
        timeout = "1s"
        """
    )
    ran = project.run("p")
    assert ran.outcomes == {"1::sleepy": "timeout"}


def test_the_timeout_bounds_resources_too(project: Any) -> None:
    """`slow_resource` sleeps for 30 s."""
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "wants-slow"\ntimeout = "0.5s"\n')
    ran = project.command("p", timeout=6)
    assert ran.outcomes == {"1::wants-slow": "timeout"}


def test_the_timeout_bounds_a_gate_that_starts_no_process(project: Any) -> None:
    project.phase(
        """
        [task.1]
        [[task.1.gate]]
        use = "python-loop"
        timeout = "0.5s"
        [[task.1.gate]]
        use = "pass"
        """
    )
    ran = project.command("p", timeout=30)
    assert ran.outcomes == {"1::python-loop": "timeout", "1::pass": "pass"}
