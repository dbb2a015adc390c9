"""Puts a comparison of build times into words: notes and findings beside the numbers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from gaterun import Finding, Severity
from gaterun_gates.infra.build_comparison import (
    Timing,
    measured_change,
    resolution,
    wrapper_name,
)
from gaterun_gates.infra.paired import relative_mad
from gaterun_gates.infra.timed_build import Side

#: Above this share of time in which something waited for a processor, times say little.
_PRESSED = 0.10
#: An improvement above this is more often a build that did not happen.
_IMPLAUSIBLE = -0.90


def notes(sides: Sequence[Side], timings: Sequence[Timing], pressure: float) -> list[str]:
    """Facts worth a line each.

    Args:
        sides: base and head.
        timings: what was measured.
        pressure: CPU pressure of the machine before the first build, as a fraction.
    """
    found = [_summary(timing) for timing in timings]
    found.append(
        "rustc wrapper: " + ", ".join(f"{side.label} {wrapper_name(side.setup)}" for side in sides)
    )
    for timing in timings:
        if timing.void:
            found.append(
                f"{timing.scenario.name}: {timing.void} pairs were void, as cargo waited for a lock"
            )
        change = measured_change(
            [sample.wall for sample in timing.base], [sample.wall for sample in timing.head]
        ).change
        explained = any(sample.cache and sample.cache.hits for sample in timing.head)
        if change is not None and change.middle < _IMPLAUSIBLE and not explained:
            found.append(
                f"{timing.scenario.name}: more than 90 % less is more often a build that did not "
                "happen; compare the units"
            )
        found.extend(_cache_notes(timing))
    if pressure > _PRESSED:
        found.append(f"the machine was busy before the first build: CPU pressure {pressure:.0%}")
    return found


def _cache_notes(timing: Timing) -> list[str]:
    if timing.scenario.name != "clean_as_configured":
        return []
    found = []
    for label, samples in (("base", timing.base), ("head", timing.head)):
        counters = [sample.cache for sample in samples if sample.cache is not None]
        if not counters:
            continue
        hits = statistics.median(counter.hits for counter in counters)
        misses = statistics.median(counter.misses for counter in counters)
        line = f"sccache of {label}: {hits:g} hits and {misses:g} misses a build"
        reasons = counters[-1].not_cached
        if reasons:
            listed = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
            line += f"; not cacheable: {listed}"
        found.append(line)
    return found


def _summary(timing: Timing) -> str:
    base = [sample.wall for sample in timing.base]
    head = [sample.wall for sample in timing.head]
    change = measured_change(base, head).change
    interval = (
        f" ({change.middle:+.1%}, {change.confidence:.0%} interval {change.low:+.1%} to "
        f"{change.high:+.1%})"
        if change is not None
        else ""
    )
    edited = f" after an edit in {timing.edited}" if timing.edited else ""
    return (
        f"{timing.scenario.name}{edited}: {statistics.median(base):.2f} s to "
        f"{statistics.median(head):.2f} s{interval}; {len(base)} pairs, deviation "
        f"{relative_mad(base):.0%} and {relative_mad(head):.0%}; a threshold "
        f"below {resolution(timing):.1%} is finer than this machine resolves now"
    )


def toolchain_findings(versions: Sequence[str]) -> list[Finding]:
    """A finding if base and head are built by different compilers."""
    if len(set(versions)) <= 1:
        return []
    return [
        Finding(
            rule="build-time::toolchain-changed",
            message=f"base is built by {versions[0]}, head by {versions[-1]}",
            severity=Severity.NOTE,
            help="the new toolchain is part of the difference in time",
        )
    ]


def misfit_findings(timings: Sequence[Timing]) -> list[Finding]:
    """A finding for each scenario in which something else was built."""
    return [
        Finding(
            rule="build-time::misfit",
            message=timing.misfit,
            help="a build script without `cargo::rerun-if-changed` runs again and again",
        )
        for timing in timings
        if timing.misfit
    ]
