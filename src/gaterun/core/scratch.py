"""Makes folders for a while, and notes them first, so that whoever comes after a kill finds them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gaterun.core.lock import abandoned, claim

#: What the name of every folder begins with; no other is ever removed.
_PREFIX = "gaterun-"


def make(notes: Path, owner: str) -> Path:
    """An empty folder outside of the workspace, noted in `notes`.

    Args:
        owner: id of the run, whose lock says whether it lives.

    Raises:
        OSError: it cannot be made.
    """
    folder = _named()
    notes.mkdir(exist_ok=True)
    (notes / folder.name).write_text(_note(owner, folder))
    folder.mkdir(mode=0o700)
    return folder


def remove(notes: Path, folder: Path) -> None:
    """Remove such a folder in good order."""
    shutil.rmtree(folder, ignore_errors=True)
    (notes / folder.name).unlink(missing_ok=True)


@contextlib.contextmanager
def held(notes: Path) -> Iterator[Path]:
    """Such a folder for as long as the block lasts, of nobody's run: its note is its lock.

    Raises:
        OSError: it cannot be made.
    """
    folder = _named()
    lock = claim(notes / folder.name)
    try:
        os.write(lock, _note("-", folder).encode("utf-8", "surrogateescape"))
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        remove(notes, folder)
        os.close(lock)


def clear(notes: Path, runs: Path) -> None:
    """Remove the folders of those who are dead.

    Args:
        runs: where the runs are, with a lock in the folder of each that lives.
    """
    for note in notes.glob("*"):
        lock = abandoned(note)
        if lock is None:
            continue
        with contextlib.closing(os.fdopen(lock, "rb")), contextlib.suppress(OSError, ValueError):
            owner, folder = note.read_text().splitlines()[:2]
            # Asked now, not before: a run that began meanwhile has its lock by now.
            alive = "/" not in owner and _lives(runs / owner / "lock")
            if not alive and Path(folder).name.startswith(_PREFIX):
                shutil.rmtree(folder, ignore_errors=True)
                note.unlink(missing_ok=True)


def _lives(lock: Path) -> bool:
    descriptor = abandoned(lock)
    if descriptor is not None:
        os.close(descriptor)
        return False
    return lock.exists()


def _named() -> Path:
    return Path(tempfile.gettempdir()).resolve() / f"{_PREFIX}{secrets.token_hex(6)}"


def _note(owner: str, folder: Path) -> str:
    return f"{owner}\n{folder}\n"
