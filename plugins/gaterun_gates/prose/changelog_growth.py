"""What a changelog says that it did not say at an earlier commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaterun import Measured
from gaterun_gates.prose.changelog_files import is_changelog
from gaterun_gates.prose.keepachangelog import read_changelog
from gaterun_gates.prose.markdown import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    import gaterun
    from gaterun_gates.prose.keepachangelog import Changelog, Release

_NO_BASE = "the phase names no base commit to compare with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What changelogs said at a commit.

    Attributes:
        lines: all that they said; ``None`` when git cannot tell.
        note: what there is to say about it, or why git cannot tell.
    """

    lines: frozenset[str] | None
    note: str = ""


def said_at(ctx: gaterun.Context, commit: str, file: str, unreleased: str) -> Earlier:
    """What `file` said at a commit, or any changelog where it was not there under this name."""
    listing = ctx.run(["git", "ls-tree", "-r", "-z", "--name-only", commit])
    if not listing.ok:
        return Earlier(lines=None, note=f"git cannot list {commit[:10]}: {listing.err()[:200]}")
    names = listing.out().split("\0")
    found = [file] if file in names else [name for name in names if is_changelog(name)]
    lines: set[str] = set()
    for name in found:
        done = ctx.run(["git", "show", f"{commit}:./{name}"])
        if not done.ok:
            return Earlier(lines=None, note=f"git cannot show {name} at the base")
        lines |= read_changelog(decode(done.stdout.read_bytes()), unreleased=unreleased).lines
    note = ""
    if found != [file]:
        old = ", ".join(found[:3])
        note = f"at the base the changelog was {old}" if found else f"{file} is new since the base"
    return Earlier(lines=frozenset(lines), note=note)


def updated(
    ctx: gaterun.Context,
    changelog: Changelog,
    file: str,
    entry: Release | None,
    unreleased: str,
) -> tuple[Measured, list[str]]:
    """Whether the entry or *Unreleased* says something that no changelog said at the base."""
    if not ctx.base:
        return Measured(value=None, why=_NO_BASE), []
    earlier = said_at(ctx, ctx.base, file, unreleased)
    if earlier.lines is None:
        return Measured(value=None, why=earlier.note), []
    told = [release for release in (changelog.unreleased, entry) if release is not None]
    lines = {line for release in told for line in release.lines}
    added = len(lines - earlier.lines)
    notes = [earlier.note] if earlier.note else []
    return Measured(value=added > 0), [
        *notes,
        f"{added} new lines in the entry since {ctx.base[:10]}",
    ]


def grew(
    ctx: gaterun.Context,
    changelog: Changelog,
    file: str,
    unreleased: str,
    *,
    unneeded: Sequence[str],
    trailer: str,
) -> tuple[Measured, list[str]]:
    """Whether *Unreleased* has grown since the branch left the base, or need not have.

    Args:
        unneeded: globs of files whose change needs no entry.
        trailer: ``Key: value`` in a commit's message that says that none is needed; empty
            when nobody may say so.
    """
    if not ctx.base:
        return Measured(value=None, why=_NO_BASE), []
    forked = ctx.run(["git", "merge-base", ctx.base, "HEAD"])
    if not forked.ok:
        return Measured(value=None, why="git cannot say where the branch left the base"), []
    start = forked.out().strip()
    earlier = said_at(ctx, start, file, unreleased)
    if earlier.lines is None:
        return Measured(value=None, why=earlier.note), []
    now = changelog.unreleased
    if now is not None and now.lines - earlier.lines:
        return Measured(value=True), []
    changed = _changed(ctx, start)
    if changed is None:
        return Measured(value=None, why="git cannot list what has changed"), []
    serious = changed - {file} - (set(ctx.files(*unneeded)) if unneeded else set())
    if not serious:
        return Measured(value=True), ["no entry is needed: nothing else has changed that asks one"]
    if commit := _skipped(ctx, start, trailer):
        return Measured(value=True), [f"no entry is needed, says commit {commit[:10]}: {trailer}"]
    return Measured(value=False), []


def _changed(ctx: gaterun.Context, start: str) -> set[str] | None:
    tracked = ctx.run(["git", "diff", "--name-only", "-z", "--relative", start, "--", "."])
    others = ctx.run(["git", "ls-files", "--others", "--exclude-standard", "-z"])
    if not (tracked.ok and others.ok):
        return None
    return {name for name in (tracked.out() + others.out()).split("\0") if name}


def _skipped(ctx: gaterun.Context, start: str, trailer: str) -> str:
    """The commit whose message has the trailer."""
    key, _, value = (part.strip() for part in trailer.partition(":"))
    if not key:
        return ""
    done = ctx.run(
        [
            "git",
            "log",
            f"--format=%H%x00%(trailers:key={key},valueonly,separator=%x00)",
            f"{start}..HEAD",
        ]
    )
    for line in done.out().splitlines() if done.ok else ():
        commit, *values = line.split("\0")
        if value.lower() in {each.strip().lower() for each in values}:
            return commit
    return ""
