"""Keep a value in a file between runs; what cannot be trusted is not there.

The first line of the file is a digest of this release, of the scanner's own source and of the
rest. Text that is torn, edited or of another scanner does not fit it, and counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import msgspec

import gaterun

T = TypeVar("T")


@lru_cache(maxsize=1)
def scanner() -> bytes:
    """A digest of everything but the scanned file that decides what a scan finds."""
    found = hashlib.blake2b(digest_size=16)
    found.update(f"{gaterun.__version__} {sys.implementation.cache_tag}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    for path in _grammar():
        status = path.stat()
        found.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    return found.digest()


def _grammar() -> list[Path]:
    """The compiled parser, found without importing it."""
    from importlib.util import find_spec

    folders = []
    for name in ("tree_sitter", "tree_sitter_rust"):
        spec = find_spec(name)
        folders += list(spec.submodule_search_locations or ()) if spec is not None else []
    return sorted(path for folder in folders for path in Path(folder).glob("*.so"))


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(scanner() + payload, digest_size=16).hexdigest().encode()


def load(path: Path | None, kind: type[T]) -> T | None:
    """The value that `save` left at `path`; ``None`` where there is none to be trusted."""
    if path is None:
        return None
    try:
        digest, _, payload = path.read_bytes().partition(b"\n")
        return msgspec.json.decode(payload, type=kind) if digest == _digest(payload) else None
    except (OSError, msgspec.MsgspecError):
        return None


def save(path: Path | None, value: object) -> None:
    """Keep `value` at `path`, wholly or not at all.

    A file that cannot be written costs time in the next run, and nothing else.
    """
    if path is None:
        return
    payload = msgspec.json.encode(value)
    # A name of its own: two runs may save at the same time, and the last one stays.
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(_digest(payload) + b"\n" + payload)
        temporary.replace(path)
