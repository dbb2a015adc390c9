"""Known cases of the gate ``build-time``."""

from __future__ import annotations

import gaterun
from gaterun import Outcome

_MANIFEST = '[package]\nname = "member"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
_SMALL = "pub fn one() -> u32 {\n    1\n}\n"


def _large(functions: int) -> str:
    """A module that takes rustc most of a second, far above what a machine's noise explains."""
    return "".join(
        f"pub fn f{n}(x: u64) -> String {{\n"
        f'    let v: Vec<String> = (0..x + {n}).map(|i| format!("{{i}}-{n}")).collect();\n'
        f'    v.iter().filter(|s| s.len() > {n}).cloned().collect::<Vec<_>>().join("{n}")\n}}\n'
        for n in range(functions)
    )


_LARGE = _large(60)
_ALWAYS = 'fn main() {\n    println!("cargo::rerun-if-changed=nowhere");\n}\n'
_QUICK = {"pairs": 6, "scenarios": ["clean"]}
_SEED = {**_QUICK, "improve": ["clean >= 25%"]}

CONTROLS: tuple[gaterun.Control, ...] = (
    gaterun.Control(
        name="faster",
        expect=Outcome.PASS,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _LARGE},
        files={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        options=_SEED,
    ),
    gaterun.Control(
        name="slower",
        expect=Outcome.FAIL,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        files={"Cargo.toml": _MANIFEST, "src/lib.rs": _LARGE},
        options=_SEED,
    ),
    gaterun.Control(
        name="sccache-pays",
        needs=("sccache",),
        expect=Outcome.PASS,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _LARGE},
        files={
            "Cargo.toml": _MANIFEST,
            "src/lib.rs": _LARGE,
            ".cargo/config.toml": '[build]\nrustc-wrapper = "sccache"\nincremental = false\n',
        },
        options={"pairs": 6, "improve": ["clean_as_configured >= 25%"]},
    ),
    gaterun.Control(
        name="sccache-is-no-faster-compiler",
        needs=("sccache",),
        expect=Outcome.FAIL,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        files={
            "Cargo.toml": _MANIFEST,
            "src/lib.rs": _SMALL,
            ".cargo/config.toml": '[build]\nrustc-wrapper = "sccache"\n',
        },
        options={"pairs": 6, "improve": ["clean_as_configured_cpu >= 25%"]},
    ),
    gaterun.Control(
        name="wrapper-not-installed",
        expect=Outcome.INCONCLUSIVE,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        files={
            "Cargo.toml": _MANIFEST,
            "src/lib.rs": _SMALL,
            ".cargo/config.toml": '[build]\nrustc-wrapper = "sccache-that-nobody-installed"\n',
        },
        options={"pairs": 6},
    ),
    gaterun.Control(
        name="member-removed",
        expect=Outcome.FAIL,
        base={
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n',
            "a/src/lib.rs": _SMALL,
            "b/Cargo.toml": '[package]\nname = "b"\nversion = "0.1.0"\nedition = "2021"\n',
            "b/src/lib.rs": _SMALL,
        },
        files={
            "Cargo.toml": '[workspace]\nmembers = ["a"]\nexclude = ["b"]\nresolver = "2"\n',
            "a/Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n',
            "a/src/lib.rs": _SMALL,
            "b/Cargo.toml": '[package]\nname = "b"\nversion = "0.1.0"\nedition = "2021"\n',
            "b/src/lib.rs": _SMALL,
        },
        options=_QUICK,
        rule="build-time::unit-removed",
    ),
    gaterun.Control(
        name="head-does-not-build",
        expect=Outcome.INCONCLUSIVE,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        files={"Cargo.toml": _MANIFEST, "src/lib.rs": "pub fn one() -> u32 {\n"},
        options=_SEED,
    ),
    gaterun.Control(
        name="a-build-script-that-always-runs-is-no-no-op",
        expect=Outcome.INCONCLUSIVE,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL, "build.rs": _ALWAYS},
        files={"Cargo.toml": _MANIFEST, "src/lib.rs": _LARGE, "build.rs": _ALWAYS},
        options={"pairs": 6, "scenarios": ["no_op"], "improve": ["no_op >= -1000%"]},
    ),
    gaterun.Control(
        name="no-base",
        expect=Outcome.INCONCLUSIVE,
        files={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        options=_SEED,
    ),
    gaterun.Control(
        name="too-few-pairs",
        expect=Outcome.INCONCLUSIVE,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        files={"Cargo.toml": _MANIFEST, "src/lib.rs": _SMALL},
        options={**_SEED, "pairs": 3},
    ),
)
