"""``gaterun status``: tasks and which verdicts still hold on this tree, without running anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.freshness import Standing
from gaterun.core.result import is_blocking
from gaterun.model.figures import age
from gaterun.model.phase import Requirement
from gaterun.model.verdict import ExitCode
from gaterun.reporters import standing as of_result


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
    from gaterun.cli.coordination import desk
    from gaterun.core.select import select
    from gaterun.reporters import tasks

    here = desk(opened, phase)
    chosen = {
        gate.node_id
        for gate in select(here.phase, selectors=selectors, keyword="", tags="", deselect=())
    }
    overview = here.overview()
    found = [item for item in overview.gates if item.gate.node_id in chosen]
    counted = [item.holds for item in found if _counts(item.gate)]
    complete = bool(counted) and all(counted)  # nothing looked at is never a pass
    if not selectors:
        complete = complete and overview.complete
    if form == "json":
        import json

        from gaterun.reporters.tasks_json import as_json

        document = as_json(overview, found, complete=complete, gate=_as_json)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        shown = [] if selectors else [*tasks.summary(overview), ""]
        click.echo("".join(f"{line}\n" for line in shown) + _as_text(found), nl=False)
    return int(ExitCode.OK if complete else ExitCode.FAILED)


def _counts(gate: Requirement) -> bool:
    return is_blocking(gate, datetime.now(UTC).date()) and not gate.skip


def _verdict(item: Standing) -> str:
    if item.gate.skip:
        return "skipped"
    return of_result.standing(item.last).word.lower() if item.last else "-"


def _as_text(found: Sequence[Standing]) -> str:
    from gaterun.reporters import tasks

    now = time.time()
    lines = []
    width = max((len(item.gate.node_id) for item in found), default=0)
    for item in found:
        measured = item.last.reused.measured if item.last and item.last.reused else None
        moment = measured or (item.last.started if item.last else None)
        ago = f"{age(now - moment)} ago" if moment else ""
        why = item.gate.skip or item.why
        parts = [part for part in (ago, why) if part]
        lines.append(
            f"{item.freshness.value:8} {_verdict(item):11} {item.gate.node_id:{width}}  "
            f"{', '.join(parts)}".rstrip()
        )
    lines.append(tasks.passed(found))
    return "\n".join(lines) + "\n"


def _as_json(item: Standing) -> dict[str, object]:
    return {
        "node_id": item.gate.node_id,
        "freshness": item.freshness.value,
        "outcome": item.last.outcome.value if item.last else None,
        "holds": item.holds,
        "why": item.gate.skip or item.why,
        "run": item.run or None,
        "reusable": item.reusable,
    }
