"""Reads claims from task lists in Markdown: ``- [x] 7.3 Code quality``."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING

import gaterun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gaterun import Claim, PhaseOutline, Said, Unread

#: Nothing is asked for that is not opened as well (`gaterun_claims` of the plugin contract).
opens_all = True

#: Where people and tools keep task lists, beside the documents of the phase.
PATTERNS = (
    *("TASKS.md", "TODO.md", "PLAN.md", "ROADMAP.md", "tasks.md", "todo.md", "plan.md"),
    *("docs/TASKS.md", "docs/TODO.md", "docs/PLAN.md", "docs/ROADMAP.md", "docs/tasks.md"),
    *("specs/*/tasks.md", ".kiro/specs/*/tasks.md", "backlog/tasks/*.md"),
)

#: A file beyond this is no list of a person's, bytes.
_LARGEST = 4_000_000

_FENCE = r" {0,3}(`{3,}|~{3,})"
_ITEM = r"\s*(?:[-*+]|\d{1,9}[.)])\s+\[(?P<mark>[^\]])\]\s+(?P<text>\S.*)"


@gaterun.hookimpl
def gaterun_claims(root: Path, phase: PhaseOutline) -> Iterator[Claim | Unread]:
    """The items that begin with a task of the phase; one that is not ticked says nothing."""
    from gaterun_claims.saying import is_there

    met: set[str] = set()
    for pattern in (*PATTERNS, *phase.lists):
        for path in _places(root, pattern):
            # One file may have two names, where letter case does not tell names apart.
            if is_there(path) and (real := os.path.realpath(path)) not in met:
                met.add(real)
                yield from _items(path, path.relative_to(root).as_posix(), phase)


def _places(root: Path, pattern: str) -> Iterator[Path]:
    """Where a pattern leads; what may come to be there is tried as well."""
    above, star, below = pattern.partition("*")
    if not star:
        yield root / pattern
        return
    try:
        names = sorted(os.listdir(root / above))  # noqa: PTH208 - names are all we need
    except OSError:
        return
    for name in names:
        if below.startswith("/"):
            yield root / above / name / below[1:]
        elif name.endswith(below):
            yield root / above / name


def _items(path: Path, source: str, phase: PhaseOutline) -> Iterator[Claim | Unread]:
    from gaterun import Claim, Unread

    try:
        if not path.is_file():
            yield Unread(source=source, why="it is no file")
            return
        if path.stat().st_size > _LARGEST:
            yield Unread(source=source, why=f"it is larger than {_LARGEST} bytes")
            return
        text = path.read_text("utf-8", "replace")
        time = path.stat().st_mtime
    except OSError as error:
        yield Unread(source=source, why=f"it cannot be read: {error.strerror}")
        return
    ids = [task.id for task in phase.tasks]
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        if mark := re.match(_FENCE, line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = ""
            continue
        item = None if fence else re.match(_ITEM, line)
        if item is None:
            continue
        said = _marks().get(item["mark"].lower())
        task = named_task(item["text"], ids)
        if said is None or not task:
            continue
        yield Claim(
            key=task,
            said=said,
            source=source,
            place=f"line {number}",
            # No item says when it was ticked: no later than the file was written.
            time=time,
            task=task,
            raw=line.strip()[:160],
        )


@cache
def _marks() -> Mapping[str, Said]:
    """What a mark between brackets says; a blank says nothing."""
    from gaterun import Said

    return {"x": Said.COMPLETED, **dict.fromkeys("-~/", Said.IN_PROGRESS)}


def named_task(text: str, ids: list[str]) -> str:
    """The task that the text of an item begins with; empty for none.

    >>> named_task("**Task 7.3**: Code quality", ["7.3", "7"]), named_task("7.3.1 lints", ["7.3"])
    ('7.3', '')
    """
    plain = re.sub(r"^(?:[*_`#\[\s]|task\b)+", "", text, flags=re.IGNORECASE)
    for name in ids:
        if re.match(rf"{re.escape(name)}(?![\w-]|\.\w)", plain):
            return name
    return ""
