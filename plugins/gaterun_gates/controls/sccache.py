"""Known cases of the gate ``sccache``; those that are green need the program ``sccache``."""

from __future__ import annotations

import gaterun
from gaterun import Outcome

_PACKAGE = {
    "Cargo.toml": '[package]\nname = "member"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n',
    "src/lib.rs": "",
}
_SEED = {"require": ["operational == true", "cap <= 10GiB", "cap_explicit == true"]}


def _config(text: str) -> dict[str, str]:
    return {**_PACKAGE, ".cargo/config.toml": text}


CONTROLS: tuple[gaterun.Control, ...] = (
    gaterun.Control(
        name="not-configured",
        expect=Outcome.FAIL,
        files=_PACKAGE,
        rule="sccache::not-configured",
    ),
    gaterun.Control(
        name="not-installed",
        expect=Outcome.FAIL,
        files=_config('[build]\nrustc-wrapper = "sccache-that-nobody-installed"\n'),
        rule="sccache::not-installed",
    ),
    gaterun.Control(
        name="wrapper-in-env-table",
        expect=Outcome.FAIL,
        files=_config('[env]\nRUSTC_WRAPPER = "sccache"\n'),
        rule="sccache::no-effect",
    ),
    gaterun.Control(
        name="wrapper-without-cache",
        expect=Outcome.FAIL,
        files={
            **_config('[build]\nrustc-wrapper = "tools/sccache.sh"\n'),
            "tools/sccache.sh": '#!/bin/sh\nexec "$@"\n',
        },
        executable=("tools/sccache.sh",),
        rule="sccache::other-wrapper",
    ),
    gaterun.Control(
        name="operational",
        needs=("sccache",),
        expect=Outcome.PASS,
        files=_config(
            '[build]\nrustc-wrapper = "sccache"\nincremental = false\n'
            '[env]\nSCCACHE_CACHE_SIZE = "10G"\n'
        ),
        options=_SEED,
    ),
    gaterun.Control(
        name="cap-only-by-default",
        needs=("sccache",),
        expect=Outcome.FAIL,
        files=_config('[build]\nrustc-wrapper = "sccache"\n'),
        options=_SEED,
        rule="sccache::default-cap",
    ),
    gaterun.Control(
        name="cap-that-sccache-cannot-read",
        needs=("sccache",),
        expect=Outcome.FAIL,
        files=_config('[build]\nrustc-wrapper = "sccache"\n[env]\nSCCACHE_CACHE_SIZE = "10GB"\n'),
        options=_SEED,
        rule="sccache::invalid-cap",
    ),
)
