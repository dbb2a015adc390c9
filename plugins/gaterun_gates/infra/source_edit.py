"""Chooses the package whose edit an incremental build is timed with, and edits its root file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import gaterun

_LIBRARY = frozenset({"lib", "rlib", "dylib", "cdylib", "staticlib"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependents:
    """Who is compiled again when a package changes, as names of members, itself included.

    Attributes:
        certain: those that need it whatever the features and the platform.
        possible: `certain`, those that need it under conditions, and those whose tests do.
    """

    certain: frozenset[str]
    possible: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A source file to edit.

    Attributes:
        package: the member that it belongs to.
        path: absolute path.
        library: whether it is the root of a library, so that an item in it can be public.
        original: its text before any edit.
        dependents: who is compiled again for it.
        members: the names of all members.
    """

    package: str
    path: Path
    library: bool
    original: str
    dependents: Dependents
    members: frozenset[str]

    def apply(self, number: int) -> None:
        """Write the file with an item that no earlier build has seen.

        A changed time stamp alone would be answered from a compiler cache.
        """
        self.path.write_text(self.original + edit_text(number, library=self.library), "utf-8")

    def undo(self) -> None:
        """Write the file as it was."""
        self.path.write_text(self.original, "utf-8")

    def complaint(self, built: frozenset[str], made: frozenset[str]) -> str:
        """Why what was made is not what this edit leads to; empty when it is.

        Args:
            built: the packages of the build.
            made: those of them that were compiled again.
        """
        if missing := sorted((self.dependents.certain & built) - made):
            return f"'{self.package}' was edited and {_listed(missing)} not compiled again"
        if strays := sorted((made & self.members) - self.dependents.possible):
            return f"'{self.package}' was edited and {_listed(strays)} compiled again as well"
        return ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"'{name}'" for name in names[:3]) + more


def edit_text(number: int, *, library: bool) -> str:
    """An item that every edition and lint level accepts at the end of a root file.

    >>> edit_text(7, library=False).strip()
    'const _: u64 = 7;'
    """
    if library:
        return f"\n#[doc(hidden)]\npub const GATERUN_EDIT: u64 = {number};\n"
    return f"\nconst _: u64 = {number};\n"


def dependents(workspace: gaterun.Workspace) -> dict[str, Dependents]:
    """Who is compiled again when a member changes, for each of them.

    Development dependencies do not belong to ``cargo build``, unless it is told to build tests.
    A dependency on a published crate of a member's name may be that member, by ``[patch]``.
    """
    names = {member.folder: member.name for member in workspace.members}
    own = frozenset(names.values())
    edges = [
        (member.name, names[dependency.path], dependency)
        for member in workspace.members
        for dependency in member.dependencies
        if dependency.path in names
    ]
    patched = [
        (member.name, dependency.name)
        for member in workspace.members
        for dependency in member.dependencies
        if dependency.path is None and dependency.name in own
    ]
    certain = _reached(
        names.values(),
        [(a, b) for a, b, how in edges if how.kind != "dev" and not how.conditional],
    )
    possible = _reached(
        names.values(), [*((a, b) for a, b, how in edges if how.kind != "dev"), *patched]
    )
    tested = [(a, b) for a, b, how in edges if how.kind == "dev"]
    return {
        name: Dependents(
            certain=certain[name],
            possible=possible[name] | {a for a, b in tested if b in possible[name]},
        )
        for name in names.values()
    }


def _reached(names: Iterable[str], edges: Sequence[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """For each name, itself and what leads to it by any number of edges ``(from, to)``."""
    above: dict[str, set[str]] = {name: set() for name in names}
    for user, used in edges:
        above[used].add(user)
    found = {}
    for name in above:
        reached: set[str] = set()
        pending = {name}
        while pending:
            reached.add(one := pending.pop())
            pending |= above[one] - reached
        found[name] = frozenset(reached)
    return found


def root_file(package: gaterun.Package) -> tuple[Path, bool] | None:
    """The root file of the package's library, or else of a binary, and which it is."""
    for wanted, library in ((_LIBRARY, True), (frozenset({"proc-macro", "bin"}), False)):
        for target in package.targets:
            if wanted & frozenset(target.kind):
                return target.src_path, library
    return None


def choose_edits(
    workspaces: Sequence[gaterun.Workspace], package: str = "", *, leaf: bool = False
) -> list[Edit]:
    """The same package's root file in each workspace, by default the most depended-on one.

    Args:
        workspaces: base and head.
        package: its name; empty to choose.
        leaf: the least depended-on one instead.

    Raises:
        gaterun.CannotMeasure: no package with a library or binary is in all of them
            (``not-comparable``), or its file cannot be read (``incomplete``).
    """
    by_name = [
        {member.name: root for member in each.members if (root := root_file(member))}
        for each in workspaces
    ]
    found = [dependents(each) for each in workspaces]
    common = set.intersection(*(set(each) for each in by_name))
    if package:
        common &= {package}
    if not common:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NOT_COMPARABLE,
            f"no package {package!r} on both sides" if package else "no package on both sides",
        )
    sign = 1 if leaf else -1
    chosen = min(common, key=lambda name: (sign * len(found[-1][name].certain), name))
    edits = []
    for each, roots, needing in zip(workspaces, by_name, found, strict=True):
        path, library = roots[chosen]
        try:
            original = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise gaterun.CannotMeasure(
                gaterun.Reason.INCOMPLETE, f"the root file of '{chosen}' cannot be read: {error}"
            ) from error
        edits.append(
            Edit(
                package=chosen,
                path=path,
                library=library,
                original=original,
                dependents=needing[chosen],
                members=frozenset(member.name for member in each.members),
            )
        )
    return edits
