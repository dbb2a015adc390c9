"""Holds resources across processes, so that two runs in one workspace do not disturb each other.

Advisory locks on files below ``.gaterun/locks``. The kernel drops them with the process, so
a killed run leaves nothing locked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

#: The lock that a timing gate holds alone and every other gate shares.
MACHINE = "machine"

_POLL_SECONDS = 0.1


@contextlib.contextmanager
def held(
    folder: Path,
    names: Sequence[str],
    *,
    exclusive: bool,
    stopped: Callable[[], bool],
    waiting: Callable[[str], None],
) -> Iterator[None]:
    """Hold `names` and this machine's share for the time of the block.

    Args:
        folder: where the lock files are.
        names: resources that only one gate at a time may use.
        exclusive: nothing else may run meanwhile.
        stopped: asked while waiting; true gives up waiting.
        waiting: told once, with the resource's name, when another run holds it.
    """
    wanted = [(MACHINE, exclusive), *((name, True) for name in sorted(names))]
    descriptors: list[int] = []
    try:
        for name, alone in wanted:
            descriptors.append(take(folder, name, alone=alone, stopped=stopped, waiting=waiting))
        yield
    finally:
        for descriptor in reversed(descriptors):
            os.close(descriptor)


def take(
    folder: Path,
    name: str,
    *,
    alone: bool,
    stopped: Callable[[], bool],
    waiting: Callable[[str], None],
) -> int:
    """Take one lock, as `held` does.

    Returns:
        The descriptor that holds the lock, when it was not stopped; closing it frees it.
    """
    descriptor = os.open(f"{folder}/{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    mode = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    told = False
    while not stopped():
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not told:
                waiting(name)
                told = True
            time.sleep(_POLL_SECONDS)
    return descriptor


def claim(path: Path, mode: int = 0o666) -> int:
    """Create a file and lock it for as long as the descriptor lives, which is returned.

    Whoever finds the file unlocked takes its maker for dead and removes it. In the moment
    between making and locking that would be wrong, so then it is made again.

    Raises:
        OSError: it cannot be created.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):  # noqa: PTH116
                return descriptor
        os.close(descriptor)


def abandoned(path: Path) -> int | None:
    """The lock of a claimed file whose maker is dead; ``None`` while it lives.

    Returns:
        A descriptor: while it is open nobody else can claim the file.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None  # gone, or another user's
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
