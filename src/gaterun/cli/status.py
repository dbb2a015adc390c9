"""``gaterun status``: tasks and which verdicts still hold on this tree, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from gaterun.cli import noted
from gaterun.cli.notes import Notes
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.freshness import Standing
from gaterun.core.overview import Overview
from gaterun.core.result import is_blocking
from gaterun.model.phase import Requirement
from gaterun.model.task_state import TaskState
from gaterun.model.verdict import ExitCode
from gaterun.reporters import standing as of_result
from gaterun.reporters.moments import Blanks, Moments, filled

#: For how long ahead a forecast is looked at, seconds.
_FAR = 3600.0


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
    code = int(ExitCode.OK if complete else ExitCode.FAILED)

    def text(moments: Moments) -> str:
        if form == "json":
            return _as_json(overview, found, moments, complete=complete)
        return _as_text(overview, found, moments, whole=not selectors)

    shown = text(Moments(overview.now))
    click.echo(shown, nl=False)
    if notes := noted.noted():
        blanks = Blanks(overview.now, running=_note_forecast(notes, overview, exact=form == "json"))
        again = text(blanks)
        if blanks.stay and filled(again, overview.now) == shown:
            notes.keep(again, opened.config.state, code=code, within=noted.WITHIN)
    return code


def _note_forecast(notes: Notes, overview: Overview, *, exact: bool) -> bool:
    """Note how long what is said of the phase's end stays true; whether somebody works on it.

    As long as nobody does, the end is always as far away. Otherwise the sums change evenly until
    an estimate is used up: what is said at both ends of such a time is said all through it.

    Args:
        exact: whether every second is told.
    """
    from gaterun.core.estimate import estimate_of
    from gaterun.reporters.tasks import outlook

    ends = [
        view.history.lease.since + estimate
        for view in overview.tasks
        if view.live
        and view.history.lease is not None
        and view.state is not TaskState.VERIFIED
        and (estimate := estimate_of(view.task))
    ]
    if overview.forecast is None or not ends:
        return False
    now = overview.now
    then = min((end for end in ends if end > now), default=now + _FAR)
    ahead = 0.0 if exact else min(_FAR, then - now)
    while ahead >= 1 and outlook(overview.later(now + ahead)) != outlook(overview.forecast):
        ahead /= 2
    notes.ends(now + ahead)
    return True


def _counts(gate: Requirement) -> bool:
    return is_blocking(gate, datetime.now(UTC).date()) and not gate.skip


def _verdict(item: Standing) -> str:
    if item.gate.skip:
        return "skipped"
    return of_result.standing(item.last).word.lower() if item.last else "-"


def _as_text(
    overview: Overview, found: Sequence[Standing], moments: Moments, *, whole: bool
) -> str:
    from gaterun.reporters import tasks

    lines = [*tasks.summary(overview, moments), ""] if whole else []
    width = max((len(item.gate.node_id) for item in found), default=0)
    for item in found:
        measured = item.last.reused.measured if item.last and item.last.reused else None
        moment = measured or (item.last.started if item.last else None)
        ago = moments.ago(moment) if moment else ""
        why = item.gate.skip or item.why
        parts = [part for part in (ago, why) if part]
        lines.append(
            f"{item.freshness.value:8} {_verdict(item):11} {item.gate.node_id:{width}}  "
            f"{', '.join(parts)}".rstrip()
        )
    lines.append(tasks.passed(found))
    return "\n".join(lines) + "\n"


def _as_json(
    overview: Overview, found: Sequence[Standing], moments: Moments, *, complete: bool
) -> str:
    import json

    from gaterun.reporters.tasks_json import as_json

    document = as_json(overview, found, complete=complete, gate=_gate_as_json)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if overview.forecast is not None:
        end = f'"end": {overview.forecast.end!r}'
        text = text.replace(end, f'"end": {moments.end(overview.forecast.left)}')
    return text


def _gate_as_json(item: Standing) -> dict[str, object]:
    return {
        "node_id": item.gate.node_id,
        "freshness": item.freshness.value,
        "outcome": item.last.outcome.value if item.last else None,
        "holds": item.holds,
        "why": item.gate.skip or item.why,
        "run": item.run or None,
        "reusable": item.reusable,
    }
