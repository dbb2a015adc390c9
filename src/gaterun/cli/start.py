"""``gaterun start``: claim a task, and be told what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gaterun.cli.coordination import desk, task_and_phase
from gaterun.cli.desk import Desk
from gaterun.cli.task_names import TaskName
from gaterun.cli.workspace import Opened, workspace_options
from gaterun.model.task_state import TaskState

if TYPE_CHECKING:
    from gaterun.core.task_states import TaskView


@click.command(
    name="start",
    epilog="""\b
Examples:
  gaterun start 7.1               in the working tree where the work is done
  gaterun start phase7 7.1
  gaterun start 7.2 --overlap-ok  although somebody works on files that it declares
\b
The claim ends 15 minutes after the last gaterun command of this working tree. GATERUN_ACTOR
names who works, where it is not the user. Exits with 1 when the task cannot be claimed.
""",
)
@click.argument(
    "words", nargs=-1, required=True, metavar="[PHASE] TASK", type=TaskName(or_phase=True)
)
@click.option("--overlap-ok", is_flag=True, help="Declared files may overlap; it is noted.")
@workspace_options
def command(opened: Opened, *, words: tuple[str, ...], overlap_ok: bool) -> int:
    """Claim TASK for this working tree, and print its brief."""
    phase, name = task_and_phase(words)
    here = desk(opened, phase)
    epoch = claim(here, name, overlap_ok=overlap_ok)
    click.echo("".join(f"{line}\n" for line in brief(here, name, epoch)), nl=False)
    return 0


def claim(here: Desk, name: str, *, overlap_ok: bool = False) -> int:
    """Claim a task for whoever sits at the desk; the number of the claim.

    Raises:
        UsageError: there is no such task.
        Refused: it is blocked, held, waits for something, or overlaps with others' work.
    """
    from gaterun.core.collisions import overlapping
    from gaterun.core.git import Git
    from gaterun.core.lease import take

    task = here.task(name)
    overview = here.overview()
    with here.create() as db:
        return take(
            db,
            here.phase.id,
            name,
            here.who,
            now=here.now(),
            head=here.head,
            unmet=[_unmet(overview.task(need)) for need in overview.task(name).unmet],
            overlapping=overlapping(task, here.phase, Git(here.footing.root).files),
            overlap_ok=overlap_ok,
            called=here.called(name),
        )


def _unmet(view: TaskView) -> str:
    told = f"{view.task.id}, which is not verified on this tree ({view.state.value}"
    if view.missing and (view.stale or view.state is TaskState.CLAIMED):
        told += f", not covered: {', '.join(view.missing)}"
    return f"{told})"


def brief(here: Desk, name: str, epoch: int) -> Iterator[str]:
    """What whoever works on a task has to know."""
    from gaterun.reporters import clean

    task = here.task(name)
    after = [other.id for other in here.phase.tasks if name in other.needs]
    yield f"{clean.line(f'{name} {task.title}')}  (claim {epoch} of {clean.line(here.who.actor)})"
    holder = f"none is declared, {clean.line(here.who.actor)} holds it"
    yield f"  owner     {clean.line(task.owner) or holder}"
    yield f"  estimate  {clean.line(task.estimate) or '-'}"
    yield f"  files     {', '.join(map(clean.line, task.files)) or 'any, as none are declared'}"
    yield f"  needs     {', '.join(task.needs) or '-'}"
    yield f"  waiting   {', '.join(after) or '-'}"
    yield "  gates" if task.gates else "  gates     none, so that nothing can verify it"
    for gate in task.gates:
        advisory = "  [advisory]" if gate.mode.value == "advisory" else ""
        yield f"    {gate.node_id}  {', '.join(map(clean.line, gate.conditions))}{advisory}"
    yield f"`gaterun done {here.called(name)}` measures them; it is verified when all of them pass"
