"""``gaterun report``: reports of a recorded run, and whether the phase is complete; runs nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gaterun.cli import completions
from gaterun.cli.browse import browse
from gaterun.cli.documents import with_numbers, write_numbers, write_roadmap
from gaterun.cli.run import wanted_reports
from gaterun.cli.style import style_for
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.event_log import replay
from gaterun.core.outputs import Outputs, Wanted
from gaterun.model.errors import UsageError
from gaterun.model.verdict import ExitCode
from gaterun.reporters import clean

if TYPE_CHECKING:
    from gaterun.core.integration import Integration
    from gaterun.core.store import Store
    from gaterun.model.record import RunRecord


@click.command(
    name="report",
    epilog="""\b
Examples:
  gaterun report phase7                       what the phase's outputs name
  gaterun report phase7 --report md:-         the newest run as Markdown
  gaterun report phase7 --run 20261122 --report junit:out.xml
  gaterun report phase7 --merge parts/        judge the shards in a folder as one run
  gaterun report phase7 --open                the newest run as a page in the browser
  gaterun report phase7 --numbers README.md   current values between its markers
\b
Exits with 1 when the completion report says INCOMPLETE, and with --merge as the merged run does.
Without --run it looks how the tasks of the phase stand: who did what, what was claimed, what
collided, what has changed since the run.
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.option(
    "--run",
    "run_id",
    default="",
    metavar="ID",
    shell_complete=completions.runs,
    help="A run, the newest by default.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FMT[:PATH]",
    shell_complete=completions.reports,
    help="Write a report.",
)
@click.option(
    "--junit-xml", "--junitxml", "junit", metavar="PATH", help="Same as --report junit:PATH."
)
@click.option(
    "--merge",
    "parts",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Judge all shards of a run first: exported runs, or folders that hold them.",
)
@click.option(
    "--open", "show", is_flag=True, help="Write the HTML report and open it in the browser."
)
@click.option(
    "--numbers",
    "documents",
    multiple=True,
    metavar="FILE",
    help="Put current values between the markers of a document.",
)
@workspace_options
def command(
    opened: Opened,
    *,
    phase: str | None,
    run_id: str,
    reports: tuple[str, ...],
    junit: str | None,
    parts: tuple[Path, ...],
    show: bool,
    documents: tuple[str, ...],
) -> int:
    """Write reports of a recorded run of PHASE, and what the phase's outputs name.

    Those are the final metrics, the completion report, and the phase's block in a roadmap,
    between `<!-- gaterun:begin PHASE -->` and `<!-- gaterun:end -->`. A document of --numbers has
    values between `<!-- gaterun:value METRIC -->` and `<!-- gaterun:end -->`.

    With --merge the run is judged from its shards and recorded first, and exits as it would on
    one machine. Where a shard is missing, doubled, cut off, damaged or foreign it exits with 4.
    """
    from gaterun.cli.integration import COMPLETION, look_at, told

    bound = opened.phase(phase)
    store = opened.store()
    specs = (*reports, *((f"junit:{junit}",) if junit else ()))
    wanted = wanted_reports(specs, opened, store)
    if parts:
        if run_id:
            raise UsageError("--run and --merge exclude each other: merging makes its own run")
        record = _merged(opened, phase, parts, store, wanted)
    else:
        record = _recorded(store, bound.id, run_id)
    for name, place in (("metrics", bound.outputs.final), (COMPLETION, bound.outputs.report)):
        if place:
            wanted.append(Wanted(reporter=opened.reporter(name), path=opened.root / place))
    judges = any(item.reporter.name == COMPLETION for item in wanted)
    beside = None
    if not run_id and (judges or bound.outputs.roadmap):
        phase_then = opened.phase(phase, base=record.base) if record.base else bound
        beside = look_at(opened, phase_then, record)
        wanted = told(wanted, beside)
    page = page_of(wanted) if show else None
    if show and page is None:
        page = store.folder_of(record.id) / "gaterun.html"
        wanted.append(Wanted(reporter=opened.reporter("html"), path=page))
    if not (parts or wanted or documents or bound.outputs.roadmap):
        wanted = [Wanted(reporter=opened.reporter("term"), path=None)]
    with_numbers(documents, record)  # what is wrong with one of them keeps all from being written
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
    if bound.outputs.roadmap:
        roadmap = opened.root / bound.outputs.roadmap
        write_roadmap(roadmap, bound.outputs.roadmap, record, beside, err=to_stdout)
    write_numbers(documents, record, err=to_stdout)
    if page in outputs.written and not browse(page):
        click.echo("no browser can be opened from here", err=to_stdout)
    for problem in outputs.problems:
        click.echo(f"error: {problem}", err=True)
    codes = [record.exit_code if parts else ExitCode.OK]
    if outputs.problems:
        codes.append(ExitCode.INTERNAL_ERROR)
    elif (judges or bound.outputs.roadmap) and not parts:
        codes.append(_judged(record, beside, err=to_stdout))
    return int(next((code for code in codes if code is not ExitCode.OK), ExitCode.OK))


def _recorded(store: Store, phase: str, run_id: str) -> RunRecord:
    """The run that is meant, the newest by default.

    Raises:
        UsageError: there is none, it is of another phase, or a newer one cannot be read.
    """
    record = store.find(run_id) if run_id else store.latest(phase)
    if store.problems:
        raise UsageError(
            f"there is a newer run that cannot be read: {store.problems[0]}",
            help="name the run to report with --run, or run the phase again",
        )
    if record is not None and record.phase != phase:
        raise UsageError(f"run {record.id} is of phase '{record.phase}', not '{phase}'")
    if record is None:
        raise UsageError(f"phase '{phase}' has not been run here", help=f"gaterun {phase}")
    return record


def _merged(
    opened: Opened,
    phase: str | None,
    parts: Sequence[Path],
    store: Store,
    wanted: Sequence[Wanted],
) -> RunRecord:
    """The run that the shards are merged to."""
    from gaterun.cli.report_merge import merged

    return merged(
        opened,
        phase,
        parts,
        store,
        writes=[item.path for item in wanted if item.path],
        to_stderr=any(item.path is None for item in wanted),
    )


def _judged(record: RunRecord, beside: Integration | None, *, err: bool) -> ExitCode:
    """Say whether the phase is complete; the exit code that says the same."""
    from gaterun.reporters.completion_state import completion

    state = completion(record, beside)
    click.echo(f"{record.phase}: {clean.line(state.verdict)}", err=err)
    if state.left_out:
        click.echo(
            f"  help: run {record.id} was of a part of the phase; `gaterun {record.phase}` runs the "
            "whole, and measures only what has changed",
            err=True,
        )
    return ExitCode.OK if state.complete else ExitCode.FAILED


def page_of(wanted: list[Wanted]) -> Path | None:
    """Where the HTML report is written that was asked for anyway."""
    return next((item.path for item in wanted if item.reporter.name == "html" and item.path), None)
