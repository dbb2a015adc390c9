"""Takes away the Cargo.lock that cargo wrote where there was none: the tree stays as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def untouched(root: Path) -> Iterator[None]:
    """Remove ``Cargo.lock`` after the block if it was not there before.

    Every cargo command that resolves dependencies writes one, and has no option not to.
    """
    path = root / "Cargo.lock"
    absent = not path.exists()
    try:
        yield
    finally:
        if absent:
            path.unlink(missing_ok=True)
