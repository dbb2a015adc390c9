"""``gaterun runs``: what was run here, whether it can be believed, and how it went over time."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from pathlib import Path

import click

from gaterun.cli import completions
from gaterun.cli.groups import Subcommands
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.event_log import begin_of, replay, what_is_known
from gaterun.core.record_file import RECORD, Outline, read_outline, read_record
from gaterun.core.store import IMPORTED, Store, is_held
from gaterun.model.errors import GaterunError, UsageError
from gaterun.model.record import RunRecord, Tree
from gaterun.model.verdict import ExitCode, Outcome

_AGE = re.compile(r"(\d+)\s*(min|h|d|w)")
_SECONDS = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@click.group(
    name="runs",
    cls=Subcommands,
    epilog="""\b
Examples:
  gaterun runs                              what was run, newest first
  gaterun runs show last                    the report of the newest run, again
  gaterun runs verify last --tree           is it as recorded, and of this tree
  gaterun runs history phase7 clippy        how its metrics went
  gaterun runs history phase7 --gates       never red, flapping, slowest
  gaterun runs gc --keep 20 --older-than 30d
RUN is an id, an unambiguous beginning of one, or "last".
""",
)
def command() -> None:
    """Show, check, export and forget recorded runs."""


@command.command(name="list")
@click.option("--phase", default=None, metavar="NAME", help="Only runs of this phase.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@workspace_options
def list_(opened: Opened, *, phase: str | None, form: str) -> None:
    """List the runs, newest first. One that never finished is listed as killed."""
    from gaterun.model.figures import duration
    from gaterun.reporters.history import age, table

    store = Store(opened.config.state)
    rows = [_row(folder) for folder in sorted(store.path.glob("runs/*"), reverse=True)]
    rows = [row for row in rows if phase is None or row["phase"] == phase]
    if form == "json":
        opened.show(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    if not rows:
        opened.show("nothing has been run here yet\n")
        return
    now = time.time()
    cells = [["RUN", "PHASE", "VERDICT", "GATES", "TREE", "WHEN", "TOOK"]]
    for row in rows:
        started, seconds = row["started"], row["seconds"]
        cells.append(
            [
                str(row["run"]),
                str(row["phase"]),
                str(row["verdict"]),
                str(row["gates"]),
                str(row["tree"]),
                age(now - started) if isinstance(started, float) else "",
                duration(seconds) if isinstance(seconds, float) else "",
            ]
        )
    click.echo(table(cells), nl=False)


_VERDICTS = {
    ExitCode.OK: "passed",
    ExitCode.FAILED: "failed",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.NO_GATES: "nothing judged",
    ExitCode.MAX_WARNINGS: "too many advisory failures",
    ExitCode.NO_VERDICT: "no verdict",
}


def _row(folder: Path) -> dict[str, str | float | int | None]:
    """What the list says of a run."""
    row: dict[str, str | float | int | None] = {
        "run": folder.name,
        "phase": "",
        "role": "",
        "verdict": "damaged",
        "exit_code": None,
        "gates": "",
        "tree": "",
        "started": None,
        "seconds": None,
    }
    try:
        if (folder / RECORD).exists():
            record: Outline | None = read_outline(folder / RECORD)
        else:
            record = _known(folder)
            row["verdict"] = "running" if is_held(folder / "lock") else "killed"
    except UsageError as error:
        begin = begin_of(folder)
        row |= {"problem": error.message, "phase": begin.phase if begin else ""}
        return row
    if record is None:
        return row
    commit = record.tree.commit[:10]
    row |= {
        "phase": record.phase,
        "role": record.role,
        "gates": _counts(record),
        "tree": commit + ("+" if record.tree.dirty else ""),
        "started": record.started,
        "seconds": record.seconds,
    }
    if (folder / RECORD).exists():
        verdict = "baseline" if record.role == "baseline" else _VERDICTS[record.exit_code]
        if record.shard is not None:
            verdict = f"{record.shard.label}: {_found(record.exit_code)}"
        row["verdict"] = f"{verdict} (imported)" if (folder / IMPORTED).exists() else verdict
        row["exit_code"] = int(record.exit_code)
    return row


def _found(code: ExitCode) -> str:
    """What a shard found; that nothing failed in it is no pass of anything."""
    return "nothing failed" if code is ExitCode.OK else _VERDICTS[code]


def _known(folder: Path) -> Outline | None:
    import msgspec

    record = what_is_known(folder)
    return None if record is None else msgspec.convert(record, Outline, from_attributes=True)


def _counts(record: Outline) -> str:
    passed = sum(result.verdict.outcome is Outcome.PASS for result in record.results)
    return f"{passed}/{len(record.results)} passed"


@command.command()
@click.argument("run", shell_complete=completions.runs)
@click.option("-v", "--verbose", count=True, help="More: every check and metric.")
@workspace_options
def show(opened: Opened, *, run: str, verbose: int) -> int:
    """Show the report of RUN again.

    Of one that was killed it is what it knew.
    """
    from gaterun.cli.style import style_for
    from gaterun.core.outputs import Outputs, Wanted

    folder = Store(opened.config.state).path_of(run, unfinished=True)
    if (folder / RECORD).exists():
        record: RunRecord | None = read_record(folder / RECORD)
    else:
        record = what_is_known(folder)
    if record is None:
        raise UsageError(
            f"run {folder.name} left nothing but logs", help=f"they are in {folder / 'logs'}"
        )
    wanted = [Wanted(reporter=opened.reporter("term"), path=None)]
    style = style_for(sys.stdout, progress=False, verbosity=min(2, verbose), output="human")
    outputs = Outputs(wanted, stdout=sys.stdout, style=style)
    for event in replay(record, folder):
        outputs(event)
    for problem in outputs.problems:
        click.echo(f"error: {problem}", err=True)
    return int(ExitCode.INTERNAL_ERROR if outputs.problems else ExitCode.OK)


@command.command()
@click.argument("run", shell_complete=completions.runs)
@click.option("--tree", "tree", is_flag=True, help="Is the working tree the one it measured?")
@workspace_options
def verify(opened: Opened, *, run: str, tree: bool) -> int:
    """Check RUN against its digests.

    Says what was changed, is missing, was added or is cut off.

    Exits with 1 when something is not as it was recorded, with 4 when there is nothing to check.
    Whoever can write to the folder can forge digests as well: keep the digest that is printed
    elsewhere, and compare it.
    """
    from gaterun.core.verify import compare, verify

    folder = Store(opened.config.state).path_of(run, unfinished=True)
    checked = verify(folder)
    problems = list(checked.problems)
    if tree and checked.record is not None:
        difference = compare(checked.record.tree, _tree(opened, checked.record.phase))
        problems += [difference] if difference else []
    for problem in problems:
        click.echo(f"wrong    {problem}")
    if problems:
        click.echo(f"run {folder.name} is not as it was recorded: do not rely on it, run it again")
        return int(ExitCode.FAILED)
    click.echo(f"run {folder.name} is as it was recorded: {checked.files} files")
    if tree:
        click.echo("its tree is the one that is here now")
    click.echo(f"digest {checked.digest}")
    return int(ExitCode.OK)


def _tree(opened: Opened, phase: str) -> Tree:
    """The tree as it is now, without what gaterun writes there for this phase."""
    from gaterun.core.git import Git, GitError
    from gaterun.core.tree import look_for

    try:
        return look_for(opened.phase(phase), Git(opened.root), opened.config.state).summary
    except (GitError, OSError) as error:
        raise UsageError(f"git cannot say what tree this is: {error}") from error


@command.command()
@click.argument("run", shell_complete=completions.runs)
@click.option(
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to; gaterun-RUN.tar.gz by default.",
)
@workspace_options
def export(opened: Opened, *, run: str, path: Path | None) -> None:
    """Pack RUN into a file.

    It holds record, events, logs and digests; the same run gives the same bytes.
    """
    from gaterun.core import archive

    folder = Store(opened.config.state).path_of(run)
    click.echo(f"wrote {archive.export(folder, path or Path(f'gaterun-{folder.name}.tar.gz'))}")


@command.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_options
def import_(opened: Opened, *, file: Path) -> None:
    """Take in an exported run.

    Only one that is whole. It never counts as the newest here.
    """
    from gaterun.core import archive

    click.echo(f"imported run {archive.take_in(file, opened.store())}")


@command.command()
@click.option("--keep", type=click.IntRange(1), metavar="N", help="So many of the newest stay.")
@click.option("--older-than", "older", default="", metavar="AGE", help="30d, 12h, 8w.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@workspace_options
def gc(opened: Opened, *, keep: int | None, older: str, dry_run: bool) -> None:
    """Forget old runs.

    Those beyond --keep (the setting keep by default), or older than --older-than.

    The newest run of each phase stays, and what a baseline was made from.
    """
    from gaterun.core import retention
    from gaterun.model.figures import figure
    from gaterun.model.metric import Unit

    seconds = _age(older) if older else 0.0
    number = keep or (0 if older else opened.config.settings.keep)
    if not number and not older:
        raise UsageError("keep = 0 keeps every run", help="say --keep N or --older-than AGE")
    plan = retention.plan(
        opened.store(), keep=number, older_than=seconds, baselines=_baselines(opened)
    )
    freed = 0
    for folder in plan.remove:
        freed += retention.size_of(folder)
        if not dry_run:
            try:
                retention.remove(folder)
            except OSError as error:
                raise UsageError(f"{folder} cannot be removed: {error.strerror}") from error
    for kept in plan.spared:
        click.echo(f"kept {kept.path.name}: {kept.why}")
    done = "would remove" if dry_run else "removed"
    click.echo(f"{done} {len(plan.remove)} runs, {figure(freed, Unit.BYTES)}")


def _age(text: str) -> float:
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--older-than {text}: no age", help="30d, 12h, 8w, 90min")
    return float(match[1]) * _SECONDS[match[2]]


def _baselines(opened: Opened) -> set[str]:
    """Ids of the runs that the baselines of this workspace's phases were made from."""
    from gaterun.core.phases import phase_names
    from gaterun.core.retention import run_of

    found = set()
    for name in phase_names(opened.config.phase_folders, {}):
        with contextlib.suppress(GaterunError):
            phase = opened.phase(name)
            if phase.outputs.baseline:
                found.add(run_of(opened.root / phase.outputs.baseline))
    return found


@command.command()
@click.argument("phase", required=False, type=PhaseName())
@click.argument("metric", nargs=-1)
@click.option("--gates", is_flag=True, help="Gates instead: never red, flapping, slowest.")
@click.option("--last", type=click.IntRange(1), default=50, metavar="N", help="So many runs.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@workspace_options
def history(
    opened: Opened,
    *,
    phase: str | None,
    metric: tuple[str, ...],
    gates: bool,
    last: int,
    form: str,
) -> None:
    """Show how metrics went.

    Each metric of PHASE over the recorded runs in a line, or one METRIC run by run.

    METRIC is warnings, clippy, clippy.warnings or 7.3::clippy.warnings.
    """
    import msgspec

    from gaterun.core.history import health_of, runs_of, series_of
    from gaterun.model.condition import nearest
    from gaterun.reporters import history as render

    name = opened.phase_name(phase)
    store = Store(opened.config.state)
    runs = runs_of(store, name, last=last)
    for problem in store.problems:
        click.echo(f"warning: {problem}; it is left out", err=True)
    if not runs:
        raise UsageError(f"phase '{name}' has not been run here", help=f"gaterun {name}")
    if gates:
        health = health_of(runs)
        text = render.health(health)
        data = msgspec.to_builtins(health)
    else:
        series = series_of(runs, metric)
        if not series:
            known = sorted({found.metric for found in series_of(runs)})
            raise UsageError(
                f"no run has a metric {' or '.join(metric) or 'at all'}",
                help=nearest(metric[0], known) if metric else "",
            )
        text = render.metric(series[0]) if len(series) == 1 else render.metrics(series)
        data = msgspec.to_builtins(series)
    if form == "json":
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    click.echo(text, nl=False)
