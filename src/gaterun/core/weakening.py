"""Compares a phase with what it was at the base: what judges less strictly now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gaterun.core.looser import lost
from gaterun.model.phase import Mode, Phase, Requirement
from gaterun.model.policy import ChangeKind, PolicyChange

#: How many characters of a value are shown.
_SHOWN = 120


def weakening(base: Phase, head: Phase) -> Iterator[PolicyChange]:
    """Everything of `base` that `head` asks less of, or otherwise.

    What `head` asks in addition is no concern here.
    """
    pairs = counterparts(base, head)
    moved = {old.node_id: new.node_id for old, new in pairs if new is not None}
    kept = {task.id for task in head.tasks}
    for task in base.tasks:
        gone = [gate for gate in task.gates if gate.node_id not in moved and not gate.skip]
        if gone and task.id not in kept:
            yield PolicyChange(kind=ChangeKind.TASK_REMOVED, subject=task.id, before=task.title)
    for old, new in pairs:
        if new is not None:
            yield from _compared(old, new, moved)
        elif not old.skip:
            yield PolicyChange(
                kind=ChangeKind.GATE_REMOVED,
                subject=old.node_id,
                before=", ".join(old.conditions),
            )
    needs = {task.id: task.needs for task in head.tasks}
    for task in base.tasks:
        for need in task.needs:
            if task.id in needs and need not in needs[task.id]:
                yield PolicyChange(
                    kind=ChangeKind.NEED_REMOVED, subject=task.id, before=f"needs {need}"
                )
    for glob in base.protected:
        if glob not in head.protected:
            yield PolicyChange(kind=ChangeKind.PROTECTION_REMOVED, subject=head.source, before=glob)
    if base.outputs.baseline != head.outputs.baseline and base.outputs.baseline:
        yield PolicyChange(
            kind=ChangeKind.BASELINE_CHANGED,
            subject=head.source,
            before=base.outputs.baseline,
            after=head.outputs.baseline or "none is named",
        )


def counterparts(base: Phase, head: Phase) -> list[tuple[Requirement, Requirement | None]]:
    """Each gate of `base` with what it is in `head`; ``None`` where it is gone.

    A gate that has moved to another task unchanged is the same gate.
    """
    now = {gate.node_id: gate for gate in head.requirements}
    before = {gate.node_id for gate in base.requirements}
    new = [gate for gate in head.requirements if gate.node_id not in before]
    found: list[tuple[Requirement, Requirement | None]] = []
    for gate in base.requirements:
        match = now.get(gate.node_id)
        if match is None:
            match = next((other for other in new if _same(gate, other)), None)
            if match is not None:
                new.remove(match)
        found.append((gate, match))
    return found


def _same(one: Requirement, other: Requirement) -> bool:
    return one.id == other.id and one.gate.name == other.gate.name and one.options == other.options


def _compared(
    old: Requirement, new: Requirement, moved: Mapping[str, str]
) -> Iterator[PolicyChange]:
    if old.skip:
        return  # nothing was asked of it

    def change(kind: ChangeKind, before: str, after: str) -> PolicyChange:
        return PolicyChange(kind=kind, subject=new.node_id, before=before, after=after)

    if old.gate.name != new.gate.name:
        yield change(ChangeKind.GATE_REPLACED, old.gate.name, new.gate.name)
        return
    if new.skip:
        yield change(ChangeKind.SKIPPED, "", new.skip)
    yield from lost(old, new)
    yield from _ended(old, new)
    for need in old.needs:
        if moved.get(need, need) not in new.needs:
            yield change(ChangeKind.NEED_REMOVED, f"needs {need}", "")
    was, now = _options(old), _options(new)
    for name in was:
        if was[name] != now.get(name):
            told = f"{name} = {_shown(was[name])}", f"{name} = {_shown(now.get(name))}"
            yield change(ChangeKind.OPTION_CHANGED, *told)


def _ended(old: Requirement, new: Requirement) -> Iterator[PolicyChange]:
    """Whether a failure counts, and from when."""
    if new.mode is not Mode.ADVISORY:
        return
    until = f"advisory until {new.enforce_after}"
    if old.mode is not Mode.ADVISORY:
        yield PolicyChange(
            kind=ChangeKind.MADE_ADVISORY, subject=new.node_id, before=old.mode.value, after=until
        )
    elif (
        old.enforce_after is not None
        and new.enforce_after is not None
        and new.enforce_after > old.enforce_after
    ):
        yield PolicyChange(
            kind=ChangeKind.ENFORCED_LATER,
            subject=new.node_id,
            before=f"advisory until {old.enforce_after}",
            after=until,
        )


def _options(requirement: Requirement) -> dict[str, Any]:
    """Every option with its value, written or not; and what the gate is said to depend on."""
    names = requirement.gate.options.__struct_fields__
    options = {name: getattr(requirement.options, name) for name in names}
    return {**options, "inputs": requirement.inputs}


def _shown(value: object) -> str:
    text = repr(list(value)) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
