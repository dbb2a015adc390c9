"""Reads claims from ``memory/memory-store.json``, where claude-flow keeps memory without SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gaterun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gaterun import Claim, PhaseOutline, Unread

#: Nothing is asked for that is not opened as well (`gaterun_claims` of the plugin contract).
opens_all = True

FILE = "memory/memory-store.json"


@gaterun.hookimpl
def gaterun_claims(root: Path, phase: PhaseOutline) -> Iterator[Claim | Unread]:
    """What the store of a workspace holds: lists of entries by namespace."""
    import json

    from gaterun import Unread
    from gaterun_claims.saying import claims_of, is_there, seconds

    path = root / FILE
    if not is_there(path):
        return
    if path.is_dir() or path.is_fifo():
        yield Unread(source=FILE, why="it is no file")
        return
    try:
        store = json.loads(path.read_bytes())
    except OSError as error:
        yield Unread(source=FILE, why=f"it cannot be read: {error.strerror}")
        return
    except (ValueError, RecursionError) as error:
        yield Unread(source=FILE, why=f"it is no JSON, or only half written: {error}")
        return
    if not isinstance(store, dict):
        yield Unread(source=FILE, why="it holds no namespaces")
        return
    for namespace, entries in store.items():
        known = entries if isinstance(entries, list) else [None]
        odd = 0
        for entry in known:
            if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
                odd += 1
                continue
            yield from claims_of(
                entry.get("value"),
                phase,
                key=entry["key"],
                source=FILE,
                place=f"namespace {namespace}",
                time=seconds(entry.get("timestamp")),
            )
        if odd:
            yield Unread(source=FILE, why=f"{odd} entries of namespace {namespace} have no key")
