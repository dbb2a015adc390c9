"""Measures whether every member and target of the workspace is built, as the user builds it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun_gates.cargo.arguments import (
    feature_arguments,
    feature_recipe,
    lock_arguments,
)
from gaterun_gates.cargo.environment import cargo_env, recorded_env

if TYPE_CHECKING:
    from gaterun_gates.cargo.manifests import Outside
    from gaterun_gates.cargo.targets import Built, Expected

_ABOUT = """\
Every member of the workspace and every target of it (libraries, binaries, tests, benches,
examples, build scripts) is built, and each has an artefact to show for it.

**Measured** by `cargo build --workspace --all-targets --keep-going --message-format=json`, with
`--locked` where there is a `Cargo.lock`, in the workspace's own target directory: the same
artefacts that you build, so nothing is built twice. The artefacts are compared with the targets
of `cargo metadata`. Here a compile error is what is measured, so it fails the gate; a compiler
that crashes or is killed, or a cargo that never says it has finished, gives no verdict.

**Pitfalls.** Targets whose `required-features` are not enabled are left out by cargo in silence;
they are listed as notes. Other feature sets than the one chosen are not built.

**How it can be gamed.** A crate that does not build can be moved to `[workspace] exclude`, or out
of every workspace: `excluded` and `orphans` count these, and `members` and `targets` can have a
floor or a ratchet.
"""

_STDERR_WARNING = re.compile(r"^warning\b", re.MULTILINE)
_BUILD_SCRIPT = re.compile(r"failed to run custom build command for `(?P<package>\S+) v[^`]*`")
_ENDED = re.compile(r"(?:exit status|signal): [^)\n]*")
_SHOWN = 20


class BuildOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``build``."""

    features: Annotated[
        tuple[str, ...], gaterun.help("features to enable beside the default ones")
    ] = ()
    all_features: Annotated[bool, gaterun.help("enable every feature")] = False
    profile: Annotated[str, gaterun.help("cargo profile; empty for `dev`")] = ""


def _outside_notes(outside: Outside, expected: Expected) -> list[str]:
    notes = [f"left out by cargo: {text}" for text in expected.left_out]
    for what, names in (
        ("excluded from the workspace", outside.excluded),
        ("a workspace of its own, not built", outside.nested),
        ("in no workspace, not built", outside.orphans),
    ):
        notes += [f"{what}: {name}" for name in names[:_SHOWN]]
        if len(names) > _SHOWN:
            notes.append(f"{what}: {len(names) - _SHOWN} more")
    return notes


def _unbuilt(
    workspace: gaterun.Workspace, built: Built, expected: Expected, stderr: str
) -> list[gaterun.Finding]:
    """Findings for targets without artefact and without an error of their own."""
    from gaterun_gates.cargo.targets import key

    scripts = set(_BUILD_SCRIPT.findall(stderr))
    findings = [
        gaterun.Finding(
            rule="not-built",
            message=f"{target.kind[0]} '{target.name}' of {package.name} has no artefact",
            path=workspace.relative(target.src_path),
            severity=gaterun.Severity.ERROR,
            help="the build script failed" if package.name in scripts else "",
        )
        for package, target in expected.targets
        if key(package, target) not in built.artifacts | built.failed
    ]
    begun = {package.id for package, _ in expected.targets}
    findings += [
        gaterun.Finding(
            rule="not-built",
            message=f"nothing of {package.name} is built with these features",
            path=workspace.relative(package.manifest_path),
            severity=gaterun.Severity.ERROR,
        )
        for package in workspace.members
        if package.id not in begun
    ]
    return findings


def _script_findings(workspace: gaterun.Workspace, stderr: str) -> list[gaterun.Finding]:
    from gaterun_gates.cargo.panics import find_panic

    manifests = {package.name: package.manifest_path for package in workspace.members}
    findings: list[gaterun.Finding] = []
    for match in _BUILD_SCRIPT.finditer(stderr):
        said = stderr[match.end() :].partition("\nerror: ")[0]
        ended = _ENDED.search(said)
        panic = find_panic(textwrap.dedent(said.partition("--- stderr\n")[2]))
        name = match["package"]
        path = workspace.relative(manifests[name]) if name in manifests else ""
        reason = panic.message or (ended[0] if ended else "")
        findings.append(
            gaterun.Finding(
                rule="build-script",
                message=f"the build script of {name} failed: {reason}",
                path=panic.path or path,
                line=panic.line,
                column=panic.column,
                severity=gaterun.Severity.ERROR,
            )
        )
    return findings


def measure_build(ctx: gaterun.Context, workspace: gaterun.Workspace) -> gaterun.Measurement:
    """Build everything and compare the artefacts with the targets.

    Raises:
        gaterun.CannotMeasure: cargo could not begin, did not finish, or the compiler crashed.
    """
    from gaterun_gates.cargo import diagnostics
    from gaterun_gates.cargo.config import compiler_notes
    from gaterun_gates.cargo.failure import explain, killed_compiler
    from gaterun_gates.cargo.manifests import crates_outside
    from gaterun_gates.cargo.messages import read_messages
    from gaterun_gates.cargo.targets import Built, expected_targets, key

    options: BuildOptions = ctx.options
    outside = crates_outside(workspace, ctx.files("Cargo.toml", "**/Cargo.toml"), ctx.root)
    if not workspace.members:
        return gaterun.Measurement(
            metrics={}, inspected={"crates": 0}, notes=("the workspace has no members",)
        )
    completed = ctx.run(
        [
            *("cargo", "build", "--workspace", "--all-targets", "--keep-going"),
            *("--message-format=json", "--color", "never"),
            *lock_arguments(workspace),
            *feature_arguments(options.features, all_features=options.all_features),
            *(("--profile", options.profile) if options.profile else ()),
        ],
        cwd=workspace.root,
        env=cargo_env(),
    )
    built = Built()
    errors: dict[tuple[object, ...], gaterun.Finding] = {}
    for line in read_messages(completed.lines()):
        built.see(line)
        message = line.message
        if message is None or not diagnostics.is_error(message) or diagnostics.is_summary(message):
            continue
        if diagnostics.is_compiler_bug(message):
            raise gaterun.CannotMeasure(
                gaterun.Reason.CRASHED, f"the compiler crashed: {message.message}"
            )
        identity = diagnostics.identity(message, line.package_id, workspace.root)
        if identity not in errors:
            errors[identity] = diagnostics.finding(
                message, workspace.root, severity=gaterun.Severity.ERROR
            )
    if not built.finished:
        raise explain(completed, otherwise=gaterun.Reason.INCOMPLETE)
    stderr = completed.err()
    if killed_compiler(stderr):
        raise explain(completed, otherwise=gaterun.Reason.CRASHED)

    expected = expected_targets(workspace.members, built)
    good = [pair for pair in expected.targets if key(*pair) in built.artifacts - built.failed]
    unbuilt = _unbuilt(workspace, built, expected, stderr)
    findings = [*errors.values(), *_script_findings(workspace, stderr), *unbuilt]
    if not (completed.ok and built.success) and not findings:
        raise explain(completed, otherwise=gaterun.Reason.BUILD_FAILED)
    total = len(expected.targets)
    idle = len({package.id for package in workspace.members} - {p.id for p, _ in expected.targets})
    return gaterun.Measurement(
        metrics={
            "members": len(workspace.members),
            "targets": gaterun.Measured(
                value=total, breakdown=_by_crate(package for package, _ in expected.targets)
            ),
            "built": gaterun.Measured(
                value=len(good), breakdown=_by_crate(package for package, _ in good)
            ),
            # An error outside the members (a path dependency) fails the build as well.
            "failed": max(total + idle - len(good), int(bool(findings))),
            "errors": len(errors),
            "excluded": len(outside.excluded),
            "orphans": len(outside.orphans) + len(outside.nested),
            "stderr_warnings": len(_STDERR_WARNING.findall(stderr)),
        },
        inspected={"crates": len(workspace.members), "targets": total},
        findings=findings,
        notes=[*_outside_notes(outside, expected), *compiler_notes(workspace.root)],
        recipe={
            "command": "cargo build --workspace --all-targets",
            "features": feature_recipe(options.features, all_features=options.all_features),
            "profile": options.profile or "dev",
            **recorded_env(),
        },
    )


def _by_crate(packages: Iterable[gaterun.Package]) -> dict[str, float]:
    return dict(sorted(Counter(package.name for package in packages).items()))


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.rust import BUILD

    return BUILD


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.build import CONTROLS

    return CONTROLS


_HIGHER, _NEITHER = gaterun.Better.HIGHER, gaterun.Better.NEITHER

GATE = gaterun.Gate(
    name="build",
    title="all crates build",
    about=_ABOUT,
    options=BuildOptions,
    metrics=(
        gaterun.Metric(name="failed", help="targets that are not built"),
        gaterun.Metric(name="errors", help="distinct compile errors"),
        gaterun.Metric(name="members", better=_HIGHER, help="workspace members"),
        gaterun.Metric(name="targets", better=_HIGHER, help="targets that are to be built"),
        gaterun.Metric(name="built", better=_HIGHER, help="targets that are built"),
        gaterun.Metric(name="excluded", help="crates in `[workspace] exclude`"),
        gaterun.Metric(name="orphans", help="crates of the tree in no or another workspace"),
        gaterun.Metric(
            name="stderr_warnings",
            better=_NEITHER,
            help="warnings of cargo itself and of build scripts",
        ),
    ),
    measure=measure_build,
    inputs=("**",),
    requires=("failed == 0",),
    uses=("cargo-target",),
    pins=("members", "targets", "excluded", "orphans"),
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
