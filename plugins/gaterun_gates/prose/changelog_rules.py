"""The rules KC01 … KC18 for changelogs, and what each costs in which profile.

Source: Keep a Changelog 1.1.0, and Semantic Versioning 2.0.0 for versions and their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from gaterun_gates.prose.keepachangelog import Changelog, Release, calendar_day, says_something
from gaterun_gates.prose.markdown import Kind
from gaterun_gates.prose.placeholder import is_placeholder
from gaterun_gates.prose.semver_text import is_semver, precedence

#: The kinds of changes that Keep a Changelog names.
SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")

_BREAKING = re.compile(r"\b(?:breaking|migrat\w*|upgrad\w*)\b", re.IGNORECASE)

PROFILES = ("strict", "lenient")

#: What a broken rule is in the strict and in the lenient profile; empty where it is nothing.
_SEVERITY = {
    "KC01": ("error", "error"),
    "KC02": ("error", "warning"),
    "KC03": ("warning", ""),
    "KC04": ("error", "warning"),
    "KC05": ("error", "warning"),
    "KC06": ("error", "error"),
    "KC07": ("error", "warning"),
    "KC08": ("error", "error"),
    "KC09": ("error", ""),
    "KC10": ("error", "error"),
    "KC11": ("error", "error"),
    "KC12": ("warning", ""),
    "KC13": ("error", ""),
    "KC14": ("error", "warning"),
    "KC15": ("error", "warning"),
    "KC16": ("error", "error"),
    "KC17": ("warning", "warning"),
    "KC18": ("error", "warning"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A broken rule.

    Attributes:
        line: 1-based.
        mild: an error is only a warning here.
        formal: only the strict profile minds.
    """

    rule: str
    line: int
    message: str
    help: str = ""
    mild: bool = False
    formal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What a changelog is checked against.

    Attributes:
        sections: names allowed for groups of changes.
        today: in UTC; a release may be dated one day later, for people east of it.
        version: the version about to be released; empty outside of a release.
        crate: the crate whose release it is; empty where all have one changelog and one version.
        manifests: versions that manifests have; empty where they are not known.
    """

    sections: tuple[str, ...]
    today: date
    version: str = ""
    crate: str = ""
    manifests: frozenset[str] = frozenset()

    def entry(self, changelog: Changelog) -> Release | None:
        """The release that is about to be made."""
        return changelog.entry(self.version, self.crate) if self.version else None


def severity(problem: Problem, profile: str) -> str:
    """``error``, ``warning``, or empty when the profile does not mind."""
    if problem.formal and profile != "strict":
        return ""
    found = _SEVERITY[problem.rule][PROFILES.index(profile)]
    return "warning" if found == "error" and problem.mild else found


def check(
    changelog: Changelog, expected: Expectations, *, only_release: bool = False
) -> list[Problem]:
    """Every broken rule, by line.

    Args:
        only_release: leave out what is the same for every release that the file is asked about.
    """
    rules = (_release,) if only_release else _RULES
    problems = [problem for rule in rules for problem in rule(changelog, expected)]
    return sorted(problems, key=lambda problem: (problem.line, problem.rule))


def _structure(changelog: Changelog, _: Expectations) -> Iterator[Problem]:
    if not changelog.releases and not changelog.strangers:
        yield Problem(
            rule="KC01", line=1, message="there is no release in it, and nothing unreleased"
        )
        return
    if not changelog.titled:
        yield Problem(
            rule="KC02", line=1, message="no title: the file begins with no '# Changelog'"
        )
    unreleased = changelog.unreleased
    if unreleased is None:
        yield Problem(rule="KC03", line=1, message="no section '## [Unreleased]'")
    elif changelog.releases[0] is not unreleased:
        yield Problem(
            rule="KC03", line=unreleased.line, message="'Unreleased' is not the first section"
        )
    for line in changelog.unclosed_fences:
        yield Problem(
            rule="KC16", line=line, message="a code fence that nothing closes hides what follows"
        )


def _headings(changelog: Changelog, _: Expectations) -> Iterator[Problem]:
    for stranger in changelog.strangers:
        yield Problem(
            rule="KC04",
            line=stranger.line,
            message=f"'{stranger.text}' names no version",
            help="write: ## [1.2.3] - 2025-01-31",
        )
    for release in changelog.releases:
        if not release.standard:
            wanted = "[Unreleased]"
            if release.version:
                wanted = f"[{release.name}] - {release.date or 'YYYY-MM-DD'}"
            yield Problem(
                rule="KC04",
                line=release.line,
                message=f"heading '{release.heading}' has another form",
                formal=bool(release.date) or release.unreleased,
                help=f"write: ## {wanted}",
            )
        if release.version and not is_semver(release.version):
            yield Problem(
                rule="KC05",
                line=release.line,
                message=f"'{release.version}' is not a semantic version",
            )


def _dates(changelog: Changelog, expected: Expectations) -> Iterator[Problem]:
    above: tuple[Release, date] | None = None
    for release in changelog.released:
        if release.undated:
            yield Problem(
                rule="KC11",
                line=release.line,
                message=f"placeholder '{release.undated}' for the date of {release.name}",
                mild=release.version != expected.version,
            )
        if not release.date:
            continue  # its heading has another form: KC04
        day = calendar_day(release.date)
        if day is None:
            yield Problem(
                rule="KC06",
                line=release.line,
                message=f"{release.name}: {release.date} is no date",
            )
            continue
        if day > expected.today + timedelta(days=1):
            yield Problem(
                rule="KC06",
                line=release.line,
                message=f"{release.name}: {release.date} is in the future",
            )
        if above is not None and above[0].crate == release.crate and day > above[1]:
            yield Problem(
                rule="KC07",
                line=release.line,
                message=f"{release.name} is dated later than {above[0].name} above it",
                mild=True,  # a fix for an older line may come out later
            )
        above = release, day


def _order(changelog: Changelog, _: Expectations) -> Iterator[Problem]:
    crates = {release.crate for release in changelog.released}
    for crate in sorted(crates):
        mine = [item for item in changelog.released if item.crate == crate]
        for above, below in pairwise(item for item in mine if is_semver(item.version)):
            if precedence(above.version) < precedence(below.version):
                yield Problem(
                    rule="KC07",
                    line=below.line,
                    message=f"{below.name} stands below {above.name}, which is older",
                )
    first: dict[tuple[str, str], int] = {}
    for release in changelog.releases:
        key = (release.crate, release.version)
        if key in first:
            yield Problem(
                rule="KC08",
                line=release.line,
                message=f"{release.name} stands already at line {first[key]}",
            )
        first.setdefault(key, release.line)


def _release(changelog: Changelog, expected: Expectations) -> Iterator[Problem]:
    entry = expected.entry(changelog)
    if entry is None:
        return
    # A release that is planned above it has no date yet, and is not newer.
    mine = [item for item in changelog.released if item.crate == entry.crate]
    top = next((item for item in mine if not item.undated or item is entry), entry)
    if top is not entry:
        yield Problem(
            rule="KC14",
            line=entry.line,
            message=f"{entry.name} is not the newest release: {top.name} stands above it",
        )
    unreleased = changelog.unreleased
    if unreleased is not None and unreleased.has_content:
        yield Problem(
            rule="KC15",
            line=unreleased.line,
            message=f"'Unreleased' still has content although {entry.name} is written",
        )
    older = mine[mine.index(entry) + 1 :]
    if older and _breaks(older[0].version, entry.version) and not _tells_what_breaks(entry):
        yield Problem(
            rule="KC17",
            line=entry.line,
            message=f"{entry.name} may break what worked with {older[0].version}, and says not how",
            help="say what was changed or removed, or how to move on",
        )
    if expected.manifests and entry.version not in expected.manifests:
        known = ", ".join(sorted(expected.manifests))
        yield Problem(
            rule="KC18",
            line=entry.line,
            message=f"no manifest has the version {entry.version}: {known}",
        )


def _breaks(before: str, after: str) -> bool:
    """Whether a version promises nothing of what the one before did (SemVer, cargo's 0.x)."""
    if not (is_semver(before) and is_semver(after)):
        return False
    one, two = precedence(before), precedence(after)
    return two[0] > one[0] > 0


def _tells_what_breaks(entry: Release) -> bool:
    if any(section.name not in SECTIONS for section in entry.sections):
        return True  # named otherwise, so nobody can tell
    told = any(part.name in ("Changed", "Removed") and part.has_content for part in entry.sections)
    return told or any(_BREAKING.search(block.text) for block in entry.blocks)


def _contents(changelog: Changelog, expected: Expectations) -> Iterator[Problem]:
    for release in changelog.releases:
        named = [*expected.sections]
        for section in release.sections:
            if section.name not in named:
                near = next((name for name in named if name.lower() == section.name.lower()), "")
                yield Problem(
                    rule="KC09",
                    line=section.line,
                    message=f"'{section.name}' is no kind of change",
                    help=f"write: {near}" if near else f"one of: {', '.join(named)}",
                )
            if not any(says_something(block) for block in section.blocks):
                yield Problem(
                    rule="KC10",
                    line=section.line,
                    message=f"'{section.name}' of {release.name} is empty",
                    mild=release.unreleased,
                )
            elif not any(block.kind is Kind.ITEM for block in section.blocks):
                yield Problem(
                    rule="KC13",
                    line=section.line,
                    message=f"'{section.name}' of {release.name} is no list",
                    mild=release.unreleased,
                )
        if release.version and not release.has_content:
            yield Problem(rule="KC10", line=release.line, message=f"{release.name} says nothing")
        yield from _loose(release)


def _loose(release: Release) -> Iterator[Problem]:
    for block in release.blocks:
        if block.kind in (Kind.ITEM, Kind.TEXT) and is_placeholder(block.text):
            text = " ".join(block.text.split())[:60]
            yield Problem(
                rule="KC11",
                line=block.line,
                message=f"placeholder '{text}' in {release.name}"
                if text
                else f"empty item in {release.name}",
                mild=release.unreleased,
            )
    item = next((block for block in release.loose if block.kind is Kind.ITEM), None)
    if item is not None:
        yield Problem(
            rule="KC13",
            line=item.line,
            message=f"{release.name} lists changes outside of any section",
            mild=release.unreleased,
        )


def _links(changelog: Changelog, _: Expectations) -> Iterator[Problem]:
    for release in unlinked(changelog):
        yield Problem(
            rule="KC12", line=release.line, message=f"no link definition for [{release.name}]"
        )
    for release, older in pairwise(changelog.releases):
        target, line = changelog.references.get(release.name.lower(), (release.url, release.line))
        ends = re.search(r"/compare/(?P<old>[^?#]+?)\.\.\.?(?P<new>[^?#]+)$", target)
        if ends is None or release.crate != older.crate:
            continue
        for end, version in ((ends["new"], release.version), (ends["old"], older.version)):
            # What is not released yet ends at a branch, whatever its name.
            if not end.endswith(version):
                yield Problem(
                    rule="KC12",
                    line=line,
                    message=f"the link of {release.name} compares '{end}', not {version}",
                )


def unlinked(changelog: Changelog) -> Iterator[Release]:
    """The releases in brackets that lead nowhere."""
    for release in changelog.releases:
        label = release.name.lower()
        if release.bracketed and not release.url and label not in changelog.references:
            yield release


_RULES: Sequence[Callable[[Changelog, Expectations], Iterator[Problem]]] = (
    _structure,
    _headings,
    _dates,
    _order,
    _release,
    _contents,
    _links,
)
