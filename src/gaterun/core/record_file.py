"""Writes and reads what a run leaves: its record, its events, and the digests of all its files."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from gaterun.model.errors import UsageError
from gaterun.model.record import SCHEMA_VERSION, GateResult, MetricRecord, RunRecord, Tree
from gaterun.model.shard import Shard
from gaterun.model.verdict import ExitCode, Outcome

RECORD, EVENTS, LOGS = "record.json", "events.jsonl", "logs"

#: Digests of every file of a run, as ``sha256sum -c`` reads them.
SUMS = "SHA256SUMS"

#: The first schema version whose runs have digests.
_WITH_SUMS = (1, 1)

#: Findings that are encoded at once: memory stays flat however many there are.
_BATCH = 1000

_AGAIN = "run the phase again, or remove its folder; `gaterun runs verify` says more"


class Said(Struct, frozen=True):
    """The outcome of a verdict."""

    outcome: Outcome


class GateOutline(Struct, frozen=True, kw_only=True):
    """What became of a gate, without findings and evidence."""

    node_id: str
    verdict: Said
    seconds: float = 0.0
    metrics: Mapping[str, MetricRecord] = field(default_factory=dict)


class Outline(Struct, frozen=True, kw_only=True):
    """A record without what is most of it and is skipped, not read: findings and evidence."""

    id: str
    phase: str
    started: float
    seconds: float
    exit_code: ExitCode
    results: tuple[GateOutline, ...]
    title: str = ""
    tree: Tree = Tree()
    role: str = "run"
    shard: Shard | None = None
    interrupted: bool = False


def encoded(value: RunRecord | GateResult) -> Iterator[bytes]:
    """`value` as JSON, a piece at a time; the pieces together are what msgspec makes of it."""
    if isinstance(value, RunRecord):
        head, tail = _around(replace(value, results=()), b'"results":[]')
        yield head + b'"results":['
        for number, result in enumerate(value.results):
            if number:
                yield b","
            yield from encoded(result)
        yield b"]" + tail
        return
    if len(value.findings) <= _BATCH:
        yield msgspec.json.encode(value)
        return
    head, tail = _around(replace(value, findings=()), b'"findings":[]')
    yield head + b'"findings":['
    for at in range(0, len(value.findings), _BATCH):
        yield (b"," if at else b"") + msgspec.json.encode(value.findings[at : at + _BATCH])[1:-1]
    yield b"]" + tail


def _around(value: object, part: bytes) -> tuple[bytes, bytes]:
    """What stands before and behind the empty list `part`; quotes in texts are escaped."""
    head, _, tail = msgspec.json.encode(value).partition(part)
    return head, tail


def write_record(folder: Path, record: RunRecord, digests: Mapping[str, str]) -> None:
    """Write the digests, and then the record, whose presence says that the run has finished.

    Args:
        digests: SHA-256 of every other file of the run, by path relative to `folder`.

    Raises:
        OSError: it could not be written.
    """
    from gaterun.core.aside import written_aside

    digest = hashlib.sha256()
    with written_aside(folder / RECORD) as aside:
        with aside.open("wb") as stream:
            for piece in encoded(record):
                digest.update(piece)
                stream.write(piece)
        sums = {**digests, RECORD: digest.hexdigest()}
        with written_aside(folder / SUMS) as beside:
            beside.write_text(sums_text(sums), "utf-8", "surrogateescape")


def sums_text(digests: Mapping[str, str]) -> str:
    """The digests as ``sha256sum`` writes them, sorted by path.

    >>> sums_text({"b": "02", "a": "01"}).splitlines()
    ['01  a', '02  b']
    """
    lines = []
    for path, digest in sorted(digests.items()):
        name = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f"{'' if name == path else chr(92)}{digest}  {name}\n")
    return "".join(lines)


def read_sums(folder: Path) -> dict[str, str] | None:
    """The digests of a run by path; ``None`` where there are none.

    Raises:
        UsageError: the file cannot be read, or is something else.
    """
    try:
        text = (folder / SUMS).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{folder / SUMS} cannot be read: {error.strerror}") from error
    found: dict[str, str] = {}
    for line in text.split("\n")[:-1] if text.endswith("\n") else [text]:
        digest, separator, name = line.removeprefix("\\").partition("  ")
        if not separator or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise UsageError(f"{folder / SUMS} is damaged: it is no list of digests", help=_AGAIN)
        if line.startswith("\\"):
            escapes = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
            parts = (name[at : at + 2] for at in _escapes(name))
            name = "".join(escapes.get(part, part[:1]) for part in parts)
        found[name] = digest
    return found


def _escapes(name: str) -> Iterator[int]:
    """Where each character or escape of an escaped name begins."""
    at = 0
    while at < len(name):
        yield at
        at += 2 if name[at] == "\\" else 1


def read_record(path: Path) -> RunRecord:
    """Read a run record, and check it against its digest.

    Raises:
        UsageError: it is damaged, something else, or of a later major version.
    """
    data = _bytes(path)
    record: RunRecord = _decoded(data, RunRecord, path)
    _check_digest(path, data, record.schema_version)
    return record


class _Whose(Struct, frozen=True):
    phase: str
    role: str = "run"


def read_record_of(path: Path, phase: str, role: str) -> RunRecord | None:
    """Read a record of a phase; ``None`` where it is another's, or of another role.

    Raises:
        UsageError: as `read_record`, whosever it is.
    """
    data = _bytes(path)
    whose: _Whose = _decoded(data, _Whose, path)
    _check_digest(path, data, _version(data, path))
    if (whose.phase, whose.role) != (phase, role):
        return None
    record: RunRecord = _decoded(data, RunRecord, path)
    return record


def read_outline(path: Path) -> Outline:
    """Read a record without findings and evidence.

    Raises:
        UsageError: as `read_record`.
    """
    data = _bytes(path)
    outline: Outline = _decoded(data, Outline, path)
    _check_digest(path, data, _version(data, path))
    return outline


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


class _Version(Struct):
    schema_version: str = ""
    kind: str = ""
    event: str = ""


def _version(data: bytes, path: Path) -> str:
    """The schema version of what claims to be a record.

    Raises:
        UsageError: it is none, or of another major version.
    """
    try:
        claim = msgspec.json.decode(data, type=_Version)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is damaged: {error}", help=_AGAIN) from error
    ours = SCHEMA_VERSION.partition(".")[0]
    if claim.schema_version.partition(".")[0] != ours:
        raise UsageError(
            f"{path} has schema version {claim.schema_version}, this gaterun reads {ours}.x"
            if claim.schema_version
            else f"{path} is no record of a run: it names no schema version",
            help="read it with the gaterun that wrote it" if claim.schema_version else _AGAIN,
        )
    if claim.kind:
        raise UsageError(f"{path} is no record of a run, but of kind '{claim.kind}'", help=_AGAIN)
    return claim.schema_version


def _decoded(data: bytes, kind: Any, path: Path) -> Any:
    _version(data, path)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is damaged: {error}", help=_AGAIN) from error


def _check_digest(path: Path, data: bytes, version: str) -> None:
    sums = read_sums(path.parent)
    if sums is None:
        if _numbers(version) >= _WITH_SUMS:
            raise UsageError(f"{path} is damaged: its {SUMS} is missing", help=_AGAIN)
        return  # recorded before runs had digests
    if sums.get(path.name) != hashlib.sha256(data).hexdigest():
        raise UsageError(
            f"{path} is damaged: it is not what was recorded, by its digest", help=_AGAIN
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


def files_of(folder: Path) -> Iterable[str]:
    """Paths of everything that a run's folder is made of, relative to it, but for the digests."""
    for name in (RECORD, EVENTS):
        if (folder / name).exists():
            yield name
    yield from sorted(_below(os.fspath(folder), LOGS))


def _below(folder: str, place: str) -> Iterator[str]:
    """The files of a folder and of those in it, relative to `folder`; links are not followed."""
    with contextlib.suppress(FileNotFoundError), os.scandir(f"{folder}/{place}") as entries:
        for entry in entries:
            path = f"{place}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _below(folder, path)
            else:
                yield path
