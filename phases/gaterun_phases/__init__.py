"""The phase files that come with gaterun, offered through the hook like anybody's."""

from __future__ import annotations

from pathlib import Path

import gaterun


@gaterun.hookimpl
def gaterun_phases() -> list[gaterun.PhaseFile]:
    """Every phase file in this folder."""
    return [
        gaterun.PhaseFile(
            name=path.stem, text=path.read_text("utf-8"), source=f"gaterun_phases/{path.name}"
        )
        for path in sorted(Path(__file__).parent.glob("*.toml"))
    ]
