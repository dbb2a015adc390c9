from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.aside import written_aside
from gaterun.core.lock import held
from gaterun.core.record_file import read_sums, sums_text
from gaterun.core.store import Store
from gaterun.model.errors import UsageError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / ".gaterun")
    found.prepare()
    return found


def test_git_is_told_to_ignore_it(store: Store) -> None:
    assert (store.path / ".gitignore").read_text() == "*\n"
    (store.path / ".gitignore").write_text("mine\n")
    store.prepare()
    assert (store.path / ".gitignore").read_text() == "mine\n"


def test_a_live_run_is_not_cleared(store: Store) -> None:
    folder = store.new_run()
    Store(store.path).prepare()
    assert (folder.path / "lock").exists()


def test_find(project: Any) -> None:
    project.gates("pass")
    first = project.run("p").record
    store = Store(project.root / ".gaterun")
    assert store.find(first.id) == first
    assert store.find("last") == first
    assert store.find(first.id[:10]) == first
    with pytest.raises(UsageError, match="no runs begin with 'zzz'"):
        store.find("zzz")
    project.run("p")
    with pytest.raises(UsageError, match="2 runs begin with '20'"):
        store.find("20")


def test_nothing_has_been_run(store: Store) -> None:
    for name in ("last", "2026"):
        with pytest.raises(UsageError) as caught:
            store.find(name)
        assert caught.value.help == "nothing has been run here yet"
    assert store.latest("p") is None


def test_a_record_of_a_later_major_version_is_refused(project: Any) -> None:
    project.gates("pass")
    record = project.run("p").record
    path = project.root / ".gaterun/runs" / record.id / "record.json"
    path.write_text(path.read_text().replace('"schema_version":"1.1"', '"schema_version":"2.0"'))
    with pytest.raises(UsageError, match="schema version 2.0, this gaterun reads 1.x"):
        Store(project.root / ".gaterun").find("last")
    path.write_text(path.read_text().replace('"2.0"', '"1.7"'))
    sums = read_sums(path.parent)
    assert sums is not None
    sums["record.json"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (path.parent / "SHA256SUMS").write_text(sums_text(sums))
    assert Store(project.root / ".gaterun").find("last").schema_version == "1.7"


def test_a_lock_that_goes_away_while_clearing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run ends between the listing and the opening of its lock."""
    folder = store.new_run()
    real = os.open

    def open_(path: Any, flags: int, *more: Any) -> int:
        if str(path).endswith("/lock"):
            Path(path).unlink(missing_ok=True)
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", open_)
    store._clear_killed()
    assert not (folder.path / "lock").exists()


def test_a_scratch_note_is_not_believed_blindly(store: Store, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    for number, text in enumerate((f"r\n{precious}\n", "r", "", "\xff\xfe", f"r\n{tmp_path}/..\n")):
        (store.path / "scratch" / str(number)).write_bytes(text.encode("latin-1"))
    store.prepare()
    assert precious.exists()


def test_written_aside(tmp_path: Path) -> None:
    path = tmp_path / "deep/file"
    with written_aside(path) as aside:
        aside.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), written_aside(path) as aside:  # noqa: PT012
        aside.write_text("two")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_written_aside_heeds_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with written_aside(tmp_path / "file") as aside:
            aside.write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


# --- locks -----------------------------------------------------------------------------------


def hold(folder: Path, *names: str, exclusive: bool = False, give_up: bool = True) -> Any:
    asked: list[str] = []
    return held(
        folder, names, exclusive=exclusive, stopped=lambda: bool(asked), waiting=asked.append
    ), asked


@pytest.mark.parametrize(
    ("first", "second", "waits_for"),
    [
        ((), (), ""),
        (("cargo",), (), ""),
        (("cargo",), ("net",), ""),
        (("cargo",), ("cargo",), "cargo"),
        (("a", "b"), ("b", "c"), "b"),
        (("exclusive",), (), "machine"),
        ((), ("exclusive",), "machine"),
        (("exclusive",), ("exclusive",), "machine"),
    ],
)
def test_who_waits_for_whom(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...], waits_for: str
) -> None:
    def lock(names: tuple[str, ...]) -> Any:
        alone = "exclusive" in names
        return hold(tmp_path, *(n for n in names if n != "exclusive"), exclusive=alone)

    one, asked_one = lock(first)
    two, asked_two = lock(second)
    with one:
        assert asked_one == []
        with two:
            assert asked_two == ([waits_for] if waits_for else [])
    again, asked = lock(second)
    with again:
        assert asked == []
