"""Read the Rust files of a workspace, and know without reading those that stayed the same."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from gaterun_gates.rust.kept import load, save
from gaterun_gates.rust.source import Source

#: Size, times of the last change of content and of anything (ns), inode.
Signature = tuple[int, int, int, int]
#: A file may change again within the resolution of its times (two seconds on FAT) and look the
#: same: only what has been at rest for longer is believed, as git does with its index.
_RESOLUTION = 2_000_000_000


class SourceFiles:
    """The files below a folder, each read at most once.

    Args:
        root: paths are relative to it.
        path: the file that keeps the ids of content from run to run; ``None`` keeps nothing.
    """

    def __init__(self, root: Path, path: Path | None = None) -> None:
        self._root = os.fspath(root)
        self._path = path
        self._began = time.time_ns()
        self._kept: dict[str, tuple[Signature, str]] = (
            load(path, dict[str, tuple[Signature, str]]) or {}
        )
        self._seen: dict[str, tuple[Signature, str]] = {}
        self._sources: dict[str, Source | None] = {}

    def __call__(self, path: str) -> Source | None:
        """The file at `path`; ``None`` where there is no file that can be read."""
        if path not in self._sources:
            self._sources[path] = self._find(path)
        return self._sources[path]

    def changed(self, oids: Mapping[str, str | None]) -> Iterator[str]:
        """The paths at which there is not what the id of content says; ``None`` says no file."""
        # Asked of all files in every run: hence without a `Source` for each.
        for path, oid in oids.items():
            known = self._at_rest(path)
            if known is not None and known[1] == oid:
                continue
            source = self(path)
            if (source.oid if source is not None else None) != oid:
                yield path

    def _at_rest(self, path: str) -> tuple[Signature, str] | None:
        """What was kept of the file at `path`, if it is still the one."""
        known = self._kept.get(path)
        if known is None or path in self._seen:
            return self._seen.get(path)
        try:
            status = os.stat(f"{self._root}/{path}")  # noqa: PTH116 - a Path takes longer
        except (OSError, ValueError):
            return None
        if _signature(status) != known[0]:
            return None
        self._seen[path] = known
        return known

    def _find(self, path: str) -> Source | None:
        full = f"{self._root}/{path}"
        known = self._at_rest(path)
        if known is not None:
            return Source(path, file=full, oid=known[1])
        try:
            status = os.stat(full)  # noqa: PTH116
            if not stat.S_ISREG(status.st_mode):
                return None
            source = Source(path, _content(full, status.st_size), file=full)
        except (OSError, ValueError):
            return None
        self._seen[path] = (_signature(status), source.oid)
        return source

    def listing(self, folder: str) -> list[str]:
        """The ``.rs`` files directly in a folder."""
        return [
            f"{folder}/{path.name}" if folder not in {"", "."} else path.name
            for path in sorted((Path(self._root) / folder).glob("*.rs"))
        ]

    def save(self) -> None:
        """Keep the ids of the files that were looked at and have been at rest."""
        if self._seen == self._kept:
            return
        latest = self._began - _RESOLUTION
        at_rest = {
            path: (signature, oid)
            # Listed at once, as another gate may be reading files meanwhile.
            for path, (signature, oid) in list(self._seen.items())
            if signature[1] < latest and signature[2] < latest
        }
        if at_rest != self._kept:
            save(self._path, at_rest)


def _signature(status: os.stat_result) -> Signature:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _content(full: str, size: int) -> bytes:
    # Of a thousand small files, most of the time goes into what is around the one read.
    with open(full, "rb", buffering=0) as file:  # noqa: PTH123
        data = file.read(size + 1)
        return data if len(data) == size else data + file.readall()
