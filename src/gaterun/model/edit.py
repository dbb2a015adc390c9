"""An edit: a file as a gate would have it. A value; whoever offers one writes nothing."""

from __future__ import annotations

from msgspec import Struct


class Edit(Struct, frozen=True, kw_only=True):
    """What a file holds, and what it would hold instead.

    Both texts are the file's bytes as UTF-8 with surrogate escapes: line ends and a byte order
    mark stay what they are.

    Attributes:
        path: relative to the workspace root with ``/``.
        before: what the gate has read there; ``None`` for a file that is not there. A file
            that holds something else when it is about to be written is left alone.
        after: what it would hold.
    """

    path: str
    before: str | None
    after: str
