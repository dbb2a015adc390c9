"""Packs a recorded run into one file, and takes such a file in, believing nothing of it."""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gaterun.core.aside import written_aside
from gaterun.core.lock import claim
from gaterun.core.record_file import EVENTS, LOGS, RECORD, SUMS, files_of, read_sums
from gaterun.core.store import IMPORTED, STAGING, Store, is_run_id
from gaterun.core.verify import verify
from gaterun.model.errors import UsageError

#: More files, or more bytes unpacked, than a run has.
_MOST_FILES, _MOST_BYTES = 200_000, 8 << 30

_FOREIGN = "it is no archive of `gaterun runs export`"


def export(folder: Path, target: Path) -> Path:
    """Pack a run. The same run gives the same bytes, whoever packs it and when.

    Raises:
        UsageError: the run does not fit its digests, or the file cannot be written.
    """
    checked = verify(folder)
    if checked.problems:
        raise UsageError(
            f"run {folder.name} is not exported: {checked.problems[0]}",
            help=f"`gaterun runs verify {folder.name}` says everything",
        )
    try:
        with (
            written_aside(target) as aside,
            aside.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name in (SUMS, *files_of(folder)):
                path = folder / name
                entry = tarfile.TarInfo(f"{folder.name}/{name}")
                entry.size = path.stat().st_size
                entry.mode = 0o644
                with path.open("rb") as stream:
                    archive.addfile(entry, stream)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from error
    return target


def take_in(archive: Path, store: Store) -> str:
    """Unpack an archive into the store, if it is whole, and return the run's id.

    Nothing is seen of it before all of its digests have been checked; a run that is there
    already stays as it is.

    Raises:
        UsageError: it is foreign, damaged, reaches out of its folder, or is there already.
    """
    with staged(store) as place:
        folder = unpacked(archive, place)
        target = store.folder_of(folder.name)
        if target.exists():
            raise UsageError(f"run {folder.name} is here already, and stays as it is")
        checked = verify(folder)
        if checked.problems:
            raise UsageError(
                f"{archive} is damaged: {checked.problems[0]}", help="export the run again"
            )
        (folder / IMPORTED).touch()
        try:
            folder.rename(target)
        except OSError as error:
            raise UsageError(f"run {folder.name} is here already, and stays as it is") from error
        return folder.name


@contextlib.contextmanager
def staged(store: Store) -> Iterator[Path]:
    """A folder in which nobody finds a run, gone at the end; a later run clears a killed one's.

    Raises:
        UsageError: it cannot be written.
    """
    place = store.path / STAGING / secrets.token_hex(4)
    lock = -1
    try:
        try:
            place.mkdir(parents=True)
            lock = claim(place / "lock")
        except OSError as error:
            raise UsageError(f"{store.path} cannot be written to: {error.strerror}") from error
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def unpacked(archive: Path, place: Path) -> Path:
    """The folder of an archive's run, unpacked below `place`. Its digests are not checked.

    Raises:
        UsageError: it is foreign, cut off, or reaches out of its folder.
    """
    try:
        return place / _unpack(archive, place)
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            f"{archive} cannot be read: {what}", help=f"{_FOREIGN}, or it is cut off"
        ) from error


def _unpack(archive: Path, place: Path) -> str:
    """Write the members below `place`: plain files of one run, by names that a run has."""
    run_id, size = "", 0
    with tarfile.open(archive, "r:gz") as members:
        for number, entry in enumerate(members):
            parts = PurePosixPath(entry.name).parts
            size += entry.size
            if not run_id and parts and is_run_id(parts[0]):
                run_id = parts[0]
            if number > _MOST_FILES or size > _MOST_BYTES:
                raise UsageError(f"{archive} is refused: it holds more than any run")
            if not entry.isreg() or parts[:1] != (run_id,) or not _is_name(parts[1:]):
                raise UsageError(f"{archive} is refused: it holds '{entry.name}'", help=_FOREIGN)
            target = place.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            source = members.extractfile(entry)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with contextlib.ExitStack() as stack:
                output = stack.enter_context(os.fdopen(os.open(target, flags, 0o666), "wb"))
                if source is not None:
                    shutil.copyfileobj(stack.enter_context(source), output)
    if not run_id or read_sums(place / run_id) is None:
        raise UsageError(f"{archive} is refused: it holds no run", help=_FOREIGN)
    return run_id


def _is_name(parts: tuple[str, ...]) -> bool:
    if len(parts) == 1:
        return parts[0] in {RECORD, EVENTS, SUMS}
    return len(parts) > 1 and parts[0] == LOGS and not {"..", "."} & set(parts)
