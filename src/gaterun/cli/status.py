"""``gaterun status``: tasks and which verdicts still hold on this tree, without running anything."""

from __future__ import annotations

import click

from gaterun.cli.workspace import Opened, PhaseName, workspace_options


@click.command(
    name="status",
    epilog="""\b
Examples:
  gaterun status                  every task and gate of the only phase here
  gaterun status phase7 7.3       those of task 7.3
  gaterun status phase7 --format json
\b
Exits with 0 only when the phase is complete on this very tree: every task verified, and every
blocking gate passed or waived; with a SELECTOR, when that holds of the gates it selects.
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.argument("selectors", nargs=-1, metavar="[SELECTOR]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@workspace_options
def command(opened: Opened, *, phase: str | None, selectors: tuple[str, ...], form: str) -> int:
    """Say who works on what in PHASE, and which verdicts still hold; nothing is run."""
    from gaterun.cli.planning import plan_of
    from gaterun.cli.status_answer import worked_out
    from gaterun.core.select import select

    bound = opened.phase(phase)
    plan = plan_of(
        opened,
        [bound],
        spoken=opened.spoken(phase),
        chosen=select(bound, selectors=selectors, keyword="", tags="", deselect=()),
        whole=not selectors,
        form=form,
    )
    found = worked_out(plan)
    click.echo(found.text, nl=False)
    found.keep()
    return found.code
