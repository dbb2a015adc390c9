"""The gate ``version``: compares every place of a workspace that states a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Measured, Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gaterun_gates.parsers.version_survey import Survey
    from gaterun_gates.prose.stated_version import Stated

_ABOUT = """\
Compares every place that states a version with one expected version: `equals`, or without it
`workspace.package.version` if any crate inherits that, or else the version that most of the crates
that may be published have (the highest of several). With `independent = true` crates have versions
of their own, and each place is compared with the one of the crate that it names or belongs to.
`groups` are crates that share a version among themselves, `versions` says that of single crates, and
`exclude` leaves crates out.

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
- `tag_state`: whether the version has a git tag (`tag`, by default `v{version}`), and where it
  points. With `tag_policy` what is otherwise than asked counts as a mismatch, and so does a
  version that is not greater than the last tag that this commit descends from. Signatures are
  seen, not verified.

A member without a version has 0.0.0 for cargo, and is compared as that. A number that happens to
be right is no match: `2.0.0` in `12.0.0`, in a link to semver.org or in the lock entry of somebody
else's crate is not looked at.

`gaterun fix` writes the version into manifests, requirements among members, their entries in
Cargo.lock, declared places, install instructions and badges; not into changelogs or sentences, and
not where members differ and no option says which version is right.

Gamed by deleting a place (watch `places`, and declare it with `exactly`), and by changing only
Cargo.toml (`stale_mentions`, `lock_drift`).
"""


class Place(gaterun.Options, frozen=True, kw_only=True):
    """A place that states the version."""

    file: Annotated[str, gaterun.help("file or glob")]
    search: Annotated[str, gaterun.help("text there, with {version} where the version stands")]
    exactly: Annotated[int, gaterun.help("how often; at least `min` when negative")] = -1
    min: Annotated[int, gaterun.help("how often at least")] = 1

    def __post_init__(self) -> None:
        if "{version}" not in self.search:
            raise ValueError(f"search has no {{version}}: {self.search!r}")

    def find(self, text: str, expected: str) -> tuple[list[int], list[Stated]]:
        """Where a text states `expected` in this way, and where another version."""
        from gaterun_gates.prose.version_scan import find_declared

        return find_declared(text, self.search, expected)


class VersionOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``version``."""

    equals: Annotated[str, gaterun.help("the version wanted; by default all must be the same")] = ""
    exclude: Annotated[
        tuple[str, ...], gaterun.help("members that have versions of their own")
    ] = ()
    publishable_only: Annotated[
        bool, gaterun.help("compare only members that may be published")
    ] = False
    independent: Annotated[
        bool, gaterun.help("each crate has a version of its own; compare what is stated of each")
    ] = False
    versions: Annotated[
        Mapping[str, str], gaterun.help("the version of single crates, by name")
    ] = {}
    groups: Annotated[
        tuple[tuple[str, ...], ...],
        gaterun.help("crates that share a version among themselves, whatever others have"),
    ] = ()
    requirements: Annotated[
        str, gaterun.help("compatible: '2' is right for 2.0.0; exact: the whole version")
    ] = "compatible"
    tag: Annotated[
        str, gaterun.help("name of the version's git tag; with {crate}, each crate has one")
    ] = "v{version}"
    tag_policy: Annotated[
        str,
        gaterun.help(
            "ignore; free: not released yet; here: tagged on this commit; annotated and"
            " signed: so, and by such a tag"
        ),
    ] = "ignore"
    outside: Annotated[bool, gaterun.help("compare crates that are no members, too")] = False
    places: Annotated[
        tuple[Place, ...], gaterun.help("further places: file, search, exactly, min")
    ] = ()
    undetected: Annotated[
        tuple[str, ...], gaterun.help("kinds of places not to look for, such as 'badge'; or 'all'")
    ] = ()
    ignore: Annotated[
        tuple[str, ...], gaterun.help("globs of files where no version is looked for")
    ] = ()

    def __post_init__(self) -> None:
        if self.equals and self.independent:
            raise ValueError("equals and independent = true contradict each other")
        for name, version in {"equals": self.equals, **self.versions}.items():
            from gaterun_gates.prose.semver_text import is_semver

            if not is_semver(version) and (version or name != "equals"):
                raise ValueError(f"{name} = '{version}' is no semantic version such as 2.0.0")
        if self.requirements not in ("compatible", "exact"):
            raise ValueError(f"requirements: '{self.requirements}' is none of compatible, exact")
        self._check_tags()
        if self.undetected:
            from gaterun_gates.prose.version_scan import DETECTORS

            unknown = sorted(set(self.undetected) - {*DETECTORS, "all"})
            if unknown:
                known = ", ".join(DETECTORS)
                raise ValueError(f"undetected: '{unknown[0]}' is none of {known}, all")

    def _check_tags(self) -> None:
        if self.tag_policy == "ignore":
            return
        from gaterun_gates.parsers.version_tags import POLICIES

        if self.tag_policy not in POLICIES:
            raise ValueError(f"tag_policy: '{self.tag_policy}' is none of {', '.join(POLICIES)}")
        if self.tag.count("{version}") != 1:
            raise ValueError(f"tag needs {{version}} once: '{self.tag}'")
        if self.independent and "{crate}" not in self.tag:
            raise ValueError("with independent = true, tag needs {crate}")


def _survey(ctx: gaterun.Context, workspace: gaterun.Workspace) -> Survey:
    from gaterun_gates.parsers.version_survey import Survey

    options: VersionOptions = ctx.options
    return Survey(
        ctx,
        workspace,
        equals=options.equals,
        exclude=options.exclude,
        publishable_only=options.publishable_only,
        independent=options.independent,
        exact=options.requirements == "exact",
        versions=options.versions,
        groups=options.groups,
    )


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
    from gaterun_gates.parsers.version_tags import compare_tags
    from gaterun_gates.prose import document_versions
    from gaterun_gates.prose.version_scan import DETECTORS

    options: VersionOptions = ctx.options
    survey = _survey(ctx, workspace)
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
            survey,
            place.file,
            place.find,
            place.search,
            exactly=place.exactly,
            least=place.min,
        )
    tags = compare_tags(survey, options.tag, options.tag_policy)
    mismatches = survey.count("member", "workspace", "outsider", "place", "tag", *DETECTORS)
    if tags.value is None and options.tag_policy != "ignore" and not mismatches.value:
        mismatches = Measured(value=None, why=f"the tag policy cannot be held: {tags.why}")
    return gaterun.Measurement(
        metrics={
            "members": len(survey.members),
            "mismatches": mismatches,
            "req_mismatches": requirements,
            "lock_drift": drift,
            "stale_mentions": Measured(value=None, why=unknown)
            if unknown
            else survey.count("stale-mention"),
            "orphans": survey.count("orphan", "outsider"),
            "places": places,
            "tag_state": tags,
        },
        inspected={"members": len(survey.members), "places": places, "files": files},
        findings=survey.findings,
        notes=[f"expected version: {survey.expected or 'each its own'}", *survey.notes],
        recipe={"expected": survey.expected},
    )


def fix(ctx: gaterun.Context, workspace: gaterun.Workspace) -> list[gaterun.Edit]:
    """What would have to change so that every place states the version that it should.

    Raises:
        CannotMeasure: no member is left to compare (``no-input``), or members differ and
            nobody says which version is right (``undecided``).
    """
    from gaterun_gates.parsers.version_fix import version_edits

    return version_edits(_survey(ctx, workspace), ctx.options)


def _proposes(measurement: gaterun.Measurement) -> dict[str, object]:
    """Crates that differ today have versions of their own; then drift is what can be held."""
    return {"independent": True} if measurement.value("mismatches") else {}


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
        Metric(
            name="req_mismatches",
            help="requirements between members that do not hold",
            counts=gaterun.Counted(rules=("requirement",)),
        ),
        Metric(name="lock_drift", help="places where Cargo.lock is not what the manifests say"),
        Metric(
            name="stale_mentions",
            help="lines that still name the version of the base",
            counts=gaterun.Counted(rules=("stale-mention",)),
        ),
        Metric(name="orphans", help="crates that are no members and have another version"),
        Metric(name="places", better=Better.HIGHER, help="places outside of manifests compared"),
        Metric(
            name="tag_state",
            unit=Unit.TEXT,
            better=Better.NEITHER,
            help="the version's tag: absent, or here, ahead, behind or aside of this commit",
        ),
    ),
    measure=measure,
    inputs=("**", gaterun.HISTORY),
    fix=fix,
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
