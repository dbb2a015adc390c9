"""Scan many files in several processes: parsing holds Python's lock, so threads gain nothing.

As a program, ``python -m gaterun_gates.rust.workers JOB FOUND`` does the work of one job.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gaterun_gates.rust import kept
from gaterun_gates.rust.source import Source

T = TypeVar("T")
#: Runs a program to its end, wherever that leads: `gaterun.Context.run` does.
Run = Callable[[Sequence[str | Path]], object]
#: Bytes to parse from which on a second process gains more than its start costs.
WORTHWHILE = 1_000_000


class Job(NamedTuple):
    """Files to be scanned.

    Attributes:
        scan: module and name of the function, with a colon between.
        files: git's object id, and where the file is.
    """

    scan: str
    files: list[tuple[str, str]]


def cores() -> int:
    """How many processes can work at a time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def scan_in_processes(
    scan: Callable[[Source], T],
    kind: type[T],
    sources: Sequence[Source],
    run: Run,
    folder: Path,
) -> dict[str, T]:
    """What `scan` finds in each of `sources` that lies in a file, by the id of its content.

    Args:
        scan: a function of a module.
        kind: the type of what it finds.
        sources: the files.
        run: starts the program that does it.
        folder: a place for files that are gone afterwards.

    Returns:
        What was found; nothing where the program did not get to its end.
    """
    job, found = folder / "job.json", folder / "found.json"
    files = [(source.oid, source.file) for source in sources if source.file is not None]
    folder.mkdir(parents=True, exist_ok=True)
    kept.save(job, Job(f"{scan.__module__}:{scan.__qualname__}", files))
    try:
        run([sys.executable, "-P", "-m", __name__, job, found])
        return kept.load(found, dict[str, kind]) or {}  # type: ignore[valid-type]
    finally:
        for path in (job, found):
            path.unlink(missing_ok=True)


def _scan_file(scan: Callable[[Source], Any], oid: str, file: str) -> tuple[str, Any] | None:
    try:
        source = Source(file, Path(file).read_bytes())
    except OSError:
        return None
    return (oid, scan(source)) if source.oid == oid else None  # it was just edited


def main(job_file: str, found_file: str) -> None:
    """Scan the files of a job, each process a part of them."""
    import multiprocessing
    from functools import partial
    from importlib import import_module

    gc.set_threshold(50_000, 20, 20)  # as in gaterun itself: what a file gives is not garbage
    job = kept.load(Path(job_file), Job)
    if job is None:
        raise SystemExit(f"{job_file}: no job of this release")
    module, _, name = job.scan.partition(":")
    scan = partial(_scan_file, getattr(import_module(module), name))
    # This process has one thread, so that it can be forked with all that it has imported.
    with multiprocessing.get_context("fork").Pool(cores()) as pool:
        results = pool.starmap(scan, job.files, chunksize=8)
    kept.save(Path(found_file), dict(result for result in results if result is not None))


if __name__ == "__main__":
    main(*sys.argv[1:])
