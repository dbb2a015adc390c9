"""Writes a file beside its place and moves it there whole."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from gaterun.core.lock import abandoned, claim

_ASIDE = re.compile(r"\.(.+)\.[0-9a-f]{8}")


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block succeeds.

    Nobody ever sees a half-written file, and a failure leaves the old one as it was. What
    somebody who was killed has left of the same file is removed.
    """
    path = path.resolve()  # a link stays a link
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_asides(path.parent, path.name)
    import secrets  # with all of cryptography; most commands write nothing
    import shutil

    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    lock = claim(aside)
    try:
        yield aside
        if path.exists():
            shutil.copymode(path, aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
        os.close(lock)


def clear_asides(folder: Path, name: str = "") -> None:
    """Remove what killed writers have left in a folder.

    Args:
        name: only of this file.
    """
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            match = _ASIDE.fullmatch(entry.name)
            if match is None or (name and match[1] != name):
                continue
            lock = abandoned(Path(entry.path))
            if lock is not None:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()
                os.close(lock)
