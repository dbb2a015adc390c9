"""The gate ``changelog``: checks a changelog by rules, and that it has an entry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Measured, Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gaterun_gates.prose.changelog_files import Subject


_ABOUT = """\
Reads the changelog as Markdown (a heading in a code fence or a comment is no release) and checks
it by the rules of [Keep a Changelog 1.1.0](https://keepachangelog.com/en/1.1.0/):

| rule | what |
|---|---|
| KC01 | the file is there and holds releases |
| KC02 | it has a title |
| KC03 | `## [Unreleased]` comes first |
| KC04 | headings have the form `## [1.2.3] - 2025-01-31`, with `[YANKED]` after it if need be |
| KC05 | versions are semantic versions |
| KC06 | dates exist in the calendar and are not in the future |
| KC07 | the newest release comes first |
| KC08 | no version stands twice |
| KC09 | sections are Added, Changed, Deprecated, Removed, Fixed, Security, or named in `sections` |
| KC10 | no release and no section is empty |
| KC11 | no placeholders: TODO, TBD, `...`, a lone dash |
| KC12 | bracketed versions have a link, and it compares neighbours |
| KC13 | changes are lists under sections |
| KC14 | with `version`: its entry is the newest release |
| KC15 | with `version`: nothing is left under *Unreleased* |
| KC16 | no code fence is left open |
| KC17 | with `version`: a new major version says what changed, was removed, or how to move on |
| KC18 | with `version`: a manifest has that version |

`profile = "lenient"` also takes other forms of headings and of dates, other sections and prose.
Errors and warnings are counted apart.

There is one changelog for the workspace, in its root or in `docs`; with `crates = "each"` every crate
that may be published has one in its folder, with `"either"` the nearest one above it counts, and
its entry may name the crate (`## [demo-core-2.0.0]`). With `version = "manifest"` the entry is
that of the version that the crate has.

`entry_present` holds when the entry of `version` says something; without `version`, when
*Unreleased* or any release does. `updated` holds when *Unreleased* or the entry says a line that
the changelog did not have anywhere at the phase's base: reordering, new spaces, changed links and
a copy of an older entry are no update, and neither is moving *Unreleased* under a version
as it was. `grew` is for pull requests: *Unreleased* says something new since the branch left the
base, or nothing has changed but files of `unneeded`, or a commit says so by `skip_trailer`.

`gaterun fix` adds missing links to comparisons, where those that are there have one form.

Gamed by an empty heading (KC10), a placeholder (KC11), a copy of an older entry (`updated`) and a
heading in a code fence (not seen). Whether the text is true, no gate can say.
"""


class ChangelogOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``changelog``."""

    file: Annotated[
        str, gaterun.help("the changelog; by default CHANGELOG.md or another usual name")
    ] = ""
    version: Annotated[
        str,
        gaterun.help(
            "the version whose entry must be there and be the newest; 'manifest' for the"
            " one that the manifest has"
        ),
    ] = ""
    crates: Annotated[
        str, gaterun.help("root: one changelog; each: one a crate; either: the nearest above it")
    ] = "root"
    crate: Annotated[
        str, gaterun.help("the crate that is released, where headings name crates")
    ] = ""
    profile: Annotated[str, gaterun.help("strict: Keep a Changelog by the letter; or lenient")] = (
        "strict"
    )
    sections: Annotated[
        tuple[str, ...], gaterun.help("names of sections allowed beside the six standard ones")
    ] = ()
    unreleased: Annotated[str, gaterun.help("what 'Unreleased' is called, in another language")] = (
        ""
    )
    unneeded: Annotated[
        tuple[str, ...], gaterun.help("globs of files whose change needs no entry (metric grew)")
    ] = ()
    skip_trailer: Annotated[
        str, gaterun.help("trailer by which a commit needs no entry, such as 'Changelog: skip'")
    ] = ""
    since: Annotated[
        str, gaterun.help("oldest version that is checked; what stands below it is left in peace")
    ] = ""

    def __post_init__(self) -> None:
        if self.profile not in ("strict", "lenient"):
            raise ValueError(f"profile is 'strict' or 'lenient', not '{self.profile}'")
        if self.crates not in ("root", "each", "either"):
            raise ValueError(f"crates is 'root', 'each' or 'either', not '{self.crates}'")
        if self.skip_trailer and not re.fullmatch(r"[\w-]+:\s*\S.*", self.skip_trailer):
            raise ValueError(f"skip_trailer is 'Key: value', not '{self.skip_trailer}'")


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Read the changelogs and check them.

    Raises:
        CannotMeasure: a file is too large to be read (``incomplete``), no crate is there to
            have a changelog, or it is not clear which version is meant (``no-input``).
    """
    from gaterun_gates.prose.changelog_told import tell

    options: ChangelogOptions = ctx.options
    told = [tell(ctx, options, subject, first=new) for subject, new in _asked(ctx, options)]
    findings = [finding for each in told for finding in each.findings]
    files = {each.file for each in told if each.there}
    return gaterun.Measurement(
        metrics={
            **_counts(findings),
            "entry_present": all(each.present for each in told),
            "bullets": sum(each.bullets for each in told),
            "releases": sum(each.releases for each in told if each.first),
            "updated": _all([each.updated for each in told]),
            "grew": _all([each.grew for each in told]),
        },
        inspected={"places": len(told), "files": len(files)},
        findings=findings,
        notes=list(dict.fromkeys(note for each in told for note in each.notes)),
        recipe={"file": ", ".join(sorted(files)), "profile": options.profile},
    )


def _all(values: Sequence[Measured]) -> Measured:
    """Whether all hold; one that does not decides, whatever is not known of others."""
    for value in (False, None):
        found = next((each for each in values if each.value is value), None)
        if found is not None:
            return found
    return Measured(value=True)


def _asked(ctx: gaterun.Context, options: ChangelogOptions) -> list[tuple[Subject, bool]]:
    """What is asked of which changelog, and whether it is the first time for this file."""
    from gaterun_gates.prose.changelog_files import subjects

    found = subjects(ctx, options.file, options.crates)
    if not found:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT, "no crate that may be published is there to have a changelog"
        )
    firsts = {subject.file: subject for subject in reversed(found)}
    return [(subject, firsts[subject.file] is subject) for subject in found]


def _counts(findings: Sequence[gaterun.Finding]) -> dict[str, Measured]:
    counts: dict[str, dict[str, float]] = {"error": {}, "warning": {}}
    for finding in findings:
        by_rule = counts[finding.severity.value]
        by_rule[finding.rule] = by_rule.get(finding.rule, 0) + 1
    return {
        f"{name}s": Measured(value=int(sum(by_rule.values())), breakdown=by_rule)
        for name, by_rule in counts.items()
    }


def fix(ctx: gaterun.Context) -> list[gaterun.Edit]:
    """Link definitions that are missing and that follow from those that are there.

    Raises:
        CannotMeasure: as for `measure`.
    """
    from gaterun_gates.prose.changelog_links import with_links
    from gaterun_gates.prose.changelog_told import read
    from gaterun_gates.prose.drafts import Drafts

    options: ChangelogOptions = ctx.options
    drafts = Drafts(ctx.root)
    for subject, first in _asked(ctx, options):
        if first and subject.there and options.profile == "strict":
            changelog = read(ctx, subject.file, options.unreleased)
            if text := drafts.text(subject.file):
                drafts.put(subject.file, with_links(text, changelog))
    return drafts.edits()


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.files import CHANGELOG

    return CHANGELOG


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.changelog import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="changelog",
    title="Changelog",
    about=_ABOUT,
    metrics=(
        Metric(
            name="errors",
            help="broken rules that the profile takes for errors",
            counts=gaterun.Counted(severities=(gaterun.Severity.ERROR,)),
        ),
        Metric(
            name="warnings",
            help="broken rules that the profile takes for warnings",
            counts=gaterun.Counted(severities=(gaterun.Severity.WARNING,)),
        ),
        Metric(
            name="entry_present",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            help="the entry of the version (or any entry) says something",
        ),
        Metric(name="bullets", better=Better.HIGHER, help="items in the entry that say something"),
        Metric(name="releases", better=Better.HIGHER, help="releases in the file"),
        Metric(
            name="updated",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            help="the entry or Unreleased says something that the base did not",
        ),
        Metric(
            name="grew",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            help="Unreleased has grown since the branch left the base, or need not have",
        ),
    ),
    measure=measure,
    inputs=("**", gaterun.HISTORY),
    fix=fix,
    options=ChangelogOptions,
    requires=("errors == 0", "entry_present == true"),
    pins=("errors", "releases"),
    timeout=120.0,
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
