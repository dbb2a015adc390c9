"""The gate ``changelog``: checks a changelog by rules, and that it has an entry."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Measured, Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gaterun_gates.prose.changelog_rules import Problem
    from gaterun_gates.prose.keepachangelog import Changelog, Release

#: Where a changelog is looked for, in this order, whatever the case of its name.
CANDIDATES = ("CHANGELOG.md", "CHANGELOG", "CHANGES.md", "HISTORY.md", "RELEASES.md", "NEWS.md")

#: A greater file takes minutes to parse and is no changelog that people read.
_MOST_BYTES = 8 * 1024 * 1024

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

`profile = "lenient"` also takes other forms of headings and of dates, other sections and prose.
Errors and warnings are counted apart.

`entry_present` holds when the entry of `version` says something; without `version`, when
*Unreleased* or any release does. `updated` holds when *Unreleased* or the entry says a line that
the changelog did not have anywhere at the phase's base: reordering, new spaces, changed links and
a copy of an older entry are no update, and neither is moving *Unreleased* under a version
as it was.

Gamed by an empty heading (KC10), a placeholder (KC11), a copy of an older entry (`updated`) and a
heading in a code fence (not seen). Whether the text is true, no gate can say.
"""


class ChangelogOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``changelog``."""

    file: Annotated[str, gaterun.help(f"the changelog; by default the first of {CANDIDATES}")] = ""
    version: Annotated[
        str, gaterun.help("the version whose entry must be there and be the newest")
    ] = ""
    profile: Annotated[str, gaterun.help("strict: Keep a Changelog by the letter; or lenient")] = (
        "strict"
    )
    sections: Annotated[
        tuple[str, ...], gaterun.help("names of sections allowed beside the six standard ones")
    ] = ()
    since: Annotated[
        str, gaterun.help("oldest version that is checked; what stands below it is left in peace")
    ] = ""

    def __post_init__(self) -> None:
        if self.profile not in ("strict", "lenient"):
            raise ValueError(f"profile is 'strict' or 'lenient', not '{self.profile}'")


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Read the changelog and check it.

    Raises:
        CannotMeasure: the file is too large to be read (``incomplete``).
    """
    from gaterun_gates.prose.keepachangelog import read_changelog
    from gaterun_gates.prose.markdown import decode

    options: ChangelogOptions = ctx.options
    version = options.version.removeprefix("v")
    path = _locate(ctx.root, options.file)
    if path is None:
        return _missing(options, version)
    file = path.relative_to(ctx.root).as_posix()
    if path.stat().st_size > _MOST_BYTES:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE, f"{file} is larger than {_MOST_BYTES >> 20} MiB"
        )
    changelog = read_changelog(decode(path.read_bytes()))
    findings = _findings(changelog, file, options, version)
    entry = _entry(changelog, version)
    if version and entry is None:
        findings.insert(0, _no_entry(version, file))
    updated, notes = _updated(ctx, changelog, file, version)
    present = entry.has_content if entry is not None else False
    return gaterun.Measurement(
        metrics={
            **_counts(findings),
            "entry_present": present,
            "bullets": entry.bullets if entry is not None else 0,
            "releases": len(changelog.released),
            "updated": updated,
        },
        inspected={"files": 1, "releases": len(changelog.releases)},
        findings=findings,
        notes=notes,
        recipe={"file": file, "profile": options.profile},
    )


def _locate(root: Path, file: str) -> Path | None:
    """The changelog's path; names differ in case between projects."""
    if file:
        path = root / file
        return path if path.is_file() else None
    for folder in (root, root / "docs"):
        names = {path.name.lower(): path for path in folder.iterdir()} if folder.is_dir() else {}
        for name in CANDIDATES:
            found = names.get(name.lower())
            if found is not None and found.is_file():
                return found
    return None


def _missing(options: ChangelogOptions, version: str) -> gaterun.Measurement:
    wanted = options.file or f"any of {', '.join(CANDIDATES)}"
    findings = [
        gaterun.Finding(
            rule="KC01",
            message=f"no changelog: there is no {wanted}",
            path=options.file or CANDIDATES[0],
            severity=gaterun.Severity.ERROR,
        )
    ]
    if version:
        findings.append(_no_entry(version, options.file or CANDIDATES[0]))
    return gaterun.Measurement(
        metrics={
            **_counts(findings),
            "entry_present": False,
            "bullets": 0,
            "releases": 0,
            "updated": False,
        },
        inspected={"places": 1},
        findings=findings,
    )


def _no_entry(version: str, file: str) -> gaterun.Finding:
    return gaterun.Finding(
        rule="entry-missing",
        message=f"no entry for {version}",
        path=file,
        severity=gaterun.Severity.ERROR,
        help=f"write: ## [{version}] - YYYY-MM-DD",
        fingerprint=f"entry-missing:{file}:{version}",
    )


def _counts(findings: Sequence[gaterun.Finding]) -> dict[str, Measured]:
    counts: dict[str, dict[str, float]] = {"error": {}, "warning": {}}
    for finding in findings:
        by_rule = counts[finding.severity.value]
        by_rule[finding.rule] = by_rule.get(finding.rule, 0) + 1
    return {
        f"{name}s": Measured(value=int(sum(by_rule.values())), breakdown=by_rule)
        for name, by_rule in counts.items()
    }


def _findings(
    changelog: Changelog, file: str, options: ChangelogOptions, version: str
) -> list[gaterun.Finding]:
    from datetime import UTC, datetime

    from gaterun_gates.prose.changelog_rules import SECTIONS, Expectations, check, severity

    expected = Expectations(
        sections=(*SECTIONS, *options.sections),
        today=datetime.now(UTC).date(),
        version=version,
    )
    problems = check(_recent(changelog, options.since), expected)
    return [
        _finding(problem, file, found)
        for problem in problems
        if (found := severity(problem, options.profile))
    ]


def _recent(changelog: Changelog, since: str) -> Changelog:
    """The changelog down to the release `since`; whole when there is no such release."""
    names = [release.version for release in changelog.releases]
    if since not in names or not since:
        return changelog
    last = changelog.releases[names.index(since)]
    kept = changelog.releases[: names.index(since) + 1]
    strangers = tuple(item for item in changelog.strangers if item.line < last.line)
    return replace(changelog, releases=kept, strangers=strangers)


def _finding(problem: Problem, file: str, severity: str) -> gaterun.Finding:
    return gaterun.Finding(
        rule=problem.rule,
        message=problem.message,
        path=file,
        line=problem.line,
        severity=gaterun.Severity(severity),
        help=problem.help,
        # The usual fingerprint ignores digits, which tell one release from another.
        fingerprint=f"{problem.rule}:{file}:{problem.message}",
    )


def _entry(changelog: Changelog, version: str) -> Release | None:
    """The entry asked for; without a version the topmost one that says something."""
    if version:
        return changelog.entry(version)
    return next((release for release in changelog.releases if release.has_content), None)


def _updated(
    ctx: gaterun.Context, changelog: Changelog, file: str, version: str
) -> tuple[Measured, list[str]]:
    """Whether the entry or *Unreleased* says something that no release said at the base."""
    from gaterun_gates.prose.keepachangelog import read_changelog

    if not ctx.base:
        return Measured(value=None, why="the phase names no base commit to compare with"), []
    before, notes = _text_at(ctx, ctx.base, file)
    if before is None:
        return Measured(value=None, why=notes[0]), []
    old = read_changelog(before).lines
    candidates = [changelog.unreleased, changelog.entry(version) if version else None]
    if not version and changelog.released:
        candidates.append(changelog.released[0])
    lines = {line for entry in candidates if entry is not None for line in entry.lines}
    added = len(lines - old)
    notes.append(f"{added} new lines in the entry since {ctx.base[:10]}")
    return Measured(value=added > 0), notes


def _text_at(ctx: gaterun.Context, base: str, file: str) -> tuple[str | None, list[str]]:
    """The changelog at the base commit, empty when there was none, and what there is to say.

    ``None`` when git cannot tell, as in a clone that lacks the object; then the note says why.
    """
    from gaterun_gates.prose.markdown import decode

    for name in (file, *(name for name in CANDIDATES if name != file)):
        done = ctx.run(["git", "show", f"{base}:./{name}"], env={"LC_ALL": "C"})
        if done.ok:
            notes = [f"at the base the changelog was {name}"] if name != file else []
            return decode(done.stdout.read_bytes()), notes
        error = done.err().strip()
        # Git says of a commit that it does not have, too, that a file is not in it.
        if not re.search("does not exist in|exists on disk, but not in", error) or (
            name == file and not ctx.run(["git", "cat-file", "-e", f"{base}^{{tree}}"]).ok
        ):
            return None, [f"git cannot show it at the base: {error[:200]}"]
    return "", [f"{file} is new since the base"]


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
        Metric(name="errors", help="broken rules that the profile takes for errors"),
        Metric(name="warnings", help="broken rules that the profile takes for warnings"),
        Metric(
            name="entry_present",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            help="the entry of the version (or any entry) says something",
        ),
        Metric(name="bullets", better=Better.HIGHER, help="items in the entry that say something"),
        Metric(name="releases", better=Better.NEITHER, help="releases in the file"),
        Metric(
            name="updated",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            help="the entry or Unreleased says something that the base did not",
        ),
    ),
    measure=measure,
    options=ChangelogOptions,
    requires=("errors == 0", "entry_present == true"),
    timeout=120.0,
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
