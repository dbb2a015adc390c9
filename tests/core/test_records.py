"""What a run leaves: written in pieces, checked against digests, never believed when damaged."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.core import record_file
from gaterun.core.event_log import read_events, replay, what_is_known
from gaterun.core.record_file import encoded, read_outline, read_record, read_sums, sums_text
from gaterun.core.store import Store
from gaterun.model.command import Evidence, Log
from gaterun.model.errors import UsageError
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
        value=st.none() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, width=32),
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


# --- damage --------------------------------------------------------------------------------------


@pytest.fixture
def recorded(project: Any) -> Any:
    project.gates("garbage", "crash")
    project.commit()
    record = project.run("p").record
    project.folder = project.root / ".gaterun/runs" / record.id
    return project


def test_a_run_that_is_as_it_was(recorded: Any) -> None:
    ran = recorded.run("runs", "verify", "last", "--tree")
    assert ran.code == 0
    assert "is as it was recorded: 5 files" in ran.out
    digest = hashlib.sha256((recorded.folder / "SHA256SUMS").read_bytes()).hexdigest()
    assert f"digest {digest}" in ran.out


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_every_flipped_bit_is_found(recorded: Any) -> None:
    """In every file, at its beginning, middle and end."""
    names = ["SHA256SUMS", *(read_sums(recorded.folder) or ())]
    assert len(names) == 6
    for name in names:
        path = recorded.folder / name
        whole = path.read_bytes()
        for at in sorted({0, len(whole) // 2, len(whole) - 1}) if whole else ():
            _flip(path, at)
            ran = recorded.run("runs", "verify", "last")
            assert ran.code in {1, 4}, (name, at, ran)
            assert ran.out + ran.err
            assert "Traceback" not in ran.err
            path.write_bytes(whole)
    assert recorded.run("runs", "verify", "last").code == 0


def test_every_half_record_is_refused(recorded: Any) -> None:
    path = recorded.folder / "record.json"
    whole = path.read_bytes()
    for cut in range(0, len(whole), 101):
        path.write_bytes(whole[:cut])
        with pytest.raises(UsageError):
            read_record(path)
        with pytest.raises(UsageError):
            read_outline(path)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("changed", "logs/1.garbage/01-python.out is not what was recorded"),
        ("missing", "logs/1.garbage/01-python.out is missing"),
        ("extra", "logs/extra was not there when the run ended"),
        ("moved", "the record is of run"),
        ("no sums", "SHA256SUMS is missing"),
        ("old", "it has no digests"),
        ("forged", "has another digest in the evidence of 1::garbage"),
    ],
)
def test_what_is_wrong_is_said(recorded: Any, what: str, said: str) -> None:
    folder: Path = recorded.folder
    (log,) = folder.glob("logs/1.garbage/*.out")
    record = folder / "record.json"
    match what:
        case "changed":
            log.write_text("nothing to see")
        case "missing":
            log.unlink()
        case "extra":
            (folder / "logs/extra").write_text("x")
        case "moved":
            folder = folder.rename(folder.with_name("20200101T000000-0000000000"))
        case "no sums":
            (folder / "SHA256SUMS").unlink()
        case "old":
            (folder / "SHA256SUMS").unlink()
            record.write_text(record.read_text().replace('_version":"1.1"', '_version":"1.0"'))
        case "forged":
            log.write_text("nothing to see")
            sums = read_sums(folder)
            assert sums is not None
            sums[log.relative_to(folder).as_posix()] = hashlib.sha256(log.read_bytes()).hexdigest()
            (folder / "SHA256SUMS").write_text(sums_text(sums))
    ran = recorded.run("runs", "verify", folder.name)
    assert ran.code == (4 if what == "no sums" else 1)
    text = (ran.out + ran.err).replace(log.stem.removeprefix("01-"), "python")
    assert said in text
    assert ("help:" in ran.err) if ran.code == 4 else ("do not rely on it" in ran.out)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("\0" * 100, "is damaged"),
        ('{"version": "2.1.0", "runs": []}', "it names no schema version"),
        ('{"schema_version": "1.1", "kind": "gaterun.metrics"}', "of kind 'gaterun.metrics'"),
        ('{"schema_version": "9.0"}', "schema version 9.0"),
        ('{"schema_version": "1.1"}', "is damaged"),
    ],
)
def test_another_file_is_no_record(recorded: Any, text: str, said: str) -> None:
    path = recorded.folder / "record.json"
    path.write_text(text)
    (recorded.folder / "SHA256SUMS").write_text(
        sums_text({"record.json": hashlib.sha256(text.encode()).hexdigest()})
    )
    for argv in (
        ("runs", "verify", recorded.folder.name),
        ("runs", "show", recorded.folder.name),
        ("report", "p", "--run", recorded.folder.name),
        ("diff", "last", "last"),
        ("report", "p"),
    ):
        ran = recorded.run(*argv)
        assert ran.code == 4, (argv, ran)
        assert said in ran.err
    listed = recorded.run("runs", "list")
    assert "damaged" in listed.out
    assert json.loads(recorded.run("runs", "list", "--format", "json").out)[0]["problem"]


def test_verify_against_a_tree(recorded: Any) -> None:
    recorded.write({"new.rs": "fn main() {}\n"})
    ran = recorded.run("runs", "verify", "last", "--tree")
    assert ran.code == 1
    assert "the working tree has changed since" in ran.out
    recorded.commit("later")
    ran = recorded.run("runs", "verify", "last", "--tree")
    assert ran.code == 1
    assert "now, the run measured" in ran.out
    assert recorded.run("runs", "verify", "last").code == 0


def test_a_run_without_git_says_nothing_about_a_tree(project: Any) -> None:
    project.gates("pass")
    project.run("p")
    ran = project.run("runs", "verify", "last", "--tree")
    assert ran.code == 1
    assert "there was no git" in ran.out
