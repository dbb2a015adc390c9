"""``gaterun list``: phases, or the tasks and gates of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.phases import find_source, phase_names
from gaterun.model.errors import UsageError
from gaterun.model.phase import Mode, Phase, Requirement

if TYPE_CHECKING:
    from gaterun.core.freshness import Standing


@click.command(
    name="list",
    epilog="""\b
Examples:
  gaterun list                    the phases that can be run here
  gaterun list phase7             its tasks, gates and conditions
  gaterun list phase7 --why       what a run would measure, and what it would use again
  gaterun list phase7 --shards 3  which gates each of three machines would run
  gaterun list phase7 --format json
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--why", is_flag=True, help="Say what would run, be reused or be skipped, and why.")
@click.option("--shards", type=int, metavar="N", help="Divide the gates among N machines.")
@workspace_options
def command(opened: Opened, *, phase: str | None, form: str, why: bool, shards: int | None) -> None:
    """Show the phases, or the tasks and gates of PHASE."""
    if phase is None and not why and shards is None:
        _phases(opened, form)
        return
    bound = opened.phase(phase)
    if shards is not None:
        from gaterun.cli.list_shards import show

        opened.show(show(opened, bound, shards, form))
        return
    if why:
        from gaterun.cli.looking import stand

        click.echo(_plan(stand(opened, bound, bound.requirements)), nl=False)
        return
    if form == "json":
        import json

        opened.show(json.dumps(_as_json(bound), indent=2, ensure_ascii=False) + "\n")
    else:
        opened.show(render_phase(bound, bound.requirements))


def _phases(opened: Opened, form: str) -> None:
    shipped = opened.plugins.phases()
    rows = []
    for name in sorted(phase_names(opened.config.phase_folders, shipped)):
        title, origin = _title(opened, name)
        rows.append((name, title, origin))
    if form == "json":
        import json

        names = ("phase", "title", "source")
        opened.show(
            json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2) + "\n"
        )
        return
    width = max((len(row[0]) for row in rows), default=0)
    opened.show(
        "".join(f"{name:{width}}  {title or '-'}  ({origin})\n" for name, title, origin in rows)
    )


def _title(opened: Opened, name: str) -> tuple[str, str]:
    """The title of a phase and where it comes from; a broken file hides no other."""
    try:
        source = find_source(
            name,
            root=opened.root,
            folders=opened.config.phase_folders,
            shipped=opened.plugins.phases,
        )
        phase = source.document.get("phase", {})
    except UsageError as error:
        return f"cannot be read: {error.message}", "broken"
    title = str(phase.get("title", "")) if isinstance(phase, dict) else "'phase' is no table"
    return title, source.name


def render_phase(phase: Phase, chosen: Sequence[Requirement]) -> str:
    """The tree of tasks and gates, with what each gate asks for."""
    lines = [f"{phase.id}: {phase.title}" if phase.title else phase.id]
    if phase.base:
        lines.append(f"  base {phase.base}")
    by_task: dict[str, list[Requirement]] = {}
    for gate in chosen:
        by_task.setdefault(gate.task, []).append(gate)
    details = {task.id: task for task in phase.tasks}
    for task_id, gates in by_task.items():
        task = details.get(task_id)
        title = task.title if task else "the whole phase"
        extra = [f"after {', '.join(task.needs)}"] if task and task.needs else []
        extra += [task.owner] if task and task.owner else []
        extra += [task.estimate] if task and task.estimate else []
        lines.append(f"  {task_id}  {title}" + (f"  ({'; '.join(extra)})" if extra else ""))
        for gate in gates:
            lines.append(f"    {gate.node_id}  {', '.join(gate.conditions)}{_marks(gate)}")
    total = len(phase.requirements)
    count = f"{len(chosen)} of " if len(chosen) != total else ""
    lines.append(f"{count}{_plural(total, 'gate')} in {_plural(len(by_task), 'task')}")
    return "\n".join(lines) + "\n"


def _plural(number: int, noun: str) -> str:
    """As that of the reporters, which a command that only shows does not import."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _plan(found: Sequence[Standing]) -> str:
    width = max((len(item.gate.node_id) for item in found), default=0)
    lines = [f"{item.gate.node_id:{width}}  {_would(item)}" for item in found]
    return "\n".join(lines) + "\n"


def _would(item: Standing) -> str:
    """What a run would do with a gate, and why."""
    from gaterun.model.verdict import Outcome

    if item.gate.skip:
        return f"skipped: {item.gate.skip}"
    if item.reusable:
        return f"reused, of run {item.run}" if item.run else "reused"
    if item.why:
        return f"measured: {item.why}"
    if item.last is not None and item.last.outcome not in {Outcome.PASS, Outcome.WAIVED}:
        return "measured: it did not pass"
    return "measured: nobody says what it depends on"


def _marks(gate: Requirement) -> str:
    marks = []
    if gate.id != gate.gate.name:
        marks.append(f"uses {gate.gate.name}")
    if gate.mode is Mode.ADVISORY:
        marks.append(f"advisory until {gate.enforce_after}")
    if gate.needs:
        marks.append(f"needs {', '.join(gate.needs)}")
    if gate.tags:
        marks.append(f"tags {', '.join(gate.tags)}")
    if gate.skip:
        marks.append(f"skipped: {gate.skip}")
    return f"  [{'; '.join(marks)}]" if marks else ""


def _as_json(phase: Phase) -> dict[str, object]:
    return {
        "phase": phase.id,
        "title": phase.title,
        "base": phase.base,
        "source": phase.source,
        "tasks": [
            {
                "id": task.id,
                "title": task.title,
                "owner": task.owner,
                "estimate": task.estimate,
                "needs": list(task.needs),
                "files": list(task.files),
                "gates": [_gate_json(gate) for gate in task.gates],
            }
            for task in phase.tasks
        ],
        "gates": [_gate_json(gate) for gate in phase.gates],
    }


def _gate_json(gate: Requirement) -> dict[str, object]:
    return {
        "node_id": gate.node_id,
        "gate": gate.gate.name,
        "conditions": list(gate.conditions),
        "options": {name: str(value) for name, value in gate.settings.items()},
        "mode": gate.mode.value,
        "tags": list(gate.tags),
        "needs": list(gate.needs),
        "skip": gate.skip,
        "file": gate.location.file,
        "line": gate.location.line,
    }
