"""Which versions a file states: picks the detectors for its name, and finds stale mentions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from gaterun_gates.prose.semver_text import SEMVER, token
from gaterun_gates.prose.stated_version import Stated, stated_at

#: The detectors that can be switched off, by the kind of what they find.
DETECTORS = (
    "install",
    "badge",
    "link",
    "html_root_url",
    "constant",
    "package.json",
    "pyproject.toml",
    "CITATION.cff",
    "Chart.yaml",
    "Dockerfile",
    "OpenAPI",
    "changelog",
)

_DOCUMENTS = (".md", ".markdown", ".rst", ".adoc", ".txt", ".html", ".rs")

#: Files that tell of the past, where older versions belong; matched against the lower case.
_HISTORY = re.compile(
    r"(?:^|/)[^/]*(?:changelog|changes|history|news|release|migrat|upgrad)[^/]*"
    r"(?:\.(?:md|markdown|rst|adoc|txt))?$"
    r"|(?:^|/)(?:archived?|changelogs?|changelog\.d|migrations?|releases?|release-notes|adr)/"
)
#: Files that are other people's, or made by tools.
_FOREIGN = re.compile(
    r"(?:^|/)(?:vendor|node_modules|third[-_]party|target)/"
    r"|(?:^|/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|go\.sum|[^/]+\.lock)$"
    r"|\.(?:svg|min\.js|map|patch|diff|snap)$"
)
#: Files that tests are made of.
_TEST_DATA = re.compile(r"(?:^|/)(?:tests?|testdata|test-data|fixtures?|snapshots|benches)/")

#: A Rust file without any of these instructs nobody to install anything, and shows no badge.
_INSTRUCTIVE = ("dependencies", "cargo add", "cargo install", "shields.io")

_CHANGELOG = re.compile(r"(?:changelog|changes|history|releases)(?:\.md)?", re.IGNORECASE)
#: How much of a changelog is read to find its newest release.
_CHANGELOG_HEAD = 65536

_ELSEWHERE = re.compile(
    r"https?://[^\s)\"'>]*(?:semver\.org|keepachangelog\.com|spdx\.org|w3\.org)[^\s)\"'>]*"
)
_ASSIGNMENT = re.compile(
    r"^\s*(?://[/!])?\s*[\"']?(?P<name>[A-Za-z0-9_-]+)[\"']?\s*[=:]\s*[\[{\"'^~=v]*[\s\S]*$"
)
_PAGE = re.compile(r"(?:docs\.rs|crates\.io/crates|lib\.rs/crates)/(?P<name>[A-Za-z0-9_-]+)/\S*")


def is_scanned(path: str) -> bool:
    """Whether versions stated in this file are anything to go by."""
    lower = path.lower()
    return not _FOREIGN.search(lower) and not _TEST_DATA.search(lower)


def is_history(path: str) -> bool:
    """Whether a file tells of the past: changelog, release notes, migration guide, archive."""
    return _HISTORY.search(path.lower()) is not None


def scan_file(path: str, text: str, names: Collection[str]) -> Iterator[Stated]:
    """The versions that a file states of the crates `names` or of its own crate.

    Raises:
        ValueError: a file of a known format cannot be read.
    """
    from gaterun_gates.parsers import version_files
    from gaterun_gates.prose.badges import find_badges
    from gaterun_gates.prose.snippets import find_snippets

    file = path.rpartition("/")[2].lower()
    reader = version_files.READERS.get(file)
    if reader is not None:
        yield from reader(text)
    elif _CHANGELOG.fullmatch(file):
        yield from _newest_release(text)
    if is_history(path) or not file.endswith(_DOCUMENTS):
        return
    if file.endswith(".rs"):
        yield from version_files.find_in_rust(text)
        if not any(word in text for word in _INSTRUCTIVE):
            return
        # Only documentation in Rust files instructs anybody.
        text = "\n".join(
            line if line.lstrip().startswith(("//!", "///")) else " " * len(line)
            for line in text.split("\n")
        )
    yield from find_snippets(text, names)
    # Elsewhere a link to a page of one version may well mean that version.
    links = file.startswith("readme")
    yield from (item for item in find_badges(text, names) if links or item.kind != "link")


def find_stale(text: str, versions: Collection[str], names: Collection[str]) -> Iterator[Stated]:
    """Lines that mention one of `versions`, unless they speak of another crate or site.

    Args:
        names: the crates whose versions these were.
    """
    for version in versions:
        if version not in text:
            continue
        pattern = token(version)
        for number, line in enumerate(text.split("\n"), start=1):
            if version not in line:
                continue
            assigned = _ASSIGNMENT.match(line)
            if assigned and "=" in line and _is_dependency_of_others(assigned["name"], names):
                continue
            rest = _ELSEWHERE.sub(" ", line)
            for page in _PAGE.finditer(rest):
                if page["name"] not in names:
                    rest = rest.replace(page[0], " ")
            if pattern.search(rest):
                yield Stated(kind="stale-mention", line=number, text=version)


def _is_dependency_of_others(name: str, names: Collection[str]) -> bool:
    """Whether ``name = …`` pins another crate rather than naming a version of ours."""
    return name not in names and re.search(r"version|release|tag", name, re.IGNORECASE) is None


def _newest_release(text: str) -> Iterator[Stated]:
    from gaterun_gates.prose.keepachangelog import read_changelog

    releases = read_changelog(text[:_CHANGELOG_HEAD]).released
    # Above the newest release some keep notes for one that has no date yet.
    dated = [release for release in releases if release.date]
    for release in (dated or releases)[:1]:
        yield Stated(
            kind="changelog", line=release.line, text=release.version, package=release.crate
        )


def find_declared(text: str, search: str, expected: str) -> tuple[list[int], list[Stated]]:
    """Occurrences of `search`, whose ``{version}`` stands for a version.

    Returns:
        The lines where it names `expected`, and where it names another version.
    """
    pattern = f"(?P<version>{SEMVER})".join(map(re.escape, search.split("{version}", 1)))
    # A further {version} must be the same one.
    pattern = pattern.replace(re.escape("{version}"), "(?P=version)")
    right: list[int] = []
    wrong: list[Stated] = []
    for match in re.finditer(pattern, text):
        found = stated_at(text, *match.span("version"), "place")
        if found.text == expected:
            right.append(found.line)
        else:
            wrong.append(found)
    return right, wrong
