"""``gaterun run``: measure and judge the gates of a phase."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from gaterun.cli.notes import followed
from gaterun.cli.workspace import Opened, PhaseName, Selector, workspace_options
from gaterun.core.select import select
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.phase import Phase, Requirement
from gaterun.model.verdict import ExitCode, Outcome

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gaterun.core.outputs import Wanted
    from gaterun.core.second_key import SecondKey
    from gaterun.core.store import Store
    from gaterun.model.event import Event
    from gaterun.model.record import RunRecord
    from gaterun.model.report import Listener

#: What ``-r`` takes: failed, inconclusive, blocked, skipped, waived, advisory, passed, all.
_OUTCOMES = "fibswapA"

EXAMPLES = """\b
Examples:
  gaterun phase7                          every gate
  gaterun phase7 7.3 build                task 7.3 and the gate build
  gaterun phase7 7.3::clippy -v           one gate, with all its metrics
  gaterun phase7 -k "clippy or tests"     by parts of names
  gaterun phase7 --lf                     what did not pass the last time
  gaterun phase7 --co                     only show what would run
  gaterun phase7 --fresh                  use no measurement of an earlier run
  gaterun phase7 --shard 2/3              a third of it, on one of three machines
  gaterun phase7 --report md:- --report junit:out.xml
"""


def _letters(context: click.Context, parameter: click.Parameter, shown: str) -> str:
    """Refuse a letter that stands for no outcome: nothing would be listed, and nobody told."""
    if wrong := set(shown) - set(_OUTCOMES):
        text = f"'{min(wrong)}' stands for no outcome: write some of {' '.join(_OUTCOMES)}"
        raise click.BadParameter(text, context, parameter)
    return shown


def _reports(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from gaterun.cli import completions

    return completions.reports(context, parameter, incomplete)


@click.command(name="run", epilog=EXAMPLES)
@click.argument("phase", required=False, type=PhaseName())
@click.argument("selectors", nargs=-1, metavar="[SELECTOR]...", type=Selector())
@click.option("-k", "keyword", default="", metavar="EXPR", help="Only gates whose names match.")
@click.option("-m", "tags", default="", metavar="EXPR", help="Only gates with these tags.")
@click.option(
    "--deselect", multiple=True, metavar="ID", type=Selector(), help="Leave out a task or gate."
)
@click.option("--co", "--collect-only", "collect_only", is_flag=True, help="Show, do not run.")
@click.option(
    "--lf", "--last-failed", "last_failed", is_flag=True, help="What did not pass before."
)
@click.option("-x", "stop", is_flag=True, help="Stop at the first failure.")
@click.option("--maxfail", type=click.IntRange(1), metavar="N", help="Stop after N failures.")
@click.option(
    "--shard",
    default="",
    metavar="K/N",
    help="Only the K-th of N parts; `gaterun report --merge` judges them together.",
)
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Gates at once.")
@click.option("--fresh", is_flag=True, help="Measure anew, whatever is kept.")
@click.option(
    "--cache-audit",
    "audit",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="SHARE",
    help="Make this share of the kept measurements again, and fail where one differs.",
)
@click.option("--require-clean", is_flag=True, help="Only a committed tree has verdicts.")
@click.option("--base", default="", metavar="REF", help="Where the phase began.")
@click.option(
    "--base-policy",
    "base_policy",
    type=click.Choice(["warn", "fail", "off"]),
    help="What to do where the change weakens what judges it.",
)
@click.option(
    "--baseline", "baseline_name", default="", metavar="FILE|RUN|REF", help="Compare with it."
)
@click.option(
    "--waivers",
    "waivers_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Waivers and sign-offs, instead of waivers.toml.",
)
@click.option("--no-waivers", is_flag=True, help="Judge as if nothing were waived.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FMT[:PATH]",
    shell_complete=_reports,
    help="Write a report; PATH - is stdout.",
)
@click.option(
    "--junit-xml", "--junitxml", "junit", metavar="PATH", help="Same as --report junit:PATH."
)
@click.option("-v", "--verbose", count=True, help="More: every check and metric.")
@click.option("-q", "--quiet", count=True, help="Less.")
@click.option(
    "-r",
    "shown",
    default="",
    metavar="CHARS",
    callback=_letters,
    help="List outcomes: f i b s w a p, A for all.",
)
@click.option(
    "--durations", type=click.IntRange(0), default=0, metavar="N", help="The N slowest gates."
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), help="Colour.")
@click.option(
    "--output", type=click.Choice(["auto", "human", "agent"]), help="For whom it is written."
)
@click.option("--no-progress", is_flag=True, help="No live view.")
@click.option(
    "--max-warnings", type=click.IntRange(0), metavar="N", help="Advisory failures allowed."
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever the verdicts.")
@workspace_options
def command(
    opened: Opened,
    *,
    phase: str | None,
    selectors: tuple[str, ...],
    keyword: str,
    tags: str,
    deselect: tuple[str, ...],
    collect_only: bool,
    last_failed: bool,
    stop: bool,
    maxfail: int | None,
    shard: str,
    jobs: int | None,
    fresh: bool,
    audit: float,
    require_clean: bool,
    base: str,
    base_policy: str | None,
    baseline_name: str,
    waivers_file: Path | None,
    no_waivers: bool,
    reports: tuple[str, ...],
    junit: str | None,
    verbose: int,
    quiet: int,
    shown: str,
    durations: int,
    color: str | None,
    output: str | None,
    no_progress: bool,
    max_warnings: int | None,
    exit_zero: bool,
) -> int:
    """Measure and judge the gates of PHASE.

    SELECTOR is a task (7.3), a gate (clippy) or a node id (7.3::clippy). Every gate runs, even
    when another has failed; a task whose needs did not pass is blocked.
    """
    bound = opened.phase(phase, base=opened.revision(base))
    chosen = select(bound, selectors=selectors, keyword=keyword, tags=tags, deselect=deselect)
    whole, part = chosen, None
    if shard:
        from gaterun.cli.shard import sharding

        part = sharding(shard, opened, bound, chosen, click.get_current_context().params)
        chosen = part.gates
    earlier = opened.latest(bound.id) if last_failed or not collect_only else None
    if last_failed and earlier is not None:
        chosen = not_passed(chosen, earlier)
    if collect_only:
        from gaterun.cli.list import render_phase

        opened.show(render_phase(bound, chosen))
        return int(ExitCode.OK if chosen else ExitCode.NO_GATES)

    from gaterun.cli.find_baseline import find_baseline
    from gaterun.cli.step_summary import step_summary
    from gaterun.cli.style import style_for
    from gaterun.core.outputs import Outputs
    from gaterun.core.session import RunOptions, Session

    settings = opened.config.settings
    in_force = opened.in_force(bound, waivers_file)
    if no_waivers:
        in_force = replace(in_force, waivers=())
    store = opened.store()
    style = style_for(
        sys.stdout,
        color=color or settings.color,
        output=output or settings.output,
        progress=not no_progress,
        verbosity=max(-2, min(2, verbose - quiet)),
        shown=shown,
        durations=durations,
        state=store.path,
    )
    specs = (*settings.report, *reports, *((f"junit:{junit}",) if junit else ()))
    wanted = wanted_reports(specs, opened, store)
    to_stdout = any(item.path is None for item in wanted)
    observers: list[tuple[str, Listener]] = [("a plugin that observes", opened.plugins.notify)]
    if summary := step_summary(store.path):
        observers.append(("the step summary", summary))
    screen = Outputs(
        terminal_report(opened, wanted),
        stdout=sys.stderr if to_stdout else sys.stdout,
        style=style,
        observers=observers,
    )
    files = Outputs(wanted, stdout=sys.stdout, style=style)

    def tell(event: Event) -> None:
        files(event)
        screen(event)

    allowed = settings.max_warnings if max_warnings is None else max_warnings
    limit = None if allowed < 0 else allowed
    baseline = find_baseline(baseline_name, bound, opened, store, chosen)
    session = Session(
        phase=bound,
        chosen=chosen,
        plugins=opened.plugins,
        root=opened.root,
        store=store,
        options=RunOptions(
            jobs=jobs or settings.jobs or max(2, os.cpu_count() or 2),
            maxfail=1 if stop else maxfail or 0,
            max_warnings=limit,
            argv=tuple(sys.argv),
            role="shard" if part else "run",
            fresh=fresh,
            audit=audit,
            require_clean=require_clean,
            writes=tuple(_below(item.path, opened.root) for item in wanted if item.path),
        ),
        tell=tell,
        baseline=baseline,
        baseline_is_named=bool(baseline_name),
        name=opened.phase_name(phase),
        environment=opened.config.environment,
        # What the base says is about the whole: it is asked when the shards are merged.
        second=None if part else second_key(opened, bound, phase, base_policy or "", waivers_file),
        seconds={r.node_id: r.seconds for r in earlier.results} if earlier else {},
        in_force=in_force,
        shard=part.mark(baseline, in_force, limit) if part else None,
        whole=whole,
    )
    try:
        if opened.selected or settings.executor:
            from gaterun.cli.elsewhere import elsewhere

            session.elsewhere = elsewhere(opened, session.options.jobs)
        record = session.run()
    finally:
        files.abandon()
        screen.abandon()
        if session.elsewhere:
            session.elsewhere.executor.close()
    problems = (*files.problems, *screen.problems)
    with contextlib.suppress(OSError, SystemExit):
        # A reader that has gone does not change what was found.
        if not style.agent and style.verbosity > -2:
            for path in files.written:
                click.echo(f"wrote {path}", err=to_stdout)
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
    notes = followed()
    keeps = not (wanted or summary or problems or fresh or audit or last_failed or part)
    if notes is not None and keeps:
        from gaterun.cli.kept_run import keep_run

        keep_run(opened, notes, bound, chosen, record, silent=style.agent)
    code = record.exit_code
    if exit_zero and code in {ExitCode.FAILED, ExitCode.MAX_WARNINGS, ExitCode.NO_VERDICT}:
        code = ExitCode.OK
    if code is ExitCode.OK and problems:
        code = ExitCode.INTERNAL_ERROR
    return int(code)


def _below(path: Path, root: Path) -> str:
    """A path as seen from the workspace; one outside of it changes nothing there."""
    return os.path.relpath(path.resolve(), root)


def second_key(
    opened: Opened, phase: Phase, name: str | None, mode: str, waiver_file: Path | None
) -> SecondKey | None:
    """What the base says about the run; ``None`` where nobody asks it."""
    if not phase.base and "fail" not in {mode, opened.config.settings.base_policy}:
        return None
    from gaterun.core import base_policy

    return base_policy.second_key(
        config=opened.config,
        plugins=opened.plugins,
        phase=phase,
        name=opened.phase_name(name),
        mode=mode,
        waiver_file=waiver_file,
    )


def not_passed(chosen: tuple[Requirement, ...], earlier: RunRecord) -> tuple[Requirement, ...]:
    """What did not pass in an earlier run, or was not part of it; all, as in pytest, if nothing.

    What is switched off by name is left alone; what an interrupt left out is not.
    """
    fine = {
        result.node_id
        for result in earlier.results
        if result.outcome in {Outcome.PASS, Outcome.WAIVED}
    }
    again = tuple(gate for gate in chosen if gate.node_id not in fine and not gate.skip)
    return again or chosen


def terminal_report(opened: Opened, wanted: list[Wanted]) -> list[Wanted]:
    """The report for people, unless it is asked for or blocked."""
    if any(item.reporter.name == "term" for item in wanted):
        return []
    from gaterun.core.outputs import Wanted

    reporter = opened.plugins.reporters.get("term")
    return [] if reporter is None else [Wanted(reporter=reporter, path=None)]


def wanted_reports(specs: tuple[str, ...], opened: Opened, store: Store) -> list[Wanted]:
    """Read ``FORMAT[:PATH]`` texts.

    Raises:
        UsageError: an unknown format, or two reports for standard output.
    """
    from gaterun.core.outputs import Wanted

    wanted: list[Wanted] = []
    for spec in specs:
        name, _, place = spec.partition(":")
        reporter = opened.plugins.reporters.get(name)
        if reporter is None:
            raise UsageError(
                f"there is no report format '{name}'",
                help=nearest(name, list(opened.plugins.reporters)),
            )
        path: Path | None = None
        if place and place != "-":
            path = Path.cwd() / place
        elif not place and reporter.filename:
            path = store.path / "reports" / reporter.filename
        if path is None and any(item.path is None for item in wanted):
            raise UsageError("two reports want standard output", help="give one of them a path")
        wanted.append(Wanted(reporter=reporter, path=path))
    return wanted
