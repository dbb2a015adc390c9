"""Counts what rustc calls unused when no attribute is believed, and what attributes hide of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec.structs import replace

import gaterun
from gaterun_gates.cargo.arguments import Kind, feature_recipe, target_arguments

if TYPE_CHECKING:
    from gaterun_gates.cargo.lint_flags import LintFlags
    from gaterun_gates.cargo.lints import Identity

_ABOUT = """\
`dead` is the number of distinct places in the members' own sources that rustc's lint group `unused`
(`dead_code`, `unused_imports`, `unused_variables`, `unreachable_code`, …) reports over all targets,
whatever `#[allow]`, `#[expect]` or `[lints]` say.

**Measured** by the clippy driver with `--force-warn unused` in a target directory of the gate's own,
counted like the gate `clippy` counts: one for each lint, message and place. `hidden` is the part that
a run without forcing does not show. `test_only` is the part that is used once unit tests are compiled
in: dead in what ships, alive only for its own tests.

**The default condition** is `dead == 0` and not `hidden == 0`: deleting the code is then the only way
to green, while `hidden == 0` alone would be met by a workspace full of visible dead code. Where some
of it is meant (a layout for C, a field kept for its `Drop`), ratchet `dead` instead.

**Pitfalls.** Code that does not compile has *no verdict* (`build-failed`); `targets` leaves out the
kind of those that need another compiler, benches for nightly say. `pub` items of a library
count as used, as does anything behind a feature that is off, or for another platform. A derive of
`Debug` or `Clone` does not count as a use.

**How it can be gamed, and what is counted against that.** `allow_attrs` counts the attributes and
manifest entries that allow these lints. Lint flags in `RUSTFLAGS` or `.cargo/config.toml` are taken
out. Making an item `pub`, or giving it a leading `_`, hides it from rustc and from this gate: let
`loc` and a review look at that.
"""

_GROUP = "unused"
_MEANS_ALL = frozenset({_GROUP, "warnings"})
_SHIPPED = ("lib", "bins")


class DeadCodeOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``dead-code``."""

    features: Annotated[
        tuple[str, ...], gaterun.help("features to enable beside the default ones")
    ] = ()
    all_features: Annotated[bool, gaterun.help("enable every feature")] = False
    targets: Annotated[
        tuple[Kind, ...],
        gaterun.help("kinds of targets to look at, where not all of them compile; all if empty"),
    ] = ()


def _group(ctx: gaterun.Context, workspace: gaterun.Workspace) -> frozenset[str]:
    from gaterun_gates.cargo.environment import cargo_env
    from gaterun_gates.cargo.failure import explain
    from gaterun_gates.cargo.lint_groups import lints_of_group

    completed = ctx.run(["rustc", "-W", "help"], cwd=workspace.root, env=cargo_env())
    if not completed.ok:
        raise explain(completed, otherwise=gaterun.Reason.TOOL_MISSING)
    try:
        return lints_of_group(completed.out(), _GROUP)
    except ValueError as error:
        raise gaterun.CannotMeasure(
            gaterun.Reason.PARSE_ERROR, f"rustc -W help is not understood: {error}"
        ) from error


def _run(
    ctx: gaterun.Context,
    workspace: gaterun.Workspace,
    flags: LintFlags,
    kinds: Sequence[str],
    *,
    forced: bool = True,
) -> gaterun.Completed:
    from gaterun_gates.cargo.clippy_driver import run_clippy

    options: DeadCodeOptions = ctx.options
    return run_clippy(
        ctx,
        workspace,
        targets=target_arguments(kinds),
        features=options.features,
        all_features=options.all_features,
        flags=flags,
        forced=(_GROUP,) if forced else (),
    )


def measure_dead_code(ctx: gaterun.Context, workspace: gaterun.Workspace) -> gaterun.Measurement:
    """Run the clippy driver plain, forced, and forced without tests.

    Raises:
        gaterun.CannotMeasure: a tool is missing, something does not compile, or a run is not
            complete.
    """
    options: DeadCodeOptions = ctx.options
    if not workspace.members:
        return gaterun.Measurement(
            metrics={}, inspected={"crates": 0}, notes=("the workspace has no members",)
        )
    from gaterun_gates.cargo.clippy_driver import clippy_version
    from gaterun_gates.cargo.config import compiler_notes
    from gaterun_gates.cargo.environment import recorded_env
    from gaterun_gates.cargo.lint_flags import find_lint_flags
    from gaterun_gates.cargo.lints import count_by_lint, read_lints
    from gaterun_gates.cargo.messages import read_messages
    from gaterun_gates.cargo.suppression_scan import member_sources, scan_suppressions
    from gaterun_gates.cargo.targets import expected_targets
    from gaterun_gates.cargo.test_only import count_compilations, only_for_tests

    version = clippy_version(ctx, workspace)
    group = _group(ctx, workspace)
    flags = find_lint_flags(ctx, workspace.root)
    kinds = options.targets
    plain = read_lints(_run(ctx, workspace, flags, kinds, forced=False), workspace, kinds=kinds)
    shown = plain.of(workspace.members)
    ctx.progress("again, with lints forced")
    everything = _run(ctx, workspace, flags, kinds)
    forced_run = read_lints(everything, workspace, kinds=kinds)
    dead = _of_group(forced_run.of(workspace.members).warnings, group, workspace)
    in_tests: frozenset[Identity] = frozenset()
    if shipped_kinds := [kind for kind in _SHIPPED if not kinds or kind in kinds]:
        # The units are those of the run before, so that cargo only repeats what it said about them.
        shipped = _run(ctx, workspace, flags, shipped_kinds)
        lints = read_lints(shipped, workspace, kinds=shipped_kinds).of(workspace.members)
        dead |= _of_group(lints.warnings, group, workspace)
        in_tests = only_for_tests(
            count_compilations(read_messages(everything.lines()), workspace.root),
            count_compilations(read_messages(shipped.lines()), workspace.root),
        )
    hidden = {identity: dead[identity] for identity in dead if identity not in shown.warnings}
    test_only = [finding for identity, finding in dead.items() if identity in in_tests]
    sources = list(member_sources(ctx, workspace.members))
    attributes = scan_suppressions(workspace, sources)
    allowed = {
        lint: count for lint, count in sorted(attributes.items()) if lint in group | _MEANS_ALL
    }
    expected = expected_targets(workspace.members, forced_run.built, kinds)
    return gaterun.Measurement(
        metrics={
            "dead": gaterun.Measured(value=len(dead), breakdown=count_by_lint(dead.values())),
            "hidden": gaterun.Measured(value=len(hidden), breakdown=count_by_lint(hidden.values())),
            "test_only": gaterun.Measured(value=len(test_only), breakdown=count_by_lint(test_only))
            if not kinds or "tests" in kinds
            else gaterun.Measured(value=None, why="no tests among `targets`"),
            "allow_attrs": gaterun.Measured(value=sum(allowed.values()), breakdown=allowed),
        },
        inspected={
            "crates": len(workspace.members),
            "targets": len(expected.targets),
            "files": len(sources),
        },
        findings=_described(dead, hidden, in_tests),
        notes=[
            *(f"left out by cargo: {text}" for text in expected.left_out),
            *(f"lint flag {flag} not used here" for flag in flags.flags),
            *compiler_notes(workspace.root),
        ],
        recipe={
            "command": f"cargo clippy --workspace {' '.join(target_arguments(kinds))} "
            f"-- --force-warn {_GROUP}",
            "features": feature_recipe(options.features, all_features=options.all_features),
            "clippy": version,
            **recorded_env(),
        },
    )


def _of_group(
    warnings: Mapping[Identity, gaterun.Finding],
    group: Collection[str],
    workspace: gaterun.Workspace,
) -> dict[Identity, gaterun.Finding]:
    from gaterun_gates.cargo.lints import is_harness_main

    return {
        identity: finding
        for identity, finding in warnings.items()
        if finding.rule in group and not is_harness_main(finding, workspace)
    }


def _described(
    dead: Mapping[Identity, gaterun.Finding],
    hidden: Collection[Identity],
    in_tests: Collection[Identity],
) -> list[gaterun.Finding]:
    """The findings, with what attributes hide and what only tests use said in the message."""
    found = []
    for identity, finding in dead.items():
        said = []
        if identity in hidden:
            said.append("hidden by an attribute or [lints]")
        if identity in in_tests:
            said.append("used by tests only")
        if said:
            text = f"{finding.message} ({', '.join(said)})"
            found.append(replace(finding, message=text))
        else:
            found.append(finding)
    return found


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.rust import DEAD_CODE

    return DEAD_CODE


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.dead_code import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="dead-code",
    title="Dead code",
    about=_ABOUT,
    options=DeadCodeOptions,
    metrics=(
        gaterun.Metric(
            name="dead",
            help="places rustc calls unused, no attribute believed",
            counts=gaterun.Counted(),
        ),
        gaterun.Metric(name="hidden", help="those that attributes or [lints] hide"),
        gaterun.Metric(name="test_only", help="those that only unit tests use"),
        gaterun.Metric(name="allow_attrs", help="attributes and [lints] that allow these lints"),
    ),
    measure=measure_dead_code,
    inputs=("**",),
    requires=("dead == 0",),
    pins=("dead", "hidden", "test_only", "allow_attrs"),
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
