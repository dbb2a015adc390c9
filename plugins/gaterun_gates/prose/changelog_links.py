"""Link definitions that a changelog lacks, where those that it has leave no doubt about them."""

from __future__ import annotations

import re

from gaterun_gates.prose.changelog_rules import unlinked
from gaterun_gates.prose.keepachangelog import Changelog, Release

_COMPARE = re.compile(r"(?P<site>https?://\S+)/compare/(?P<old>[^?#\s]+?)\.\.\.(?P<new>[^?#\s]+)")


def with_links(text: str, changelog: Changelog) -> str:
    """The changelog with the definitions that it lacks; unchanged where they are not plain.

    They are plain when every link that compares two releases is of one site and has one form
    of tags, ``v1.2.3`` or ``1.2.3``, and no heading names a crate.
    """
    styles = set(_styles(changelog))
    missing = list(unlinked(changelog))
    if len(styles) != 1 or not missing or any(item.crate for item in changelog.releases):
        return text
    site, prefix = styles.pop()
    lines = text.split("\n")
    for release in reversed(missing):
        below = changelog.releases[changelog.releases.index(release) + 1 :]
        if not below and release.unreleased:
            continue
        if below:
            end = f"{prefix}{release.version}" if release.version else "HEAD"
            target = f"{site}/compare/{prefix}{below[0].version}...{end}"
        else:
            target = f"{site}/releases/tag/{prefix}{release.version}"
        label = release.name if release.version else "unreleased"
        lines.insert(_place(changelog, below, lines), f"[{label}]: {target}")
    return "\n".join(lines)


def _styles(changelog: Changelog) -> list[tuple[str, str]]:
    """Site and prefix of tags of every link between two releases."""
    found = []
    for release in changelog.released:
        target, _ = changelog.references.get(release.name.lower(), ("", 0))
        match = _COMPARE.fullmatch(target)
        if match and match["new"].endswith(release.version):
            found.append((match["site"], match["new"].removesuffix(release.version)))
    return found


def _place(changelog: Changelog, below: tuple[Release, ...], lines: list[str]) -> int:
    """Where a definition goes: above that of the next older release, or below all of them."""
    for release in below:
        label = re.compile(rf"\[{re.escape(release.name)}\]:", re.IGNORECASE)
        for number, line in enumerate(lines):
            if label.match(line):
                return number
    last = max(line for _, line in changelog.references.values())
    return next(
        (at for at in range(last, len(lines)) if not re.match(r"\[[^\]]+\]:", lines[at])),
        len(lines),
    )
