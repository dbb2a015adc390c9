"""What scans keep between runs: by content, bounded, and harmless when it is broken."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun_gates.rust import kept
from gaterun_gates.rust.blob_cache import BlobCache
from gaterun_gates.rust.line_count import Count, count
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.source_files import SourceFiles

CODE = b"fn f() {\n    g();\n}\n"


class Counting:
    """A scan that says how often it ran."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, source: Source) -> int:
        self.seen.append(source.path)
        return len(source.data)


def test_what_was_found_in_some_bytes_is_found_again_without_a_scan(tmp_path: Path) -> None:
    first = BlobCache(tmp_path / "x.json", Count, count)
    found = first(Source("a.rs", CODE))
    first.save()
    again = BlobCache(tmp_path / "x.json", Count, never)
    assert again(Source("elsewhere.rs", CODE)) == found
    assert isinstance(again(Source("b.rs", CODE)), Count)


def test_equal_files_are_scanned_once(tmp_path: Path) -> None:
    scan = Counting()
    cache = BlobCache(tmp_path / "x.json", int, scan)
    assert [cache(Source(name, CODE)) for name in ("a.rs", "b.rs")] == [len(CODE)] * 2
    assert scan.seen == ["a.rs"]


def test_an_edit_is_a_miss(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "x.json", int, Counting())
    cache(Source("a.rs", CODE))
    cache.save()
    scan = Counting()
    assert BlobCache(tmp_path / "x.json", int, scan)(Source("a.rs", CODE + b"\n")) == len(CODE) + 1
    assert scan.seen == ["a.rs"]


def test_only_so_much_is_kept_and_what_was_used_last_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for names in ("abc", "ad"):
        cache = BlobCache(path, int, Counting(), most=3)
        for name in names:
            cache(Source(name, name.encode()))
        cache.save()
    scan = Counting()
    last = BlobCache(path, int, scan, most=3)
    for name in "cad":
        last(Source(name, name.encode()))
    assert scan.seen == []
    last(Source("b", b"b"))
    assert scan.seen == ["b"]


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for expected in (True, False):
        cache = BlobCache(path, int, Counting())
        cache(Source("a.rs", CODE))
        path.unlink(missing_ok=True)
        cache.save()
        assert path.exists() is expected
        if expected:
            content = path.read_bytes()
            path.write_bytes(content)


@settings(max_examples=200)
@given(data=st.data())
def test_a_broken_file_is_a_miss(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("kept") / "x.json"
    kept.save(path, {"a": 1, "b": 23})
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "insert"])):
        case "flip":
            content[position] ^= data.draw(st.integers(1, 255))
        case "cut":
            del content[position:]
        case _:
            content.insert(position, data.draw(st.integers(0, 255)))
    path.write_bytes(bytes(content))
    assert kept.load(path, dict[str, int]) is None


def test_what_another_scanner_kept_is_a_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    kept.save(path, [1])
    assert kept.load(path, list[int]) == [1]
    monkeypatch.setattr(kept, "scanner", lambda: b"another release")
    assert kept.load(path, list[int]) is None


def test_a_value_of_another_shape_is_a_miss(tmp_path: Path) -> None:
    kept.save(tmp_path / "x.json", {"a": "text"})
    assert kept.load(tmp_path / "x.json", dict[str, int]) is None


def test_a_folder_that_cannot_be_written_to_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept.save(tmp_path / "file" / "x.json", [1])
    assert kept.load(tmp_path / "file" / "x.json", list[int]) is None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def at_rest(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before this call has been at rest for an hour."""
    now = time.time_ns() + 3_600_000_000_000
    monkeypatch.setattr("gaterun_gates.rust.source_files.time.time_ns", lambda: now)


def test_a_file_at_rest_is_known_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_rest(tmp_path / "a.rs", CODE)
    later(monkeypatch)
    state = tmp_path / "files.json"
    first = SourceFiles(tmp_path, state)
    source = first("a.rs")
    assert source is not None
    first.save()
    again = SourceFiles(tmp_path, state)
    opened: list[str] = []
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path.name) or CODE)
    found = again("a.rs")
    assert found is not None
    assert (found.oid, opened) == (source.oid, [])
    assert (found.data, opened) == (CODE, ["a.rs"])


@pytest.mark.parametrize("change", ["grown", "same size", "same size and time", "replaced"])
def test_a_change_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    path, state = tmp_path / "a.rs", tmp_path / "files.json"
    at_rest(path, CODE)
    later(monkeypatch)
    first = SourceFiles(tmp_path, state)
    before = first("a.rs")
    first.save()
    status = path.stat()
    other = CODE.replace(b"g", b"h")
    if change == "grown":
        path.write_bytes(CODE + CODE)
    elif change == "same size":
        path.write_bytes(other)
    elif change == "same size and time":
        path.write_bytes(other)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        new = tmp_path / "new"
        new.write_bytes(other)
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
        new.replace(path)
    after = SourceFiles(tmp_path, state)("a.rs")
    assert before is not None
    assert after is not None
    assert after.oid != before.oid
    assert after.data == path.read_bytes()


def test_a_file_that_was_just_written_is_not_believed_to_be_at_rest(tmp_path: Path) -> None:
    (tmp_path / "a.rs").write_bytes(CODE)
    files = SourceFiles(tmp_path, tmp_path / "files.json")
    assert files("a.rs") is not None
    files.save()
    assert not (tmp_path / "files.json").exists()


def test_what_is_no_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "folder.rs").mkdir()
    (tmp_path / "loop.rs").symlink_to("loop.rs")
    (tmp_path / "gone.rs").symlink_to("nowhere")
    files = SourceFiles(tmp_path)
    assert [files(name) for name in ("folder.rs", "loop.rs", "gone.rs", "no.rs", "\0")] == [
        None
    ] * 5


def code(number: int) -> bytes:
    return b"".join(b"fn f_%d_%d() { g(1, 2); }\n" % (number, n) for n in range(4000))


def started(argv: Sequence[str | Path]) -> None:
    subprocess.run(argv, check=True)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Source]:
    """Files that are worth a second process."""
    monkeypatch.setattr("gaterun_gates.rust.blob_cache.cores", lambda: 2)
    for number in range(10):
        (tmp_path / f"{number}.rs").write_bytes(code(number))
    files = SourceFiles(tmp_path)
    sources = [files(f"{number}.rs") for number in range(10)]
    return [source for source in sources if source is not None]


def never(source: Source) -> Count:
    raise AssertionError(source.path)


def unreachable(source: Source) -> int:
    raise AssertionError(source.path)


def test_several_processes_find_what_one_finds(tmp_path: Path, large: list[Source]) -> None:
    cache = BlobCache(tmp_path / "x.json", Count, count)
    cache.fill(large, started, tmp_path / "folder")
    assert list((tmp_path / "folder").iterdir()) == []
    cache.save()
    together = BlobCache(tmp_path / "x.json", Count, never)
    assert [together(source) for source in large] == [count(source) for source in large]


def test_where_the_processes_come_to_nothing_one_does_the_work(
    tmp_path: Path, large: list[Source]
) -> None:
    cache = BlobCache(tmp_path / "x.json", Count, count)
    cache.fill(large, lambda argv: None, tmp_path / "folder")
    assert cache(large[0]) == count(large[0])


def test_a_file_that_was_edited_since_is_not_taken_for_what_it_was(
    tmp_path: Path, large: list[Source]
) -> None:
    (tmp_path / "3.rs").write_bytes(b"fn edited() {}")
    cache = BlobCache(tmp_path / "x.json", Count, count)
    cache.fill(large, started, tmp_path / "folder")
    assert cache(large[3]) == count(Source("3.rs", code(3)))


def test_a_few_files_are_not_worth_a_process(tmp_path: Path, large: list[Source]) -> None:
    cache = BlobCache(tmp_path / "x.json", Count, count)
    commands: list[object] = []
    cache.fill(large[:2], commands.append, tmp_path / "folder")
    cache.fill(large, commands.append, tmp_path / "folder")
    assert len(commands) == 1
    assert len(commands) == 1


def test_what_the_bytes_say_needs_no_process_and_no_scan(
    tmp_path: Path, large: list[Source]
) -> None:
    cache = BlobCache(tmp_path / "x.json", int, unreachable, quick=len)
    commands: list[object] = []
    cache.fill(large[:5], commands.append, tmp_path / "folder")
    assert (commands, cache(large[0]), cache(large[9])) == ([], len(code(0)), len(code(9)))
    cache.save()
    assert BlobCache(tmp_path / "x.json", int, unreachable)(large[9]) == len(code(9))
