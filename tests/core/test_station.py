"""Orders and stations: what differs there is refused, what comes back is as if measured here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from gaterun.core.order import Answer
from gaterun.core.station import Station

ON = ("-p", "next_door")

OWN_GATES = """\
import gaterun
from gaterun import Better, Measurement, Metric, Unit

OK = Metric(name="ok", unit=Unit.BOOLEAN, better=Better.NEITHER)
WHERE = Metric(name="where", unit=Unit.TEXT, better=Better.NEITHER)
TOOK = Metric(name="took", unit=Unit.SECONDS, host_bound=True)


def touches(ctx):
    (ctx.root / "src/lib.rs").write_text("// touched\\n")
    return Measurement(metrics={"ok": True}, inspected={"files": 1})


def says(ctx):
    ctx.run(["sh", "-c", "echo $THEIR_TOKEN ghp_" + "a1B2" * 9])
    token = __import__("os").environ.get("THEIR_TOKEN", "")
    return Measurement(
        metrics={"ok": True, "where": str(ctx.root), "took": 1.5},
        inspected={"files": 1},
        notes=[f"the token is {token}"],
    )


def explodes(ctx):
    ctx.run(["sh", "-c", "echo before"])
    raise RuntimeError("boom")


@gaterun.hookimpl
def gaterun_gates():
    for measure, metrics in ((touches, (OK,)), (says, (OK, WHERE, TOOK)), (explodes, (OK,))):
        yield gaterun.Gate(
            name=measure.__name__,
            title=measure.__name__,
            metrics=metrics,
            measure=measure,
            requires=("ok == true",),
            inputs=("**",),
        )
"""


def gates(*names: str, more: str = "") -> str:
    entries = "".join(f'[[task.1.gate]]\nuse = "{it}"\ninputs = ["**"]\n' for it in names)
    return f"[phase]\n[task.1]\n{entries}{more}"


@pytest.fixture
def own(project: Any) -> Any:
    """A committed workspace with gates of its own, and a checkout of it next door."""
    project.write(
        {
            "gaterun.toml": 'gates = "gates"\n',
            "gates/own.py": OWN_GATES,
            "src/lib.rs": "// one\n",
            ".gitignore": "*.log\n.env\n",
        }
    )
    project.phase(gates("says", "pass"))
    project.commit()
    return project


def checkout(project: Any) -> str:
    folder = project.root.parent / "checkout"
    project.git("clone", "--quiet", str(project.root), str(folder))
    return f"executor=folder={folder}"


def test_what_is_measured_elsewhere_is_judged_recorded_and_verified_here(own: Any) -> None:
    ran = own.run("p", *ON)
    assert ran.outcomes == {"1::says": "pass", "1::pass": "pass"}
    result = ran.results["1::says"]
    assert any(note.startswith("measured by worker w on ") for note in result.notes)
    (command,) = result.evidence
    assert command.log.endswith("-w.1.says.01-sh")
    assert [Path(log.path).suffix for log in command.logs] == [".out", ".err"]
    folder = own.root / ".gaterun/runs" / ran.record.id
    assert all((folder / log.path).stat().st_size == log.size for log in command.logs)
    assert own.run("runs", "verify", "last").code == 0


def test_it_is_used_again_here_only_where_it_would_be_the_same_here(own: Any) -> None:
    own.run("p", *ON)
    assert own.run("p").results["1::pass"].reused is not None
    ran = own.run("p", "--fresh", *ON, "-o", checkout(own))
    assert ran.outcomes == {"1::says": "pass", "1::pass": "pass"}
    assert ran.results["1::pass"].binding is None
    assert ran.results["1::says"].metrics["where"].measured.value.endswith("/checkout")


@pytest.mark.parametrize(
    ("field", "reason", "said"),
    [
        ("gaterun", "tool-version", "another gaterun"),
        ("python", "tool-version", "another Python"),
        ("plugins", "tool-version", "another plugin"),
        ("code", "tool-version", "other code of gaterun or of the gate"),
        ("tools", "tool-version", "another rustc"),
        ("variables", "not-comparable", "differs in RUSTFLAGS"),
        ("asked", "not-comparable", "understands the gate's options in another way"),
        ("inputs", "wrong-tree", "has another tree"),
    ],
)
def test_whatever_is_not_the_same_there_is_no_verdict(
    own: Any, field: str, reason: str, said: str
) -> None:
    ran = own.run("p", *ON, "-o", f"executor=unlike={field}")
    assert ran.outcomes == {"1::says": reason, "1::pass": reason}
    assert said in ran.results["1::pass"].verdict.message
    assert ran.results["1::says"].evidence == ()  # nothing was started to find out
    assert ran.code == 7


def test_a_message_of_another_gaterun_is_not_read(tmp_path: Path) -> None:
    raw = Station(name="w", folder=tmp_path).answer("0.0.0", b"nonsense", None)  # type: ignore[arg-type]
    answer = msgspec.msgpack.decode(raw, type=Answer)
    assert answer.reason == "tool-version"
    assert "here it is 0.0.0" in answer.message


def test_another_tree_is_refused_and_named(own: Any) -> None:
    option = checkout(own)
    first = own.git("rev-parse", "--short=12", "HEAD")
    own.write({"src/lib.rs": "// two\n"})
    second = own.commit()[:12]
    ran = own.run("p", *ON, "-o", option)
    assert ran.outcomes == {"1::says": "wrong-tree", "1::pass": "wrong-tree"}
    assert ran.results["1::pass"].verdict.message == (
        f"worker w has another tree: {first}, here it is {second}"
    )


def test_what_a_gate_does_not_depend_on_may_differ(own: Any) -> None:
    """As it may change here while the gate is measured."""
    option = checkout(own)
    own.phase('[task.1]\n[[task.1.gate]]\nuse = "pass"\ninputs = ["src/**"]\n')
    own.commit()
    assert own.run("p", *ON, "-o", option).outcomes == {"1::pass": "pass"}


def test_a_file_that_git_ignores_and_the_worker_lacks_is_refused(own: Any) -> None:
    option = checkout(own)
    own.write({".env": "A=1\n"})
    ran = own.run("p", *ON, "-o", option)
    assert ran.outcomes == {"1::says": "wrong-tree", "1::pass": "wrong-tree"}
    verdict = ran.results["1::pass"].verdict
    assert "has no such .env, which git ignores here" in verdict.message
    assert 'inputs = ["**", "!.env"]' in verdict.help
    entry = '[task.1]\n[[task.1.gate]]\nuse = "pass"\ninputs = ["**", "!.env"]\n'
    own.phase(entry)
    own.commit()
    own.git("-C", str(own.root.parent / "checkout"), "pull", "--quiet")
    assert own.run("p", *ON, "-o", option).outcomes == {"1::pass": "pass"}


def test_a_tree_that_changes_there_while_it_is_measured_is_no_verdict(own: Any) -> None:
    option = checkout(own)
    own.phase(gates("touches"))
    own.commit()
    own.git("-C", str(own.root.parent / "checkout"), "pull", "--quiet")
    ran = own.run("p", *ON, "-o", option)
    assert ran.outcomes == {"1::touches": "tree-changed"}
    assert (own.root / "src/lib.rs").read_text() == "// one\n"


@pytest.mark.parametrize(
    "option", ["folder=/no/such/folder", "clone=/no/such/repository", "clone=--upload-pack=false"]
)
def test_a_worker_without_a_tree_is_refused(own: Any, option: str) -> None:
    ran = own.run("p", *ON, "-o", f"executor={option}")
    assert set(ran.outcomes.values()) == {"wrong-tree"}


def test_a_clone_is_brought_to_the_commit_of_each_run(own: Any) -> None:
    option = f"executor=clone={own.root}"
    for text in ("// two\n", "// three\n"):
        own.write({"src/lib.rs": text})
        own.commit()
        assert own.run("p", *ON, "-o", option).code == 0


def test_a_workspace_below_the_top_of_its_repository(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = own.root.parent
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(top.parent))
    (own.root / ".git").rename(top / ".git")
    (top / ".gitignore").write_text("tmp/\nsignals/\nnext-door/\n.gaterun/\n*.log\n")
    own.git("-C", str(top), "add", "--all")
    own.git("-C", str(top), "commit", "--quiet", "-m", "moved")
    ran = own.run("p", *ON, "-o", f"executor=clone={top}")
    assert ran.outcomes == {"1::says": "pass", "1::pass": "pass"}
    assert ran.results["1::says"].metrics["where"].measured.value.endswith("/ws")


def test_secrets_of_a_worker_stay_there(own: Any) -> None:
    ran = own.run("p", *ON, "-o", "executor=secret=tr0ub4dor&3")
    result = ran.results["1::says"]
    assert "the token is ***" in result.notes
    (command,) = result.evidence
    log = own.root / ".gaterun/runs" / ran.record.id / command.logs[0].path
    # Commands do not get it in the first place; what looks like a token is hidden as well.
    assert log.read_text() == "***\n"
    for path in (own.root / ".gaterun").rglob("*"):
        if path.is_file():
            assert b"tr0ub4dor" not in path.read_bytes()
    assert own.run("runs", "verify", "last").code == 0


def test_what_is_bound_to_a_host_is_not_known_of_another(own: Any) -> None:
    ran = own.run("p", *ON, "-o", "executor=host=elsewhere")
    took = ran.results["1::says"].metrics["took"].measured
    assert (took.value, took.why) == (None, "it was measured on elsewhere")
    ran = own.run("p", "--fresh", *ON)
    assert ran.results["1::says"].metrics["took"].measured.value == 1.5


def test_a_condition_on_what_is_bound_to_a_host_keeps_the_gate_here(own: Any) -> None:
    own.phase(gates("says", more='require = "took <= 2"\n'))
    ran = own.run("p", *ON, "-o", "executor=host=elsewhere")
    assert ran.outcomes == {"1::says": "pass"}
    assert not any("measured by" in note for note in ran.results["1::says"].notes)


def test_the_traceback_of_a_crash_there_is_read_here(own: Any) -> None:
    own.phase(gates("explodes"))
    own.commit()
    ran = own.run("p", *ON)
    assert ran.outcomes == {"1::explodes": "crashed"}
    verdict = ran.results["1::explodes"].verdict
    assert "RuntimeError: boom" in Path(verdict.help.rpartition(" ")[2]).read_text()
    assert len(ran.results["1::explodes"].evidence) == 1


def test_without_anything_to_prove_by_all_stays_here(project: Any) -> None:
    """The gate says nothing of what it depends on."""
    project.gates("pass")
    ran = project.run("p", *ON)
    assert ran.outcomes == {"1::pass": "pass"}
    assert ran.results["1::pass"].notes == ()


def test_a_plugin_that_is_only_found_measures_nothing(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing loads every plugin, that of Dask too."""
    from gaterun.core.discovery import load
    from gaterun.model.executor import ExecutorConfig

    plugins = load()
    plugins.load_all()
    config = ExecutorConfig(root=project.root, jobs=1, options={})
    assert plugins.executor(config, ()) is None


# --- the keeper -------------------------------------------------------------------------------

KEPT = """\
import subprocess, sys, time
from pathlib import Path
from gaterun.core.execute import Processes
from gaterun.core.keeper import Keeper

folder = Path(sys.argv[1])
keeper = Keeper()
for name in ("kept", "over"):
    keeper.watch(name)
keeper.forget("over")


def start(name):
    code = f"import os, time; open({str(folder / name)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    Processes(name).run([sys.executable, "-c", code], cwd=folder, log=folder / f"{name}-log")


import threading
for name in ("kept", "over"):
    threading.Thread(target=start, args=(name,), daemon=True).start()
time.sleep(600)
"""


@pytest.fixture
def killed(
    tmp_path: Path, eventually: Callable[[Callable[[], bool]], None]
) -> Iterator[dict[str, psutil.Process]]:
    """What a process had started that was then killed, by name."""
    script = tmp_path / "kept.py"
    script.write_text(KEPT)
    files = {name: tmp_path / name for name in ("kept", "over")}
    with subprocess.Popen([sys.executable, script, tmp_path]) as process:
        eventually(lambda: all(f.exists() and f.read_text() for f in files.values()))
        started = {name: psutil.Process(int(f.read_text())) for name, f in files.items()}
        process.kill()
    yield started
    for left in started.values():
        if left.is_running():
            left.kill()


def test_what_a_killed_worker_had_started_is_ended(
    killed: dict[str, psutil.Process], eventually: Callable[[Callable[[], bool]], None]
) -> None:
    eventually(lambda: not killed["kept"].is_running() or _is_zombie(killed["kept"]))
    assert killed["over"].is_running()


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
