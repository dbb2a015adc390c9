"""``gaterun claims``: what was said about the tasks of a phase, beside what was measured."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gaterun.cli import ledger
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.reading_claims import tasks_of
from gaterun.model.claim import Claim, Unread
from gaterun.model.phase import Phase

if TYPE_CHECKING:
    from gaterun.core.claims import Held, Ledger
    from gaterun.core.freshness import Standing


@click.command(
    name="claims",
    epilog="""\b
Examples:
  gaterun claims                  about the only phase here
  gaterun claims phase7 --all     with what is about no task of it
  gaterun claims phase7 --format json
\b
Exits with 1 when evidence contradicts a claim, with 7 when a claim was not measured or a source
cannot be read, with 5 when nothing was said.
""",
)
@click.argument("phase", required=False, type=PhaseName())
@click.option("--all", "everything", is_flag=True, help="Also claims about no task of the phase.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@workspace_options
def command(opened: Opened, *, phase: str | None, everything: bool, form: str) -> int:
    """Show what was said about PHASE (memory databases, task lists) against evidence; runs nothing.

    A task names the keys of claims about it: `claims = ["phase7/code_quality/*"]`.
    """
    bound = opened.phase(phase)
    found = read_ledger(opened, bound)
    if form == "json":
        import json

        document = as_json(bound, found, everything=everything)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        from gaterun.reporters import claims

        for line in claims.lines(found, now=time.time(), elsewhere=everything):
            click.echo(line)
    return int(found.exit_code)


def read_ledger(opened: Opened, phase: Phase) -> Ledger:
    """All claims about a phase, held against the evidence of this tree; nothing is run."""
    return held_against(opened, phase, opened.said(phase))


def held_against(opened: Opened, phase: Phase, found: Sequence[Claim | Unread]) -> Ledger:
    """Claims, held against the evidence of this tree, which is looked at if need be."""
    # Where nobody said anything about a task, nothing has to be looked at.
    about = any(isinstance(item, Claim) and tasks_of(item, phase) for item in found)
    return ledger.held_against(phase, found, standing(opened, phase) if about else ())


def standing(opened: Opened, phase: Phase) -> Sequence[Standing]:
    """How all gates stand, by the runs of this working tree and what ``done`` has measured."""
    from gaterun.core.state_place import place_of

    place = place_of(opened.root, opened.config.settings.state)
    if not place.file.exists():
        from gaterun.cli.looking import stand

        return stand(opened, phase, phase.requirements)
    from gaterun.cli.desk import Desk, participant

    found, _ = Desk(footing=opened, phase=phase, place=place, who=participant(place)).standing()
    return found


def as_json(phase: Phase, found: Ledger, *, everything: bool = False) -> dict[str, object]:
    """The ledger as a document; `claimed` are the tasks that are said to be done, and no more."""
    import msgspec

    return {
        "phase": phase.id,
        "claimed": sorted(found.claimed),
        "claims": [_row(item) for item in found.held],
        "about_no_task": msgspec.to_builtins(found.elsewhere)
        if everything
        else len(found.elsewhere),
        "not_read": msgspec.to_builtins(found.unread),
        "exit_code": int(found.exit_code),
    }


def _row(item: Held) -> dict[str, object]:
    import msgspec

    return {
        **msgspec.to_builtins(item.claim),
        "task": item.task,
        "evidence": item.support.value,
        "why": list(item.why),
        "also_said": msgspec.to_builtins(item.others),
    }
