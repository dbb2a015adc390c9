"""What a run leaves: written in pieces, checked against digests, never believed when damaged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.core import record_file
from gaterun.core.event_log import read_events, replay, what_is_known
from gaterun.core.record_file import encoded, read_record, read_sums, sums_text
from gaterun.core.store import Store
from gaterun.model.command import Evidence, Log
from gaterun.model.event import GateFinished, RunFinished, RunStarted
from gaterun.model.finding import Finding
from gaterun.model.metric import Better, Measured, Unit
from gaterun.model.record import GateResult, MetricRecord, RunRecord, Tree
from gaterun.model.verdict import ExitCode, Outcome, Verdict

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"results":[]', '"findings":[]', "\\", '"', "[]"]
)
FINDINGS = st.builds(Finding, rule=TEXTS, message=TEXTS, path=TEXTS, line=st.integers(0, 10**6))
METRICS = st.builds(
    MetricRecord,
    unit=st.sampled_from(Unit),
    better=st.sampled_from(Better),
    host_bound=st.booleans(),
    measured=st.builds(
        Measured,
        value=st.none()
        | st.integers(-(10**9), 10**9)
        | st.floats(allow_nan=False, allow_infinity=False),
        why=TEXTS,
        breakdown=st.dictionaries(TEXTS, st.floats(0, 10), max_size=2),
    ),
)
LOGS = st.builds(Log, path=TEXTS, size=st.integers(0, 9), sha256=TEXTS)
EVIDENCE = st.builds(
    Evidence,
    argv=st.tuples(TEXTS),
    cwd=TEXTS,
    exit_status=st.integers(-64, 255),
    seconds=st.floats(0, 9),
    log=TEXTS,
    logs=st.tuples(LOGS),
)
RESULTS = st.builds(
    GateResult,
    node_id=TEXTS,
    task=TEXTS,
    gate=TEXTS,
    title=TEXTS,
    verdict=st.builds(Verdict, outcome=st.sampled_from(Outcome), message=TEXTS),
    metrics=st.dictionaries(TEXTS, METRICS, max_size=2),
    findings=st.lists(FINDINGS, max_size=7).map(tuple),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
    evidence=st.lists(EVIDENCE, max_size=2).map(tuple),
)
RECORDS = st.builds(
    RunRecord,
    id=TEXTS,
    phase=TEXTS,
    title=TEXTS,
    root=TEXTS,
    version=TEXTS,
    argv=st.lists(TEXTS, max_size=2).map(tuple),
    tree=st.builds(Tree, commit=TEXTS),
    environment=st.dictionaries(TEXTS, TEXTS, max_size=2),
    tasks=st.dictionaries(TEXTS, TEXTS, max_size=2),
    results=st.lists(RESULTS, max_size=3).map(tuple),
    started=st.floats(0, 2e9),
    seconds=st.floats(0, 9e3),
    exit_code=st.sampled_from(ExitCode),
)


@given(RECORDS, st.integers(1, 3))
def test_the_pieces_are_the_record(record: RunRecord, batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record_file, "_BATCH", batch)
        data = b"".join(encoded(record))
    assert data == msgspec.json.encode(record)
    assert msgspec.json.decode(data, type=RunRecord) == record
    outline = msgspec.json.decode(data, type=record_file.Outline)
    assert [found.verdict.outcome for found in outline.results] == [
        r.outcome for r in record.results
    ]


def test_a_large_record_is_written_in_little_memory(tmp_path: Path) -> None:
    findings = tuple(
        Finding(rule="r", message=f"finding {n} of many", path=f"{n}.rs", fingerprint="f")
        for n in range(50_000)
    )
    result = GateResult(
        node_id="1::many",
        task="1",
        gate="many",
        title="",
        verdict=Verdict(outcome=Outcome.FAIL),
        findings=findings,
    )
    record = RunRecord(
        id="r",
        phase="p",
        title="",
        root="/",
        version="1",
        argv=(),
        tree=Tree(),
        environment={},
        tasks={},
        results=(result,),
        started=0.0,
        seconds=0.0,
        exit_code=ExitCode.FAILED,
    )
    tracemalloc.start()
    try:
        record_file.write_record(tmp_path, record, {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "record.json").stat().st_size > 6_000_000
    assert peak < 1_000_000
    assert read_record(tmp_path / "record.json") == record


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
        st.binary(),
        min_size=1,
    )
)
def test_digests_are_read_as_they_were_written(files: dict[str, bytes]) -> None:
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: sums_text(sums).encode())
        assert read_sums(Path("x")) == sums


def test_sha256sum_agrees(project: Any) -> None:
    project.gates("garbage", "crash", "shares")
    ran = project.run("p")
    folder = project.root / ".gaterun/runs" / ran.record.id
    (folder / "logs/a\\b\nc").write_text("x")
    sums = read_sums(folder)
    assert sums is not None
    sums["logs/a\\b\nc"] = hashlib.sha256(b"x").hexdigest()
    assert (folder / "SHA256SUMS").read_text() != sums_text(sums)
    (folder / "SHA256SUMS").write_text(sums_text(sums))
    assert read_sums(folder) == sums
    done = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done
    # Everything that is there is listed, tracebacks too.
    assert len(done.stdout.splitlines()) == sum(p.is_file() for p in folder.rglob("*")) - 1


# --- evidence ------------------------------------------------------------------------------------


def test_evidence_says_what_was_run_and_what_came_of_it(project: Any) -> None:
    project.gates("garbage")
    ran = project.run("p")
    (command,) = ran.results["1::garbage"].evidence
    folder = project.root / ".gaterun/runs" / ran.record.id
    assert [Path(log.path).suffix for log in command.logs] == [".out", ".err"]
    for log in command.logs:
        data = (folder / log.path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (log.size, log.sha256)
    assert command.logs[0].size > 100_000
    assert ran.record.started <= command.started <= ran.record.started + ran.record.seconds
    assert command.environment == ran.record.environment_digest != ""
    assert (command.variables, command.removed, command.misses) == ((), (), ())


def test_what_a_gate_sets_is_named_and_digested(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("LC_TIME", "C")
    project.gates("sets")
    ran = project.run("p", "-p", "leaky")
    one, two, three = ran.results["1::sets"].evidence
    assert one.program == shutil.which("true")
    assert (one.variables, one.removed) == (("ADDED",), ("LC_TIME",))
    assert one.environment == two.environment != three.environment
    assert "value-of-added" not in json.dumps(msgspec.to_builtins(ran.record))


# --- events --------------------------------------------------------------------------------------


def test_events_are_kept(project: Any) -> None:
    project.gates("pass", "fail", "hang")
    project.phase(project.root.joinpath("phases/p.toml").read_text() + "skip = 'not here'\n")
    record = project.run("p").record
    folder = project.root / ".gaterun/runs" / record.id
    heard = list(replay(record, folder))
    assert isinstance(heard[0], RunStarted)
    assert (heard[0].jobs, heard[0].plugins != ()) == (max(2, os.cpu_count() or 2), True)
    assert isinstance(heard[-1], RunFinished)
    finished = {e.result.node_id: e.result for e in heard if isinstance(e, GateFinished)}
    assert finished == {result.node_id: result for result in record.results}
    (folder / "events.jsonl").unlink()
    assert len(list(replay(record, folder))) == 5


@pytest.mark.parametrize("form", ["jsonl", "json", "junit", "md", "metrics", "term"])
def test_reports_are_rendered_again_byte_by_byte(project: Any, form: str) -> None:
    project.gates("pass", "fail", "garbage", "crash", "missing-tool", "shares")
    project.run("p", "--report", f"{form}:first")
    record = project.record_now()
    for name, argv in (("again", ()), ("by-id", ("--run", record.id))):
        assert project.run("report", "p", *argv, "--report", f"{form}:{name}").code == 0
        assert (project.root / name).read_bytes() == (project.root / "first").read_bytes()


def test_a_torn_event_log_is_read_as_far_as_it_goes(project: Any) -> None:
    project.gates("pass", "fail")
    record = project.run("p").record
    folder = project.root / ".gaterun/runs" / record.id
    whole = (folder / "events.jsonl").read_bytes()
    (folder / "record.json").unlink()
    known = 0
    for cut in range(0, len(whole), 37):
        (folder / "events.jsonl").write_bytes(whole[:cut])
        events = list(read_events(folder))
        assert len(events) >= known or len(events) == whole[:cut].count(b"\n")
        known = len(events)
        found = what_is_known(folder)
        assert (found is None) == (known == 0)
        if found is not None:
            assert found.interrupted
            assert all(result in record.results for result in found.results)
    assert known > 3


def test_a_full_disk_ends_the_event_log_and_not_the_run(project: Any) -> None:
    """Whatever writes more than this fails, as on a full disk; the record is smaller."""
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "many"\nnumber = 3000\nrequire = ["n > 0"]\n')
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, -1)); "
        "from gaterun.cli.main import run; sys.exit(run(['p', '-p', 'leaky']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert b"could not be recorded: File too large" in b" ".join(done.stdout.split())
    assert list((project.root / ".gaterun").rglob(".record*")) == []
    assert Store(project.root / ".gaterun").records() == []
    assert project.run("p", "-p", "leaky").record.warnings == ()
