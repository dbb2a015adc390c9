"""Cargo.lock, and where it disagrees with the manifests of a workspace.

Source: the cargo reference, chapter "Cargo.toml vs Cargo.lock"; formats 1 to 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaterun_gates.parsers.cargo_manifest import parse_toml
from gaterun_gates.parsers.cargo_requirement import satisfies

if TYPE_CHECKING:
    import gaterun


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A package in a lock file.

    Attributes:
        source: registry or git repository; empty for a crate of the tree.
        dependencies: "name", "name version" or "name version (source)".
        line: of its entry.
    """

    name: str
    version: str
    line: int
    source: str = ""
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A place where the lock file is not what the manifests say."""

    package: str
    line: int
    found: str
    expected: str


def read_lock(text: str) -> tuple[Locked, ...]:
    """Read a lock file.

    Raises:
        ValueError: it is none.
    """
    packages = parse_toml(text).get("package", [])
    lines = [
        number
        for number, line in enumerate(text.split("\n"), start=1)
        if re.match(r"\[\[package\]\]\s*$", line)
    ]
    if not isinstance(packages, list) or len(lines) != len(packages):
        raise ValueError("it has no packages in the form of a lock file")
    return tuple(
        Locked(
            name=str(entry.get("name", "")),
            version=str(entry.get("version", "")),
            line=line,
            source=str(entry.get("source", "")),
            dependencies=tuple(map(str, entry.get("dependencies", []))),
        )
        for entry, line in zip(packages, lines, strict=True)
        if isinstance(entry, dict)
    )


def find_drift(locked: Sequence[Locked], members: Sequence[gaterun.Package]) -> Iterator[Drift]:
    """Members, and their direct dependencies, that the lock file holds otherwise.

    It sees changed versions, new members, and dependencies that are new or whose requirement
    the locked version does not satisfy. It sees neither what was removed nor changed sources.
    """
    local = {entry.name: entry for entry in locked if not entry.source}
    names = {member.name for member in members}
    versions: dict[str, set[str]] = {}
    for entry in locked:
        versions.setdefault(entry.name, set()).add(entry.version)
    for member in members:
        mine = local.get(member.name)
        if mine is None:
            yield Drift(
                package=member.name, line=1, found="no entry", expected=f"version {member.version}"
            )
            continue
        if mine.version != member.version:
            yield Drift(
                package=member.name,
                line=mine.line + 2,
                found=f"version {mine.version}",
                expected=f"version {member.version}",
            )
        yield from _dependency_drift(member, mine, versions, names)


def with_versions(text: str, wanted: Mapping[str, str]) -> str:
    """A lock file in which the crates of the tree have other versions, and all else is as it was.

    A crate of which the registry has a release in it, too, is left alone: the order of the
    entries and the way in which others name it would change as well.

    Args:
        text: the lock file, unchanged where it cannot be read.
        wanted: version by crate.
    """
    try:
        locked = read_lock(text)
    except ValueError:
        return text
    foreign = {entry.name for entry in locked if entry.source}
    lines = text.split("\n")
    moved: dict[str, str] = {}
    for entry in locked:
        new = wanted.get(entry.name, entry.version)
        spelled = f'version = "{entry.version}"'
        if entry.source or entry.name in foreign or new == entry.version:
            continue
        if lines[entry.line + 1] == spelled:
            lines[entry.line + 1] = f'version = "{new}"'
            moved[f' "{entry.name} {entry.version}",'] = f' "{entry.name} {new}",'
    return "\n".join(moved.get(line, line) for line in lines)


def _dependency_drift(
    member: gaterun.Package, entry: Locked, versions: dict[str, set[str]], members: set[str]
) -> Iterator[Drift]:
    held: dict[str, set[str]] = {}
    for text in entry.dependencies:
        name, _, rest = text.partition(" ")
        held.setdefault(name, set()).update(
            {rest.split(" ")[0]} if rest else versions.get(name, ())
        )
    for dependency in member.dependencies:
        if dependency.name == member.name:
            continue
        found = held.get(dependency.name)
        if found is None:
            yield Drift(
                package=member.name,
                line=entry.line,
                found=f"no dependency {dependency.name}",
                expected=f"{dependency.name} {dependency.req}",
            )
        elif dependency.name not in members and not any(
            _takes(version, dependency.req) for version in found
        ):
            yield Drift(
                package=member.name,
                line=entry.line,
                found=f"{dependency.name} {', '.join(sorted(found))}",
                expected=f"{dependency.name} {dependency.req}",
            )


def _takes(version: str, requirement: str) -> bool:
    if requirement == "*":
        return True  # what cargo calls a git dependency without a version: pre-releases too
    try:
        return satisfies(version, requirement)
    except ValueError:
        return True  # cargo has read it; what is not understood here is no drift
