"""Reads the entry points of installed distributions, without reading the distributions' metadata.

``importlib.metadata`` parses a distribution's whole metadata to learn its name and version,
which the name of its folder says as well.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

#: The entry points that plugins have.
GROUP = "gaterun"

_DESCRIBES = (".dist-info", ".egg-info")


def installed_entry_points() -> list[tuple[str, str, str]]:
    """Name, target and ``distribution version`` of every entry point in the group.

    Of a distribution that is on ``sys.path`` twice, the first counts, as for imports.
    """
    if not _only_folders():
        return _by_metadata()
    found = []
    met: set[str] = set()
    for folder in sys.path:
        try:
            names = sorted(os.listdir(folder or "."))  # noqa: PTH208 - names are all we need
        except OSError:
            continue
        for name in names:
            if not name.endswith(_DESCRIBES):
                continue
            project, _, version = name[: -len(".dist-info")].partition("-")
            project = project.lower().replace("_", "-").replace(".", "-")
            if project in met:
                continue
            met.add(project)
            origin = f"{project} {version.partition('-py')[0]}".rstrip()
            path = f"{folder or '.'}/{name}/entry_points.txt"
            found += [(point, target, origin) for point, target in _group(_text(path))]
    return found


def _only_folders() -> bool:
    """Whether distributions can only be in folders on ``sys.path``: no archives, no own finders."""
    return not any(
        hasattr(finder, "find_distributions") and finder is not PathFinder
        for finder in sys.meta_path
    ) and not any(path.endswith((".egg", ".whl")) or Path(path).is_file() for path in sys.path)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - many of them
            return file.read()
    except OSError:
        return ""


def _group(text: str) -> list[tuple[str, str]]:
    r"""Names and targets in the group's section of an ``entry_points.txt``.

    >>> _group("[other]\na = b\n[gaterun]\n# why\ntodo = some_todo [extra]\n")
    [('todo', 'some_todo')]
    """
    found = []
    inside = False
    for raw in text.splitlines() if f"[{GROUP}]" in text else ():
        line = raw.strip()
        if line.startswith("["):
            inside = line == f"[{GROUP}]"
        elif inside and line and not line.startswith("#"):
            name, _, target = line.partition("=")
            found.append((name.strip(), target.partition("[")[0].strip()))
    return found


def _by_metadata() -> list[tuple[str, str, str]]:
    """The same by ``importlib.metadata``, which knows archives and every finder."""
    from importlib import metadata

    return [
        (
            point.name,
            point.value.partition("[")[0].strip(),
            f"{point.dist.name} {point.dist.version}" if point.dist else "?",
        )
        for point in metadata.entry_points(group=GROUP)
    ]
