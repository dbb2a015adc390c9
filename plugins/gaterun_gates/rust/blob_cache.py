"""Keep what a scan found in a file by git's id of its content.

Whatever is derived from the bytes of one file alone goes through here: the same bytes are
scanned once, wherever they lie, in whichever branch, in this run and in later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from gaterun_gates.rust.kept import load, save
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.workers import WORTHWHILE, Run, cores, scan_in_processes

T = TypeVar("T")
#: Entries that are kept, so that some branches of a large workspace have room.
_MOST = 50_000


def _has_to_be_parsed(data: bytes) -> None:
    del data


class BlobCache(Generic[T]):
    """The findings of one scan.

    Args:
        path: the file that keeps them; nothing outlives the run without.
        kind: the type of what is found in a file.
        scan: finds it. It may look at the file's bytes and syntax, not at its path.
        quick: what a file with these bytes has in it where that needs no parsing; else ``None``.
        worthwhile: bytes of files to scan from which on several processes gain more than they cost.
        most: entries that are kept.
    """

    def __init__(
        self,
        path: Path | None,
        kind: type[T],
        scan: Callable[[Source], T],
        *,
        quick: Callable[[bytes], T | None] = _has_to_be_parsed,
        worthwhile: int = WORTHWHILE,
        most: int = _MOST,
    ) -> None:
        self._path = path
        self._kind = kind
        self._scan = scan
        self._quick = quick
        self._worthwhile = worthwhile
        self._most = most
        self._used: dict[str, T] = {}
        self._new = False

    @cached_property
    def _kept(self) -> dict[str, T]:
        kind = self._kind
        return load(self._path, dict[str, kind]) or {}  # type: ignore[valid-type]

    def known(self, oid: str) -> T | None:
        """What is known of the bytes with this id, without a scan."""
        return self._used[oid] if oid in self._used else self._kept.get(oid)

    def __call__(self, source: Source) -> T:
        """What the scan finds in `source`, or found in an earlier file of the same bytes."""
        oid = source.oid
        if oid in self._used:
            return self._used[oid]
        if oid in self._kept:
            found = self._kept[oid]
        else:
            quick = self._quick(source.data)
            found = quick if quick is not None else self._scan(source)
            self._new = True
        self._used[oid] = found
        return found

    def fill(self, sources: Iterable[Source], run: Run, folder: Path) -> None:
        """Scan those of `sources` that are not known in several processes, where that pays.

        Args:
            sources: files that are going to be asked for.
            run: starts a program.
            folder: a place for files that are gone afterwards.
        """
        unknown: dict[str, Source] = {}
        for source in sources:
            oid = source.oid
            if oid in self._used or oid in self._kept or oid in unknown:
                continue
            quick = self._quick(source.data)
            if quick is None:
                unknown[oid] = source
            else:
                self._used[oid] = quick
                self._new = True
        large = sum(len(source.data) for source in unknown.values()) >= self._worthwhile
        if large and cores() > 1:
            # Largest first, so that no process is left with one when the others are done.
            ordered = sorted(unknown.values(), key=lambda source: -len(source.data))
            self._kept.update(scan_in_processes(self._scan, self._kind, ordered, run, folder))
            self._new = True

    def save(self) -> None:
        """Keep what is known for later runs, what this run used before all else."""
        if not self._new:
            return
        # Listed at once, as another gate may be asking meanwhile.
        used = list(self._used.items())
        recent = {oid for oid, _ in used}
        older = [(oid, found) for oid, found in list(self._kept.items()) if oid not in recent]
        together = [*older, *used]
        save(self._path, dict(together[-self._most :]))
        self._new = False
