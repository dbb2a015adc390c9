"""Binds a phase file to the gates that it names: options, conditions, needs, all checked."""

from __future__ import annotations

import contextlib
import graphlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Any, TypeVar

import msgspec

from gaterun.core.duration import seconds
from gaterun.core.phase_table import (
    GATE_KEYS,
    NAME,
    PHASE_KEYS,
    TASK_KEYS,
    Draft,
    Table,
    plain,
)
from gaterun.core.source import KeyPath, Source
from gaterun.model.condition import (
    ConditionError,
    Tolerance,
    nearest,
    parse_comparison,
    parse_improvement,
    parse_ratchet,
)
from gaterun.model.errors import UsageError
from gaterun.model.gate import Gate, Resource, resource_names
from gaterun.model.metric import Metric
from gaterun.model.options import Options
from gaterun.model.phase import (
    PHASE_WIDE,
    Location,
    Mode,
    Outputs,
    Phase,
    Requirement,
    Scope,
    Task,
)

T = TypeVar("T")


def bind(draft: Draft, gates: Mapping[str, Gate], resources: Mapping[str, Resource]) -> Phase:
    """Check a phase that has been read, and bind its entries to `gates`.

    Raises:
        UsageError: something in it is wrong; with file, line and column.
    """
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
                files=_scope(table),
            )
        )
    no_outputs: dict[str, str] = {}
    outputs = draft.phase.take("outputs", dict[str, str], no_outputs)
    names = list(Outputs.__struct_fields__)
    for key, place in outputs.items():
        if key not in names:
            raise draft.phase.error(
                "outputs", f"unknown output '{key}'", help=nearest(key, names), item=(key,)
            )
        if PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts:
            raise draft.phase.error(
                "outputs",
                f"'{place}' is not below the workspace",
                help="outputs are relative to the workspace root",
                item=(key,),
            )
    if not NAME.match(draft.phase.take("id", str, "")):
        raise draft.phase.error("id", f"'{draft.phase.values['id']}' cannot be the name of a phase")
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


def _texts(table: Table, key: str) -> tuple[str, ...]:
    nothing: tuple[str, ...] = ()
    return table.take(key, tuple[str, ...], nothing)


def _scope(table: Table) -> tuple[str, ...]:
    globs = _texts(table, "files")
    if globs and all(glob.startswith("!") for glob in globs):
        raise table.error("files", "they only take files away, so that nothing is left to touch")
    return globs


def _refuse_cycles(draft: Draft, phase: Phase) -> None:
    """Tasks and gates are one graph: a gate waits for what it needs and for what its task needs."""
    needs: dict[str, list[str]] = {}
    for task in phase.tasks:
        waits = [f"task {need}" for need in task.needs]
        needs[f"task {task.id}"] = [*waits, *(gate.node_id for gate in task.gates)]
        for gate in task.gates:
            needs[gate.node_id] = [*gate.needs, *waits]
    for gate in phase.gates:
        needs[gate.node_id] = list(gate.needs)
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        nodes = [str(name) for name in error.args[1]]
        names = [node.removeprefix("task ") for node in reversed(nodes)]
        # A task waits for its own gates; that is no step to tell about.
        steps = [
            name
            for name, following in zip(names, [*names[1:], ""], strict=True)
            if not following.startswith(f"{name}::")
        ]
        circle = " needs ".join(steps if steps[0] == steps[-1] else [*steps, steps[0]])
        raise _place_of(nodes, draft).error("needs", f"needs go in a circle: {circle}") from error


def _place_of(nodes: Sequence[str], draft: Draft) -> Table:
    for node in nodes:
        task, _, gate = node.removeprefix("task ").partition("::")
        tables = draft.phase_gates if task == PHASE_WIDE else draft.gates.get(task, {})
        table = tables.get(gate) if gate else draft.tasks.get(task)
        if table is not None and "needs" in table.values:
            return table
    return draft.phase


def requirement(
    gate: Gate, entry: Mapping[str, Any], resources: Mapping[str, Resource] | None
) -> Requirement:
    """Bind one gate entry that stands in no phase file, as controls and tests have them.

    Args:
        resources: ``None`` leaves unchecked whether those that the gate asks for are there.

    Raises:
        UsageError: something in it is wrong.
    """
    table = Table()
    table.lay(Source(f"<{gate.name}>", ""), (), {"use": gate.name, **entry})
    return _requirement(PHASE_WIDE, gate.name, table, {gate.name: gate}, resources, {}, "")


def _requirement(  # noqa: PLR0917 - one call, each in its place
    task: str,
    key: str,
    table: Table,
    gates: Mapping[str, Gate],
    resources: Mapping[str, Resource] | None,
    known: Mapping[str, Sequence[str]],
    task_skip: str,
) -> Requirement:
    mode = table.take("mode", Mode, Mode.BLOCKING)
    use = table.take("use", str, key)
    gate = _manual(table) if mode is Mode.MANUAL else gates.get(use)
    if gate is None:
        raise table.error("use", f"no plugin offers a gate '{use}'", help=nearest(use, list(gates)))
    asked = (*resource_names(gate.measure), *(resource_names(gate.fix) if gate.fix else ()))
    for name in asked:
        if resources is not None and name not in resources:
            raise UsageError(
                f"gate '{use}' asks for a resource '{name}' that no plugin offers",
                help=nearest(name, list(resources)),
            )
    settings = {name: value for name, value in table.values.items() if name not in GATE_KEYS}
    options = _options(gate, settings, table)
    metrics = {metric.name: metric for metric in gate.metrics}
    require = table.texts("require")
    improve, ratchet = table.texts("improve"), table.texts("ratchet")
    no_floor: dict[str, float] = {}
    floor = table.take("floor", dict[str, float], no_floor)
    for name, least in floor.items():
        if not math.isfinite(least):
            raise table.error("floor", "a floor is a number", item=(name,))
    if not (require or improve or ratchet):
        require = list(gate.requires)
    skip = table.take("skip", str, "") or task_skip
    if not (require or improve or ratchet or skip):
        raise table.error(
            "use",
            f"gate '{key}' has no condition, so it could not fail",
            help=f'add require = "…" over its metrics: {", ".join(metrics)}',
        )
    enforce_after: date | None = table.take("enforce_after", date, None)
    if mode is Mode.ADVISORY and enforce_after is None:
        raise table.error(
            "mode", "an advisory gate needs an end", help="add enforce_after = 2027-01-31"
        )
    if mode is not Mode.ADVISORY and enforce_after is not None:
        # Whoever extends an advisory gate and makes it block cannot take the date away.
        if (
            table.places.get("mode", table.places["enforce_after"])[0]
            is (table.places["enforce_after"][0])
        ):
            raise table.error(
                "enforce_after",
                f"a gate that is {mode.value} has no such date",
                help='add mode = "advisory", or take the date away',
            )
        enforce_after = None
    source, path = table.home or (Source("?", ""), ())
    scope = table.take("scope", Scope, Scope.ALL)
    parsed = _parsed(table, "require", require, metrics, parse_comparison)
    improvements = _parsed(table, "improve", improve, metrics, parse_improvement)
    ratchets = _parsed(table, "ratchet", ratchet, metrics, parse_ratchet)
    tolerance: Mapping[str, Tolerance] = {}
    tracked: tuple[str, ...] = ()
    if ratchets or scope is Scope.NEW or "tolerance" in table.values:
        from gaterun.core.bind_compared import Compared

        compared = Compared(
            metrics=metrics,
            require=parsed,
            improve=[improvement.metric for improvement in improvements],
            ratchet=ratchets,
        )
        tolerance = compared.tolerances(table)
        tracked = compared.tracked(table, scope, gate.name)
    return Requirement(
        task=task,
        id=key,
        gate=gate,
        options=options,
        settings=settings,
        location=Location(file=source.name, line=source.line(path) if path else 1),
        require=tuple(parsed),
        improve=tuple(improvements),
        ratchet=tuple(ratchets),
        floor=floor,
        scope=scope,
        tolerance=tolerance,
        tracked=tracked,
        needs=tuple(_gate_needs(task, key, table, known)),
        tags=_texts(table, "tags"),
        timeout=_timeout(table, gate),
        inputs=_inputs(table),
        mode=mode,
        enforce_after=enforce_after,
        skip=skip,
    )


def _manual(table: Table) -> Gate:
    """The gate of an entry that a person signs.

    Raises:
        UsageError: it uses a plugin, or names no files that could be signed.
    """
    from gaterun.core.signoff import MANUAL, outside

    if "use" in table.values:
        raise table.error(
            "use",
            "a manual gate uses no plugin, a person signs it",
            help='write id = "…" and file = "…"',
        )
    if "inputs" in table.values:
        # It would be used again as long as these are the same, whoever has signed what.
        raise table.error("inputs", "a manual gate depends on its file, and on who has signed it")
    value = table.values.get("file", "")
    names = value if isinstance(value, list) else [value]
    if not names or any(isinstance(name, str) and outside(name) for name in names):
        raise table.error(
            "file",
            "a manual gate names the file that is signed, below the workspace",
            help='write file = "docs/…", or a list of files',
        )
    return MANUAL


def _options(gate: Gate, values: Mapping[str, Any], table: Table) -> object:
    if not issubclass(gate.options, Options):
        raise UsageError(f"the options of gate '{gate.name}' are not a subclass of gaterun.Options")
    names = list(gate.options.__struct_fields__)
    for name in values:
        if name not in names:
            raise table.error(
                name,
                f"gate '{gate.name}' has no option '{name}'",
                help=nearest(name, [*names, *GATE_KEYS]),
            )
    if not values:
        # A conversion begins by evaluating every annotation; it says what is wrong, if anything.
        with contextlib.suppress(TypeError, ValueError):
            return gate.options()
    try:
        return msgspec.convert(dict(values), gate.options)
    except msgspec.ValidationError as error:
        text = str(error)
        found = re.search(r"`\$\.(\w+)", text)
        missing = re.search(r"required field `(\w+)`", text)
        if missing:
            raise table.error(
                "use", f"gate '{gate.name}' needs the option '{missing.group(1)}'"
            ) from error
        raise table.error(found.group(1) if found else "use", plain(error)) from error


def _parsed(
    table: Table,
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


def _gate_needs(task: str, key: str, table: Table, known: Mapping[str, Sequence[str]]) -> list[str]:
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


def _inputs(table: Table) -> tuple[str, ...]:
    globs = _texts(table, "inputs")
    if "inputs" in table.values and not any(glob[:1] not in {"!", "@", ""} for glob in globs):
        raise table.error(
            "inputs",
            "they name no file, so that nothing would ever be measured again",
            help='write ["**"] for every file, or leave the key out',
        )
    return globs


def _timeout(table: Table, gate: Gate) -> float:
    value: str | float = table.take("timeout", str | float, gate.timeout)
    try:
        return seconds(value)
    except ValueError as error:
        raise table.error("timeout", str(error), help='write "90s", "30m" or "2h"') from error
