"""Looks at how a phase stands for the reports that say whether it is complete."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from gaterun.cli.workspace import Opened
from gaterun.core.integration import Integration, integrate
from gaterun.core.outputs import Wanted
from gaterun.model.phase import Phase
from gaterun.model.record import RunRecord

#: The report that says whether a phase is complete.
COMPLETION = "completion"


def look_at(opened: Opened, phase: Phase, record: RunRecord) -> Integration:
    """How a phase stands on this tree, beside the record of a run; nothing is run.

    Raises:
        UsageError: the state of its tasks, or its waivers, cannot be read.
    """
    from gaterun.cli.desk import Desk, participant
    from gaterun.core.state_place import place_of

    place = place_of(opened.root, opened.config.settings.state)
    here = Desk(footing=opened, phase=phase, place=place, who=participant(place))
    overview = here.overview()
    db = here.existing()
    if db is None:
        return integrate(record, overview, ())
    with db:
        return integrate(record, overview, db.events(phase.id))


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
