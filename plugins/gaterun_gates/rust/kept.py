"""Keep a value in a file between runs; what cannot be trusted is not there.

The first line of the file is a digest of this release, of the scanner's own source and of the
rest. Text that is torn, edited or of another scanner does not fit it, and counts as absent.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import msgspec

import gaterun

try:  # hashlib loads OpenSSL, which takes longer than everything that is hashed here
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

T = TypeVar("T")


@lru_cache(maxsize=1)
def scanner() -> bytes:
    """A digest of everything but the scanned file that decides what a scan finds.

    Files of programs are known by size and time, as Python knows what its byte code is of.
    """
    found = blake2b(digest_size=16)
    found.update(f"{gaterun.__version__} {sys.implementation.cache_tag}".encode())
    for folder, suffix in ((os.path.dirname(__file__), ".py"), *_grammar()):  # noqa: PTH120
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(suffix):
                    status = entry.stat()
                    found.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}\0".encode())
    return found.digest()


def _grammar() -> Iterator[tuple[str, str]]:
    """The folders of the compiled parser, found without importing it, and what its files end with."""
    from importlib.util import find_spec

    for name in ("tree_sitter", "tree_sitter_rust"):
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            yield folder, ".so"


def digest(payload: bytes) -> str:
    """A digest of `payload` and of `scanner`."""
    return blake2b(scanner() + payload, digest_size=16).hexdigest()


def load(path: Path | None, kind: type[T]) -> T | None:
    """The value that `save` left at `path`; ``None`` where there is none to be trusted."""
    if path is None:
        return None
    try:
        said, _, payload = path.read_bytes().partition(b"\n")
        if said != digest(payload).encode():
            return None
        return msgspec.json.decode(payload, type=kind)
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
        temporary.write_bytes(digest(payload).encode() + b"\n" + payload)
        temporary.replace(path)
