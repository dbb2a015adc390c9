"""The gate ``build-time``: how long builds take against the phase's base, measured side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Measured, Metric, Unit

if TYPE_CHECKING:
    from gaterun_gates.infra.build_comparison import Timing
    from gaterun_gates.infra.timed_build import Side


class Options(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate."""

    scenarios: Annotated[
        tuple[str, ...],
        gaterun.help(
            "clean, clean_as_configured, no_op, incremental, incremental_leaf: those to measure"
        ),
    ] = ("clean_as_configured",)
    pairs: Annotated[int, gaterun.help("interleaved pairs of builds, at least 6")] = 8
    profile: Annotated[str, gaterun.help("cargo profile to build with")] = "dev"
    jobs: Annotated[int, gaterun.help("cargo's --jobs on both sides; 0 for all")] = 0
    edited: Annotated[
        str, gaterun.help("package edited for 'incremental'; empty: the most depended-on member")
    ] = ""
    arguments: Annotated[
        tuple[str, ...], gaterun.help("further arguments for cargo build, such as --all-targets")
    ] = ()


ABOUT = """\
Builds base (the commit where the phase began) and head (the working tree) in two checkouts on
this machine, in interleaved pairs in balanced order (base head, head base, …), after one
discarded build a side. The estimate is the Hodges-Lehmann median of the paired log ratios with
the exact Wilcoxon signed-rank interval. `improve = "clean_as_configured >= 25%"` holds when the
**whole interval** clears the threshold. On a shared machine identical builds vary by a factor
of 4, and a single before and after shows a fake 25 % one time in three.

Scenarios are metrics of their own and never compared with each other:

- `clean`: no compiler cache on either side (`RUSTC_WRAPPER=`): what CI pays without a cache.
- `clean_as_configured`: each side with its own wrapper, its cache filled once: what sccache is
  for. sccache runs with a server and a cache of our own, and its CPU time is added.
- `no_op`: build again, nothing changed.
- `incremental`: a one-line edit with new content in the most depended-on member;
  `incremental_leaf`: one in a member that the fewest others need. sccache wants incremental
  compilation off, which can make a clean build faster and an edit several times slower: measure
  both.

A sample counts only if what was compiled is the scenario's: everything for a clean build, nothing
for `no_op`, and after an edit the edited member and those that need it, no other. Otherwise that
scenario has no time, and the reason is given.

`resolution` is half the width of the widest interval: no smaller change can be told from none on
this machine with that many pairs, so that a threshold below it will rarely be decided.

Counted beside: `units_removed` (targets of the workspace that base builds and head does not:
less work is not a faster build), `profile_changed` (debug information switched off, and so on),
`noise`, CPU time (`clean_cpu`, …), disk use of head's target folder with hard links counted once.

Gamed by dropping members, targets or features (`units_removed`), by cheaper settings
(`profile_changed`), by a warm cache called clean (separate scenarios, every artefact must be
made), by touching instead of editing (a cache answers that), by luck (the interval).
"""

_TIMES = ("clean", "clean_as_configured", "no_op", "incremental", "incremental_leaf")


def _metrics() -> tuple[Metric, ...]:
    from itertools import chain

    timed = chain.from_iterable(
        (
            Metric(
                name=name, unit=Unit.SECONDS, host_bound=True, help=f"wall time, scenario {name}"
            ),
            Metric(
                name=f"{name}_cpu",
                unit=Unit.SECONDS,
                host_bound=True,
                help=f"CPU time, scenario {name}",
            ),
        )
        for name in _TIMES
    )
    return (
        *timed,
        Metric(
            name="max_rss",
            unit=Unit.BYTES,
            host_bound=True,
            help="memory of the largest process of a build of head",
        ),
        Metric(
            name="disk",
            unit=Unit.BYTES,
            host_bound=True,
            help="disk space of head's target folder after a clean build",
        ),
        Metric(name="units", better=Better.NEITHER, help="artefacts of a build of head"),
        Metric(name="units_removed", help="workspace targets that base builds and head does not"),
        Metric(
            name="profile_changed",
            unit=Unit.BOOLEAN,
            help="base and head compile with different settings",
        ),
        Metric(
            name="cache_hits", better=Better.HIGHER, help="sccache hits of one clean build of head"
        ),
        Metric(name="cache_misses", help="sccache misses of one clean build of head"),
        Metric(
            name="noise",
            unit=Unit.RATIO,
            host_bound=True,
            help="median deviation of base's wall times, the worst scenario",
        ),
        Metric(
            name="resolution",
            unit=Unit.RATIO,
            host_bound=True,
            help="the smallest change of wall time that could be told from none here",
        ),
    )


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Time the scenarios on both sides."""
    from gaterun_gates.infra import build_comparison as comparison
    from gaterun_gates.infra.build_scenarios import SCENARIOS
    from gaterun_gates.infra.host_load import cpu_pressure, processors
    from gaterun_gates.infra.timed_build import Command

    options: Options = ctx.options
    _check_options(options)
    if ctx.base is None:
        raise gaterun.CannotMeasure(
            gaterun.Reason.BASELINE_MISSING,
            "the phase names no base to compare with",
            help="set 'base' in the phase file, for example to a tag",
        )
    jobs = options.jobs or processors()
    command = Command(profile=options.profile, jobs=jobs, arguments=options.arguments)
    wanted = [scenario for scenario in SCENARIOS if scenario.name in options.scenarios]
    sides = comparison.open_sides(ctx, ctx.base, command)
    toolchains = [comparison.toolchain(ctx, side) for side in sides]
    timings: list[Timing] = []
    pressure = cpu_pressure() or 0.0  # now: later our own builds are part of it
    try:
        with ExitStack() as stack:
            for number, scenario in enumerate(wanted):
                if scenario.cached and not any(each.cached for each in wanted[:number]):
                    stack.enter_context(comparison.caches(ctx, sides))
                edits = comparison.edits_for(ctx, sides, scenario, options.edited)
                timings.append(
                    comparison.time_scenario(
                        ctx, scenario, sides, edits, options.pairs, first=1 + 1000 * number
                    )
                )
                for edit in filter(None, edits):
                    edit.undo()
    finally:
        for side in sides:
            side.clean()
    return _measurement(options, sides, timings, toolchains, pressure)


def _check_options(options: Options) -> None:
    from gaterun_gates.infra.paired import FEWEST_PAIRS

    unknown = sorted(set(options.scenarios) - set(_TIMES))
    if unknown or not options.scenarios:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            f"unknown scenario '{unknown[0]}'" if unknown else "no scenario is to be measured",
            help=f"scenarios: {', '.join(_TIMES)}",
        )
    if options.pairs < FEWEST_PAIRS:
        raise gaterun.CannotMeasure(
            gaterun.Reason.UNDECIDED,
            f"{options.pairs} pairs can decide nothing with 95 % confidence",
            help=f"set pairs to {FEWEST_PAIRS} or more",
        )


def _measurement(
    options: Options,
    sides: tuple[Side, Side],
    timings: Sequence[Timing],
    toolchains: Sequence[str],
    pressure: float,
) -> gaterun.Measurement:
    from gaterun_gates.cargo.environment import recorded_env
    from gaterun_gates.infra import build_comparison as comparison
    from gaterun_gates.infra.build_report import misfit_findings, notes, toolchain_findings
    from gaterun_gates.infra.host_load import processors

    valid = [timing for timing in timings if not timing.misfit]
    if not valid:
        raise gaterun.CannotMeasure(gaterun.Reason.INCOMPLETE, timings[0].misfit)
    removed = comparison.removed_units(valid)
    profile = comparison.profile_findings(valid)
    return gaterun.Measurement(
        metrics={
            **_times(timings),
            **_others(valid),
            "units_removed": len(removed),
            "profile_changed": bool(profile),
        },
        inspected={"builds": sum(len(timing.base) + len(timing.head) for timing in valid)},
        findings=[
            *comparison.removal_findings(removed),
            *profile,
            *toolchain_findings(toolchains),
            *misfit_findings(timings),
        ],
        notes=notes(sides, valid, pressure),
        recipe={
            "profile": options.profile,
            "jobs": str(options.jobs or processors()),
            "arguments": " ".join(options.arguments),
            "wrapper": comparison.wrapper_name(sides[1].setup),
            "rustc": toolchains[1],
            **recorded_env(),
        },
    )


def _times(timings: Sequence[Timing]) -> Mapping[str, Measured]:
    from gaterun_gates.infra.build_comparison import measured_change

    found = {}
    for name in _TIMES:
        timing = next((each for each in timings if each.scenario.name == name), None)
        if timing is None or timing.misfit:
            why = timing.misfit if timing else "not among the option 'scenarios'"
            found[name] = found[f"{name}_cpu"] = Measured(value=None, why=why)
            continue
        found[name] = measured_change(
            [sample.wall for sample in timing.base], [sample.wall for sample in timing.head]
        )
        found[f"{name}_cpu"] = measured_change(
            [sample.cpu for sample in timing.base], [sample.cpu for sample in timing.head]
        )
    return found


def _others(timings: Sequence[Timing]) -> Mapping[str, gaterun.Measured | float]:
    from gaterun_gates.infra.build_comparison import resolution
    from gaterun_gates.infra.paired import relative_mad

    first = timings[0]
    cached = next((each for each in timings if each.scenario.name == "clean_as_configured"), None)
    cache = cached.head[-1].cache if cached else None
    no_cache = Measured(value=None, why="no clean build of head with sccache was measured")
    in_server = any(sample.cache is not None for sample in first.head)
    clean = next((each for each in timings if each.scenario.name.startswith("clean")), None)
    return {
        "max_rss": Measured(value=None, why="the compilers ran in the sccache server")
        if in_server
        else max(sample.max_rss for sample in first.head),
        "disk": clean.disk if clean else Measured(value=None, why="no clean build was measured"),
        "units": len(first.head[0].build.units),
        "cache_hits": cache.hits if cache else no_cache,
        "cache_misses": cache.misses if cache else no_cache,
        "resolution": max(resolution(timing) for timing in timings),
        "noise": max(relative_mad([sample.wall for sample in timing.base]) for timing in timings),
    }


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.build_time import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="build-time",
    title="Build time against the base",
    about=ABOUT,
    metrics=_metrics(),
    measure=measure,
    inputs=("**",),
    options=Options,
    requires=("units_removed == 0",),
    uses=("cargo-target",),
    exclusive=True,
    self_comparing=True,
    timeout=7200.0,
    controls=_controls,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
