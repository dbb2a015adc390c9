"""Keeps a block between two markers in a file of the user's, and touches nothing else in it."""

from __future__ import annotations

from pathlib import Path

from gaterun.core.aside import written_aside
from gaterun.model.errors import UsageError


def put(path: Path, name: str, block: str) -> str:
    """Write a block between its markers: in their place, or at the end where there are none.

    Args:
        name: of the markers, ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``.
        block: lines; a line break ends it.

    Returns:
        What was done: ``written``, ``appended``, ``replaced`` or ``unchanged``.

    Raises:
        UsageError: the markers are not one pair, or the file cannot be read or written.
    """
    try:
        before = path.read_bytes().decode("utf-8") if path.exists() else None
        after, done = _with_block(path, before, name, block)
        if after != before:
            with written_aside(path) as aside:
                aside.write_bytes(after.encode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error.reason}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return done


def _with_block(path: Path, before: str | None, name: str, block: str) -> tuple[str, str]:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    whole = f"{begin}\n{block}{end}\n"
    if not before:
        return whole, "written"
    if "\r\n" in before:
        whole = whole.replace("\n", "\r\n")
    counts = before.count(begin), before.count(end)
    if counts == (0, 0):
        line = "\r\n" if "\r\n" in before else "\n"
        gap = line if before.endswith("\n") else line * 2
        return f"{before}{gap}{whole}", "appended"
    start, stop = before.find(begin), before.find(end)
    if counts != (1, 1) or stop < start:
        raise UsageError(
            f"{path} has {counts[0]} times {begin} and {counts[1]} times {end}, not one pair",
            help="remove all of them, and what stands between; then it is written anew",
        )
    after = before[:start] + whole.rstrip("\r\n") + before[stop + len(end) :]
    return after, "unchanged" if after == before else "replaced"
