"""Names the files that say what gaterun demands: whoever edits them moves the goal."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gaterun_gates.audit.entry import Unreadable, parse_toml

_OWN = ("gaterun.toml", ".config/gaterun.toml", "waivers.toml")
_MANIFEST = "Cargo.toml"
#: Phase files, and gates of the repository's own.
_READ = (".toml", ".py")


def policy_files(names: Iterable[str], read: Callable[[str], bytes | None]) -> list[str]:
    """The configuration, phase files, their baselines, and the repository's own gates, sorted.

    Args:
        names: every file, from the workspace root.
        read: gives a file's bytes, ``None`` where there is none.
    """
    known = set(names)
    found = {name for name in _OWN if read(name) is not None}
    folders = {"phases"}
    for name in sorted(found):
        folders |= set(_folders(_table(read(name))))
    inner = _table(read(_MANIFEST)).get("workspace")
    metadata = inner.get("metadata") if isinstance(inner, dict) else None
    own = metadata.get("gaterun") if isinstance(metadata, dict) else None
    if isinstance(own, dict):
        found.add(_MANIFEST)
        folders |= set(_folders(own))
    found |= {
        name
        for name in known
        if name.endswith(_READ) and any(name.startswith(f"{each}/") for each in folders)
    }
    baselines = {each for name in found if name.endswith(".toml") for each in _baseline(read(name))}
    return sorted(found | (baselines & known))


def _baseline(data: bytes | None) -> Iterable[str]:
    """The file of earlier metrics that a phase file compares with."""
    phase = _table(data).get("phase")
    outputs = phase.get("outputs") if isinstance(phase, dict) else None
    name = outputs.get("baseline") if isinstance(outputs, dict) else None
    if isinstance(name, str):
        yield name.removeprefix("./")


def _folders(table: dict[str, object]) -> Iterable[str]:
    for key in ("phases", "gates"):
        value = table.get(key)
        if isinstance(value, str) and value.strip("./"):
            yield value.removeprefix("./").rstrip("/")


def _table(data: bytes | None) -> dict[str, object]:
    try:
        return parse_toml((data or b"").decode("utf-8-sig"))
    except (Unreadable, UnicodeDecodeError):
        return {}
