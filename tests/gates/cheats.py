"""A cheat as a control: a workspace in which a number was had without deserving it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gaterun.core import discovery
from gaterun.core.controls import complaint, missing, run_control
from gaterun.model.gate import Control
from gaterun.model.verdict import Outcome

PLUGINS = discovery.load()

ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n'
ALONE = f"{ONE}\n[workspace]\n"


def crate(source: str, manifest: str = ALONE, **more: str) -> dict[str, str]:
    """A package with one library."""
    return {"Cargo.toml": manifest, "src/lib.rs": source, **more}


def case(
    name: str,
    gate: str,
    files: Mapping[str, str],
    options: Mapping[str, Any],
    *,
    base: Mapping[str, str] | None = None,
    rule: str = "",
    needs: tuple[str, ...] = (),
) -> Any:
    """A cheat, which has to fail."""
    control = Control(
        name=name,
        expect=Outcome.FAIL,
        files=files,
        base=base,
        options=options,
        rule=rule,
        needs=needs,
    )
    return pytest.param(gate, control, id=name, marks=pytest.mark.cargo)


def assert_not_green(gate: str, control: Control, folder: Path) -> None:
    """Run the cheat; it is red, by the gate's own finding."""
    if absent := missing(control):
        pytest.skip(f"needs {', '.join(absent)}")
    result = run_control(PLUGINS.gates[gate], control, folder.resolve(), PLUGINS.resources)
    assert complaint(control, result) == ""
