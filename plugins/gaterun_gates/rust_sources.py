"""Index the Rust files that a workspace compiles."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import gaterun

if TYPE_CHECKING:
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.env_reads import EnvUse
    from gaterun_gates.rust.outline import Outline
    from gaterun_gates.rust.source import Source
    from gaterun_gates.rust.source_files import SourceFiles

_TEST_TARGETS = frozenset({"test", "bench", "example"})


class RustFile(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled file.

    Attributes:
        source: its text and syntax.
        packages: names of the packages that compile it, sorted.
        production: some target that ships compiles it outside ``cfg(test)``.
        test: some test, benchmark or example compiles it.
        build: a build script compiles it.
    """

    source: Source
    packages: tuple[str, ...]
    production: bool
    test: bool
    build: bool

    @property
    def path(self) -> str:
        """Path relative to the workspace root."""
        return self.source.path

    def is_production_at(self, position: int) -> bool:
        """Whether the byte at `position` ships."""
        return self.production and not self.source.is_test_at(position)

    def is_test_at(self, position: int) -> bool:
        """Whether the byte at `position` is compiled into tests only."""
        if self.production or self.build:
            return self.source.is_test_at(position)
        return self.test


class RustSources(msgspec.Struct, kw_only=True):
    """The Rust files of a workspace.

    Attributes:
        files: the compiled files by path, sorted.
        orphans: ``.rs`` files in members' folders that no target compiles.
        missing: module declarations whose file is not there.
        unreadable: compiled files that are not UTF-8.
        read: gives any file of the workspace, by path relative to the root.
        outlines: gives the outline of any file.
    """

    read: SourceFiles
    outlines: BlobCache[Outline]
    files: dict[str, RustFile] = msgspec.field(default_factory=dict)
    orphans: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def containing(self, *needles: bytes) -> Iterator[RustFile]:
        """The compiled files whose bytes contain one of `needles`."""
        for file in self.files.values():
            if any(needle in file.source.data for needle in needles):
                yield file

    def save(self) -> None:
        """Keep for later runs what was learnt about files by their content."""
        self.read.save()
        self.outlines.save()

    def parse_errors(self, files: Iterable[RustFile]) -> list[str]:
        """Paths of those of `files` that are not wholly Rust to the parser."""
        return [file.path for file in files if file.source.has_errors]


class _Roles(msgspec.Struct):
    packages: set[str] = msgspec.field(default_factory=set)
    production: bool = False
    test: bool = False
    build: bool = False


def _relative(root: Path, path: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def index(
    workspace: gaterun.Workspace, tracked: Iterable[str], state: Path | None = None
) -> RustSources:
    """Walk the module trees of every target.

    Args:
        workspace: the members and their targets.
        tracked: every ``.rs`` file of the workspace, relative to the root.
        state: the folder that keeps from run to run what the files' content says.
    """
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.module_tree import walk
    from gaterun_gates.rust.outline import Outline, outline
    from gaterun_gates.rust.source_files import SourceFiles

    root = workspace.root
    read = SourceFiles(root, state / "files.json" if state is not None else None)
    outlines = BlobCache(state / "outlines.json" if state is not None else None, Outline, outline)
    roles: defaultdict[str, _Roles] = defaultdict(_Roles)
    missing: set[str] = set()
    for package in workspace.members:
        for target in package.targets:
            kinds = set(target.kind)
            for_test = bool(kinds & _TEST_TARGETS)
            reached, absent = walk(
                _relative(root, target.src_path),
                read,
                test=for_test,
                listing=read.listing,
                outlined=outlines,
            )
            missing.update(absent)
            for file in reached:
                role = roles[file.path]
                role.packages.add(package.name)
                role.test |= file.test
                role.build |= not file.test and "custom-build" in kinds
                role.production |= not file.test and "custom-build" not in kinds
    files: dict[str, RustFile] = {}
    for path in sorted(roles):
        source = read(path)
        if source is not None:
            role = roles[path]
            files[path] = RustFile(
                source=source,
                packages=tuple(sorted(role.packages)),
                production=role.production,
                test=role.test,
                build=role.build,
            )
    folders = tuple(_relative(root, package.folder) for package in workspace.members)
    orphans = tuple(
        path
        for path in sorted(tracked)
        # git goes on listing a tracked file that was deleted and not yet staged
        if path not in files and _below(path, folders) and (root / path).is_file()
    )
    unreadable = tuple(path for path, file in files.items() if not outlines(file.source).is_utf8)
    sources = RustSources(
        read=read,
        outlines=outlines,
        files=files,
        orphans=orphans,
        missing=tuple(sorted(missing)),
        unreadable=unreadable,
    )
    sources.save()
    return sources


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(folder == "." or path.startswith(f"{folder}/") for folder in folders)


def _compute(ctx: gaterun.Context, workspace: gaterun.Workspace) -> RustSources:
    sources = index(workspace, ctx.files("**/*.rs"), ctx.state)
    for path in sources.files:
        if not path.endswith(".rs") or path.startswith(("/", "../")):
            ctx.reads(workspace.root / path)
    return sources


def _compute_env_use(ctx: gaterun.Context, rust_sources: RustSources) -> EnvUse:
    from gaterun_gates.rust.env_scan import scan

    ctx.progress("looking for environment variables")
    return scan(rust_sources, state=ctx.state, run=ctx.run)


_INPUTS = ("**/*.rs", "**/Cargo.toml", "Cargo.lock", ".cargo/**", "**/.gitattributes")


@gaterun.hookimpl
def gaterun_resources() -> list[gaterun.Resource]:
    """Offer the index of compiled Rust files, and what they do with the environment."""
    return [
        gaterun.Resource(
            name="rust_sources",
            compute=_compute,
            about="the Rust files that the targets compile, by package, test or production",
            inputs=_INPUTS,
            cheap=True,
        ),
        gaterun.Resource(
            name="env_use",
            compute=_compute_env_use,
            about="every read and export of an environment variable in compiled Rust files",
            inputs=_INPUTS,
        ),
    ]
