"""The gate ``version``: compares every place of a workspace that states a version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gaterun
from gaterun import Better, Measured, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABOUT = """\
Compares every place that states a version with one expected version: `equals`, or without it
`workspace.package.version` if any crate inherits that, or else the version that most of the crates
that may be published have (the highest of several). With `independent = true` crates have versions
of their own, and each place is compared with the one of the crate that it names or belongs to.

- `mismatches`: workspace members, `workspace.package.version`, the `places` that you declare, and
  the places that are found by themselves: install instructions in documents (`demo = "1.9"`,
  `cargo install demo --version 1.9.0`), static shields badges, links to one version on docs.rs
  and crates.io, `html_root_url`, constants named `VERSION`, package.json, pyproject.toml,
  CITATION.cff, Chart.yaml (`appVersion`), Dockerfile labels, OpenAPI, the newest release of the
  changelog.
- `req_mismatches`: requirements between members, `workspace.dependencies` among them, that the
  member's version does not satisfy. Requirements are read as cargo does: `2` is right for 2.0.0.
- `lock_drift`: places where Cargo.lock is not what the manifests say, by `cargo metadata --locked`.
  Without a Cargo.lock there is none, unless the base had one.
- `stale_mentions`: lines in other files that still name the version of the base commit.
  Changelogs, release notes, migration guides, archives, lock files and manifests are left out.
- `orphans`: crates below the root that are no members and have another version than the expected
  one (or 0.0.0), those in folders of tests and fixtures left out. They only count as mismatches
  with `outside = true`.
- `places`: how many places outside of manifests were compared.

A member without a version has 0.0.0 for cargo, and is compared as that. A number that happens to
be right is no match: `2.0.0` in `12.0.0`, in a link to semver.org or in the lock entry of somebody
else's crate is not looked at.

Gamed by deleting a place (watch `places`, and declare it with `exactly`), and by changing only
Cargo.toml (`stale_mentions`, `lock_drift`).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that states the version."""

    file: str = field(metadata={"help": "file or glob"})
    search: str = field(metadata={"help": "text there, with {version} where the version stands"})
    exactly: int = field(default=-1, metadata={"help": "how often; at least `min` when negative"})
    min: int = field(default=1, metadata={"help": "how often at least"})

    def __post_init__(self) -> None:
        if "{version}" not in self.search:
            raise ValueError(f"search has no {{version}}: {self.search!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionOptions:
    """Options of the gate ``version``."""

    equals: str = field(
        default="", metadata={"help": "the version wanted; by default all must be the same"}
    )
    exclude: tuple[str, ...] = field(
        default=(), metadata={"help": "members that have versions of their own"}
    )
    publishable_only: bool = field(
        default=False, metadata={"help": "compare only members that may be published"}
    )
    independent: bool = field(
        default=False,
        metadata={"help": "each crate has a version of its own; compare what is stated of each"},
    )
    outside: bool = field(
        default=False, metadata={"help": "compare crates that are no members, too"}
    )
    places: tuple[Place, ...] = field(
        default=(), metadata={"help": "further places: file, search, exactly, min"}
    )
    undetected: tuple[str, ...] = field(
        default=(), metadata={"help": "kinds of places not to look for, such as 'badge'; or 'all'"}
    )
    ignore: tuple[str, ...] = field(
        default=(), metadata={"help": "globs of files where no version is looked for"}
    )

    def __post_init__(self) -> None:
        if self.equals and self.independent:
            raise ValueError("equals and independent = true contradict each other")
        if self.equals:
            from gaterun_gates.prose.semver_text import is_semver

            if not is_semver(self.equals):
                raise ValueError(f"equals = '{self.equals}' is no semantic version such as 2.0.0")
        if self.undetected:
            from gaterun_gates.prose.version_scan import DETECTORS

            unknown = sorted(set(self.undetected) - {*DETECTORS, "all"})
            if unknown:
                known = ", ".join(DETECTORS)
                raise ValueError(f"undetected: '{unknown[0]}' is none of {known}, all")


def measure(ctx: gaterun.Context, workspace: gaterun.Workspace) -> gaterun.Measurement:
    """Compare all versions.

    Raises:
        CannotMeasure: no member is left to compare (``no-input``).
    """
    from gaterun_gates.parsers.lock_drift import lock_drift
    from gaterun_gates.parsers.manifest_versions import (
        compare_members,
        compare_outsiders,
        compare_requirements,
    )
    from gaterun_gates.parsers.version_survey import Survey
    from gaterun_gates.prose import document_versions
    from gaterun_gates.prose.version_scan import DETECTORS

    options: VersionOptions = ctx.options
    survey = Survey(
        ctx,
        workspace,
        equals=options.equals,
        exclude=options.exclude,
        publishable_only=options.publishable_only,
        independent=options.independent,
    )
    compare_members(survey)
    compare_outsiders(survey, "outsider" if options.outside else "orphan")
    requirements = compare_requirements(survey)
    drift = lock_drift(survey)
    ctx.progress("documents")
    before, unknown = document_versions.versions_before(survey)
    if not before and not unknown:
        survey.notes.append("no version has changed since the base")
    places, files = document_versions.compare_documents(
        survey, before, undetected=options.undetected, ignore=options.ignore
    )
    for place in options.places:
        places += document_versions.compare_declared(
            survey, place.file, place.search, exactly=place.exactly, least=place.min
        )
    return gaterun.Measurement(
        metrics={
            "members": len(survey.members),
            "mismatches": survey.count("member", "workspace", "outsider", "place", *DETECTORS),
            "req_mismatches": requirements,
            "lock_drift": drift,
            "stale_mentions": Measured(value=None, why=unknown)
            if unknown
            else survey.count("stale-mention"),
            "orphans": survey.count("orphan", "outsider"),
            "places": places,
        },
        inspected={"members": len(survey.members), "places": places, "files": files},
        findings=survey.findings,
        notes=[f"expected version: {survey.expected or 'each its own'}", *survey.notes],
        recipe={"expected": survey.expected},
    )


def _proposes(measurement: gaterun.Measurement) -> dict[str, object]:
    """Crates that differ today have versions of their own; then drift is what can be held."""
    return {"independent": True} if measurement.metrics["mismatches"] else {}


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.files import VERSION

    return VERSION


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.version import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="version",
    title="One version everywhere",
    about=_ABOUT,
    metrics=(
        Metric(name="members", better=Better.HIGHER, help="members compared"),
        Metric(name="mismatches", help="members and other places that state another version"),
        Metric(name="req_mismatches", help="requirements between members that do not hold"),
        Metric(name="lock_drift", help="places where Cargo.lock is not what the manifests say"),
        Metric(name="stale_mentions", help="lines that still name the version of the base"),
        Metric(name="orphans", help="crates that are no members and have another version"),
        Metric(name="places", better=Better.HIGHER, help="places outside of manifests compared"),
    ),
    measure=measure,
    options=VersionOptions,
    requires=("mismatches == 0", "req_mismatches == 0", "lock_drift == 0"),
    timeout=300.0,
    controls=_controls,
    defects=_defects,
    proposes=_proposes,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
