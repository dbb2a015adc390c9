"""Counts the distinct clippy findings of the members, and what is hidden from that count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec.structs import replace

import gaterun
from gaterun_gates.cargo.arguments import Kind, feature_recipe, target_arguments
from gaterun_gates.cargo.environment import recorded_env

if TYPE_CHECKING:
    from gaterun_gates.cargo.lint_flags import LintFlags
    from gaterun_gates.cargo.lint_runs import LintRuns
    from gaterun_gates.cargo.lints import LintRun

_ABOUT = """\
`warnings` is the number of distinct findings of clippy and rustc in the sources of workspace
members, over all targets of the chosen feature set. Generated code counts apart.

**Measured** by the clippy driver itself (an alias in `.cargo/config.toml` is not asked), in a
target directory of the gate's own, with `--cap-lints warn`: so that no `deny` stops the run half
way, every finding is listed. Messages are counted from the JSON stream, one for each lint, message
and place: a library and its tests repeat each other, and cargo's own summary counts some twice.

With `crates` only the findings of these members count, so that every crate can have a gate and a
limit of its own. Cargo is called once for all such gates of a run.

**Pitfalls.** A crate that does not compile has no lints; that is *no verdict* (`build-failed`),
never a low number, and the same for the crates that need it. Documentation examples are not linted. Another toolchain knows other lints.

**How it can be gamed, and what is counted against that.** `suppressed`: findings that appear only
when clippy's default lints are forced, whatever `#[allow]`, `#[expect]` or `[lints]` say.
`suppressions`: the lints named in such attributes and manifest tables, and every `cfg(clippy)`.
Lint flags in `RUSTFLAGS` or `.cargo/config.toml` are taken out, and reported (`lint_flags`).
`generated` and `external`: findings in code moved to a build script or out of the workspace; there
only the compiler's own lints look, so that `outside` counts the lines of such path dependencies.
`features_off`: the `cfg` attributes with which a feature that is not enabled here keeps code from
clippy. A ratchet on these beside `warnings` closes the ways around it.
"""


class ClippyOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``clippy``."""

    features: Annotated[
        tuple[str, ...], gaterun.help("features to enable beside the default ones")
    ] = ()
    all_features: Annotated[bool, gaterun.help("enable every feature")] = False
    targets: Annotated[
        tuple[Kind, ...],
        gaterun.help("kinds of targets to lint, where not all of them compile; all if empty"),
    ] = ()
    crates: Annotated[
        tuple[str, ...],
        gaterun.help("members whose findings count, all if empty; one call of cargo serves all"),
    ] = ()
    forced: Annotated[
        bool, gaterun.help("run a second time with clippy's default lints forced: `suppressed`")
    ] = True


def _members(workspace: gaterun.Workspace, names: Sequence[str]) -> tuple[gaterun.Package, ...]:
    """The members that are judged.

    Raises:
        gaterun.CannotMeasure: there is no such member (``no-input``).
    """
    known = {package.name for package in workspace.members}
    if unknown := sorted(set(names) - known):
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            f"the workspace has no member '{unknown[0]}'",
            help=f"members: {', '.join(sorted(known)[:10])}",
        )
    return tuple(p for p in workspace.members if not names or p.name in names)


def _flag_finding(ctx: gaterun.Context, flags: LintFlags) -> list[gaterun.Finding]:
    if not flags.flags:
        return []
    where = flags.sources[0] if flags.sources else ""
    prefix = f"{ctx.root}/"
    return [
        gaterun.Finding(
            rule="lint-flags",
            message=f"lint levels in compiler flags ({', '.join(flags.sources)}), "
            f"not used here: {' '.join(flags.flags)}",
            path=where.removeprefix(prefix) if where.startswith(prefix) else "",
            severity=gaterun.Severity.NOTE,
            help="set lint levels in [workspace.lints], where they can be seen and counted",
        )
    ]


def measure_clippy(
    ctx: gaterun.Context, workspace: gaterun.Workspace, lint_runs: LintRuns
) -> gaterun.Measurement:
    """Run clippy once as configured and once with its default lints forced.

    Raises:
        gaterun.CannotMeasure: clippy is missing, something does not compile, or the run is
            not complete.
    """
    options: ClippyOptions = ctx.options
    if not workspace.members:
        return gaterun.Measurement(
            metrics={}, inspected={"crates": 0}, notes=("the workspace has no members",)
        )
    from gaterun_gates.cargo.config import compiler_notes
    from gaterun_gates.cargo.lint_runs import Wanted
    from gaterun_gates.cargo.lints import count_by_lint, is_harness_main
    from gaterun_gates.cargo.suppression_scan import member_sources, scan_suppressions
    from gaterun_gates.cargo.targets import expected_targets
    from gaterun_gates.cargo.unlinted import count_features_off

    members = _members(workspace, options.crates)
    wanted = Wanted(
        targets=options.targets,
        features=options.features,
        all_features=options.all_features,
        forced=options.forced,
    )
    report = lint_runs.report(ctx, wanted)
    lints = report.plain.of(members)
    suppressed = gaterun.Measured(value=None, why="option forced is off")
    hidden: list[gaterun.Finding] = []
    if report.forced is not None:
        hidden = [
            finding
            for identity, finding in report.forced.of(members).warnings.items()
            if identity not in lints.warnings and not is_harness_main(finding, workspace)
        ]
        suppressed = gaterun.Measured(value=len(hidden), breakdown=count_by_lint(hidden))
    sources = list(member_sources(ctx, members))
    attributes = scan_suppressions(replace(workspace, members=members), sources)
    switched_off = count_features_off(sources, report.plain.built.features)
    expected = expected_targets(members, report.plain.built, options.targets)
    return gaterun.Measurement(
        metrics={
            "warnings": gaterun.Measured(value=len(lints.warnings), breakdown=lints.by_lint()),
            "suppressed": suppressed,
            "suppressions": gaterun.Measured(
                value=attributes.total(), breakdown=dict(sorted(attributes.items()))
            ),
            "lint_flags": len(report.flags.flags),
            "generated": len(lints.generated),
            **_outside(workspace, report.plain, options.crates),
            "features_off": gaterun.Measured(
                value=switched_off.total(), breakdown=dict(sorted(switched_off.items()))
            ),
            "autofixable": len(lints.autofixable),
            "raw_messages": lints.raw,
            "compile_errors": 0,
        },
        inspected={"crates": len(members), "targets": len(expected.targets), "files": len(sources)},
        findings=[
            *lints.warnings.values(),
            *_flag_finding(ctx, report.flags),
            *(_as_note(finding) for finding in hidden),
        ],
        notes=[
            *(["clippy ran for another gate, whose logs have its output"] * report.shared),
            *(f"left out by cargo: {text}" for text in expected.left_out),
            *compiler_notes(workspace.root),
        ],
        recipe={
            "command": f"cargo clippy --workspace {' '.join(target_arguments(wanted.targets))} "
            "-- --cap-lints warn",
            "features": feature_recipe(options.features, all_features=options.all_features),
            "clippy": report.version,
            **({"crates": ",".join(sorted(options.crates))} if options.crates else {}),
            **recorded_env(),
        },
    )


def _outside(
    workspace: gaterun.Workspace, run: LintRun, crates: Sequence[str]
) -> dict[str, gaterun.Measured | float]:
    """The findings in path dependencies that are no members, and how much code these hold."""
    if crates:
        none = gaterun.Measured(value=None, why="they are of no crate among `crates`")
        return {"external": none, "outside": none}
    from gaterun_gates.cargo.unlinted import outside_folders, outside_lines

    members = workspace.members
    folders = outside_folders(run.built.features, (package.id for package in members))
    lines = outside_lines(folders, [package.folder for package in members])
    return {
        "external": len(run.external),
        "outside": gaterun.Measured(value=lines.total(), breakdown=dict(lines)),
    }


def _as_note(finding: gaterun.Finding) -> gaterun.Finding:
    return replace(
        finding, message=f"suppressed: {finding.message}", severity=gaterun.Severity.NOTE
    )


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.rust import CLIPPY

    return CLIPPY


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.clippy import CONTROLS

    return CONTROLS


_NEITHER = gaterun.Better.NEITHER

GATE = gaterun.Gate(
    name="clippy",
    title="clippy warnings",
    about=_ABOUT,
    options=ClippyOptions,
    metrics=(
        gaterun.Metric(
            name="warnings",
            help="distinct findings in members' own sources",
            counts=gaterun.Counted(severities=(gaterun.Severity.WARNING,)),
        ),
        gaterun.Metric(name="suppressed", help="findings that only forced lints show"),
        gaterun.Metric(name="suppressions", help="lints allowed or expected, cfg(clippy)"),
        gaterun.Metric(name="lint_flags", help="lint levels set by compiler flags"),
        gaterun.Metric(name="generated", help="findings in generated sources"),
        gaterun.Metric(name="external", help="findings in path dependencies outside"),
        gaterun.Metric(name="outside", help="lines of code in path dependencies outside"),
        gaterun.Metric(name="features_off", help="places that a feature which is off leaves out"),
        gaterun.Metric(
            name="autofixable", better=_NEITHER, help="warnings that `cargo clippy --fix` mends"
        ),
        gaterun.Metric(
            name="raw_messages", better=_NEITHER, help="messages before repetitions are dropped"
        ),
        gaterun.Metric(name="compile_errors", help="always 0 where there is a measurement"),
    ),
    measure=measure_clippy,
    inputs=("**",),
    requires=("warnings == 0",),
    pins=("warnings", "suppressed", "suppressions", "lint_flags"),
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]


def _lint_runs(ctx: gaterun.Context, workspace: gaterun.Workspace) -> LintRuns:
    del ctx
    from gaterun_gates.cargo.lint_runs import LintRuns

    return LintRuns(workspace)


@gaterun.hookimpl
def gaterun_resources() -> list[gaterun.Resource]:
    """Offer clippy's runs to every gate `clippy` of a phase."""
    return [
        gaterun.Resource(
            name="lint_runs",
            compute=_lint_runs,
            about="clippy's answers, each asked for once",
            inputs=("**",),
        )
    ]
