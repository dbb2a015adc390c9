"""Holds what was said about the tasks of a phase against how its gates are known to stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gaterun.core.claims import Ledger, hold
from gaterun.model.phase import Phase

if TYPE_CHECKING:
    from gaterun.cli.footing import Footing
    from gaterun.core.freshness import Standing
    from gaterun.model.claim import Claim, Unread
    from gaterun.model.verdict import Check


def ledger_on(footing: Footing, phase: Phase, gates: Sequence[Standing]) -> Ledger:
    """All claims about a phase, held against how its gates stand."""
    return held_against(phase, footing.said(phase), gates)


def held_against(
    phase: Phase, found: Sequence[Claim | Unread], gates: Sequence[Standing]
) -> Ledger:
    """Claims, held against how all gates of the phase stand."""
    return hold(phase, found, gates, today=datetime.now(UTC).date(), gist=_gist)


def _gist(item: Standing, check: Check) -> str:
    from gaterun.reporters.standing import measured_against_target

    return measured_against_target(item.last, check) if item.last else check.condition
