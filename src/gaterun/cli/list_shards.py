"""Shows which gates each of several machines would run."""

from __future__ import annotations

from collections.abc import Iterator

from gaterun.cli.workspace import Opened
from gaterun.core.shards import Plan, partition
from gaterun.model.phase import Phase, Requirement
from gaterun.reporters.figures import plural


def show(opened: Opened, phase: Phase, of: int, form: str) -> str:
    """The plan as text or JSON.

    Raises:
        UsageError: `of` is no number of shards.
    """
    plan = partition(phase, phase.requirements, of, opened.plugins.resources)
    if form == "json":
        import json

        return json.dumps(_as_json(plan), indent=2, ensure_ascii=False) + "\n"
    return "\n".join(_lines(phase, plan)) + "\n"


def _lines(phase: Phase, plan: Plan) -> Iterator[str]:
    of = len(plan.shards)
    yield f"{phase.id}: {phase.title}" if phase.title else phase.id
    for number, gates in enumerate(plan.shards, 1):
        yield f"  shard {number} of {of}  {plural(len(gates), 'gate')}"
        for gate in gates:
            elsewhere = sorted({*_elsewhere(phase, plan, gate, number)})
            waits = f"  [judged with shard {', '.join(map(str, elsewhere))}]" if elsewhere else ""
            yield f"    {gate.node_id}{waits}"
    if plan.late:
        yield f"  when merged   {plural(len(plan.late), 'gate')}"
        yield from (f"    {gate.node_id}" for gate in plan.late)
    for group in plan.groups:
        nodes = ", ".join(gate.node_id for gate in group.gates)
        yield f"together, as they share {', '.join(group.share)}: {nodes}"
    yield f"{plural(len(phase.requirements), 'gate')} in {plural(of, 'shard')}"


def _elsewhere(phase: Phase, plan: Plan, gate: Requirement, number: int) -> Iterator[int]:
    """Other shards with gates that this one waits for: whether it is blocked, they decide too."""
    tasks = {task.id: task for task in phase.tasks}
    task = tasks.get(gate.task)
    nodes = [*gate.needs]
    for need in task.needs if task else ():
        nodes += [each.node_id for each in tasks[need].gates]
    for node in nodes:
        found = plan.number_of(node)
        if found not in {None, number}:
            yield found or 0


def _as_json(plan: Plan) -> dict[str, object]:
    of = len(plan.shards)
    return {
        "phase": plan.phase,
        "of": of,
        "plan": plan.digest,
        "shards": [
            {"shard": f"{number}/{of}", "gates": [gate.node_id for gate in gates]}
            for number, gates in enumerate(plan.shards, 1)
        ],
        "merged": [gate.node_id for gate in plan.late],
        "together": [
            {"gates": [gate.node_id for gate in group.gates], "share": list(group.share)}
            for group in plan.groups
        ],
    }
