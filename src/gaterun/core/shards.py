"""Divides the gates of a run among machines, the same way on every one of them.

What decides is in the phase file and in the plugins, and nothing that a machine remembers:
neither how long gates took here nor how many cores there are. So nobody has to hand a plan
around, and merging can make the same plan again to compare. docs/design/shards.md says more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gaterun.core.binding import asked_by, canonical
from gaterun.core.bond import joint_digest
from gaterun.model.errors import UsageError
from gaterun.model.gate import Resource
from gaterun.model.metrics_document import MetricsDocument
from gaterun.model.phase import Mode, Phase, Requirement
from gaterun.model.waiver import InForce

#: What a gate is taken to cost. One that keeps a resource to itself, runs alone, or asks for
#: what is costly compiles, as a rule; what is switched off or signed by a person costs nothing.
_COSTLY, _USUAL, _NOTHING = 10, 1, 0

#: More machines than anybody has.
MOST = 1000


class Group(Struct, frozen=True, kw_only=True):
    """Gates that stay on one machine.

    Attributes:
        gates: in the phase's order.
        share: names of the costly resources because of which they do; none for a single gate.
    """

    gates: tuple[Requirement, ...]
    share: tuple[str, ...]
    cost: int


class Plan(Struct, frozen=True, kw_only=True):
    """Which gate runs in which shard.

    Attributes:
        phase: its id.
        shards: the gates of each, in the phase's order; a shard may have none.
        groups: what stays together, where it is more than one gate.
        late: gates that read what all others have measured, so are measured when the shards
            are merged.
    """

    phase: str
    shards: tuple[tuple[Requirement, ...], ...]
    groups: tuple[Group, ...] = ()
    late: tuple[Requirement, ...] = ()

    @property
    def digest(self) -> str:
        """Equal for equal plans, on every machine."""
        nodes = [[gate.node_id for gate in gates] for gates in (*self.shards, self.late)]
        return joint_digest(self.phase, msgspec.json.encode(nodes).decode())

    def number_of(self, node_id: str) -> int | None:
        """The shard in which a gate runs; ``None`` where it is part of none, or comes late."""
        for number, gates in enumerate(self.shards, 1):
            if any(gate.node_id == node_id for gate in gates):
                return number
        return None


def partition(
    phase: Phase, chosen: Sequence[Requirement], of: int, resources: Mapping[str, Resource]
) -> Plan:
    """Divide `chosen` into `of` shards of about the same cost.

    Gates that ask for one costly resource stay together, so that it is computed once. Needs
    keep nothing together: what waits for a gate of another shard is measured all the same,
    and is blocked when the shards are merged, if it has to be.

    Args:
        resources: what gates can ask for, by name.

    Raises:
        UsageError: `of` is no number of shards.
    """
    if not 1 <= of <= MOST:
        raise UsageError(f"{of} is no number of shards", help=f"from 1 to {MOST}")
    late = tuple(gate for gate in chosen if gate.gate.after_others and not gate.skip)
    groups = _groups([gate for gate in chosen if gate not in late], resources)
    place = {gate.node_id: number for number, gate in enumerate(chosen)}
    loads = [0] * of
    members: list[list[Requirement]] = [[] for _ in range(of)]
    # The costliest first, each to where the least is to do: never more than 4/3 of the best.
    for group in sorted(groups, key=lambda group: (-group.cost, place[group.gates[0].node_id])):
        least = min(range(of), key=lambda number: (loads[number], len(members[number]), number))
        loads[least] += group.cost
        members[least] += group.gates
    return Plan(
        phase=phase.id,
        shards=tuple(
            tuple(sorted(gates, key=lambda gate: place[gate.node_id])) for gates in members
        ),
        groups=tuple(group for group in groups if len(group.gates) > 1),
        late=late,
    )


def _groups(chosen: Sequence[Requirement], resources: Mapping[str, Resource]) -> list[Group]:
    """What stays together, in the order of the first gate of each."""
    found: list[Group] = []
    for gate in chosen:
        wanted = () if gate.skip else costly_resources(gate, resources)
        if not wanted:
            found.append(Group(gates=(gate,), share=(), cost=_cost(gate, costly=False)))
            continue
        together = [group for group in found if {*group.share} & {*wanted}]
        merged = Group(
            gates=(*(each for group in together for each in group.gates), gate),
            share=tuple(dict.fromkeys((*(n for g in together for n in g.share), *wanted))),
            # What they share is computed once.
            cost=sum(group.cost for group in together)
            + (_USUAL if together else _cost(gate, costly=True)),
        )
        if together:
            at = found.index(together[0])
            found = [group for group in found if group not in together]
            found.insert(at, merged)
        else:
            found.append(merged)
    return found


def costly_resources(gate: Requirement, resources: Mapping[str, Resource]) -> tuple[str, ...]:
    """Names of the resources that a gate asks for, directly or not, and that are not cheap."""
    asked = () if gate.mode is Mode.MANUAL else asked_by(gate, resources)
    return tuple(sorted(resource.name for resource in asked if not resource.cheap))


def _cost(gate: Requirement, *, costly: bool) -> int:
    if gate.skip or gate.mode is Mode.MANUAL:
        return _NOTHING
    return _COSTLY if costly or gate.gate.exclusive or gate.gate.uses else _USUAL


def policy_digest(
    phase: Phase,
    chosen: Sequence[Requirement],
    *,
    baseline: MetricsDocument | None,
    in_force: InForce,
    max_warnings: int | None,
    base_policy: str,
    plugins: Mapping[str, str],
) -> str:
    """Digest of all that decides what a measurement means; equal where a verdict would be.

    Args:
        base_policy: what becomes of a change that weakens what judges, as given and as set.
        plugins: version of what was loaded, by name.
    """
    judges = [
        [phase.id, base_policy, max_warnings],
        [[task.id, task.needs] for task in phase.tasks],
        [_judges(gate) for gate in chosen],
        # Lines of a waiver file move, and days pass, without another meaning.
        [replace(waiver, place="") for waiver in in_force.waivers],
        [replace(signoff, place="") for signoff in in_force.signoffs],
        baseline,
        sorted(plugins.items()),
    ]
    return joint_digest(msgspec.json.encode(judges, order="deterministic", enc_hook=repr).decode())


def _judges(gate: Requirement) -> list[object]:
    return [
        gate.node_id,
        gate.gate.name,
        gate.gate.metrics,
        canonical(gate.options),
        gate.conditions,
        gate.needs,
        gate.mode.value,
        gate.enforce_after,
        gate.skip,
        gate.inputs,
        gate.timeout,
    ]
