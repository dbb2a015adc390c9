"""``gaterun report``: write reports of a recorded run again, without running anything."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gaterun.cli.browse import browse
from gaterun.cli.run import wanted_reports
from gaterun.cli.style import style_for
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.event_log import replay
from gaterun.core.outputs import Outputs, Wanted
from gaterun.model.errors import UsageError
from gaterun.model.verdict import ExitCode


@click.command(
    name="report",
    epilog="""\b
Examples:
  gaterun report phase7                       final metrics where the phase wants them
  gaterun report phase7 --report md:-         the newest run as Markdown
  gaterun report phase7 --run 20261122 --report junit:out.xml
  gaterun report phase7 --open                the newest run as a page in the browser
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.option("--run", "run_id", default="", metavar="ID", help="A run, the newest by default.")
@click.option("--report", "reports", multiple=True, metavar="FMT[:PATH]", help="Write a report.")
@click.option(
    "--open", "show", is_flag=True, help="Write the HTML report and open it in the browser."
)
@workspace_options
def command(
    opened: Opened, *, phase: str | None, run_id: str, reports: tuple[str, ...], show: bool
) -> int:
    """Write reports of a recorded run of PHASE, and its final metrics if the phase names a file."""
    bound = opened.phase(phase)
    store = opened.store()
    record = store.find(run_id) if run_id else store.latest(bound.id)
    if store.problems:
        raise UsageError(
            f"there is a newer run that cannot be read: {store.problems[0]}",
            help="name the run to report with --run, or run the phase again",
        )
    if record is not None and record.phase != bound.id:
        raise UsageError(f"run {record.id} is of phase '{record.phase}', not '{bound.id}'")
    if record is None:
        raise UsageError(f"phase '{bound.id}' has not been run here", help=f"gaterun {bound.id}")
    wanted = wanted_reports(reports, opened, store)
    if bound.outputs.final:
        metrics = opened.reporter("metrics")
        wanted.append(Wanted(reporter=metrics, path=opened.root / bound.outputs.final))
    page = page_of(wanted) if show else None
    if show and page is None:
        page = store.folder_of(record.id) / "gaterun.html"
        wanted.append(Wanted(reporter=opened.reporter("html"), path=page))
    if not wanted:
        wanted = [Wanted(reporter=opened.reporter("term"), path=None)]
    style = style_for(sys.stdout, progress=False, state=store.path)
    outputs = Outputs(wanted, stdout=sys.stdout, style=style)
    try:
        for event in replay(record, store.folder_of(record.id)):
            outputs(event)
    finally:
        outputs.abandon()
    to_stdout = any(item.path is None for item in wanted)
    for path in outputs.written:
        click.echo(f"wrote {path}", err=to_stdout)
    if page in outputs.written and not browse(page):
        click.echo("no browser can be opened from here", err=to_stdout)
    for problem in outputs.problems:
        click.echo(f"error: {problem}", err=True)
    return int(ExitCode.INTERNAL_ERROR if outputs.problems else ExitCode.OK)


def page_of(wanted: list[Wanted]) -> Path | None:
    """Where the HTML report is written that was asked for anyway."""
    return next((item.path for item in wanted if item.reporter.name == "html" and item.path), None)
