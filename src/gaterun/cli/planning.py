"""Makes the plan that an answer stands on, of a workspace that was opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gaterun.cli import kept, noted
from gaterun.cli.desk import actor
from gaterun.cli.plan import PhasePlan, Plan, outlined, text_of
from gaterun.cli.workspace import Opened
from gaterun.core.binding import Binder
from gaterun.model.claim import Claim, Unread
from gaterun.model.phase import Phase, Requirement


def plan_of(
    opened: Opened,
    phases: Sequence[Phase],
    *,
    spoken: str = "",
    chosen: Sequence[Requirement] = (),
    whole: bool = True,
    form: str = "text",
    said: Mapping[str, Sequence[Claim | Unread]] | None = None,
) -> Plan:
    """Make a plan, and note it.

    Args:
        said: about the tasks of each phase, by its id, where that was read already.

    Raises:
        UsageError: waivers or what was said cannot be read.
    """
    root, folder = str(opened.root), opened.folder
    if notes := noted.noted():
        notes.will_see(kept.DAY, kept.tools_of(root))
    plan = Plan(
        root=root,
        folder=folder,
        actor=actor(),
        phases=tuple(
            _of(opened, phase, spoken, said[phase.id] if said else opened.said(phase))
            for phase in phases
        ),
        chosen=tuple(gate.node_id for gate in chosen),
        whole=whole,
        form=form,
    )
    if notes := noted.noted():
        # None of them was there, it may be, and then none was listed.
        notes.sees(*opened.config.phase_folders)
        notes.planned(text_of(plan), opened.state, within=noted.WITHIN)
    return plan


def _of(opened: Opened, phase: Phase, spoken: str, said: Sequence[Claim | Unread]) -> PhasePlan:
    binder = Binder(
        None,
        root=opened.root,
        base=None,
        environment=opened.config.environment.given,
        resources=opened.plugins.resources,
    )
    bonds = {gate.node_id: binder.bond(gate) for gate in phase.requirements}
    if notes := noted.noted():
        notes.sees(*binder.sources)
    return PhasePlan(
        phase=outlined(phase),
        spoken=spoken,
        bonds={name: bond for name, bond in bonds.items() if bond is not None},
        in_force=opened.in_force(phase),
        claims=tuple(item for item in said if isinstance(item, Claim)),
        unread=tuple(item for item in said if isinstance(item, Unread)),
    )
