"""``gaterun fix``: show what gates would change to mend what they measure, and change it."""

from __future__ import annotations

import sys

import click

from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.execute import Processes
from gaterun.core.fix import Fix, fixes, unified_diff, write
from gaterun.core.git import Git
from gaterun.core.lockfile import untouched
from gaterun.core.measure import Bench
from gaterun.core.select import select
from gaterun.model.errors import NothingSelected, UsageError
from gaterun.model.phase import Phase, Requirement
from gaterun.model.verdict import ExitCode, exit_code


@click.command(
    name="fix",
    epilog="""\b
Examples:
  gaterun fix phase7                     show a patch of everything that can be mended
  gaterun fix phase7 version --write     mend what the gate version can
  gaterun fix phase7 7.4 > later.patch   keep the patch
\b
Exit codes: 0 nothing to change, or all of it written; 1 there is something to
change and --write is not given; 5 no chosen gate mends anything; 7 a gate could
not say what to change.
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.argument("selectors", nargs=-1, metavar="[SELECTOR]...")
@click.option("--write", "writes", is_flag=True, help="Change the files.")
@click.option("--base", default="", metavar="REF", help="Where the phase began.")
@workspace_options
def command(
    opened: Opened,
    *,
    phase: str | None,
    selectors: tuple[str, ...],
    writes: bool,
    base: str,
) -> int:
    """Show, as a patch, what the gates of PHASE would change to mend what they measure.

    Only what leaves no doubt is changed, such as a version that one member lacks; files outside
    of the workspace and those that the phase protects never are. Nothing is written without
    --write. Whether it is enough, the gates say: run them again.
    """
    bound = opened.phase(phase, base=opened.revision(base))
    chosen = _mending(bound, select(bound, selectors=selectors))
    found = _asked(opened, bound, chosen)
    edits = [edit for fix in found for edit in fix.edits]
    colour = sys.stdout.isatty()
    for edit in edits:
        click.echo(_coloured(unified_diff(edit)) if colour else unified_diff(edit), nl=False)
    codes = [ExitCode.NO_VERDICT for fix in found if fix.refusal]
    for fix in found:
        _complain(fix)
    name = " ".join(("gaterun", "fix", opened.phase_name(phase), *selectors))
    files = f"{len(edits)} file{'s' if len(edits) != 1 else ''}"
    if not edits:
        if not codes:
            click.echo("nothing to change", err=True)
    elif not writes:
        click.echo(f"would change {files}: {name} --write", err=True)
        codes.append(ExitCode.FAILED)
    else:
        try:
            write(opened.root, edits)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise UsageError(f"cannot be written: {place}{error.strerror}") from error
        click.echo(f"changed {files}", err=True)
        if any(fix.left for fix in found):
            codes.append(ExitCode.FAILED)
    return int(exit_code(codes))


def _mending(phase: Phase, chosen: tuple[Requirement, ...]) -> list[Requirement]:
    mending = [gate for gate in chosen if gate.gate.fix is not None and not gate.skip]
    if not mending:
        able = sorted({gate.gate.name for gate in phase.requirements if gate.gate.fix is not None})
        raise NothingSelected(
            "no chosen gate mends anything",
            help=f"these do: {', '.join(able)}" if able else "no gate of this phase does",
        )
    return mending


def _asked(opened: Opened, phase: Phase, chosen: list[Requirement]) -> list[Fix]:
    store = opened.store()
    folder = store.new_run()
    processes = Processes(folder.id, opened.config.environment)
    git = Git(opened.root)
    bench = Bench(
        root=opened.root,
        state=store.path,
        logs=folder.path / "logs",
        base=git.commit(phase.base) if phase.base and git.present else None,
        resources=opened.plugins.resources,
        processes=processes,
        git=git,
    )
    found: list[Fix] = []
    try:
        with untouched(opened.root):
            found = fixes(bench, chosen, phase.protected, _progress)
    finally:
        processes.kill()
        processes.redactor.settle()
        # A refusal may point to a log.
        (folder.close if any(fix.refusal for fix in found) else folder.abandon)()
    return found


def _progress(node_id: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"asking {node_id}", err=True)


def _complain(fix: Fix) -> None:
    """Say what a gate could not mend."""
    node_id = fix.requirement.node_id
    for path in fix.left:
        click.echo(f"{node_id} changes {path} too: ask again once this is written", err=True)
    if fix.refusal is not None:
        click.echo(f"{node_id}: {fix.refusal.reason}: {fix.refusal.message}", err=True)
        if fix.refusal.help:
            click.echo(f"  help: {fix.refusal.help}", err=True)


def _coloured(patch: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(
        click.style(line, fg=colours.get(line[0])) for line in patch.splitlines(keepends=True)
    )
