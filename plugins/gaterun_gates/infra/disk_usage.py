"""How much disk space a folder really occupies."""

from __future__ import annotations

import os
from pathlib import Path

#: POSIX counts `st_blocks` in units of 512 bytes, whatever the file system's block size.
_BLOCK = 512


def disk_usage(folder: Path) -> int:
    """Bytes allocated below `folder`, each file once however many names (hard links) it has.

    Cargo links an artefact to several places, so adding up sizes counts it twice. What
    vanishes meanwhile is left out; symbolic links are not followed.
    """
    seen: set[tuple[int, int]] = set()
    total = 0
    pending = [folder]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
            except OSError:
                continue
            identity = (status.st_dev, status.st_ino)
            if identity not in seen:
                seen.add(identity)
                total += status.st_blocks * _BLOCK
    return total
