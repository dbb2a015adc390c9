"""pytest fixtures and helpers for authors of gates, and for gaterun's own tests."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gaterun.core import controls, discovery
from gaterun.core.bind import requirement
from gaterun.core.execute import Processes
from gaterun.core.fix import fixes
from gaterun.core.measure import Bench
from gaterun.model.gate import Control, Defect, Gate, Resource
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Reading
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult


def _resources() -> Mapping[str, Resource]:
    return discovery.load().resources


def measure_gate(
    gate: Gate,
    root: Path,
    *,
    base: str | None = None,
    options: Mapping[str, Any] | None = None,
    resources: Mapping[str, Resource] | None = None,
    measured: Sequence[Reading] = (),
) -> Measurement:
    """Let `gate` measure the workspace at `root`, with real processes.

    Args:
        base: the commit where the phase began.
        options: as in a phase file.
        resources: those of every installed plugin when ``None``.
        measured: what other gates are taken to have measured.

    Raises:
        CannotMeasure: there is no measurement.
        UsageError: an option is wrong.
    """
    bench, wanted = _bench(gate, root, base, options, resources)
    bench.others = lambda _: {reading.id: reading for reading in measured}
    measurement, _ = bench.measure(
        gate, wanted.options, name=f"test::{gate.name}", timeout=300, progress=_quiet
    )
    return measurement


def fix_gate(
    gate: Gate,
    root: Path,
    *,
    base: str | None = None,
    options: Mapping[str, Any] | None = None,
    resources: Mapping[str, Resource] | None = None,
) -> dict[str, str]:
    """What `gate` would change in the workspace at `root`; nothing is written.

    Args:
        base, options, resources: as for `measure_gate`.

    Returns:
        Path to what the file would hold, only where it holds something else.

    Raises:
        CannotMeasure: the gate cannot say, or wants to change what it must not.
        UsageError: an option is wrong.
    """
    bench, wanted = _bench(gate, root, base, options, resources)
    (fix,) = fixes(bench, [wanted], (), _quiet)
    if fix.refusal is not None:
        raise fix.refusal
    return {edit.path: edit.after for edit in fix.edits}


def _bench(
    gate: Gate,
    root: Path,
    base: str | None,
    options: Mapping[str, Any] | None,
    resources: Mapping[str, Resource] | None,
) -> tuple[Bench, Requirement]:
    known = _resources() if resources is None else resources
    wanted = requirement(gate, {"skip": "measured only", **(options or {})}, known)
    state = root / ".gaterun"
    (state / "logs").mkdir(parents=True, exist_ok=True)
    (state / ".gitignore").write_text("*\n")
    bench = Bench(
        root=root,
        state=state,
        logs=state / "logs",
        base=base,
        resources=known,
        processes=Processes(f"test-{gate.name}"),
    )
    return bench, wanted


def run_control(
    gate: Gate,
    control: Control,
    folder: Path,
    *,
    resources: Mapping[str, Resource] | None = None,
) -> GateResult:
    """Write a control's workspace into `folder`, measure it and judge it.

    Args:
        resources: those of every installed plugin when ``None``.
    """
    known = _resources() if resources is None else resources
    return controls.run_control(gate, control, folder, known)


def plant_defect(defect: Defect, root: Path) -> None:
    """Plant a gate's defect in the workspace at `root`, which is not put back.

    Raises:
        LookupError: there is nothing to break.
    """
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        (state / "logs").mkdir()
        (state / "scratch").mkdir()
        bench = Bench(
            root=root,
            state=state,
            logs=state / "logs",
            base=None,
            resources=_resources(),
            processes=Processes("plant"),
        )
        bench.plant(defect.plant, name=defect.name)


def _quiet(text: str) -> None:
    del text
