"""How each decision of a waiver file stands today: live, expired, unused, signed, stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from gaterun.core.waivers import use_of
from gaterun.model.errors import CannotMeasure
from gaterun.model.phase import Mode, Phase
from gaterun.model.record import RunRecord
from gaterun.model.waiver import Decisions, SignOff, Waiver


class State(Struct, frozen=True, kw_only=True):
    """One decision as it stands.

    Attributes:
        kind: ``waiver`` or ``signoff``.
        gate: as written.
        state: in a few words.
        wrong: whether somebody has to do something.
        lines: what it says, for people.
        expired, unused: of a waiver; unused according to the latest recorded runs.
    """

    place: str
    kind: str
    gate: str
    state: str
    wrong: bool
    lines: tuple[str, ...]
    expired: bool = False
    unused: bool = False


def states(
    decisions: Decisions,
    *,
    today: date,
    root: Path,
    phases: Sequence[Phase],
    runs: Mapping[str, RunRecord],
) -> list[State]:
    """How every decision stands, in the file's order, waivers first.

    Args:
        today: in UTC.
        phases: those of the workspace.
        runs: the latest recorded run of each phase, by the phase's id.
    """
    by_id = {phase.id: phase for phase in phases}
    return [
        *(_waiver(waiver, today, phases, runs) for waiver in decisions.waivers),
        *(_signoff(signoff, root, by_id) for signoff in decisions.signoffs),
    ]


def _waiver(
    waiver: Waiver, today: date, phases: Sequence[Phase], runs: Mapping[str, RunRecord]
) -> State:
    uses = [
        use_of(
            waiver,
            runs[phase.id].results,
            {gate.node_id: gate.gate.name for gate in phase.requirements},
        )
        for phase in phases
        if phase.id in runs and waiver.phase in {"", phase.id}
    ]
    unused = any(use.unused for use in uses) and not any(use.used for use in uses)
    left = (waiver.expires - today).days
    if left < 0:
        state = f"expired {_days(-left)} ago"
    else:
        state = f"live, {_days(left)} left" if left else "live, on its last day"
    issue = f" ({waiver.issue})" if waiver.issue else ""
    return State(
        place=waiver.place,
        kind="waiver",
        gate=waiver.gate,
        state=f"{state}, unused" if unused else state,
        wrong=left < 0 or unused,
        lines=(
            waiver.what,
            f"until {waiver.expires} by {waiver.owner}: {waiver.reason}{issue}",
        ),
        expired=left < 0,
        unused=unused,
    )


def _days(number: int) -> str:
    return f"{number} day{'s' if number != 1 else ''}"


def _signoff(signoff: SignOff, root: Path, phases: Mapping[str, Phase]) -> State:
    state = _signed(signoff, root, phases)
    return State(
        place=signoff.place,
        kind="signoff",
        gate=signoff.gate,
        state=state,
        wrong=state != "signed",
        lines=(f"by {signoff.name} on {signoff.date}: {signoff.reason}",),
    )


def _signed(signoff: SignOff, root: Path, phases: Mapping[str, Phase]) -> str:
    from gaterun.core.signoff import ManualOptions, digest

    phase = phases.get(signoff.phase)
    if phase is None:
        return f"of phase {signoff.phase}, which is not here"
    gate = next((g for g in phase.requirements if g.node_id == signoff.gate), None)
    if gate is None or gate.mode is not Mode.MANUAL:
        return f"of a manual gate that phase {phase.id} does not have"
    files = gate.options.files if isinstance(gate.options, ManualOptions) else ()
    try:
        now = digest(root, files)
    except CannotMeasure as error:
        return f"stale: {error.message}"
    return "signed" if now == signoff.digest else f"stale: {', '.join(files)} changed since"
