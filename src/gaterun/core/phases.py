"""Reads phase files and binds them to the gates that they name."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from gaterun.core.measure import resource_names
from gaterun.core.source import KeyPath, Source
from gaterun.model.condition import (
    ConditionError,
    nearest,
    parse_comparison,
    parse_improvement,
    parse_ratchet,
)
from gaterun.model.errors import UsageError
from gaterun.model.gate import Gate, Resource
from gaterun.model.metric import Metric
from gaterun.model.phase import (
    PHASE_WIDE,
    Location,
    Mode,
    Outputs,
    Phase,
    PhaseFile,
    Requirement,
    Task,
)

T = TypeVar("T")

#: Keys of a ``[[task.ID.gate]]`` table that mean the same for every gate; any other key is
#: an option of the gate.
GATE_KEYS: Mapping[str, Any] = {
    "id": str,
    "use": str,
    "require": str | list[str],
    "improve": str | list[str],
    "ratchet": str | list[str],
    "floor": dict[str, float],
    "needs": str | list[str],
    "tags": list[str],
    "timeout": str | float,
    "mode": Mode,
    "enforce_after": date,
    "skip": str,
}
TASK_KEYS: Mapping[str, Any] = {
    "title": str,
    "needs": list[str],
    "owner": str,
    "estimate": str,
    "claims": list[str],
    "files": list[str],
    "skip": str,
    "gate": list[Any],
}
PHASE_KEYS: Mapping[str, Any] = {
    "id": str,
    "title": str,
    "extends": str,
    "base": str,
    "gates": list[Any],
    "protected": list[str],
    "outputs": dict[str, str],
}
_TOP_KEYS = ("phase", "task")
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?\s*\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


@dataclass
class _Table:
    """A table that may be assembled from a phase file and those that it extends."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[Source, KeyPath]] = field(default_factory=dict)
    home: tuple[Source, KeyPath] | None = None

    def lay(self, source: Source, path: KeyPath, values: Mapping[str, Any]) -> None:
        self.home = (source, path)
        for key, value in values.items():
            merge = key == "outputs" and isinstance(value, dict)
            self.values[key] = {**self.values.get(key, {}), **value} if merge else value
            self.places[key] = (source, (*path, key))

    def error(self, key: str, message: str, *, help: str = "", item: KeyPath = ()) -> UsageError:
        source, path = self.places.get(key) or self.home or (Source("?", ""), ())
        return source.error((*path, *item), message, help=help)

    def take(self, key: str, kind: Any, default: T) -> T:
        if key not in self.values:
            return default
        try:
            return msgspec.convert(self.values[key], kind)  # type: ignore[no-any-return]
        except msgspec.ValidationError as error:
            raise self.error(key, _plain(error)) from error

    def texts(self, key: str) -> list[str]:
        value: str | list[str] = self.take(key, GATE_KEYS[key], "")
        return [item for item in ([value] if isinstance(value, str) else value) if item]

    def known(self, keys: Sequence[str], what: str) -> None:
        for key in self.values:
            if key not in keys:
                raise self.error(key, f"unknown key '{key}' in {what}", help=nearest(key, keys))


@dataclass
class _Draft:
    """A phase before it is bound to gates."""

    phase: _Table = field(default_factory=_Table)
    phase_gates: dict[str, _Table] = field(default_factory=dict)
    tasks: dict[str, _Table] = field(default_factory=dict)
    gates: dict[str, dict[str, _Table]] = field(default_factory=dict)


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
    draft = _Draft()
    _lay(name, draft, root=root, folders=folders, shipped=shipped, seen=[])
    if overrides:
        draft.phase.values.update(overrides)
    return _bind(draft, gates, resources)


def find_source(
    name: str,
    *,
    root: Path,
    folders: Sequence[Path],
    shipped: Callable[[], Mapping[str, PhaseFile]],
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
        if path.is_file() and label not in skip:
            try:
                return Source(label, path.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"{label} cannot be read: {error}") from error
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
    local = {path.stem for folder in folders for path in folder.glob("*.toml")}
    return local | set(shipped)


def _label(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path)


def _lay(
    name: str,
    draft: _Draft,
    *,
    root: Path,
    folders: Sequence[Path],
    shipped: Callable[[], Mapping[str, PhaseFile]],
    seen: list[str],
) -> None:
    # A workspace's phase7 that extends the shipped phase7 means the shipped one.
    source = find_source(name, root=root, folders=folders, shipped=shipped, skip=seen)
    seen.append(source.name)
    document = source.document
    for key, value in document.items():
        if key not in _TOP_KEYS:
            raise source.error((key,), f"unknown table '{key}'", help=nearest(key, _TOP_KEYS))
        if not isinstance(value, dict):
            raise source.error((key,), f"'{key}' is a table", help=f"write [{key}]")
    phase = document.get("phase", {})
    extends = phase.get("extends")
    if isinstance(extends, str):
        try:
            _lay(extends, draft, root=root, folders=folders, shipped=shipped, seen=seen)
        except UsageError as error:
            if error.message.startswith("there is no phase"):
                raise source.error(("phase", "extends"), error.message, help=error.help) from error
            raise
    draft.phase.lay(source, ("phase",), phase)
    draft.phase.values.setdefault("id", name.removesuffix(".toml").rpartition("/")[2])
    _lay_gates(source, ("phase", "gates"), phase.get("gates", []), draft.phase_gates)
    for task, table in document.get("task", {}).items():
        path: KeyPath = ("task", task)
        if not _TASK_ID.match(task) or task == PHASE_WIDE:
            raise source.error(path, f"'{task}' cannot be the name of a task")
        if not isinstance(table, dict):
            raise source.error(path, "a task is a table", help=f'write [task."{task}"]')
        draft.tasks.setdefault(task, _Table()).lay(source, path, table)
        entries = table.get("gate", [])
        _lay_gates(source, (*path, "gate"), entries, draft.gates.setdefault(task, {}))


def _lay_gates(source: Source, path: KeyPath, entries: Any, into: dict[str, _Table]) -> None:
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
        if key in met:
            raise source.error(
                place, f"two gates are called '{key}'", help='give one of them an id = "…"'
            )
        met.add(key)
        into.setdefault(key, _Table()).lay(source, place, entry)


def _bind(draft: _Draft, gates: Mapping[str, Gate], resources: Mapping[str, Resource]) -> Phase:
    draft.phase.known(list(PHASE_KEYS), "[phase]")
    known = {task: list(tables) for task, tables in draft.gates.items()}
    known[PHASE_WIDE] = list(draft.phase_gates)
    tasks = []
    for task, table in draft.tasks.items():
        table.known(list(TASK_KEYS), f"task {task}")
        needs = _texts(table, "needs")
        for index, need in enumerate(needs):
            if need not in draft.tasks:
                raise table.error(
                    "needs",
                    f"task {task} needs '{need}', which does not exist",
                    help=nearest(need, list(draft.tasks)),
                    item=(index,),
                )
        skip = table.take("skip", str, "")
        tasks.append(
            Task(
                id=task,
                title=table.take("title", str, task),
                gates=tuple(
                    _requirement(task, key, entry, gates, resources, known, skip)
                    for key, entry in draft.gates.get(task, {}).items()
                ),
                needs=needs,
                owner=table.take("owner", str, ""),
                estimate=table.take("estimate", str, ""),
                claims=_texts(table, "claims"),
                files=_texts(table, "files"),
            )
        )
    no_outputs: dict[str, str] = {}
    outputs = draft.phase.take("outputs", dict[str, str], no_outputs)
    names = [entry.name for entry in fields(Outputs)]
    for key in outputs:
        if key not in names:
            raise draft.phase.error(
                "outputs", f"unknown output '{key}'", help=nearest(key, names), item=(key,)
            )
    phase = Phase(
        id=draft.phase.take("id", str, ""),
        title=draft.phase.take("title", str, ""),
        tasks=tuple(tasks),
        gates=tuple(
            _requirement(PHASE_WIDE, key, entry, gates, resources, known, "")
            for key, entry in draft.phase_gates.items()
        ),
        base=draft.phase.take("base", str, ""),
        protected=_texts(draft.phase, "protected"),
        outputs=Outputs(**outputs),
        source=draft.phase.home[0].name if draft.phase.home else "",
    )
    _refuse_cycles(draft, phase)
    return phase


def _texts(table: _Table, key: str) -> tuple[str, ...]:
    nothing: tuple[str, ...] = ()
    return table.take(key, tuple[str, ...], nothing)


def _refuse_cycles(draft: _Draft, phase: Phase) -> None:
    order: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter(
        {task.id: task.needs for task in phase.tasks}
    )
    for gate in phase.requirements:
        order.add(gate.node_id, *gate.needs)
    try:
        order.prepare()
    except graphlib.CycleError as error:
        cycle = [str(name) for name in error.args[1]]
        circle = " needs ".join(reversed(cycle))
        table = draft.tasks.get(cycle[0], draft.phase)
        raise table.error("needs", f"needs go in a circle: {circle}") from error


def requirement(
    gate: Gate, entry: Mapping[str, Any], resources: Mapping[str, Resource] | None
) -> Requirement:
    """Bind one gate entry that stands in no phase file, as controls and tests have them.

    Args:
        resources: ``None`` leaves unchecked whether those that the gate asks for are there.

    Raises:
        UsageError: something in it is wrong.
    """
    table = _Table()
    table.lay(Source(f"<{gate.name}>", ""), (), {"use": gate.name, **entry})
    return _requirement(PHASE_WIDE, gate.name, table, {gate.name: gate}, resources, {}, "")


def _requirement(  # noqa: PLR0917 - one call, each in its place
    task: str,
    key: str,
    table: _Table,
    gates: Mapping[str, Gate],
    resources: Mapping[str, Resource] | None,
    known: Mapping[str, Sequence[str]],
    task_skip: str,
) -> Requirement:
    use = table.take("use", str, key)
    if use not in gates:
        raise table.error("use", f"no plugin offers a gate '{use}'", help=nearest(use, list(gates)))
    gate = gates[use]
    for name in resource_names(gate.measure):
        if resources is not None and name not in resources:
            raise UsageError(
                f"gate '{use}' asks for a resource '{name}' that no plugin offers",
                help=nearest(name, list(resources)),
            )
    metrics = {metric.name: metric for metric in gate.metrics}
    require = table.texts("require")
    improve, ratchet = table.texts("improve"), table.texts("ratchet")
    no_floor: dict[str, float] = {}
    floor = table.take("floor", dict[str, float], no_floor)
    if not (require or improve or ratchet):
        require = list(gate.requires)
    skip = table.take("skip", str, "") or task_skip
    if not (require or improve or ratchet or skip):
        raise table.error(
            "use",
            f"gate '{key}' has no condition, so it could not fail",
            help=f'add require = "…" over its metrics: {", ".join(metrics)}',
        )
    mode = table.take("mode", Mode, Mode.BLOCKING)
    enforce_after = table.take("enforce_after", date, None)
    if mode is Mode.ADVISORY and enforce_after is None:
        raise table.error(
            "mode", "an advisory gate needs an end", help="add enforce_after = 2027-01-31"
        )
    options = {name: value for name, value in table.values.items() if name not in GATE_KEYS}
    source, path = table.home or (Source("?", ""), ())
    return Requirement(
        task=task,
        id=key,
        gate=gate,
        options=_options(gate, options, table),
        settings=options,
        location=Location(file=source.name, line=source.line(path) if path else 1),
        require=tuple(_parsed(table, "require", require, metrics, parse_comparison)),
        improve=tuple(_parsed(table, "improve", improve, metrics, parse_improvement)),
        ratchet=tuple(_parsed(table, "ratchet", ratchet, metrics, parse_ratchet)),
        floor=floor,
        needs=tuple(_gate_needs(task, key, table, known)),
        tags=_texts(table, "tags"),
        timeout=_timeout(table, gate),
        mode=mode,
        enforce_after=enforce_after,
        skip=skip,
    )


def _options(gate: Gate, values: Mapping[str, Any], table: _Table) -> object:
    if not is_dataclass(gate.options):
        raise UsageError(f"the options of gate '{gate.name}' are not a dataclass")
    names = [entry.name for entry in fields(gate.options)]
    for name in values:
        if name not in names:
            raise table.error(
                name,
                f"gate '{gate.name}' has no option '{name}'",
                help=nearest(name, [*names, *GATE_KEYS]),
            )
    try:
        return msgspec.convert(dict(values), gate.options)
    except msgspec.ValidationError as error:
        text = str(error)
        found = re.search(r"`\$\.(\w+)((?:\[\d+\]|\.\w+)*)`", text)
        missing = re.search(r"required field `(\w+)`", text)
        if missing:
            raise table.error(
                "use", f"gate '{gate.name}' needs the option '{missing.group(1)}'"
            ) from error
        raise table.error(found.group(1) if found else "use", _plain(error)) from error


def _plain(error: Exception) -> str:
    """Msgspec's message without its path, which our own place replaces."""
    text = re.sub(r" - at `.*`$", "", str(error)).replace("`", "")
    return text[:1].lower() + text[1:]


def _parsed(
    table: _Table,
    key: str,
    texts: Sequence[str],
    metrics: Mapping[str, Metric],
    parse: Callable[[str, Mapping[str, Metric]], T],
) -> list[T]:
    parsed = []
    for index, text in enumerate(texts):
        try:
            parsed.append(parse(text, metrics))
        except ConditionError as error:
            pointer = f"\n  {error.text}\n  {' ' * error.position}^ {error.message}"
            source, path = table.places.get(key) or table.home or (Source("?", ""), ())
            item: KeyPath = (index,) if isinstance(table.values.get(key), list) else ()
            wrong = source.error((*path, *item), f"condition cannot be read{pointer}")
            raise UsageError(wrong.message, help=error.hint) from error
    return parsed


def _gate_needs(
    task: str, key: str, table: _Table, known: Mapping[str, Sequence[str]]
) -> list[str]:
    found = []
    for index, need in enumerate(table.texts("needs")):
        home, _, name = need.rpartition("::")
        home = home or task
        if name not in known.get(home, ()):
            raise table.error(
                "needs",
                f"gate '{key}' needs '{need}', which does not exist",
                help=nearest(name, known.get(home, ())),
                item=(index,),
            )
        found.append(f"{home}::{name}")
    return found


def _timeout(table: _Table, gate: Gate) -> float:
    value: str | float = table.take("timeout", str | float, gate.timeout)
    try:
        return seconds(value)
    except ValueError as error:
        raise table.error("timeout", str(error), help='write "90s", "30m" or "2h"') from error


def seconds(value: str | float) -> float:
    """Read a duration such as ``90s``, ``30m`` or ``1.5h``; a bare number is seconds.

    Raises:
        ValueError: it is none, or not positive.

    >>> seconds("30m")
    1800.0
    """
    match = _DURATION.match(value) if isinstance(value, str) else None
    if isinstance(value, str) and match is None:
        raise ValueError(f"'{value}' is not a duration")
    result = float(match[1]) * _SECONDS[match[2] or ""] if match is not None else float(value)
    if result <= 0:
        raise ValueError("a duration is more than 0")
    return result
