"""Read files of a commit, and what changed since it, without a checkout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import gaterun

#: As many object ids as fit a command line everywhere.
_BATCH = 400
_REGULAR = frozenset({"100644", "100755"})


class Blob(NamedTuple):
    """A file of a commit: git's object id of its content, and its size in bytes.

    The size is -1 where this clone lacks the object: the file was there, and cannot be read.
    """

    oid: str
    size: int


def parse_tree(listing: bytes) -> dict[str, Blob]:
    """The regular files in the output of ``git ls-tree -r -l -z``; links and submodules not."""
    found: dict[str, Blob] = {}
    for entry in listing.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        parts = head.decode("ascii", "replace").split()
        if len(parts) == 4 and parts[0] in _REGULAR:
            # Git writes `BAD` for the size of what is missing.
            size = int(parts[3]) if parts[3].isdigit() else -1
            found[path.decode("utf-8", "surrogateescape")] = Blob(parts[2], size)
    return found


def parse_numstat(output: bytes) -> tuple[int, int]:
    """Added and removed lines in the output of ``git diff --numstat -z``; binaries not."""
    added = removed = 0
    for entry in output.split(b"\0"):
        parts = entry.split(b"\t")
        if len(parts) >= 2 and parts[0].isdigit() and parts[1].isdigit():
            added += int(parts[0])
            removed += int(parts[1])
    return added, removed


def blob_id(data: bytes, like: str = "") -> str:
    """Git's object id of `data`, by the hash that made the id `like`."""
    import hashlib  # loads OpenSSL

    algorithm = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    digest = algorithm(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def _git(ctx: gaterun.Context, *arguments: str) -> gaterun.Completed:
    # Attributes may name programs to convert files with: none of them is run.
    return ctx.run(["git", "--no-pager", "--literal-pathspecs", *arguments])


def tree(ctx: gaterun.Context, commit: str) -> dict[str, Blob]:
    """The files of `commit` below the workspace root, by path from there.

    Raises:
        gaterun.CannotMeasure: the commit is not in this clone (``baseline-missing``).
    """
    completed = _git(ctx, "ls-tree", "-r", "-l", "-z", commit)
    if not completed.ok:
        raise gaterun.CannotMeasure(
            gaterun.Reason.BASELINE_MISSING,
            f"git cannot list the files of {commit[:12]}: {_last_line(completed)}",
            help="fetch the whole history: a shallow clone does not have the base commit",
        )
    return parse_tree(completed.stdout.read_bytes())


def contents(ctx: gaterun.Context, blobs: Iterable[Blob]) -> Iterator[tuple[str, bytes]]:
    """Object id and bytes of each of `blobs`.

    Raises:
        gaterun.CannotMeasure: an object is missing (``incomplete``).
    """
    wanted = sorted(set(blobs))
    for first in range(0, len(wanted), _BATCH):
        batch = wanted[first : first + _BATCH]
        completed = _git(ctx, "show", "--no-textconv", *(blob.oid for blob in batch))
        data = completed.stdout.read_bytes()
        if not completed.ok or len(data) != sum(blob.size for blob in batch):
            raise gaterun.CannotMeasure(
                gaterun.Reason.INCOMPLETE,
                f"git cannot read files of the base commit: {_last_line(completed)}",
                help="git fsck tells which objects are missing",
            )
        position = 0
        for blob in batch:
            yield blob.oid, data[position : position + blob.size]
            position += blob.size


def changed_lines(ctx: gaterun.Context, commit: str) -> tuple[int, int]:
    """Lines added to and removed from tracked Rust files between `commit` and the files now."""
    quiet = ["--no-renames", "--no-ext-diff", "--no-textconv"]
    completed = ctx.run(
        ["git", "--no-pager", "diff", "--numstat", "-z", *quiet, "--relative", commit, "--", "*.rs"]
    )
    if not completed.ok:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE, f"git diff failed: {_last_line(completed)}"
        )
    return parse_numstat(completed.stdout.read_bytes())


def _last_line(completed: gaterun.Completed) -> str:
    lines = completed.err().strip().splitlines()
    return lines[-1] if lines else f"exit status {completed.exit_status}"


def under(paths: Collection[str], folders: Collection[str]) -> Iterator[str]:
    """Those of `paths` that have one of `folders` among their folders."""
    return (path for path in paths if set(path.split("/")[:-1]) & set(folders))
