"""What one changelog says about one crate, or about the whole workspace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import gaterun
from gaterun import Measured
from gaterun_gates.prose.changelog_files import CANDIDATES
from gaterun_gates.prose.changelog_growth import grew, updated
from gaterun_gates.prose.changelog_rules import SECTIONS, Expectations, check, severity
from gaterun_gates.prose.keepachangelog import read_changelog
from gaterun_gates.prose.markdown import decode

if TYPE_CHECKING:
    from gaterun_gates.changelog import ChangelogOptions
    from gaterun_gates.prose.changelog_files import Subject
    from gaterun_gates.prose.changelog_rules import Problem
    from gaterun_gates.prose.keepachangelog import Changelog, Release

#: A greater file takes minutes to parse and is no changelog that people read.
_MOST_BYTES = 8 * 1024 * 1024

_NOT = Measured(value=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a changelog says.

    Attributes:
        there: the file is there.
        first: it is the first time that this file is asked.
        present: the entry says something.
    """

    file: str
    there: bool
    first: bool
    present: bool = False
    bullets: int = 0
    releases: int = 0
    updated: Measured = _NOT
    grew: Measured = _NOT
    findings: tuple[gaterun.Finding, ...] = ()
    notes: tuple[str, ...] = ()


def _version(options: ChangelogOptions, subject: Subject) -> str:
    """The version whose entry must be there; empty when none is asked for."""
    if options.version != "manifest":
        return options.version.removeprefix("v")
    if len(subject.versions) != 1:
        known = ", ".join(subject.versions) or "none"
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            f"the manifests do not say which version is meant: {known}",
            help="write version = '1.2.3', or crates = 'each'",
        )
    return subject.versions[0]


def tell(
    ctx: gaterun.Context,
    options: ChangelogOptions,
    subject: Subject,
    *,
    first: bool,
) -> Told:
    """Ask a changelog what it says.

    Args:
        first: it is the first time that this file is asked, so it is checked as a whole.

    Raises:
        CannotMeasure: it is too large (``incomplete``), or it is not clear which version is
            meant (``no-input``).
    """
    version = _version(options, subject)
    file = subject.file
    if not subject.there:
        return _missing(options, subject, version)
    changelog = read(ctx, file, options.unreleased)
    crate = subject.crate or options.crate
    entry = _entry(changelog, version, crate)
    findings = _findings(changelog, subject, options, version, first=first)
    if version and entry is None:
        findings.insert(0, _no_entry(version, file, subject.crate))
    asked = entry if version else next(iter(changelog.released), None)
    new, notes = updated(ctx, changelog, file, asked, options.unreleased)
    grown, more = grew(
        ctx,
        changelog,
        file,
        options.unreleased,
        unneeded=options.unneeded,
        trailer=options.skip_trailer,
    )
    return Told(
        file=file,
        there=True,
        first=first,
        present=entry.has_content if entry is not None else False,
        bullets=entry.bullets if entry is not None else 0,
        releases=len(changelog.released),
        updated=new,
        grew=grown,
        findings=tuple(findings),
        notes=(*notes, *more),
    )


def read(ctx: gaterun.Context, file: str, unreleased: str) -> Changelog:
    """Read a changelog of the workspace.

    Raises:
        CannotMeasure: it is too large (``incomplete``).
    """
    path = ctx.root / file
    if path.stat().st_size > _MOST_BYTES:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE, f"{file} is larger than {_MOST_BYTES >> 20} MiB"
        )
    return read_changelog(decode(path.read_bytes()), unreleased=unreleased)


def _missing(options: ChangelogOptions, subject: Subject, version: str) -> Told:
    wanted = options.file or f"file such as {CANDIDATES[0]}"
    whose = f" of {subject.crate}" if subject.crate else ""
    findings = [
        gaterun.Finding(
            rule="KC01",
            message=f"no changelog{whose}: there is no {wanted}",
            path=subject.file,
            severity=gaterun.Severity.ERROR,
        )
    ]
    if version:
        findings.append(_no_entry(version, subject.file, subject.crate))
    return Told(file=subject.file, there=False, first=True, findings=tuple(findings))


def _no_entry(version: str, file: str, crate: str) -> gaterun.Finding:
    name = f"{crate} {version}" if crate else version
    return gaterun.Finding(
        rule="entry-missing",
        message=f"no entry for {name}",
        path=file,
        severity=gaterun.Severity.ERROR,
        help=f"write: ## [{version}] - YYYY-MM-DD",
        fingerprint=f"entry-missing:{file}:{name}",
    )


def _findings(
    changelog: Changelog, subject: Subject, options: ChangelogOptions, version: str, *, first: bool
) -> list[gaterun.Finding]:
    expected = Expectations(
        sections=(*SECTIONS, *options.sections),
        today=datetime.now(UTC).date(),
        version=version,
        crate=subject.crate or options.crate,
        manifests=frozenset(subject.versions),
    )
    problems = check(_recent(changelog, options.since), expected, only_release=not first)
    return [
        _finding(problem, subject.file, found)
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


def _entry(changelog: Changelog, version: str, crate: str) -> Release | None:
    """The entry asked for; without a version the topmost one that says something."""
    if version:
        return changelog.entry(version, crate)
    return next((release for release in changelog.releases if release.has_content), None)
