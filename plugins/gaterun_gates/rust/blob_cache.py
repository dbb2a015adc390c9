"""Keep what a scan found in a file by git's id of its content.

Whatever is derived from the bytes of one file alone goes through here: the same bytes are
scanned once, wherever they lie, in whichever branch, in this run and in later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from gaterun_gates.rust.kept import load, save
from gaterun_gates.rust.source import Source

T = TypeVar("T")
#: Entries that are kept, so that some branches of a large workspace have room.
_MOST = 50_000


class BlobCache(Generic[T]):
    """The findings of one scan.

    Args:
        path: the file that keeps them; nothing outlives the run without.
        kind: the type of what is found in a file.
        scan: finds it. It may look at the file's bytes and syntax, not at its path.
        most: entries that are kept.
    """

    def __init__(
        self,
        path: Path | None,
        kind: type[T],
        scan: Callable[[Source], T],
        *,
        most: int = _MOST,
    ) -> None:
        self._path = path
        self._scan = scan
        self._most = most
        self._kept: dict[str, T] = load(path, dict[str, kind]) or {}  # type: ignore[valid-type]
        self._used: dict[str, T] = {}
        self._new = False

    def __call__(self, source: Source) -> T:
        """What the scan finds in `source`, or found in an earlier file of the same bytes."""
        oid = source.oid
        if oid in self._used:
            return self._used[oid]
        if oid in self._kept:
            found = self._kept[oid]
        else:
            found = self._scan(source)
            self._new = True
        self._used[oid] = found
        return found

    def missing(self, sources: Iterable[Source]) -> list[Source]:
        """Those of `sources` that would have to be scanned, each content once."""
        return list(
            {
                source.oid: source
                for source in sources
                if source.oid not in self._used and source.oid not in self._kept
            }.values()
        )

    def save(self) -> None:
        """Keep what is known for later runs, what this run used before all else."""
        if not self._new:
            return
        older = {oid: found for oid, found in self._kept.items() if oid not in self._used}
        together = [*older.items(), *self._used.items()]
        save(self._path, dict(together[-self._most :]))
        self._new = False
