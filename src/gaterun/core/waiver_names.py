"""Checks what waivers name against a phase, and gives those that it is judged with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from gaterun.core.source import Source
from gaterun.core.waiver_file import find_source, read
from gaterun.core.waivers import bare, concerns, same_condition, with_instead
from gaterun.model.condition import ConditionError, nearest
from gaterun.model.errors import UsageError
from gaterun.model.phase import Phase, Requirement
from gaterun.model.waiver import Decisions, InForce, Waiver

#: Whether a gate of this name, id or node id is offered by a plugin, or is in another phase.
Elsewhere = Callable[[str], bool]


def in_force(
    root: Path,
    file: Path | None,
    phase: Phase,
    *,
    today: date,
    longest: int,
    elsewhere: Elsewhere,
) -> InForce:
    """Read the waiver file of a workspace for a run of a phase.

    Args:
        file: the one that the command line names.
        today: in UTC.
        longest: how many days a waiver may still have, at most.

    Raises:
        UsageError: it cannot be read, or something in it is wrong; with file, line and column.
    """
    source = find_source(root, file)
    if source is None:
        return InForce(today=today)
    decisions, errors = read(source, today=today, longest=longest)
    errors += wrong_names(source, decisions, phase, elsewhere) if not errors else []
    if errors:
        first, *more = errors
        said = f"{first.help}; " if first.help and more else first.help
        rest = f"`gaterun waivers check` shows {len(more)} more" if more else ""
        raise UsageError(first.message, help=said + rest)
    return InForce(
        waivers=tuple(w for w in decisions.waivers if w.phase in {"", phase.id}),
        signoffs=tuple(s for s in decisions.signoffs if s.phase == phase.id),
        today=today,
    )


def wrong_names(
    source: Source,
    decisions: Decisions,
    phase: Phase,
    elsewhere: Elsewhere,
    others: Sequence[Phase] = (),
) -> list[UsageError]:
    """Say which waivers are of a gate or a condition that a phase does not have.

    Args:
        source: of the decisions, in which nothing else is wrong.
        others: phases whose gates may have been meant as well.
    """
    return [
        error
        for index, waiver in enumerate(decisions.waivers)
        if waiver.phase in {"", phase.id}
        for error in _wrong(_Place(source, index), waiver, phase, elsewhere, others)
    ]


class _Place:
    def __init__(self, source: Source, index: int) -> None:
        self._source = source
        self._index = index

    def error(self, key: str, message: str, *, help: str = "") -> UsageError:
        return self._source.error(("waiver", self._index, key), message, help=help)


def _wrong(
    place: _Place,
    waiver: Waiver,
    phase: Phase,
    elsewhere: Elsewhere,
    others: Sequence[Phase],
) -> Iterator[UsageError]:
    ours = [r for r in phase.requirements if concerns(waiver, r.node_id, r.gate.name)]
    if not ours:
        if waiver.phase or not elsewhere(waiver.gate):
            meant = [phase] if waiver.phase else [phase, *others]
            known = {name for p in meant for r in p.requirements for name in (r.node_id, r.id)}
            # Without a phase it is of all of them, and wrong in each for the same reason.
            none = f"phase '{phase.id}' has" if waiver.phase else "the phases here have"
            yield place.error(
                "gate",
                f"{none} no gate '{waiver.gate}', and no plugin offers it",
                help=nearest(waiver.gate, sorted(known)),
            )
    elif waiver.condition:
        yield from _wrong_condition(place, waiver, ours)
    elif not any(metric.counts for r in ours for metric in r.gate.metrics):
        yield place.error(
            "gate",
            f"no metric of gate '{waiver.gate}' counts findings, so that none can be taken off",
            help='waive a condition by name: condition = "…", instead = "…"',
        )


def _wrong_condition(
    place: _Place, waiver: Waiver, ours: Sequence[Requirement]
) -> Iterator[UsageError]:
    having = [r for r in ours if any(same_condition(waiver.condition, c) for c in r.conditions)]
    if not having:
        yield place.error(
            "condition",
            f"gate '{waiver.gate}' has no condition '{waiver.condition}'",
            help=nearest(waiver.condition, [text for r in ours for text in r.conditions]),
        )
    elif waiver.condition.split()[0] == "floor":
        yield place.error(
            "condition", "a floor cannot be waived: below it there is no verdict, and no failure"
        )
    for requirement in having:
        try:
            with_instead(bare(requirement), waiver.instead)
        except ConditionError as error:
            yield place.error(
                "instead",
                f"'{waiver.instead}' cannot be read: {error.message}",
                help=error.hint,
            )
            return
