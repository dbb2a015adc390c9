"""A run packed into one file and taken in elsewhere, where nothing of it is believed."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.store import Store
from gaterun.core.verify import verify


@pytest.fixture
def recorded(project: Any) -> Any:
    project.gates("garbage", "crash")
    project.commit()
    record = project.run("p").record
    project.folder = project.root / ".gaterun/runs" / record.id
    return project


def test_export_and_import(recorded: Any, tmp_path: Path) -> None:
    name = recorded.folder.name
    for output in ("one.tar.gz", "two.tar.gz"):
        assert recorded.run("runs", "export", "last", "--output", output).code == 0
        os.utime(recorded.folder / "record.json", (1, 1))
    one = (recorded.root / "one.tar.gz").read_bytes()
    assert one == (recorded.root / "two.tar.gz").read_bytes()
    first = recorded.run("report", "p", "--report", "md:-").out
    ran = recorded.run("runs", "import", "one.tar.gz")
    assert (ran.code, "is here already" in ran.err) == (4, True)
    assert recorded.run("runs", "verify", "last").code == 0
    shutil.rmtree(recorded.folder)
    newer = recorded.run("p").record
    ran = recorded.run("runs", "import", "one.tar.gz")
    assert (ran.code, ran.out) == (0, f"imported run {name}\n")
    assert recorded.run("runs", "verify", name).code == 0
    assert recorded.run("report", "p", "--run", name, "--report", "md:-").out == first
    assert "(imported)" in recorded.run("runs").out
    assert Store(recorded.root / ".gaterun").find("last").id == newer.id
    assert list((recorded.root / ".gaterun/staging").iterdir()) == []


def test_a_run_from_elsewhere_is_never_the_newest_here(recorded: Any) -> None:
    recorded.run("runs", "export", "last", "--output", "one.tar.gz")
    shutil.rmtree(recorded.folder)
    recorded.run("runs", "import", "one.tar.gz")
    store = Store(recorded.root / ".gaterun")
    assert store.latest("p") is None
    ran = recorded.run("report", "p")
    assert (ran.code, "has not been run here" in ran.err) == (4, True)


def test_a_damaged_run_is_not_exported(recorded: Any) -> None:
    (recorded.folder / "logs/extra").write_text("x")
    ran = recorded.run("runs", "export", "last")
    assert ran.code == 4
    assert "is not exported: logs/extra was not there" in ran.err
    assert list(recorded.root.glob("*.tar.gz")) == []


def _archive(path: Path, members: dict[str, bytes], **links: str) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, target in links.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


RUN = "20260101T000000-0000000000"


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"hello.txt": b"x"},
        {f"{RUN}/../../evil": b"x"},
        {f"{RUN}/logs/../../../evil": b"x"},
        {"/tmp/evil-gaterun": b"x"},
        {f"{RUN}/lock": b""},
        {f"{RUN}/imported": b""},
        {f"{RUN}/record.json": b"{}"},
        {f"{RUN}/SHA256SUMS": b"", f"{RUN}/record.json": b"{}"},
        {f"{RUN}/SHA256SUMS": b"x", "20260101T000000-0000000001/record.json": b"{}"},
        {f"{RUN}/record.json": b"{}", f"{RUN}/record.json/x": b"{}"},
    ],
    ids=str,
)
def test_a_foreign_archive_is_refused(project: Any, members: dict[str, bytes]) -> None:
    _archive(project.root / "a.tar.gz", members)
    ran = project.run("runs", "import", "a.tar.gz")
    assert ran.code == 4, ran
    assert "Traceback" not in ran.err
    _nothing_came_in(project)


def test_links_are_refused(project: Any, tmp_path: Path) -> None:
    _archive(project.root / "a.tar.gz", {f"{RUN}/logs/x": b"1"}, **{f"{RUN}__logs": str(tmp_path)})
    ran = project.run("runs", "import", "a.tar.gz")
    assert (ran.code, "is refused" in ran.err) == (4, True)
    assert not (tmp_path / "x").exists()
    _nothing_came_in(project)


def test_a_damaged_archive_is_refused(recorded: Any) -> None:
    recorded.run("runs", "export", "last", "--output", "one.tar.gz")
    whole = (recorded.root / "one.tar.gz").read_bytes()
    shutil.rmtree(recorded.folder)
    damaged = [whole[: len(whole) * part // 7] for part in range(7)]
    for at in range(10, len(whole), len(whole) // 23):
        flipped = bytearray(whole)
        flipped[at] ^= 4
        damaged.append(bytes(flipped))
    refused = 0
    for data in damaged:
        (recorded.root / "bad.tar.gz").write_bytes(data)
        ran = recorded.run("runs", "import", "bad.tar.gz")
        assert "Traceback" not in ran.err
        if ran.code == 0:  # a bit of the tar's padding, which carries nothing
            name = ran.out.split()[-1]
            assert verify(recorded.root / ".gaterun/runs" / name).problems == ()
            shutil.rmtree(recorded.root / ".gaterun/runs" / name)
        else:
            assert ran.code == 4
            refused += 1
            _nothing_came_in(recorded)
    assert refused > 20


def _nothing_came_in(project: Any) -> None:
    assert list((project.root / ".gaterun/runs").glob("*")) == []
    assert list((project.root / ".gaterun").glob("staging/*")) == []
    assert not Path("/tmp/evil-gaterun").exists()
    assert list(project.root.rglob("evil*")) == []
