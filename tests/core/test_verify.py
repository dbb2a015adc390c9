"""Recorded runs that are damaged, foreign or changed: found, said, never believed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.record_file import read_outline, read_record, read_sums, sums_text
from gaterun.model.errors import UsageError


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
        ("changed", "logs/1.garbage.01-python.out is not what was recorded"),
        ("missing", "logs/1.garbage.01-python.out is missing"),
        ("extra", "logs/extra was not there when the run ended"),
        ("moved", "the record is of run"),
        ("no sums", "SHA256SUMS is missing"),
        ("old", "it has no digests"),
        ("forged", "has another digest in the evidence of 1::garbage"),
    ],
)
def test_what_is_wrong_is_said(recorded: Any, what: str, said: str) -> None:
    folder: Path = recorded.folder
    (log,) = folder.glob("logs/1.garbage.*.out")
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
    text = (ran.out + ran.err).replace(log.stem.removeprefix("1.garbage.01-"), "python")
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


def test_a_run_that_used_a_measurement_again(project: Any) -> None:
    """Its evidence names logs of the run that measured."""
    project.write({"a.sh": "echo $DEPLOY_TOKEN\n"})
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "shell"\nscript = "a.sh"\n')
    project.commit()
    project.run("p", "-p", "leaky")
    again = project.run("p", "-p", "leaky")
    (result,) = again.record.results
    assert result.reused is not None
    assert result.evidence[0].logs != ()
    assert project.run("runs", "verify", again.record.id, "--tree", "-p", "leaky").code == 0


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


def test_a_tree_without_git(project: Any) -> None:
    project.gates("pass")
    project.run("p")
    assert project.run("runs", "verify", "last", "--tree").code == 0
    project.write({"new.rs": ""})
    ran = project.run("runs", "verify", "last", "--tree")
    assert ran.code == 1
    assert "the working tree has changed since: it is without a commit" in ran.out
