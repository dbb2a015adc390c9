"""Looks at how a phase stands for the reports that say whether it is complete."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gaterun.cli.workspace import Opened
from gaterun.core.integration import Integration, integrate
from gaterun.core.outputs import Wanted
from gaterun.model.phase import Phase
from gaterun.model.record import RunRecord

if TYPE_CHECKING:
    from gaterun.core.freshness import Standing
    from gaterun.model.task_state import TaskEvent
    from gaterun.model.verdict import Check

#: The report that says whether a phase is complete.
COMPLETION = "completion"


def look_at(opened: Opened, phase: Phase, record: RunRecord) -> Integration:
    """How a phase stands on this tree, beside the record of a run; nothing is run.

    Raises:
        UsageError: the state of its tasks, or its waivers, cannot be read.
    """
    from gaterun.cli.coordination import Desk, participant
    from gaterun.core.claims import hold
    from gaterun.core.reading_claims import read_claims
    from gaterun.core.state_place import place_of
    from gaterun.reporters.standing import measured_against_target

    def gist(item: Standing, check: Check) -> str:
        return measured_against_target(item.last, check) if item.last else check.condition

    place = place_of(opened.root, opened.config.settings.state)
    here = Desk(opened=opened, phase=phase, place=place, who=participant(place))
    overview = here.overview()
    db = here.existing()
    events: tuple[TaskEvent, ...] = ()
    if db is not None:
        with db:
            events = db.events(phase.id)
    ledger = hold(
        phase,
        read_claims(opened.plugins, opened.root, phase),
        overview.gates,
        today=datetime.now(UTC).date(),
        gist=gist,
    )
    return integrate(record, overview, events, ledger)


def told(wanted: list[Wanted], found: Integration | None) -> list[Wanted]:
    """Reports, of which the one that says whether the phase is complete is told how it stands."""
    from gaterun.reporters import completion

    return [
        replace(
            item, reporter=replace(item.reporter, start=partial(completion.start, beside=found))
        )
        if item.reporter.name == COMPLETION and found is not None
        else item
        for item in wanted
    ]
