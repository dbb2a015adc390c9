"""What commands import and start before they do anything: counted, never timed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
INHERITED = ("CARGO_HOME", "HOME", "PATH", "PYTHONPATH", "RUSTUP_HOME", "SYSTEMROOT")
SHOWING = ("list", "collect", "phase7")


@pytest.fixture(scope="module")
def counters():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        import counters

        yield counters


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    byte_code = tmp_path_factory.mktemp("byte-code")
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, "PYTHONPYCACHEPREFIX": str(byte_code)}


@pytest.fixture(scope="module")
def workspace(counters, tmp_path_factory):
    return counters.small_workspace(tmp_path_factory.mktemp("start-up") / "workspace")


@pytest.fixture(scope="module")
def counted(counters, world, workspace):
    commands = {name: counters.count_named(name, workspace, world) for name in counters.ARGUMENTS}
    return {"bare": counters.count((), workspace, world), **commands}


def test_the_version_is_told_without_importing_anything(counters, counted):
    used = counted["version"].beyond(counted["bare"])
    assert "gaterun.__main__" in counted["version"].modules
    assert used["modules"] <= counters.LIMITS["version"]["modules"]


@pytest.mark.parametrize("command", SHOWING)
def test_what_shows_imports_nothing_that_only_measuring_needs(counted, command):
    assert "gaterun.core.discovery" in counted[command].modules  # it did load the plugins
    assert counted[command].forbidden() == []


@pytest.mark.parametrize(
    "command", [*SHOWING, "run", "status", "stop", "status planned", "status anew"]
)
@pytest.mark.parametrize("what", ["modules", "own modules"])
def test_imports_stay_within_their_limits(counters, counted, command, what):
    used = counted[command].beyond(counted["bare"])
    assert 0 < used[what] <= counters.LIMITS[command][what]


@pytest.mark.parametrize("command", SHOWING)
def test_what_shows_starts_no_process(counted, command):
    assert counted[command].processes == ()


def test_a_run_starts_its_gates_and_a_fixed_number_of_questions(counters, counted):
    assert counted["run"].processes.count(("true",)) == 3
    assert len(counted["run"].processes) <= counters.LIMITS["run"]["processes"]


def test_a_kept_answer_imports_nothing_and_asks_git_once_if_at_all(counters, counted):
    for command in ("status", "stop"):
        assert {"click", "msgspec", "pluggy", "sqlite3", "tomllib"}.isdisjoint(
            counted[command].modules
        )
        assert counted[command].forbidden() == []
    assert [argv[0] for argv in counted["status"].processes] == ["git"]
    assert counted["stop"].processes == ()
    assert "click" in counted["status anew"].modules
    for command in ("status planned", "status anew"):
        assert len(counted[command].processes) <= counters.LIMITS[command]["processes"]


def test_what_a_plan_knows_nothing_is_imported_for(counted):
    modules = counted["status planned"].modules
    assert "msgspec" in modules  # it is worked out
    assert {"click", "pluggy", "subprocess", "tomllib"}.isdisjoint(modules)
    assert not any(name.startswith(("gaterun_gates", "gaterun_claims")) for name in modules)


def test_bare_python_is_the_zero_of_every_count(counted):
    assert set(counted["bare"].beyond(counted["bare"]).values()) == {0}
    assert counted["bare"].forbidden() == []


def test_a_command_that_fails_is_not_counted(counters, world, workspace):
    with pytest.raises(RuntimeError, match="no-such-phase"):
        counters.count(("run", "no-such-phase"), workspace, world)
