"""Says where the baseline of a phase is kept."""

from __future__ import annotations

from pathlib import Path

from gaterun.core.store import Store
from gaterun.model.phase import Phase


def baseline_path(phase: Phase, root: Path, store: Store) -> Path:
    """Where a phase's baseline is kept."""
    if phase.outputs.baseline:
        return root / phase.outputs.baseline
    return store.path / "baseline" / f"{phase.id}.json"
