"""A plan: what is known of a workspace's phases before the tree and what is recorded are looked at.

Settings, plugins, phases bound to gates, waivers, what was said about tasks. It is kept beside the
state of all that was looked at to make it (`gaterun.cli.kept`), and as long as that is unchanged
the plan is recalled: nothing of it is imported, read or bound again. Whether recalled or just made,
an answer that stands on a plan is worked out in one way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gaterun.cli.desk import Desk, participant
from gaterun.core.bond import Binds, Bond, options_text
from gaterun.core.state_place import place_of
from gaterun.model.binding import Binding
from gaterun.model.claim import Claim, Unread
from gaterun.model.gate import Gate
from gaterun.model.options import Options
from gaterun.model.phase import Phase, Requirement
from gaterun.model.waiver import InForce

if TYPE_CHECKING:
    from gaterun.core.tree import TreeState


class PhasePlan(Struct, frozen=True, kw_only=True):
    """One phase of a plan.

    Attributes:
        phase: without what only a measurement needs.
        spoken: as `Desk.spoken`.
        bonds: what each gate depends on, by node id; of others nobody can say.
        claims: what was said about its tasks.
        unread: what may hold more.
    """

    phase: Phase
    spoken: str
    bonds: Mapping[str, Bond]
    in_force: InForce
    claims: tuple[Claim, ...]
    unread: tuple[Unread, ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """What an answer stands on.

    Attributes:
        root: the workspace.
        folder: the state folder as the setting names it.
        actor: on whose behalf gaterun was started.
        chosen: node ids of the gates that were asked about.
        whole: whether no gates were named.
        form: ``text`` or ``json``.
    """

    root: str
    folder: str
    actor: str
    phases: tuple[PhasePlan, ...]
    chosen: tuple[str, ...] = ()
    whole: bool = True
    form: str = "text"

    def desks(self) -> tuple[Desk, ...]:
        """A desk for each phase."""
        footing = _Planned(self)
        place = place_of(footing.root, self.folder)
        who = participant(place, self.actor)
        return tuple(
            Desk(footing=footing, phase=each.phase, place=place, who=who, spoken=each.spoken)
            for each in self.phases
        )


class _Planned:
    """The workspace of a plan; a `gaterun.cli.footing.Footing`."""

    def __init__(self, plan: Plan) -> None:
        self.root = Path(plan.root)
        self.folder = plan.folder
        self.state = self.root / plan.folder
        self._phases = {each.phase.id: each for each in plan.phases}

    def in_force(self, phase: Phase) -> InForce:
        return self._phases[phase.id].in_force

    def said(self, phase: Phase) -> Sequence[Claim | Unread]:
        plan = self._phases[phase.id]
        return (*plan.claims, *plan.unread)

    def binds(self, phase: Phase, tree: TreeState | None, base: str | None) -> Binds:
        return _Bonds(self._phases[phase.id].bonds, tree, base or "")


class _Bonds:
    """Binds by what is known already; a `gaterun.core.bond.Binds`."""

    #: Looked at when the plan was made.
    sources: Collection[str] = ()

    def __init__(self, bonds: Mapping[str, Bond], tree: TreeState | None, base: str) -> None:
        self._bonds = bonds
        self._tree = tree
        self._base = base

    def bind(self, requirement: Requirement) -> Binding | None:
        bond = self._bonds.get(requirement.node_id)
        return bond.on(self._tree, self._base) if bond is not None and self._tree else None


def outlined(phase: Phase) -> Phase:
    """A phase without what only a measurement needs: functions, options, what explains a gate."""
    return replace(
        phase,
        tasks=tuple(replace(task, gates=tuple(map(_outlined, task.gates))) for task in phase.tasks),
        gates=tuple(map(_outlined, phase.gates)),
    )


def _outlined(requirement: Requirement) -> Requirement:
    gate = requirement.gate
    return replace(
        requirement,
        gate=Gate(
            name=gate.name,
            title=gate.title,
            metrics=gate.metrics,
            measure=_no_function,
            requires=gate.requires,
            uses=gate.uses,
            exclusive=gate.exclusive,
            self_comparing=gate.self_comparing,
            after_others=gate.after_others,
            timeout=gate.timeout,
            inputs=gate.inputs,
            controls=_no_function,
            proposes=_no_function,
            defects=_no_function,
        ),
        options=options_text(requirement.options),
        settings={},
    )


def _no_function(*arguments: object) -> Any:
    raise NotImplementedError(f"nothing is measured on a plan: {arguments}")


def text_of(plan: Plan) -> str:
    """A plan as text."""
    return msgspec.json.encode(plan, enc_hook=lambda _: None).decode()


def read(text: str) -> Plan:
    """The plan of a text.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return msgspec.json.decode(text, type=Plan, dec_hook=_absent)


def _absent(kind: Any, value: Any) -> Any:
    """What `outlined` has left out: a function, or a type of options; options are a text."""
    if kind is object:
        return value
    return Options if get_origin(kind) is type else _no_function
