"""Walk the module declarations of a crate from its root file.

Source of the path rules: the Rust reference, "Modules", section "Module source filenames",
and "The path attribute".
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from gaterun_gates.rust.outline import Declaration, Outline, outline
from gaterun_gates.rust.source import Source


def _candidates(
    path: str, declaration: Declaration, *, owns_folder: bool
) -> list[tuple[str, bool]]:
    """Files that a declaration may mean, with "owns its folder", the first that exists counts."""
    folder, _, name = path.rpartition("/")
    folder += "/" if folder else ""
    own = folder if owns_folder else folder + posixpath.splitext(name)[0] + "/"
    if not declaration.name:
        return [(posixpath.normpath(posixpath.join(folder, declaration.paths[0])), True)]
    nested = posixpath.join(own, *declaration.inside, "") if declaration.inside else own
    beside = nested if declaration.inside else folder
    found = [(posixpath.join(beside, other), True) for other in declaration.paths]
    found.append((f"{nested}{declaration.name}.rs", False))
    found.append((f"{nested}{declaration.name}/mod.rs", True))
    if declaration.paths or declaration.inside:
        found = [(posixpath.normpath(name), owns) for name, owns in found]
    return found


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a crate compiles.

    Attributes:
        test: reached only under ``cfg(test)``.
    """

    path: str
    test: bool


def _in_folder(path: str, folder: str, listing: Callable[[str], Sequence[str]]) -> list[str]:
    """The files that ``automod::dir!`` means; its path starts at the package's folder."""
    above = posixpath.dirname(path)
    while True:
        found = listing(posixpath.normpath(posixpath.join(above, folder)))
        if found or not above:
            return [name for name in found if name != path]
        above = posixpath.dirname(above)


def _nothing(folder: str) -> Sequence[str]:
    del folder
    return ()


def walk(
    root: str,
    read: Callable[[str], Source | None],
    *,
    test: bool = False,
    listing: Callable[[str], Sequence[str]] = _nothing,
    outlined: Callable[[Source], Outline] = outline,
) -> tuple[set[Reached], list[str]]:
    """Every file that the crate with the root file `root` compiles.

    Args:
        root: path of the root file as `read` understands it.
        read: gives a file, or ``None`` when there is none.
        test: the whole crate is for tests.
        listing: gives the ``.rs`` files that lie directly in a folder.
        outlined: gives the outline of a file, perhaps from an earlier run.

    Returns:
        The files, and the declarations for which no file is there (of modules behind
        features that generate them, for other platforms, or in macros).
    """
    reached: set[Reached] = set()
    missing: list[str] = []
    pending = [(root, True, test)]
    seen: set[tuple[str, bool, bool]] = set()
    while pending:
        path, owns_folder, for_test = pending.pop()
        if (path, owns_folder, for_test) in seen:
            continue
        seen.add((path, owns_folder, for_test))
        source = read(path)
        if source is None:
            continue
        reached.add(Reached(path=path, test=for_test))
        for declaration in outlined(source).declarations:
            if declaration.folder:
                names = _in_folder(path, declaration.paths[0], listing)
                pending += [(name, False, for_test or declaration.test) for name in names]
                continue
            options = _candidates(path, declaration, owns_folder=owns_folder)
            there = (option for option in options if read(option[0]) is not None)
            # With cfg_attr several files are meant, one for each configuration.
            taken = list(there if declaration.conditional else islice(there, 1))
            if not taken:
                missing.append(f"{path}: {declaration.name or declaration.paths[0]}")
            for name, owns in taken:
                pending.append((name, owns, for_test or declaration.test))
    return reached, missing
