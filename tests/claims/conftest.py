from __future__ import annotations

import pytest

from gaterun import PhaseOutline, TaskOutline


@pytest.fixture
def phase() -> PhaseOutline:
    return PhaseOutline(
        id="phase7",
        tasks=(
            TaskOutline(id="7.3", title="Code quality", claims=("phase7/code_quality/*",)),
            TaskOutline(id="7.4", title="Release"),
        ),
        metrics=frozenset({"warnings", "passed"}),
        lists=("docs/COMPREHENSIVE-ROADMAP.md",),
    )
