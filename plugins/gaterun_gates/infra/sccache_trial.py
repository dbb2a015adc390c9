"""Measures the gate ``sccache``: resolves the configuration, then tries it out by a canary."""

from __future__ import annotations

import contextlib
from pathlib import Path

import gaterun
from gaterun import Measured, Measurement, Reason
from gaterun_gates.infra import sccache_findings as findings
from gaterun_gates.infra.build_setup import Setup, read_setup
from gaterun_gates.infra.canary import Canary
from gaterun_gates.infra.sccache_ci import Unprepared, unprepared_jobs
from gaterun_gates.infra.sccache_server import (
    Server,
    last_line,
    own_server,
    sccache_program,
    show_stats,
)
from gaterun_gates.infra.sccache_size import Cap, read_sccache_config, remote_storage, resolve_cap
from gaterun_gates.infra.sccache_stats import Stats
from gaterun_gates.infra.workflow import WorkflowError, parse_workflow


def measure_sccache(ctx: gaterun.Context, profile: str) -> Measurement:
    """Measure the gate ``sccache``; see its own description.

    Args:
        ctx: the gate's context.
        profile: cargo profile of the canary.
    """
    setup = read_setup(ctx.root)
    wrapper = setup.wrapper
    if wrapper is None or not wrapper.program:
        return _unusable(setup, findings.not_configured(setup))
    if wrapper.path is None:
        return _unusable(setup, findings.not_installed(wrapper, ctx.root))
    program = sccache_program(ctx, wrapper)
    if program is None:
        return _unusable(setup, findings.not_used(setup))
    text, place = read_sccache_config(setup.build_environ)
    remote = remote_storage(setup.build_environ, text)
    if remote:
        raise gaterun.CannotMeasure(
            Reason.UNDECIDED,
            f"sccache keeps its cache in remote storage ({remote}), where a canary has no business",
            help="measure where the cache is on a local disk",
        )
    cap = resolve_cap(
        environ=setup.environ,
        cargo_env={name: (entry.value, entry.source) for name, entry in setup.env.items()},
        config_text=text,
        config_path=place,
    )
    with own_server(ctx, program, ctx.scratch / "cache") as server:
        canary = Canary(ctx, setup, server, profile)
        return _measurement(ctx, setup, cap, canary, program)


def _measurement(
    ctx: gaterun.Context, setup: Setup, cap: Cap, canary: Canary, program: Path
) -> Measurement:
    ctx.progress("canary build 1")
    first = canary.build()
    if not first.ok:
        return _unusable(setup, _explain_failure(ctx, setup, canary, first), canary.builds)
    seen = canary.server.stats()
    if seen.requests == 0:
        return _unusable(setup, findings.not_used(setup), canary.builds)
    incremental = "incremental" in seen.not_cached
    last = _second_build(ctx, canary, seen, incremental=incremental)
    operational = last.hits > 0 and last.misses == 0
    cacheable = last.hits + last.misses
    unprepared = _unprepared(ctx) if setup.configured_by == "repository" else []
    reported, running = _reported_caps(ctx, setup, canary.server, program)
    reported = seen.cap if reported is None else reported
    return Measurement(
        metrics={
            "operational": operational,
            "used": True,
            "cap": reported
            if reported is not None
            else Measured(value=None, why="this sccache does not report its cap"),
            "cap_explicit": cap.explicit,
            "cap_source": cap.kind,
            "configured_by": setup.configured_by,
            "hits": last.hits,
            "misses": last.misses,
            "hit_rate": last.hits / cacheable
            if cacheable
            else Measured(value=None, why="no compilation was cacheable"),
            "incremental": incremental,
            "ci_unprepared": len(unprepared),
        },
        inspected={"configurations": 1, "canary builds": canary.builds},
        findings=[
            *findings.of_cap(cap, reported, running, ctx.root),
            *findings.of_canary(setup, seen, last, operational=operational),
            *findings.of_workflows(unprepared),
        ],
        notes=findings.notes(setup, cap, seen),
        recipe={"sccache": seen.version, "wrapper": findings.wrapper_name(setup)},
    )


def _unprepared(ctx: gaterun.Context) -> list[Unprepared]:
    workflows = []
    for name in ctx.files(".github/workflows/*.yml", ".github/workflows/*.yaml"):
        # What cannot be read is the business of the gate `sweep`, and no verdict here.
        with contextlib.suppress(OSError, UnicodeDecodeError, WorkflowError):
            workflows.append(parse_workflow((ctx.root / name).read_text("utf-8"), name))
    return unprepared_jobs(workflows)


def _second_build(ctx: gaterun.Context, canary: Canary, seen: Stats, *, incremental: bool) -> Stats:
    """The counters of a build that finds everything in the cache, if the cache works."""
    # Incremental compilation hides whether sccache works at all; the proof goes without it.
    env: dict[str, str | None] = {"CARGO_INCREMENTAL": "0"} if incremental else {}
    if incremental:
        ctx.progress("canary build 2, not incremental")
        _must_build(canary.build(env))
        seen = canary.server.stats()
    ctx.progress(f"canary build {canary.builds + 1}")
    _must_build(canary.build(env))
    return canary.server.stats().since(seen)


def _must_build(done: gaterun.Completed) -> None:
    if not done.ok:
        raise gaterun.CannotMeasure(
            Reason.BUILD_FAILED,
            f"the canary was built once and then failed to build: {last_line(done.err())}",
        )


def _explain_failure(
    ctx: gaterun.Context, setup: Setup, canary: Canary, failed: gaterun.Completed
) -> gaterun.Finding:
    """Tell a wrapper that does not work from a build that cannot work at all."""
    ctx.progress("canary build without wrapper")
    if not canary.build({"RUSTC_WRAPPER": ""}).ok:
        raise gaterun.CannotMeasure(
            Reason.BUILD_FAILED,
            f"the canary does not build, not even without a wrapper: {last_line(failed.err())}",
            help="a library without dependencies must build in the workspace root",
        )
    return findings.wrapper_fails(setup, failed.err())


def _reported_caps(
    ctx: gaterun.Context, setup: Setup, server: Server, program: Path
) -> tuple[int | None, int | None]:
    """The cap of a server that starts now, and that of one that is running already."""
    plain: dict[str, str | None] = {name: entry.value for name, entry in setup.env.items()}
    # Our server cannot tell: being given a folder, it disregards the size in its config file.
    nobody = {"SCCACHE_SERVER_UDS": str(server.socket.with_name("nobody"))}
    fresh = show_stats(ctx, program, {**plain, **nobody})
    running = show_stats(ctx, program, plain)
    # Without a server the client answers for itself; only counters prove that there is one.
    return fresh.cap, running.cap if running.requests > 0 else None


def _unusable(setup: Setup, finding: gaterun.Finding, builds: int = 0) -> Measurement:
    why = "sccache is not in use"
    nothing = Measured(value=None, why=why)
    return Measurement(
        metrics={
            "operational": False,
            "used": False,
            "cap": nothing,
            "cap_explicit": nothing,
            "cap_source": nothing,
            "configured_by": setup.configured_by,
            "hits": 0,
            "misses": 0,
            "hit_rate": nothing,
            "incremental": nothing,
            "ci_unprepared": nothing,
        },
        inspected={"configurations": 1, "canary builds": builds},
        findings=[finding],
        notes=[findings.origin(setup)],
        recipe={"wrapper": findings.wrapper_name(setup)},
    )
