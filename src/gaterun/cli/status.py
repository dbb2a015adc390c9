"""``gaterun status``: which verdicts still hold on this tree, without running anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.freshness import Standing, survey
from gaterun.core.result import is_blocking
from gaterun.model.phase import Phase, Requirement
from gaterun.model.verdict import ExitCode
from gaterun.reporters import standing as of_result


@click.command(
    name="status",
    epilog="""\b
Examples:
  gaterun status                  every gate of the only phase here
  gaterun status phase7 7.3       those of task 7.3
  gaterun status phase7 --format json
\b
Exits with 0 only when every blocking gate has passed, or is waived, on this very tree.
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.argument("selectors", nargs=-1, metavar="[SELECTOR]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@workspace_options
def command(opened: Opened, *, phase: str | None, selectors: tuple[str, ...], form: str) -> int:
    """Say whether the last verdicts of PHASE still hold; nothing is run."""
    from gaterun.core.select import select

    bound = opened.phase(phase)
    chosen = select(bound, selectors=selectors, keyword="", tags="", deselect=())
    found = stand(opened, bound, chosen)
    if form == "json":
        import json

        click.echo(json.dumps([_as_json(item) for item in found], indent=2, ensure_ascii=False))
    else:
        click.echo(_as_text(found), nl=False)
    counted = [item.holds for item in found if _counts(item.gate)]
    complete = bool(counted) and all(counted)  # nothing looked at is never a pass
    return int(ExitCode.OK if complete else ExitCode.FAILED)


def stand(opened: Opened, phase: Phase, chosen: Sequence[Requirement]) -> tuple[Standing, ...]:
    """How the gates stand on the tree as it is now; nothing is written."""
    from gaterun.core.binding import Binder
    from gaterun.core.bound_run import look_for
    from gaterun.core.git import Git, GitError
    from gaterun.core.store import Store

    git = Git(opened.root)
    try:
        tree = look_for(phase, git, opened.config.state)
    except GitError:
        tree = None
    binder = Binder(
        tree,
        root=opened.root,
        base=git.commit(phase.base) if phase.base and git.present else None,
        environment=opened.config.environment.given,
        resources=opened.plugins.resources,
    )
    store = Store(opened.config.state)
    found = survey(
        phase.id,
        chosen,
        binder=binder,
        tree=tree,
        store=store,
        in_force=opened.in_force(phase),
    )
    for problem in store.problems:
        click.echo(f"warning: {problem}; it is passed over", err=True)
    return found


def _counts(gate: Requirement) -> bool:
    return is_blocking(gate, datetime.now(UTC).date()) and not gate.skip


def _verdict(item: Standing) -> str:
    if item.gate.skip:
        return "skipped"
    return of_result.standing(item.last).word.lower() if item.last else "-"


def _as_text(found: Sequence[Standing]) -> str:
    now = time.time()
    lines = []
    width = max((len(item.gate.node_id) for item in found), default=0)
    for item in found:
        measured = item.last.reused.measured if item.last and item.last.reused else None
        moment = measured or (item.last.started if item.last else None)
        ago = f"{of_result.age(now - moment)} ago" if moment else ""
        why = item.gate.skip or item.why
        parts = [part for part in (ago, why) if part]
        lines.append(
            f"{item.freshness.value:8} {_verdict(item):11} {item.gate.node_id:{width}}  "
            f"{', '.join(parts)}".rstrip()
        )
    holding = sum(item.holds for item in found)
    lines.append(f"{holding} of {len(found)} gates have passed on this tree")
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
