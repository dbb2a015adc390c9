"""Works out what ``gaterun status`` says, from a plan; nothing is run, or made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.cli import noted
from gaterun.cli.notes import followed
from gaterun.core.estimate import estimate_of
from gaterun.core.freshness import Standing
from gaterun.core.overview import Overview
from gaterun.model.phase import Requirement
from gaterun.model.task_state import TaskState
from gaterun.model.verdict import ExitCode
from gaterun.reporters import standing as of_result
from gaterun.reporters import tasks
from gaterun.reporters.moments import Blanks, Moments, filled

if TYPE_CHECKING:
    from gaterun.cli.notes import Notes
    from gaterun.cli.plan import Plan

#: For how long ahead a forecast is looked at, seconds.
_FAR = 3600.0


class Found(Struct, frozen=True, kw_only=True):
    """What is said.

    Attributes:
        write: writes it, with moments as somebody else writes them.
    """

    plan: Plan
    overview: Overview
    write: Callable[[Moments], str]
    text: str
    code: int

    def keep(self) -> None:
        """Keep it for as long as it stays true, and the plan that it stands on."""
        if not (notes := followed()):
            return
        overview, exact = self.overview, self.plan.form == "json"
        blanks = Blanks(overview.now, running=_note_forecast(notes, overview, exact=exact))
        again: str | None = self.write(blanks)
        if not blanks.stay or again is None or filled(again, overview.now) != self.text:
            again = None
        state = self.plan.desks()[0].footing.state
        notes.keep(again, state, code=self.code, within=noted.WITHIN)


def worked_out(plan: Plan) -> Found:
    """What is to be said of the phase of a plan.

    Raises:
        UsageError: something that it depends on is damaged.
    """
    (here,) = plan.desks()
    chosen = frozenset(plan.chosen)
    overview = here.overview()
    found = [item for item in overview.gates if item.gate.node_id in chosen]
    counted = [item.holds for item in found if _counts(item.gate)]
    complete = bool(counted) and all(counted)  # nothing looked at is never a pass
    if plan.whole:
        complete = complete and overview.complete

    def text(moments: Moments) -> str:
        if plan.form == "json":
            return _as_json(overview, found, moments, complete=complete)
        return _as_text(overview, found, moments, whole=plan.whole)

    return Found(
        plan=plan,
        overview=overview,
        write=text,
        text=text(Moments(overview.now)),
        code=int(ExitCode.OK if complete else ExitCode.FAILED),
    )


def _note_forecast(notes: Notes, overview: Overview, *, exact: bool) -> bool:
    """Note how long what is said of the phase's end stays true; whether somebody works on it.

    As long as nobody does, the end is always as far away. Otherwise the sums change evenly until
    an estimate is used up: what is said at both ends of such a time is said all through it.

    Args:
        exact: whether every second is told.
    """
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
    while ahead >= 1 and tasks.outlook(overview.later(now + ahead)) != tasks.outlook(
        overview.forecast
    ):
        ahead /= 2
    notes.ends(now + ahead)
    return True


def _counts(gate: Requirement) -> bool:
    return gate.is_blocking(datetime.now(UTC).date()) and not gate.skip


def _verdict(item: Standing) -> str:
    if item.gate.skip:
        return "skipped"
    return of_result.standing(item.last).word.lower() if item.last else "-"


def _as_text(
    overview: Overview, found: Sequence[Standing], moments: Moments, *, whole: bool
) -> str:
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
