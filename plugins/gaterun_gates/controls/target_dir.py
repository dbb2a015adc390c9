"""Known cases of the gate ``target-dir``."""

from __future__ import annotations

import gaterun
from gaterun import Outcome


def _package(name: str) -> dict[str, str]:
    text = f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
    return {f"{name}/Cargo.toml": text, f"{name}/src/lib.rs": ""}


_TWO = {**_package("one"), **_package("two")}
_STRICT = {"require": ["shared == true", "explicit == true"]}

CONTROLS: tuple[gaterun.Control, ...] = (
    gaterun.Control(
        name="two-folders",
        expect=Outcome.FAIL,
        files=_TWO,
        rule="target-dir::own-folder",
    ),
    gaterun.Control(
        name="one-folder",
        expect=Outcome.PASS,
        files={**_TWO, ".cargo/config.toml": '[build]\ntarget-dir = "target"\n'},
        options=_STRICT,
    ),
    gaterun.Control(
        name="one-of-them-overrides",
        expect=Outcome.FAIL,
        files={
            **_TWO,
            ".cargo/config.toml": '[build]\ntarget-dir = "target"\n',
            "two/.cargo/config.toml": '[build]\ntarget-dir = "elsewhere"\n',
        },
        rule="target-dir::own-folder",
    ),
    gaterun.Control(
        name="key-without-effect",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n',
            "src/lib.rs": "",
            ".cargo/config.toml": '[build]\ntarget-dir = "target"\n',
        },
        options=_STRICT,
        rule="target-dir::no-effect",
    ),
    gaterun.Control(
        name="fixtures-left-out",
        expect=Outcome.PASS,
        files={**_package("one"), **_package("fixtures")},
        options={"exclude": ["fixtures/**"]},
    ),
    gaterun.Control(
        name="broken-manifest",
        expect=Outcome.INCONCLUSIVE,
        files={**_package("one"), "two/Cargo.toml": "[package\n"},
    ),
)
