"""Chooses the package whose edit an incremental build is timed with, and edits its root file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gaterun

_LIBRARY = frozenset({"lib", "rlib", "dylib", "cdylib", "staticlib"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A source file to edit.

    Attributes:
        path: absolute path.
        library: whether it is the root of a library, so that an item in it can be public.
        original: its text before any edit.
    """

    path: Path
    library: bool
    original: str

    def apply(self, number: int) -> None:
        """Write the file with an item that no earlier build has seen.

        A changed time stamp alone would be answered from a compiler cache.
        """
        self.path.write_text(self.original + edit_text(number, library=self.library), "utf-8")


def edit_text(number: int, *, library: bool) -> str:
    """An item that every edition and lint level accepts at the end of a root file.

    >>> edit_text(7, library=False).strip()
    'const _: u64 = 7;'
    """
    if library:
        return f"\n#[doc(hidden)]\npub const GATERUN_EDIT: u64 = {number};\n"
    return f"\nconst _: u64 = {number};\n"


def dependents(workspace: gaterun.Workspace) -> dict[str, int]:
    """For each member, how many other members need it, directly or not.

    Development dependencies are left out: they do not belong to ``cargo build``.
    """
    names = {member.folder: member.name for member in workspace.members}
    needs = {
        member.name: {
            names[dependency.path]
            for dependency in member.dependencies
            if dependency.path in names and dependency.kind != "dev"
        }
        for member in workspace.members
    }
    count = dict.fromkeys(needs, 0)
    for name, direct in needs.items():
        reached: set[str] = set()
        pending = set(direct)
        while pending:
            found = pending.pop()
            if found not in reached:
                reached.add(found)
                pending |= needs[found]
        for other in reached - {name}:
            count[other] += 1
    return count


def root_file(package: gaterun.Package) -> tuple[Path, bool] | None:
    """The root file of the package's library, or else of a binary, and which it is."""
    for wanted, library in ((_LIBRARY, True), (frozenset({"proc-macro", "bin"}), False)):
        for target in package.targets:
            if wanted & frozenset(target.kind):
                return target.src_path, library
    return None


def choose_edits(workspaces: Sequence[gaterun.Workspace], package: str = "") -> list[Edit]:
    """The same package's root file in each workspace, by default the most depended-on one.

    Args:
        workspaces: base and head.
        package: its name; empty to choose.

    Raises:
        gaterun.CannotMeasure: no package with a library or binary is in all of them
            (``not-comparable``), or its file cannot be read (``incomplete``).
    """
    by_name = [
        {member.name: found for member in each.members if (found := root_file(member))}
        for each in workspaces
    ]
    count = dependents(workspaces[-1])
    common = set.intersection(*(set(each) for each in by_name))
    if package:
        common &= {package}
    if not common:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NOT_COMPARABLE,
            f"no package {package!r} on both sides" if package else "no package on both sides",
        )
    chosen = min(common, key=lambda name: (-count[name], name))
    edits = []
    for each in by_name:
        path, library = each[chosen]
        try:
            edits.append(Edit(path=path, library=library, original=path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise gaterun.CannotMeasure(
                gaterun.Reason.INCOMPLETE, f"the root file of '{chosen}' cannot be read: {error}"
            ) from error
    return edits
