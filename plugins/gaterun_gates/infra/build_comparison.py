"""Compares the build times of two checkouts in interleaved pairs of builds."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import gaterun
from gaterun import Finding, Measured, Reason, Severity
from gaterun_gates.cargo.environment import cargo_env
from gaterun_gates.infra.build_messages import Unit
from gaterun_gates.infra.build_scenarios import Scenario, pair_order
from gaterun_gates.infra.build_setup import Setup, read_setup
from gaterun_gates.infra.disk_usage import disk_usage
from gaterun_gates.infra.paired import relative_change
from gaterun_gates.infra.sccache_server import last_line, own_server, sccache_program
from gaterun_gates.infra.sccache_size import read_sccache_config, remote_storage
from gaterun_gates.infra.source_edit import Edit, choose_edits
from gaterun_gates.infra.timed_build import Command, Sample, Side, start_server

#: Pairs that may be void, as cargo waited for a lock, before the gate gives up.
_VOID_PAIRS = 3


@dataclass(slots=True)
class Timing:
    """The samples of one scenario, pair by pair.

    Attributes:
        base, head: one sample a pair.
        disk: bytes of head's target folder after its first build.
        void: pairs that were thrown away.
        misfit: why what was built is not this scenario; then there are no samples.
        edited: the member that was edited; empty where none was.
    """

    scenario: Scenario
    base: list[Sample] = field(default_factory=list)
    head: list[Sample] = field(default_factory=list)
    disk: int = 0
    void: int = 0
    misfit: str = ""
    edited: str = ""


def open_sides(ctx: gaterun.Context, base: str, command: Command) -> tuple[Side, Side]:
    """Check base and head out, each with a target folder of its own.

    The paths of both are equally long, as paths go into what the compiler writes.

    Raises:
        gaterun.CannotMeasure: there is no such revision, or no workspace in it.
    """
    sides = []
    for label, ref in (("base", base), ("head", None)):
        ctx.progress(f"checking out {label}")
        tree = ctx.checkout(ref)
        if not (tree / "Cargo.toml").is_file():
            raise gaterun.CannotMeasure(
                Reason.NOT_COMPARABLE, f"{label} has no Cargo.toml in the workspace root"
            )
        sides.append(
            Side(
                ctx,
                label=label,
                tree=tree,
                target=ctx.scratch / f"target-{label}",
                setup=read_setup(tree),
                command=command,
            )
        )
    return sides[0], sides[1]


@contextmanager
def caches(ctx: gaterun.Context, sides: Sequence[Side]) -> Iterator[None]:
    """For each side that is configured for sccache, a server and a cache of its own.

    Raises:
        gaterun.CannotMeasure: a wrapper is not installed (``tool-missing``), or the cache
            is in remote storage (``undecided``).
    """
    with ExitStack() as stack:
        for side in sides:
            wrapper = side.setup.wrapper
            if wrapper is None or not wrapper.program:
                continue
            if wrapper.path is None:
                raise gaterun.CannotMeasure(
                    Reason.TOOL_MISSING,
                    f"{side.label} configures the rustc wrapper '{wrapper.program}', "
                    "which is not installed",
                    help="install it, or measure the scenario 'clean', which uses none",
                )
            # A script may call sccache, and must not reach the user's server and cache either.
            program = sccache_program(ctx, wrapper)
            if program is None:
                continue
            text, _ = read_sccache_config(side.setup.build_environ)
            remote = remote_storage(side.setup.build_environ, text)
            if remote:
                raise gaterun.CannotMeasure(
                    Reason.UNDECIDED,
                    f"sccache of {side.label} uses remote storage ({remote}), "
                    "which a measurement must not fill",
                    help="measure the scenario 'clean', or where the cache is on a local disk",
                )
            folder = ctx.state / f"cache-{side.label}"
            shutil.rmtree(folder, ignore_errors=True)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            server = stack.enter_context(own_server(ctx, program, folder))
            start_server(side, server)
        yield


def time_scenario(
    ctx: gaterun.Context,
    scenario: Scenario,
    sides: tuple[Side, Side],
    edits: Sequence[Edit | None],
    pairs: int,
    *,
    first: int = 1,
) -> Timing:
    """Build in pairs, after one build a side that is not counted.

    Args:
        edits: the file to edit on each side, if any.
        first: the number of the first edit; no two edits of a comparison may be equal.

    Raises:
        gaterun.CannotMeasure: a build fails, the disk is too full (``incomplete``), or
            other cargos hold locks (``noise``).
    """
    timing = Timing(scenario=scenario, edited=edits[0].package if edits[0] else "")
    edit_of = dict(zip((side.label for side in sides), edits, strict=True))
    for side in sides:
        ctx.progress(f"{scenario.name}: warming up {side.label}")
        side.clean()
        side.build(cached=scenario.cached)
        _check_space(side)
    number = 0
    while len(timing.head) < pairs:
        ctx.progress(f"{scenario.name}: pair {len(timing.head) + 1}/{pairs}")
        taken: dict[str, Sample] = {}
        for side in pair_order(number, sides):
            scenario.prepare(side, edit_of[side.label], first + number)
            taken[side.label] = side.build(cached=scenario.cached)
            if side.label == "head" and not timing.disk:
                timing.disk = disk_usage(side.target)
        number += 1
        if any(sample.waited for sample in taken.values()):
            timing.void += 1
            if timing.void > _VOID_PAIRS:
                raise gaterun.CannotMeasure(
                    Reason.NOISE,
                    f"another cargo holds the lock of the {_lock(taken)} again and again",
                    help="let nothing else build meanwhile",
                )
            continue
        timing.misfit = _misfit(scenario, taken, edit_of)
        if timing.misfit:
            return Timing(scenario=scenario, misfit=timing.misfit)
        timing.base.append(taken["base"])
        timing.head.append(taken["head"])
    return timing


def _lock(taken: dict[str, Sample]) -> str:
    return next(sample.waited for sample in taken.values() if sample.waited)


def _misfit(scenario: Scenario, taken: dict[str, Sample], edits: Mapping[str, Edit | None]) -> str:
    for label, sample in taken.items():
        complaint = scenario.complaint(sample.build, edits[label])
        if complaint:
            return f"what was built on the {label} side is not {scenario.name}: {complaint}"
    return ""


def _check_space(side: Side) -> None:
    needed = disk_usage(side.target)
    free = shutil.disk_usage(side.target.parent).free
    if free < 2 * needed:
        raise gaterun.CannotMeasure(
            Reason.INCOMPLETE,
            f"{free // 2**20} MiB of disk space left, and builds need {2 * needed // 2**20} MiB",
        )


def edits_for(
    ctx: gaterun.Context, sides: Sequence[Side], scenario: Scenario, package: str
) -> Sequence[Edit | None]:
    """The file to edit on each side; none where the scenario edits nothing.

    Args:
        package: the member to edit in place of the most depended-on one; empty to choose.

    Raises:
        gaterun.CannotMeasure: the sides have no package in common, or cannot be read.
    """
    from gaterun_gates.cargo.metadata import read_workspace

    if not scenario.edits:
        return [None for _ in sides]
    workspaces = [read_workspace(ctx, side.tree) for side in sides]
    return choose_edits(workspaces, "" if scenario.leaf else package, leaf=scenario.leaf)


def toolchain(ctx: gaterun.Context, side: Side) -> str:
    """The version of rustc that a side is built with.

    Raises:
        gaterun.CannotMeasure: it is not installed (``tool-version``).
    """
    done = ctx.run(["rustc", "-V"], cwd=side.tree, env=cargo_env())
    if not done.ok:
        raise gaterun.CannotMeasure(
            Reason.TOOL_VERSION,
            f"the toolchain of {side.label} is not there: {last_line(done.err())}",
        )
    return done.out().strip()


def measured_change(base: Sequence[float], head: Sequence[float]) -> Measured:
    """Head's median, with all its samples and the change against base."""
    value = statistics.median(head)
    if min(*base, *head) <= 0:
        return Measured(value=value, samples=tuple(head))
    interval = relative_change(base, head)
    return Measured(
        value=value,
        samples=tuple(head),
        change=gaterun.Change(
            base=statistics.median(base),
            low=interval.low,
            middle=interval.middle,
            high=interval.high,
            confidence=interval.confidence,
            pairs=interval.pairs,
        ),
    )


def resolution(timing: Timing) -> float:
    """Half the width of the interval of the change of wall time, as a fraction.

    A change that is smaller cannot be told from none with these pairs on this machine.
    """
    interval = relative_change(
        [sample.wall for sample in timing.base], [sample.wall for sample in timing.head]
    )
    return (interval.high - interval.low) / 2


def removed_units(timings: Sequence[Timing]) -> list[Unit]:
    """Targets of the workspace that base builds and head does not, sorted.

    Dependencies and build scripts do not count: to need fewer of them is an improvement.
    """
    found: set[Unit] = set()
    for timing in timings:
        base, head = timing.base[0].build.units, timing.head[0].build.units
        found |= {unit for unit in base - head if unit.local and unit.kind != "custom-build"}
    return sorted(found)


def removal_findings(units: Sequence[Unit]) -> list[Finding]:
    """One finding for each target that head does not build."""
    return [
        Finding(
            rule="build-time::unit-removed",
            message=f"base builds {unit}, head does not",
            help="less work is not a faster build: check default-members, exclude and features",
        )
        for unit in units
    ]


def profile_findings(timings: Sequence[Timing]) -> list[Finding]:
    """A finding if the two sides compile with different settings."""
    base, head = timings[0].base[0].build.profiles, timings[0].head[0].build.profiles
    if base == head:
        return []
    return [
        Finding(
            rule="build-time::profile-changed",
            message=f"the cargo profile differs: base {_only(base, head)}; "
            f"head {_only(head, base)}",
            severity=Severity.NOTE,
            path="Cargo.toml",
        )
    ]


def _only(these: frozenset[str], others: frozenset[str]) -> str:
    return ", ".join(sorted(these - others)) or "nothing of its own"


def wrapper_name(setup: Setup) -> str:
    """The wrapper for the recipe: its program's name, or ``none``."""
    return Path(setup.wrapper.program).name if setup.wrapper and setup.wrapper.program else "none"
