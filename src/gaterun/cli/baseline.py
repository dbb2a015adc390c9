"""``gaterun baseline``: measure a phase where it began, and store the metrics."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from msgspec.structs import replace

from gaterun.cli.run import baseline_path
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.git import Git
from gaterun.core.outputs import Outputs, Wanted
from gaterun.core.scratch import held
from gaterun.core.session import RunOptions, Session
from gaterun.model.errors import CannotMeasure, NothingSelected, UsageError
from gaterun.model.event import Event, GateFinished, GateStarted, RunFinished
from gaterun.model.figures import duration, figure
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import GateResult
from gaterun.model.report import Style
from gaterun.model.verdict import ExitCode, Outcome


@click.command(
    name="baseline",
    epilog="""\b
Examples:
  gaterun baseline phase7                 measure the phase's base
  gaterun baseline phase7 --at v1.9.0     measure another revision
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.option(
    "--at", "ref", default="", metavar="REF", help="Revision, the phase's base by default."
)
@click.option("--output", "path", type=click.Path(path_type=Path), metavar="FILE", help="Where to.")
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Gates at once.")
@workspace_options
def command(
    opened: Opened, *, phase: str | None, ref: str, path: Path | None, jobs: int | None
) -> int:
    """Measure the gates of PHASE at its base, in a checkout of its own, and store the metrics.

    Nothing is judged. Gates that measure the base themselves (build-time) are left out. Exits
    with 7 when a gate could not be measured.
    """
    bound = opened.phase(phase, base=ref)
    if not bound.base:
        raise UsageError(
            f"phase '{bound.id}' names no base",
            help='name a revision with --at, or add base = "…" to the phase file',
        )
    store = opened.store()
    target = path or baseline_path(bound, opened.root, store)
    gates = tuple(
        _unjudged(g) for g in bound.requirements if not g.gate.self_comparing and not g.skip
    )
    if not gates:
        raise NothingSelected(f"no gate of phase '{bound.id}' takes a baseline")
    git = Git(opened.root)
    with held(store.path / "scratch") as scratch:
        try:
            tree = git.checkout(bound.base, scratch)
        except CannotMeasure as error:
            raise UsageError(error.message, help=error.help) from error
        at = git.commit(bound.base) or ""
        click.echo(f"measuring {bound.id} at {bound.base} ({at[:12]})")
        files = Outputs(
            [Wanted(reporter=opened.reporter("metrics"), path=target)],
            stdout=sys.stdout,
            style=Style(),
        )

        def tell(event: Event) -> None:
            # What was measured before an interrupt does not take the place of a whole baseline.
            if not (isinstance(event, RunFinished) and event.record.interrupted):
                files(event)
            _say(event)

        try:
            record = Session(
                phase=_unordered(bound, gates),
                chosen=gates,
                plugins=opened.plugins,
                root=tree,
                store=store,
                options=RunOptions(
                    jobs=jobs or opened.config.settings.jobs or max(2, os.cpu_count() or 2),
                    argv=tuple(sys.argv),
                    role="baseline",
                ),
                tell=tell,
                environment=opened.config.environment,
            ).run()
        finally:
            files.abandon()
    for problem in files.problems:
        click.echo(f"error: {problem}", err=True)
    if files.problems:
        return int(ExitCode.INTERNAL_ERROR)
    if record.interrupted:
        click.echo(f"interrupted: {target} is as it was", err=True)
    else:
        click.echo(f"wrote {target}")
    return int(record.exit_code)


def _unjudged(gate: Requirement) -> Requirement:
    return replace(gate, require=(), improve=(), ratchet=(), floor={}, needs=())


def _unordered(phase: Phase, gates: tuple[Requirement, ...]) -> Phase:
    """At the base nothing waits for anything: what fails there is what the phase is for."""
    tasks = tuple(
        replace(task, needs=(), gates=tuple(g for g in gates if g.task == task.id))
        for task in phase.tasks
    )
    wide = tuple(g for g in gates if g.task not in {task.id for task in phase.tasks})
    return replace(phase, tasks=tasks, gates=wide)


def _say(event: Event) -> None:
    match event:
        case GateStarted(node_id=node):
            click.echo(f"  measuring     {node}")
        case GateFinished(result=result):
            click.echo(f"  {_line(result)}")
        case RunFinished(record=record):
            done = record.count(Outcome.PASS)
            click.echo(
                f"{done} of {len(record.results)} gates measured in {duration(record.seconds)}"
            )
            for warning in record.warnings:
                click.echo(f"warning: {warning}")
        case _:
            pass


def _line(result: GateResult) -> str:
    if result.outcome is not Outcome.PASS:
        reason = f" ({result.verdict.reason})" if result.verdict.reason else ""
        return f"not measured  {result.node_id}{reason}: {result.verdict.message}"
    known = {
        name: record for name, record in result.metrics.items() if record.measured.value is not None
    }
    shown = ", ".join(
        f"{name} {figure(record.measured.value, record.unit)}"
        for name, record in list(known.items())[:4]
    )
    return f"measured      {result.node_id}: {shown}"
