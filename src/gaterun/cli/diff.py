"""``gaterun diff``: the metrics of two runs or files side by side."""

from __future__ import annotations

from pathlib import Path

import click

from gaterun.cli.find_baseline import own
from gaterun.cli.workspace import Opened, workspace_options
from gaterun.core.baseline_place import baseline_path
from gaterun.core.diff import compare
from gaterun.core.metrics_file import read_metrics
from gaterun.core.store import Store
from gaterun.model.errors import UsageError
from gaterun.model.metrics_document import MetricsDocument, from_record


@click.command(
    name="diff",
    epilog="""\b
Examples:
  gaterun diff                                    the baseline and the newest run
  gaterun diff baseline-metrics.json last         a file and the newest run
  gaterun diff 20261120T1 20261122T0 --format md  two runs, as Markdown
""",
)
@click.argument("a", default="baseline", metavar="[A]")
@click.argument("b", default="last", metavar="[B]")
@click.option("--phase", default=None, metavar="NAME", help="Whose baseline.")
@click.option("--format", "form", type=click.Choice(["text", "md", "json"]), default="text")
@click.option("--all", "everything", is_flag=True, help="Unchanged metrics too.")
@workspace_options
def command(
    opened: Opened, *, a: str, b: str, phase: str | None, form: str, everything: bool
) -> None:
    """Show metrics side by side: value, change, direction, comparable or not.

    A and B are metrics files, ids of runs, "last" or "baseline".
    """
    from gaterun.reporters import diff as render

    store = opened.store()
    before, not_before = _document(a, opened, store, phase)
    after, not_after = _document(b, opened, store, phase)
    result = compare(before, after, names=(a, b), left_out=(not_before, not_after))
    if form == "json":
        click.echo(render.as_json(result), nl=False)
    elif form == "md":
        click.echo(render.as_markdown(result, everything=everything), nl=False)
    else:
        click.echo(render.as_text(result, everything=everything), nl=False)


def _document(
    name: str, opened: Opened, store: Store, phase: str | None
) -> tuple[MetricsDocument, tuple[str, ...]]:
    """The metrics, and the gates that their run left out where that is known."""
    if Path(name).is_file():
        return read_metrics(Path(name)), ()
    if name == "baseline":
        bound = opened.phase(opened.phase_name(phase, how="name one with --phase"))
        path = baseline_path(bound, opened.root, store)
        if not path.exists():
            raise UsageError(
                f"phase '{bound.id}' has no baseline yet", help=f"gaterun baseline {bound.id}"
            )
        return own(bound, path), ()
    if "/" in name or name.endswith(".json"):
        raise UsageError(f"there is no file {name}")
    try:
        record = store.find(name)
    except UsageError as error:
        if not opened.has_phase(name):
            raise
        raise UsageError(
            error.message, help=f"for that phase's baseline: gaterun diff --phase {name}"
        ) from error
    return from_record(record), record.left_out or ()
