"""The gate ``sccache``: whether sccache really caches what this repository builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import gaterun
from gaterun import Better, Metric, Unit


class Options(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate."""

    profile: Annotated[str, gaterun.help("cargo profile of the canary: decides on incremental")] = (
        "dev"
    )


ABOUT = """\
Builds a canary (a library of one line) twice **through the repository's own configuration**,
in the workspace root, with an sccache server and a cache folder of its own. Nothing switches
sccache on: what is not configured is not used, and that is a failure by measurement.

- `operational`: the canary reached sccache, and the second build was a cache hit.
- `cap`: the largest cache size as sccache itself reports it. sccache's *default is 10 GiB*, and
  a size that it cannot read (`10GB`, `10GiB`, `1.5G`) silently becomes that default. So
  `cap <= 10GiB` alone passes with nothing configured: ask for `cap_explicit == true` as well.
- `incremental`: workspace members are compiled incrementally, so sccache caches dependencies
  only. Switching it off (`CARGO_INCREMENTAL=0`, `build.incremental = false`, the profile) makes
  members cacheable and a one-line edit slower: watch `build-time.incremental`.

- `ci_unprepared`: jobs on GitHub's own runners that run cargo with the repository's wrapper before
  any step installs it: they fail. Only read from the workflows, not tried.

Wrapper, in cargo's order: `RUSTC_WRAPPER`, `CARGO_BUILD_RUSTC_WRAPPER`, `build.rustc-wrapper` of
the merged configuration files. `configured_by` says whether that is the repository, the user's
own cargo configuration, or only a variable of this shell.

Pitfalls: `[env]` of cargo reaches sccache only if the server is not running yet; `[env]
RUSTC_WRAPPER` has no effect on cargo; a variable `CARGO_TARGET_DIR` changes sccache's keys.
With remote storage the gate is inconclusive: its canary stays out of other people's cache.

Gamed by a wrapper that is configured and does nothing (no request arrives), by a cap that is only
the default (`cap_explicit`), and by keeping incremental compilation (`incremental`).
"""

METRICS = (
    Metric(
        name="operational",
        unit=Unit.BOOLEAN,
        better=Better.HIGHER,
        help="the canary's second build was served from the cache",
    ),
    Metric(
        name="used",
        unit=Unit.BOOLEAN,
        better=Better.HIGHER,
        help="the canary's compilations reached sccache",
    ),
    Metric(name="cap", unit=Unit.BYTES, help="largest size of the cache"),
    Metric(
        name="cap_explicit",
        unit=Unit.BOOLEAN,
        better=Better.HIGHER,
        help="the cap was chosen, and in a form that sccache reads",
    ),
    Metric(
        name="cap_source",
        unit=Unit.TEXT,
        better=Better.NEITHER,
        help="env, cargo [env], sccache config, default or invalid",
    ),
    Metric(
        name="configured_by",
        unit=Unit.TEXT,
        better=Better.NEITHER,
        help="repository, user, environment or nothing",
    ),
    Metric(name="hits", better=Better.HIGHER, help="cache hits of the second build"),
    Metric(name="misses", help="cache misses of the second build"),
    Metric(
        name="hit_rate",
        unit=Unit.RATIO,
        better=Better.HIGHER,
        help="hits of the second build by its cacheable compilations",
    ),
    Metric(
        name="incremental",
        unit=Unit.BOOLEAN,
        help="members are compiled incrementally, which sccache cannot cache",
    ),
    Metric(
        name="ci_unprepared",
        help="jobs of workflows that run cargo before the repository's wrapper is installed",
    ),
)


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Resolve the configuration and try it out."""
    from gaterun_gates.infra.sccache_trial import measure_sccache

    return measure_sccache(ctx, ctx.options.profile)


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.files import SCCACHE

    return SCCACHE


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.sccache import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="sccache",
    title="sccache is operational",
    about=ABOUT,
    metrics=METRICS,
    measure=measure,
    options=Options,
    requires=("operational == true",),
    timeout=600.0,
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
