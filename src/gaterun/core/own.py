"""What of a working tree gaterun wrote itself: that counts for nothing, all else does.

A file is not gaterun's because a phase names it as one of its outputs, only because it holds what
gaterun writes. Otherwise whoever names a changelog as the roadmap would hide it from its gate.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

#: First line of a dashboard.
DASHBOARD = "<!-- gaterun dashboard: rendered from measurements, edits are lost -->"
#: Below the title of a completion report.
COMPLETION = "Written by gaterun from the record of one run of"

#: What is written whole has one of these so near to its beginning.
_WHOLE = (f"{DASHBOARD}\n".encode(), f"\n\n{COMPLETION} ".encode(), b'{\n  "kind": "gaterun.')
_NEAR = 1000

_BLOCK = b"<!--"


class Own(Struct, frozen=True, kw_only=True):
    """What gaterun writes in a working tree, relative to the workspace root.

    Attributes:
        paths: files that a command was told to write, and folders, which end with ``/``.
        documents: files that a phase names, of which counts what people wrote.
    """

    paths: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Whether a path is gaterun's whatever it holds."""
        return any(
            name == path or (path[-1:] == "/" and name.startswith(path)) for path in self.paths
        )


class Document(Struct, frozen=True, kw_only=True):
    """A document that people and gaterun may write.

    Attributes:
        by_people: its content without what gaterun wrote; ``None`` where that is all of it.
        mixed: gaterun wrote a part of it.
    """

    by_people: bytes | None
    mixed: bool = False


def read(path: Path) -> Document | None:
    """What of a document is whose; ``None`` where there is no file that can be read.

    Args:
        path: a link is none: what it leads to is another file's.
    """
    try:
        if path.is_symlink():
            return None
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            data = file.read()
    except OSError:
        return None
    if any(mark in data[:_NEAR] for mark in _WHOLE):
        return Document(by_people=None)
    if _BLOCK not in data:
        return Document(by_people=data)
    from gaterun.core.markers import BadMarkersError, places

    text = data.decode("utf-8", "surrogateescape")
    try:
        blocks = [place for place in places(text) if place.kind == "begin"]
    except BadMarkersError:
        return Document(by_people=data)
    kept, last = [], 0
    for block in blocks:
        kept.append(text[last : block.start])
        last = block.end
    kept.append(text[last:])
    rest = "".join(kept).encode("utf-8", "surrogateescape")
    return Document(by_people=rest, mixed=bool(blocks))
