"""Decides which recorded runs are forgotten, and removes them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from gaterun.core.event_log import begin_of
from gaterun.core.record_file import RECORD, read_outline
from gaterun.core.store import IMPORTED, Store, is_held
from gaterun.model.errors import UsageError


class Kept(Struct, frozen=True):
    """A run that retention spares, and why."""

    path: Path
    why: str


class Plan(Struct, frozen=True):
    """What is to be removed, oldest first, and what would be but for a reason."""

    remove: tuple[Path, ...]
    spared: tuple[Kept, ...]


def plan(
    store: Store, *, keep: int = 0, older_than: float = 0.0, baselines: Collection[str] = ()
) -> Plan:
    """What a retention removes. Nothing is touched.

    Args:
        keep: so many of the newest runs stay; 0 for any number.
        older_than: only what began longer ago goes, seconds; 0 for whatever its age.
        baselines: ids of runs that a baseline was made from, beside those in the store.
    """
    folders = sorted(path for path in store.path.glob("runs/*") if path.is_dir())
    candidates = folders[: max(0, len(folders) - keep)] if keep else folders
    if not candidates:
        return Plan((), ())
    used = {*baselines, *_baselines(store)}
    remove: list[Path] = []
    spared: list[Kept] = []
    kinds: dict[Path, tuple[str, str] | None] = {}

    def kind(folder: Path) -> tuple[str, str] | None:
        if folder not in kinds:
            kinds[folder] = _kind(folder)
        return kinds[folder]

    newest: dict[tuple[str, str], Path] = {}
    unseen = [path for path in reversed(folders) if not (path / IMPORTED).exists()]

    def is_newest(folder: Path) -> bool:
        wanted = kind(folder)
        if wanted is None or folder not in unseen:
            return False
        for path in unseen:
            if wanted in newest:
                break
            if (path / RECORD).exists() and (found := kind(path)) is not None:
                newest.setdefault(found, path)
        return newest.get(wanted) == folder

    now = time.time()
    for folder in candidates:
        if older_than and now - _began(folder) < older_than:
            continue
        if is_held(folder / "lock"):
            spared.append(Kept(folder, "it is running"))
        elif folder.name in used:
            spared.append(Kept(folder, "a baseline was made from it"))
        elif (folder / RECORD).exists() and is_newest(folder):
            phase, role = kind(folder) or ("", "")
            what = "run" if role == "run" else f"{role} run"
            spared.append(Kept(folder, f"the newest {what} of {phase}"))
        else:
            remove.append(folder)
    return Plan(tuple(remove), tuple(spared))


def forget(store: Store, *, keep: int) -> None:
    """Remove what is more than `keep` runs, quietly: the next run tries again what failed."""
    for folder in plan(store, keep=keep).remove:
        with contextlib.suppress(OSError):
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a run: its record first, so that a kill in between leaves no half run on record.

    Raises:
        OSError: it cannot be removed.
    """
    (folder / RECORD).unlink(missing_ok=True)
    shutil.rmtree(folder)


def size_of(folder: Path) -> int:
    """Bytes below a folder."""
    return sum(
        entry.stat(follow_symlinks=False).st_size
        for place, _, _ in os.walk(folder)
        for entry in os.scandir(place)
        if entry.is_file(follow_symlinks=False)
    )


def _kind(folder: Path) -> tuple[str, str] | None:
    """Phase and role of a run; ``None`` where neither events nor record say so."""
    begin = begin_of(folder)
    if begin is not None:
        return begin.phase, begin.role
    try:
        outline = read_outline(folder / RECORD)
    except UsageError:
        return None
    return outline.phase, outline.role


def _began(folder: Path) -> float:
    begin = begin_of(folder)
    if begin is not None:
        return begin.time
    with contextlib.suppress(UsageError):
        return read_outline(folder / RECORD).started
    with contextlib.suppress(OSError):
        return folder.stat().st_mtime
    return time.time()


def _baselines(store: Store) -> set[str]:
    return {run for path in store.path.glob("baseline/*.json") if (run := run_of(path))}


def run_of(path: Path) -> str:
    """The id of the run that a metrics file was made from; empty where it does not say."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(path.read_bytes())["run"]["id"])
    return ""
