"""Choose workspace members by the short names that people use for them."""

from __future__ import annotations

from collections.abc import Iterable

import gaterun


def _fits(package: gaterun.Package, name: str) -> bool:
    wanted = name.replace("_", "-")
    have = package.name.replace("_", "-")
    return have.endswith(f"-{wanted}")


def chosen_packages(
    workspace: gaterun.Workspace, names: Iterable[str]
) -> tuple[gaterun.Package, ...]:
    """The members that `names` mean; all members for no names.

    Args:
        names: package names, member folders (``crates/api``, ``api``) or the last part of
            a package's name (``api`` for ``eventmesh-api``), in this order of preference.

    Raises:
        gaterun.CannotMeasure: a name fits no member (``no-input``) or several (``undecided``).
    """
    chosen: dict[str, gaterun.Package] = {}
    wanted = tuple(names)
    if not wanted:
        return workspace.members
    for name in wanted:
        plain = name.strip().rstrip("/")
        readings = (
            [p for p in workspace.members if p.name == plain],
            [p for p in workspace.members if p.name.replace("_", "-") == plain.replace("_", "-")],
            [p for p in workspace.members if workspace.relative(p.folder) == plain],
            [p for p in workspace.members if p.folder.name == plain],
            [p for p in workspace.members if _fits(p, plain)],
        )
        found = next((reading for reading in readings if reading), [])
        if not found:
            raise gaterun.CannotMeasure(
                gaterun.Reason.NO_INPUT,
                f"no workspace member is called '{name}'",
                help=_nearest(plain, workspace),
            )
        if len(found) > 1:
            several = ", ".join(sorted(package.name for package in found))
            raise gaterun.CannotMeasure(
                gaterun.Reason.UNDECIDED,
                f"'{name}' fits several workspace members: {several}",
                help="give the package's whole name",
            )
        chosen[found[0].name] = found[0]
    return tuple(chosen[name] for name in sorted(chosen))


def _nearest(name: str, workspace: gaterun.Workspace) -> str:
    import difflib

    known = {package.name: package.name for package in workspace.members}
    for package in workspace.members:
        known.setdefault(package.folder.name, package.name)
        known.setdefault(package.name.replace("_", "-").rpartition("-")[2], package.name)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{known[close[0]]}'?"
    return "members: " + ", ".join(sorted(package.name for package in workspace.members))
