"""Walk the module trees of all targets, or know that it would come to the same as before."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from gaterun_gates.rust import kept

if TYPE_CHECKING:
    import gaterun
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.outline import Outline
    from gaterun_gates.rust.source import Source
    from gaterun_gates.rust.source_files import SourceFiles

_TEST_TARGETS = frozenset({"test", "bench", "example"})


class Root(NamedTuple):
    """Where the module tree of a target begins."""

    package: str
    path: str
    kinds: tuple[str, ...]


class Role(NamedTuple):
    """What compiled files are part of; as `RustFile`."""

    packages: tuple[str, ...]
    production: bool
    test: bool
    build: bool


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What the module trees hold, and everything that decided it.

    Attributes:
        roots: where they begin.
        asked: what each file that was looked for held, by git's object id; ``None`` where there
            was no file.
        listings: the ``.rs`` files that lay in each folder that was listed.
        files: paths of the compiled files, sorted, by role: there are few roles.
        missing: module declarations whose file is not there.
        unreadable: compiled files that are not UTF-8.
    """

    roots: list[Root]
    asked: dict[str, str | None] = msgspec.field(default_factory=dict)
    listings: dict[str, list[str]] = msgspec.field(default_factory=dict)
    files: list[tuple[Role, list[str]]] = msgspec.field(default_factory=list)
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def roles(self) -> dict[str, Role]:
        """The compiled files by path, sorted."""
        return dict(sorted((path, role) for role, paths in self.files for path in paths))


def relative(root: Path, path: Path) -> str:
    """`path` from `root` with ``/``."""
    full, folder = path.as_posix(), f"{root.as_posix()}/"
    if full.startswith(folder) and "/../" not in full:
        return full.removeprefix(folder)
    return Path(os.path.relpath(path, root)).as_posix()


def walk_all(
    workspace: gaterun.Workspace,
    read: SourceFiles,
    outlines: BlobCache[Outline],
    state: Path | None = None,
) -> Walked:
    """The files that the targets of `workspace` compile.

    Args:
        workspace: the members and their targets.
        read: gives a file.
        outlines: gives the outline of a file.
        state: the folder that keeps the answer from run to run.
    """
    roots = [
        Root(package.name, relative(workspace.root, target.src_path), target.kind)
        for package in workspace.members
        for target in package.targets
    ]
    path = state / "walked.json" if state is not None else None
    before = kept.load(path, Walked)
    if before is not None and before.roots == roots:
        same = _same(before, read, outlines)
        if same is not None:
            if same is not before:
                kept.save(path, same)
            return same
    walked = _walk(roots, read, outlines)
    kept.save(path, walked)
    return walked


def _same(before: Walked, read: SourceFiles, outlines: BlobCache[Outline]) -> Walked | None:
    """The earlier answer with what the files hold now, where it would be the same.

    Of a file only its outline counts.
    """
    asked = before.asked
    for path in read.changed(asked):
        source, oid = read(path), before.asked[path]
        if source is None or oid is None or outlines(source) != outlines.known(oid):
            return None
        asked = {**asked, path: source.oid}
    if any(read.listing(folder) != names for folder, names in before.listings.items()):
        return None
    return replace(before, asked=asked) if asked is not before.asked else before


def _walk(roots: Sequence[Root], read: SourceFiles, outlines: BlobCache[Outline]) -> Walked:
    from gaterun_gates.rust.module_tree import walk

    asked: dict[str, str | None] = {}
    listings: dict[str, list[str]] = {}
    reached: defaultdict[str, set[tuple[str, bool, bool]]] = defaultdict(set)
    missing: set[str] = set()

    def reading(path: str) -> Source | None:
        source = read(path)
        asked[path] = source.oid if source is not None else None
        return source

    def listing(folder: str) -> list[str]:
        listings[folder] = read.listing(folder)
        return listings[folder]

    for package, root, kinds in roots:
        for_test, build = bool(_TEST_TARGETS.intersection(kinds)), "custom-build" in kinds
        files, absent = walk(root, reading, test=for_test, listing=listing, outlined=outlines)
        missing.update(absent)
        for file in files:
            reached[file.path].add((package, file.test, build))
    sources = {path: read(path) for path in sorted(reached)}
    by_role: defaultdict[Role, list[str]] = defaultdict(list)
    for path in sources:
        by_role[_role(reached[path])].append(path)
    return Walked(
        roots=list(roots),
        asked=asked,
        listings=listings,
        files=list(by_role.items()),
        missing=tuple(sorted(missing)),
        unreadable=tuple(
            path for path, source in sources.items() if source and not outlines(source).is_utf8
        ),
    )


def _role(reached: set[tuple[str, bool, bool]]) -> Role:
    """The role of a file that targets reach: package, in tests only, from a build script."""
    return Role(
        packages=tuple(sorted({package for package, _, _ in reached})),
        production=any(not test and not build for _, test, build in reached),
        test=any(test for _, test, _ in reached),
        build=any(not test and build for _, test, build in reached),
    )
