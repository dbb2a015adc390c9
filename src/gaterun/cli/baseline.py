"""``gaterun baseline``: measure a phase where it began, and store the metrics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gaterun.cli.measure_at import measure_at
from gaterun.cli.measuring import Measuring
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.baseline import accepted
from gaterun.core.baseline_place import baseline_path
from gaterun.core.metrics_file import read_file
from gaterun.core.outputs import Outputs, Wanted
from gaterun.model.errors import UsageError
from gaterun.model.event import Event, RunFinished
from gaterun.model.figures import duration
from gaterun.model.record import RunRecord
from gaterun.model.report import Style
from gaterun.model.verdict import ExitCode, Outcome


class WithOthers(click.Command):
    """`gaterun baseline PHASE`, and the commands that change a stored baseline."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **more: Any,
    ) -> click.Context:
        """Hand over to ``accept`` or ``tighten`` where one of them is named first."""
        commands = self.beside()
        if args and args[0] in commands:
            name, *rest = args
            return commands[name].make_context(f"{info_name} {name}", rest, parent, **more)
        return super().make_context(info_name, args, parent, **more)

    def beside(self) -> dict[str, click.Command]:
        """The commands that are no phases, by the word that comes first."""
        from gaterun.cli import baseline_accept

        return {"accept": baseline_accept.accept, "tighten": baseline_accept.tighten}


@click.command(
    name="baseline",
    cls=WithOthers,
    epilog="""\b
Examples:
  gaterun baseline phase7                 measure the phase's base
  gaterun baseline phase7 --at v1.9.0     measure another revision
  gaterun baseline accept phase7 clippy --reason "the new lint, #42"
                                          take the latest run's values, with the reason
  gaterun baseline tighten phase7         take the latest run's values where they are better
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
    before = _accepted_before(target)
    files = Outputs(
        [Wanted(reporter=opened.reporter("metrics"), path=target)], stdout=sys.stdout, style=Style()
    )

    try:
        with Measuring(opened, sys.stdout, indent="  ") as measuring:

            def tell(event: Event) -> None:
                # What was measured before an interrupt does not take the place of a whole baseline.
                if not (isinstance(event, RunFinished) and event.record.interrupted):
                    files(event)
                measuring.event(event)

            record = measure_at(
                opened,
                bound,
                bound.requirements,
                bound.base,
                store=store,
                jobs=jobs,
                tell=tell,
                begin=lambda at: click.echo(f"measuring {bound.id} at {bound.base} ({at[:12]})"),
            )
    finally:
        files.abandon()
    _conclude(record)
    for problem in files.problems:
        click.echo(f"error: {problem}", err=True)
    if files.problems:
        return int(ExitCode.INTERNAL_ERROR)
    if record.interrupted:
        click.echo(f"interrupted: {target} is as it was", err=True)
    else:
        click.echo(f"wrote {target}")
        for metric, why in before.items():
            click.echo(f"no longer accepted: {metric} ({why})")
    return int(record.exit_code)


def _accepted_before(path: Path) -> dict[str, str]:
    """The values of the old baseline that were accepted, by metric; they are measured now."""
    if not path.exists():
        return {}
    try:
        metrics = read_file(path).document.metrics
    except UsageError:
        return {}  # it is about to be replaced
    return {key: accepted(entry) for key, entry in metrics.items() if entry.accepted}


def _conclude(record: RunRecord) -> None:
    done = record.count(Outcome.PASS)
    click.echo(f"{done} of {len(record.results)} gates measured in {duration(record.seconds)}")
    for warning in record.warnings:
        click.echo(f"warning: {warning}")
