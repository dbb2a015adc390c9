"""Gates measured by Dask: the verdicts of one machine, and none where a worker is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import gaterun_dask

pytestmark = pytest.mark.filterwarnings("default")  # Dask's own are not ours to mend

#: Every way in which a gate can end; each says what it depends on, so each may leave.
GATES = (
    "pass",
    "fail",
    "crash",
    "nothing",
    "missing-tool",
    "refuses",
    "garbage",
    "surrogate",
    "shares",
    "wants-broken",
)


def gates(*names: str, more: str = "") -> str:
    """A phase of gates that may be measured elsewhere."""
    entries = "".join(f'[[task.1.gate]]\nuse = "{it}"\ninputs = ["**"]\n' for it in names)
    return f"[phase]\n[task.1]\n{entries}{textwrap.dedent(more)}"


def on(cluster: Any, *more: str) -> tuple[str, ...]:
    """The arguments that have a cluster measure."""
    return "-p", "dask", "-o", ",".join([f"executor=scheduler={cluster.scheduler_address}", *more])


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def worker_of(result: Any) -> str:
    """The worker that the note of a result names; empty when it was measured here."""
    notes = [note for note in result.notes if note.startswith("measured by worker ")]
    return notes[0].split(" ")[3] if notes else ""


def test_the_verdicts_are_those_of_one_machine(project: Any, cluster: Any) -> None:
    project.phase(gates(*GATES))
    project.commit()
    here = project.run("p", "--fresh")
    there = project.run("p", "--fresh", *on(cluster))
    assert there.outcomes == here.outcomes, there.out
    assert there.code == here.code == 1
    for node, result in here.results.items():
        other = there.results[node]
        assert other.verdict.message == result.verdict.message
        assert other.verdict.checks == result.verdict.checks
        assert other.findings == result.findings
        assert other.metrics == result.metrics
        assert [(e.argv, e.exit_status) for e in other.evidence] == [
            (e.argv, e.exit_status) for e in result.evidence
        ]
    measured = {node: worker_of(result) for node, result in there.results.items() if result.metrics}
    assert all(measured.values())
    assert project.run("runs", "verify", "last").code == 0


def test_both_workers_measure_at_once(
    project: Any, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of two gates ends only once the other has begun."""
    meet = """\
    import pathlib, sys, time
    here, there = (pathlib.Path(name) for name in sys.argv[1:])
    here.touch()
    end = time.monotonic() + 60
    while not there.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    """
    monkeypatch.setenv("GATERUN_PLUGINS", "")  # which blocks the built-in gates
    project.write({"meet.py": meet})
    signals = project.signals
    entries = "".join(
        f"""
        [[task.1.gate]]
        use = "command"
        id = "{mine}"
        argv = ["{sys.executable}", "meet.py", "{signals / mine}", "{signals / other}"]
        inputs = ["**"]
        """
        for mine, other in (("a", "b"), ("b", "a"))
    )
    project.phase("[task.1]\n" + textwrap.dedent(entries))
    project.commit()
    ran = project.run("p", *on(cluster))
    assert ran.outcomes == {"1::a": "pass", "1::b": "pass"}
    assert {worker_of(result) for result in ran.results.values()} == {"0", "1"}


def test_what_is_about_this_machine_or_about_nobody_knows_what_stays(
    project: Any, cluster: Any
) -> None:
    project.phase(
        gates("alone", "bound") + '[[task.1.gate]]\nuse = "pass"\n',
    )
    project.write({"src/lib.rs": "// nothing\n"})
    project.commit()
    ran = project.run("p", *on(cluster))
    left = {node for node, result in ran.results.items() if worker_of(result)}
    assert left == {"1::bound"}
    assert ran.outcomes["1::alone"] == ran.outcomes["1::pass"] == "pass"


def test_a_killed_worker_is_no_verdict_for_its_gate_and_no_second_try(
    project: Any, cluster: Any, patiently: Callable[[Callable[[], bool]], None]
) -> None:
    project.phase(gates("hang", "fail", "pass"))
    project.commit()
    running = project.start("p", *on(cluster))
    pids = [int(pid) for pid in project.await_file("pids").split()]
    (worker,) = {psutil.Process(pids[0]).ppid()}
    (project.signals / "pids").unlink()
    os.kill(worker, signal.SIGKILL)
    _out, err = running.communicate(timeout=60)
    record = project.record_now()
    outcomes = {it.node_id: str(it.verdict.reason or it.outcome) for it in record.results}
    assert outcomes == {"1::hang": "worker-lost", "1::fail": "fail", "1::pass": "pass"}, err
    assert running.returncode == 1
    lost = next(it for it in record.results if it.node_id == "1::hang")
    assert "is lost" in lost.verdict.message
    patiently(lambda: not any(map(alive, pids)))
    # Dask would try again on the other worker: it is told to, by default.
    patiently(lambda: cluster_is_idle(cluster))


def cluster_is_idle(cluster: Any) -> bool:
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        return len(client.nthreads()) == 2 and not any(client.processing().values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whoever_ends_the_run_ends_what_it_has_started_at_the_workers(
    project: Any,
    cluster: Any,
    number: signal.Signals,
    patiently: Callable[[Callable[[], bool]], None],
) -> None:
    project.phase(gates("hang", more="deaf = true\n"))
    project.commit()
    running = project.start("p", *on(cluster))
    pids = [int(pid) for pid in project.await_file("pids").split()]
    assert all(map(alive, pids))
    running.send_signal(number)
    running.communicate(timeout=60)
    if number is not signal.SIGKILL:
        assert running.returncode == 2
        (result,) = project.record_now().results
        assert result.verdict.message == "not finished: interrupted"
        assert not any(map(alive, pids))
    patiently(lambda: not any(map(alive, pids)))
    patiently(lambda: cluster_is_idle(cluster))


def test_a_timeout_holds_at_the_worker(
    project: Any, cluster: Any, patiently: Callable[[Callable[[], bool]], None]
) -> None:
    project.phase(gates("hang", more='timeout = "2s"\n'))
    project.commit()
    ran = project.run("p", *on(cluster))
    assert ran.outcomes == {"1::hang": "timeout"}
    pids = [int(pid) for pid in project.await_file("pids").split()]
    patiently(lambda: not any(map(alive, pids)))
    logs = list((project.root / ".gaterun/runs").glob("*/logs/*.out"))
    assert [path.read_text() for path in logs] == ["hanging\n"]


def test_a_lost_scheduler_is_no_verdict_and_no_hang(
    project: Any, patiently: Callable[[Callable[[], bool]], None]
) -> None:
    script = """\
    import sys, time
    from distributed import LocalCluster
    if __name__ == "__main__":
        cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
        print(cluster.scheduler_address, flush=True)
        time.sleep(600)
    """
    path = project.root.parent / "scheduler.py"
    path.write_text(textwrap.dedent(script))
    with subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as scheduler:
        try:
            assert scheduler.stdout
            address = scheduler.stdout.readline().strip()
            other = '[[task.1.gate]]\nuse = "hang"\nid = "other"\ninputs = ["**"]\npids = "other"\n'
            project.phase(gates("hang", more=other))
            project.commit()
            running = project.start("p", "-p", "dask", "-o", f"executor=scheduler={address}")
            files = [project.signals / name for name in ("pids", "other")]
            patiently(lambda: any(file.exists() for file in files))
            # The one worker has begun one of them; the other waits for it.
            (begun,) = (file for file in files if file.exists())
            pids = [int(pid) for pid in begun.read_text().split()]
        finally:
            scheduler.kill()
    running.communicate(timeout=90)
    outcomes = {
        it.node_id: str(it.verdict.reason or it.outcome) for it in project.record_now().results
    }
    assert outcomes == {"1::hang": "worker-lost", "1::other": "worker-lost"}
    assert running.returncode == 7
    patiently(lambda: not any(map(alive, pids)))


def test_a_cluster_of_this_machine_is_started_and_gone_with_the_run(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its workers see all that the run sees, so that what they measured is used again here."""
    # The cluster of the other tests is in this process, and sets it in its own environment.
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    project.phase(gates("pass", "fail"))
    project.commit()
    ran = project.command("p", "-p", "dask", "-o", "executor=workers=2", timeout=120)
    assert ran.outcomes == {"1::pass": "pass", "1::fail": "fail"}, ran.err
    assert all(worker_of(result) for result in ran.results.values())
    assert ran.err == ""
    again = project.command("p")
    assert again.results["1::pass"].reused is not None
    assert again.results["1::fail"].reused is None
    me = os.getpid()
    assert not [it for it in psutil.process_iter() if _is_of(it, project.root) and it.pid != me]


def _is_of(process: psutil.Process, root: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.cwd() == str(root)
    return False


def test_workers_that_clone_measure_the_commit_and_refuse_anything_else(
    project: Any, cluster: Any
) -> None:
    project.phase(gates("pass", "fail"))
    project.write({"src/lib.rs": "// one\n"})
    project.commit()
    ran = project.run("p", *on(cluster, "tree=clone"))
    assert ran.outcomes == {"1::pass": "pass", "1::fail": "fail"}
    # Measured in another folder: nobody can say here what it depended on there.
    assert ran.results["1::pass"].binding is None
    project.write({"src/lib.rs": "// two\n"})
    ran = project.run("p", *on(cluster, "tree=clone"))
    assert ran.outcomes == {"1::pass": "wrong-tree", "1::fail": "wrong-tree"}
    assert ran.code == 7
    assert "with uncommitted work" in ran.results["1::fail"].verdict.message
    project.commit()
    ran = project.run("p", *on(cluster, "tree=clone"))
    assert ran.outcomes == {"1::pass": "pass", "1::fail": "fail"}


@pytest.mark.cargo
def test_a_cargo_workspace_has_the_same_verdicts(
    project: Any, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATERUN_PLUGINS", "")
    project.write(
        {
            "Cargo.toml": """\
            [workspace]
            members = ["one", "two"]
            resolver = "2"
            """,
            ".gitignore": "target\n.gaterun\n",
            **{
                f"{name}/Cargo.toml": f"""\
                [package]
                name = "{name}"
                version = "0.1.0"
                edition = "2021"
                """
                for name in ("one", "two")
            },
            "one/src/lib.rs": """\
            pub fn add(a: u32, b: u32) -> u32 { return a + b; }
            #[test]
            fn adds() { assert_eq!(add(1, 2), 3); }
            """,
            "two/src/lib.rs": """\
            #[test]
            fn is_wrong() { assert_eq!(1, 2); }
            """,
            "phases/p.toml": """\
            [task.1]
            [[task.1.gate]]
            use = "build"
            [[task.1.gate]]
            use = "clippy"
            require = "warnings == 0"
            [[task.1.gate]]
            use = "tests"
            runner = "libtest"
            require = "failed == 0"
            [[task.1.gate]]
            use = "loc"
            require = "prod_code <= 400"
            """,
        }
    )
    subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=project.root, check=True)
    project.commit()
    here = project.run("p", "--fresh")
    there = project.run("p", "--fresh", *on(cluster, "tree=clone"))
    assert there.outcomes == here.outcomes, there.out
    assert set(here.outcomes.values()) == {"pass", "fail"}
    for node, result in here.results.items():
        other = there.results[node]
        assert worker_of(other)
        assert other.inspected == result.inspected
        assert [f.fingerprint for f in other.findings] == [f.fingerprint for f in result.findings]
        for name, record in result.metrics.items():
            if not record.host_bound:
                assert other.metrics[name].measured == record.measured


def test_without_the_extra_it_says_how_to_install_it(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.gates("pass")
    monkeypatch.setattr(gaterun_dask, "find_spec", lambda name: None)
    ran = project.run("p", "-p", "dask")
    assert ran.code == 4
    assert ran.err == (
        "error: -p dask: Dask distributed is not installed\n"
        "  help: install the extra: pip install 'gaterun[dask]'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-p", "dask", "-o", "executor=worker=2"), "there is no such option"),
        (("-p", "dask", "-o", "executor=workers=two"), "executor: expected 'int'"),
        (("-p", "dask", "-o", "executor=workers"), "'workers' is not KEY=VALUE"),
        (("-p", "dask", "-o", "executor=workers=-1"), "workers=-1"),
        (("-p", "dask", "-o", "executor=tree=there"), "neither here, nor clone"),
        (("-p", "dask", "-o", "executor=scheduler=tcp://127.0.0.1:1,workers=2"), "workers=2"),
        (("-p", "dask", "-o", "executor=scheduler=nonsense://x"), "no scheduler answers"),
        (("-o", "executor=workers=2"), "no plugin that measures elsewhere is asked for"),
    ],
)
def test_a_mistake_in_the_options_is_exit_4(
    project: Any, arguments: tuple[str, ...], said: str
) -> None:
    project.gates("pass")
    ran = project.run("p", *arguments)
    assert ran.code == 4
    assert said in ran.err
    assert "Traceback" not in ran.err
