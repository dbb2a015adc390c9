"""The gate ``target-dir``: whether all cargo workspaces of a repository share a target folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Finding, Metric, Severity, Unit

if TYPE_CHECKING:
    from gaterun_gates.infra.build_setup import Setup
    from gaterun_gates.infra.cargo_roots import CargoRoot, Survey


class Options(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate."""

    exclude: Annotated[
        tuple[str, ...],
        gaterun.help("globs of manifests that do not count, such as tests/fixtures/**"),
    ] = ()


ABOUT = """\
Asks `cargo metadata --no-deps` for the target folder of **every** cargo workspace in the
repository, in that workspace's own folder: each Cargo.toml with `[workspace]`, and each package
that no workspace has as a member. `shared` is true when all of them name one folder.

`explicit` says whether configuration has an effect at all: `target-dir = "target"` beside a single
workspace is cargo's default, present and without effect. One workspace shares trivially; the
count stands beside it.

Pitfalls: a relative `target-dir` starts from the folder that holds `.cargo`. A shared folder makes
simultaneous cargos wait for one lock. A *variable* `CARGO_TARGET_DIR` works too, but it belongs to
this shell and not to the repository, and it changes sccache's keys: prefer `build.target-dir`.

Gamed by `exclude`, which is listed in the notes, and by a key without effect (`explicit`).
"""

METRICS = (
    Metric(
        name="shared",
        unit=Unit.BOOLEAN,
        better=Better.HIGHER,
        help="all workspaces build in one folder",
    ),
    Metric(
        name="explicit",
        unit=Unit.BOOLEAN,
        better=Better.HIGHER,
        help="configuration moves at least one target folder from its default place",
    ),
    Metric(name="workspaces", better=Better.NEITHER, help="cargo workspaces in the repository"),
    Metric(name="target_dirs", help="different target folders"),
    Metric(name="strays", help="manifests that belong to no workspace although one surrounds them"),
    Metric(
        name="source",
        unit=Unit.TEXT,
        better=Better.NEITHER,
        help="what configures the root workspace's target folder, or default",
    ),
)


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Ask cargo about every manifest."""
    from gaterun_gates.infra.build_setup import read_setup
    from gaterun_gates.infra.cargo_roots import survey

    options: Options = ctx.options
    manifests = ctx.files("**/Cargo.toml")
    excluded = frozenset(ctx.files(*options.exclude)) if options.exclude else frozenset()
    wanted = [name for name in manifests if name not in excluded and (ctx.root / name).is_file()]
    if not wanted:
        raise gaterun.CannotMeasure(gaterun.Reason.NO_INPUT, "there is no Cargo.toml to look at")
    found = survey(ctx, wanted)
    targets = sorted({root.target for root in found.roots})
    if found.unreadable and len(targets) <= 1:
        name, message = next(iter(found.unreadable.items()))
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE,
            f"{len(found.unreadable)} manifests cannot be read by cargo; {name}: {message}",
            help="leave broken fixtures out by the option 'exclude'",
        )
    if not found.roots:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT, "no manifest here belongs to a cargo workspace"
        )
    setup = read_setup(ctx.root)
    source, findings = _source(ctx, setup, found.roots)
    return gaterun.Measurement(
        metrics={
            "shared": len(targets) == 1,
            "explicit": any(not root.is_default for root in found.roots),
            "workspaces": len(found.roots),
            "target_dirs": len(targets),
            "strays": len(found.strays),
            "source": source,
        },
        inspected={"workspaces": len(found.roots), "manifests": len(wanted)},
        findings=[*findings, *_findings(ctx, found)],
        notes=_notes(found, setup, len(manifests) - len(wanted)),
    )


def _source(
    ctx: gaterun.Context, setup: Setup, roots: Sequence[CargoRoot]
) -> tuple[str, list[Finding]]:
    """What configures the target folder at the root, and whether that has an effect."""
    from gaterun_gates.infra.build_setup import relative
    from gaterun_gates.infra.cargo_config import lookup

    for name in ("CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"):
        if setup.environ.get(name):
            return name, []
    setting = lookup(setup.files, "build", "target-dir")
    if setting is None:
        return "default", []
    place = relative(setting.source, ctx.root)
    if all(root.is_default for root in roots):
        return place, [
            Finding(
                rule="target-dir::no-effect",
                message=f"target-dir = {str(setting.value)!r} has no effect: every workspace "
                "would build there anyway",
                path=place,
                severity=Severity.NOTE,
            )
        ]
    return place, []


def _findings(ctx: gaterun.Context, found: Survey) -> list[Finding]:
    from gaterun_gates.infra.build_setup import relative

    root = ctx.root.resolve()
    findings = []
    if len({each.target for each in found.roots}) > 1:
        findings += [
            Finding(
                rule="target-dir::own-folder",
                message=f"builds in {relative(str(each.target), root)}",
                path=_manifest(each, ctx),
                help="set build.target-dir in the .cargo/config.toml of the repository's root",
            )
            for each in found.roots
        ]
    for each in found.roots:
        folders = {manifest.parent for manifest in each.manifests} - {each.root}
        inside = [folder for folder in sorted(folders) if each.target.is_relative_to(folder)]
        findings += [
            Finding(
                rule="target-dir::inside-member",
                message=f"the target folder lies in a member, {relative(str(folder), root)}",
                path=_manifest(each, ctx),
            )
            for folder in inside
        ]
    findings += [
        Finding(
            rule="target-dir::stray",
            message="cargo refuses to build here: the surrounding workspace does not list it",
            path=name,
            severity=Severity.NOTE,
            help="add it to members or exclude of the workspace, or give it an empty [workspace]",
        )
        for name in found.strays
    ]
    findings += [
        Finding(rule="target-dir::unreadable", message=message, path=name)
        for name, message in found.unreadable.items()
    ]
    return findings


def _manifest(each: CargoRoot, ctx: gaterun.Context) -> str:
    from gaterun_gates.infra.build_setup import relative

    return relative(str(each.root / "Cargo.toml"), ctx.root.resolve())


def _notes(found: Survey, setup: Setup, excluded: int) -> list[str]:
    notes = []
    if len(found.roots) == 1:
        notes.append("one workspace, which shares its target folder with nobody")
    if excluded:
        notes.append(f"{excluded} manifests left out by the option 'exclude'")
    if setup.environ.get("CARGO_TARGET_DIR"):
        notes.append("CARGO_TARGET_DIR comes from this shell and changes sccache's keys")
    apart = [each for each in found.roots if each.build != each.target]
    if apart:
        folders = sorted({str(each.build) for each in apart})
        notes.append(f"intermediate artefacts go to {', '.join(folders)} (build.build-dir)")
    return notes


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.files import TARGET_DIR

    return TARGET_DIR


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.target_dir import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="target-dir",
    title="Shared target folder",
    about=ABOUT,
    metrics=METRICS,
    measure=measure,
    options=Options,
    requires=("shared == true",),
    timeout=300.0,
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
