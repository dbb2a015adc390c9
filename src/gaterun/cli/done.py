"""``gaterun done``: measure a task and all that it needs on this tree; say what that proves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from gaterun.cli.coordination import OpenDesk, desk, task_and_phase
from gaterun.cli.task_names import TaskName
from gaterun.cli.workspace import Opened, workspace_options
from gaterun.core.task_states import TaskView
from gaterun.model.errors import NothingSelected, Refused
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import RunRecord
from gaterun.model.task_state import Collision, Said
from gaterun.model.verdict import ExitCode

if TYPE_CHECKING:
    from gaterun.core.state import StateDb
    from gaterun.core.task_done import Claim


@click.command(
    name="done",
    epilog="""\b
Examples:
  gaterun done 7.1                in the working tree where the work was done
  gaterun done phase7 7.4         measures what 7.4 needs as well
  gaterun done 7.1 --format json  what was found, for programs
\b
Exits with 0 only when the task is verified. Measurements that still hold are used again.
""",
)
@click.argument(
    "words", nargs=-1, required=True, metavar="[PHASE] TASK", type=TaskName(or_phase=True)
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@workspace_options
def command(opened: Opened, *, words: tuple[str, ...], form: str) -> int:
    """Measure the gates of TASK, and of all that it needs, on this tree."""
    phase, name = task_and_phase(words)
    found = finish(desk(opened, phase), name)
    if form == "json":
        import json

        from gaterun.reporters.done_json import as_json

        document = as_json(
            found.view, found.record, verified=found.verified, collisions=found.collisions
        )
        document["exit_code"] = int(found.exit_code)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return int(found.exit_code)
    click.echo("".join(f"{line}\n" for line in answer(found)), nl=False)
    for item in found.collisions:
        click.echo(f"{item.severity.value}: {item.text}", err=True)
    return int(found.exit_code)


class Finished(Struct, frozen=True, kw_only=True):
    """What ``done`` has found.

    Attributes:
        view: the task as it stands now.
        record: of the run that measured it, and all that it needs.
        collisions: of the task; warnings, as a conflict would have refused it.
    """

    view: TaskView
    record: RunRecord
    verified: bool
    collisions: tuple[Collision, ...]

    @property
    def exit_code(self) -> ExitCode:
        """0 only when the task is verified, whatever the run itself came to."""
        if self.verified:
            return ExitCode.OK
        code = self.record.exit_code
        return code if code is not ExitCode.OK else ExitCode.FAILED


def finish(here: OpenDesk, name: str) -> Finished:
    """Measure a task and all that it needs, and append what that proves; takes as long as that.

    Raises:
        Refused: it is somebody else's by now, is blocked, or conflicts with earlier work.
        NothingSelected: it has no gates.
    """
    from gaterun.core.freshness import policy_failed
    from gaterun.core.task_done import Claim

    here.task(name)
    gates = gates_of(here.phase, name)
    with here.create() as db:
        mine = db.history(here.phase.id, name).claims.get(here.who)
        epoch = _epoch(here, db, name)
        claim = Claim(db, here.phase, name, here.who, epoch, look=here.called_status)
        _check_collisions(here, name, claim)
        if not any(gate.task == name for gate in gates):
            claim.conclude(Said(released=mine is None), now=here.now())
            raise NothingSelected(
                f"task {name} has no gates, so that nothing can verify it",
                help=f"give it one in {here.phase.source}",
            )
        baseline = here.baseline
        record = _measure(here, gates)
        trusted = not policy_failed(record)
        if trusted:
            claim.prove(record, gates, baseline=baseline, now=here.now())
        overview = here.overview()
        view = overview.task(name)
        verified = view.covered and trusted
        collisions = tuple(item for item in overview.collisions if name in item.tasks)
        claim.told(collisions, now=here.now())
        if not record.interrupted:  # whoever gives up does not say that it is done
            claim.conclude(
                Said(
                    run=record.id,
                    verified=verified,
                    passed=view.passed,
                    total=len(view.gates),
                    # One that was made only to say this is nobody's afterwards.
                    released=verified or mine is None,
                ),
                now=here.now(),
            )
    return Finished(
        view=view,
        record=record,
        verified=verified,
        collisions=collisions,
    )


def gates_of(phase: Phase, name: str) -> tuple[Requirement, ...]:
    """The gates of a task and of all tasks that it needs, in the phase's order."""
    tasks = {task.id: task for task in phase.tasks}
    wanted, todo = {name}, [name]
    while todo:
        for need in tasks[todo.pop()].needs:
            if need not in wanted:
                wanted.add(need)
                todo.append(need)
    return tuple(gate for gate in phase.requirements if gate.task in wanted)


def _epoch(here: OpenDesk, db: StateDb, name: str) -> int:
    """The claim that this is said with; made where nobody has one.

    Raises:
        Refused: the task is somebody else's by now, or blocked.
    """
    from gaterun.core.lease import own_claim, take

    now = here.now()
    history = db.history(here.phase.id, name)
    epoch = own_claim(history, name, here.who, now, called=here.called(name))
    if epoch and history.lease is not None and history.lease.is_live(now):
        return epoch
    return take(
        db, here.phase.id, name, here.who, now=now, head=here.head, called=here.called(name)
    )


def _check_collisions(here: OpenDesk, name: str, claim: Claim) -> None:
    """Refuse before anything is measured where the task conflicts with earlier work.

    Raises:
        Refused: it does.
    """
    from gaterun.core.overview import obstacles

    if found := obstacles(name, here.overview().collisions):
        message = f"task {name} is not done: " + "; ".join(item.text for item in found)
        claim.told(found, now=here.now())
        claim.refuse(message, now=here.now())
        raise Refused(
            message,
            help=f"nothing was measured; `{here.called_status}` shows what collides",
        )


def _measure(here: OpenDesk, gates: Sequence[Requirement]) -> RunRecord:
    """Run the gates, outside of any transaction; the claim is renewed meanwhile."""
    from gaterun.cli.find_baseline import find_baseline
    from gaterun.cli.run import second_key, terminal_report
    from gaterun.cli.style import style_for
    from gaterun.core.lease import Renewing
    from gaterun.core.outputs import Outputs
    from gaterun.core.session import RunOptions, Session

    opened = here.opened
    settings = opened.config.settings
    store = opened.store()
    style = style_for(
        sys.stderr, color=settings.color, output=settings.output, progress=True, verbosity=-1
    )
    screen = Outputs(
        terminal_report(opened, []),
        stdout=sys.stderr,
        style=style,
        observers=[("a plugin that observes", opened.plugins.notify)],
    )
    earlier = opened.latest(here.phase.id)
    session = Session(
        phase=here.phase,
        chosen=gates,
        plugins=opened.plugins,
        root=opened.root,
        store=store,
        options=RunOptions(jobs=settings.jobs or max(2, os.cpu_count() or 2), argv=tuple(sys.argv)),
        tell=screen,
        baseline=find_baseline("", here.phase, opened, store, gates),
        name=here.phase.id,
        environment=opened.config.environment,
        second=second_key(opened, here.phase, here.phase.id, "", None),
        seconds={r.node_id: r.seconds for r in earlier.results} if earlier else {},
        in_force=opened.in_force(here.phase),
    )
    try:
        with Renewing(here.place.file, here.who, clock=here.now):
            return session.run()
    finally:
        screen.abandon()


def answer(found: Finished) -> Iterator[str]:
    """What was measured against its target, and what that amounts to."""
    from gaterun.reporters import clean, standing

    view, record = found.view, found.record
    words = {result.node_id: standing.standing(result).word for result in record.results}
    width = max(map(len, words.values()), default=0)
    for result in record.results:
        told = f"  {words[result.node_id]:{width}}  {result.node_id}  {standing.gist(result)}"
        yield f"{told} {standing.flags(result)}".rstrip()
    name = clean.line(f"{view.task.id} {view.task.title}")
    if found.verified:
        waived = f", {view.waived} of them waived" if view.waived else ""
        yield f"{name} is verified: {view.passed} of {len(view.gates)} gates{waived}"
        return
    yield f"{name} is not verified: {view.passed} of {len(view.gates)} gates have passed"
    if view.unmet:
        verb = "which are" if len(view.unmet) > 1 else "which is"
        yield f"it needs {', '.join(view.unmet)}, {verb} not verified on this tree"
        yield f"next: `gaterun done {view.unmet[0]}`, by whoever works on it"
    if skipped := [gate.gate.node_id for gate in view.gates if gate.gate.skip]:
        yield f"switched off, which verifies nothing: {', '.join(skipped)}"
