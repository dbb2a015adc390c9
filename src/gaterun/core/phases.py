"""Finds and reads phase files, with those that they extend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gaterun.core.bind import bind
from gaterun.core.phase_table import NAME, Draft, Table
from gaterun.core.source import KeyPath, Read, Source, from_disk
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.gate import Gate, Resource
from gaterun.model.phase import PHASE_WIDE, POLICY, Phase, PhaseFile

_TOP_KEYS = ("phase", "task")


def load_phase(
    name: str,
    *,
    root: Path,
    folders: Sequence[Path],
    shipped: Callable[[], Mapping[str, PhaseFile]],
    gates: Mapping[str, Gate],
    resources: Mapping[str, Resource],
    overrides: Mapping[str, Any] | None = None,
) -> Phase:
    """Read the phase `name` and everything that it extends, checked and bound.

    Args:
        name: a phase's name, or the path of a phase file.
        root: the workspace, from which names of files are told.
        folders: where to look first.
        shipped: the phase files that plugins offer.
        overrides: values for the ``[phase]`` table, from the command line.

    Raises:
        UsageError: it is not there, or something in it is wrong; with file, line and column.
    """
    draft = read_draft(name, root=root, folders=folders, shipped=shipped)
    if overrides:
        draft.phase.values.update(overrides)
    return bind(draft, gates, resources)


def read_draft(
    name: str,
    *,
    root: Path,
    folders: Sequence[Path],
    shipped: Callable[[], Mapping[str, PhaseFile]],
    read: Read = from_disk,
) -> Draft:
    """Read the phase `name` and everything that it extends, not yet bound to gates.

    Args:
        read: gives the text of a file, as it is now or was at some commit.

    Raises:
        UsageError: it is not there, or is no phase file.
    """
    draft = Draft()
    _lay(name, draft, root=root, folders=folders, shipped=shipped, read=read, seen=[])
    return draft


def find_source(
    name: str,
    *,
    root: Path,
    folders: Sequence[Path],
    shipped: Callable[[], Mapping[str, PhaseFile]],
    read: Read = from_disk,
    skip: Sequence[str] = (),
) -> Source:
    """The text of a phase file, by path or by name.

    Raises:
        UsageError: there is none; names the nearest.
    """
    candidates = [folder / f"{name}.toml" for folder in folders]
    if name.endswith(".toml"):
        candidates = [Path(name) if Path(name).is_absolute() else root / name, Path.cwd() / name]
    for path in candidates:
        label = _label(path, root)
        try:
            # Opened, not asked for: kept answers depend on what was tried to be opened.
            text = read(path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{label} cannot be read: {error}") from error
        if label not in skip:
            return Source(label, text)
        if name not in shipped():
            raise UsageError(f"'extends' goes in a circle: {' extends '.join((*skip, label))}")
    known = shipped()
    if name in known and known[name].source not in skip:
        return Source(known[name].source, known[name].text)
    names = sorted(phase_names(folders, known))
    raise UsageError(
        f"there is no phase '{name}'",
        help=nearest(name, names) if names else "`gaterun init` writes a first phase file",
    )


def phase_names(folders: Sequence[Path], shipped: Mapping[str, PhaseFile]) -> set[str]:
    """Every phase that could be run here."""
    local = {path.stem for folder in folders for path in folder.glob("*.toml") if path.is_file()}
    return local | set(shipped)


def _label(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path)


def _lay(
    name: str,
    draft: Draft,
    *,
    root: Path,
    folders: Sequence[Path],
    shipped: Callable[[], Mapping[str, PhaseFile]],
    read: Read,
    seen: list[str],
) -> None:
    # A workspace's phase7 that extends the shipped phase7 means the shipped one.
    source = find_source(name, root=root, folders=folders, shipped=shipped, read=read, skip=seen)
    seen.append(source.name)
    document = source.document
    for key, value in document.items():
        if key not in _TOP_KEYS:
            raise source.error((key,), f"unknown table '{key}'", help=nearest(key, _TOP_KEYS))
        if not isinstance(value, dict):
            raise source.error((key,), f"'{key}' is a table", help=f"write [{key}]")
    phase = document.get("phase", {})
    if not isinstance(phase, dict):
        raise source.error(("phase",), "'phase' is a table", help="write [phase]")
    extends = phase.get("extends", "")
    if not isinstance(extends, str):
        raise source.error(("phase", "extends"), "'extends' is the name of one phase")
    if extends:
        try:
            _lay(extends, draft, root=root, folders=folders, shipped=shipped, read=read, seen=seen)
        except UsageError as error:
            if error.message.startswith(("there is no phase", "'extends' goes")):
                raise source.error(("phase", "extends"), error.message, help=error.help) from error
            raise
    draft.phase.lay(source, ("phase",), phase)
    # Whoever extends a phase is a phase of its own, with runs and a baseline of its own.
    draft.phase.values["id"] = phase.get("id", name.removesuffix(".toml").rpartition("/")[2])
    _lay_gates(source, ("phase", "gates"), phase.get("gates", []), draft.phase_gates)
    for task, table in document.get("task", {}).items():
        path: KeyPath = ("task", task)
        if not NAME.match(task) or task in {PHASE_WIDE, POLICY}:
            raise source.error(
                path,
                f"'{task}' cannot be the name of a task",
                help="use letters, digits, dots and hyphens"
                if task not in {PHASE_WIDE, POLICY}
                else "gaterun's own entries in reports are called so",
            )
        if not isinstance(table, dict):
            raise source.error(path, "a task is a table", help=f'write [task."{task}"]')
        draft.tasks.setdefault(task, Table()).lay(source, path, table)
        entries = table.get("gate", [])
        _lay_gates(source, (*path, "gate"), entries, draft.gates.setdefault(task, {}))


def _lay_gates(source: Source, path: KeyPath, entries: Any, into: dict[str, Table]) -> None:
    if not isinstance(entries, list):
        raise source.error(path, "gates are a list", help="write [[double brackets]]")
    met: set[str] = set()
    for index, raw in enumerate(entries):
        place = (*path, index)
        entry = {"use": raw} if isinstance(raw, str) else raw
        if not isinstance(entry, dict):
            raise source.error(place, "a gate is a table or a name")
        key = entry.get("id") or entry.get("use")
        if not isinstance(key, str):
            raise source.error(place, "the gate does not say what it uses", help='add use = "…"')
        if not NAME.match(key):
            where = (*place, "id" if "id" in entry else "use")
            raise source.error(where, f"'{key}' cannot be the name of a gate")
        if key in met:
            raise source.error(
                place, f"two gates are called '{key}'", help='give one of them an id = "…"'
            )
        met.add(key)
        into.setdefault(key, Table()).lay(source, place, entry)
