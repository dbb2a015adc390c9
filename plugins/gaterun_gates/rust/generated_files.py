"""Ask git which files a program wrote: those with the attribute ``linguist-generated``.

It is the attribute by which GitHub leaves generated files out of its statistics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gaterun

ATTRIBUTE = "linguist-generated"
#: As many paths as fit a command line everywhere.
_BATCH = 400


def generated_files(
    ctx: gaterun.Context,
    paths: Sequence[str],
    attributes: Mapping[str, bytes],
    commit: str | None = None,
) -> frozenset[str]:
    """Those of `paths` that a tree's attributes say a program wrote.

    Args:
        ctx: where git runs.
        paths: files of the tree.
        attributes: the content of its ``.gitattributes``, by path.
        commit: the tree; ``None`` for the working tree.

    Raises:
        gaterun.CannotMeasure: git cannot tell (``tool-version``).
    """
    if not any(ATTRIBUTE.encode() in content for content in attributes.values()):
        return frozenset()
    source = ["--source", commit] if commit is not None else []
    found: set[str] = set()
    for first in range(0, len(paths), _BATCH):
        batch = paths[first : first + _BATCH]
        completed = ctx.run(["git", "check-attr", "-z", *source, ATTRIBUTE, "--", *batch])
        if not completed.ok:
            raise gaterun.CannotMeasure(
                gaterun.Reason.TOOL_VERSION,
                f"git cannot tell which files are {ATTRIBUTE}",
                help="of a commit, git can tell from version 2.40 on",
            )
        found |= parse_attributes(completed.stdout.read_bytes())
    return frozenset(found)


def parse_attributes(output: bytes) -> set[str]:
    """The paths that have the attribute, in the output of ``git check-attr -z``."""
    fields = output.split(b"\0")
    return {
        path.decode("utf-8", "surrogateescape")
        for path, value in zip(fields[::3], fields[2::3], strict=False)
        if value in {b"set", b"true"}
    }
