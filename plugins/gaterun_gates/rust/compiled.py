"""Index the Rust files that a workspace compiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gaterun_gates.rust import kept
from gaterun_gates.rust.walk_all import Walked, relative, walk_all

if TYPE_CHECKING:
    import gaterun
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.outline import Outline
    from gaterun_gates.rust.source import Source
    from gaterun_gates.rust.source_files import SourceFiles


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


class RustSources:
    """The Rust files of a workspace.

    Attributes:
        read: gives any file of the workspace, by path relative to the root.
        outlines: gives the outline of any file.
        walked: what the module trees hold.
        orphans: ``.rs`` files in members' folders that no target compiles.
    """

    def __init__(
        self,
        read: SourceFiles,
        outlines: BlobCache[Outline],
        walked: Walked,
        orphans: tuple[str, ...] = (),
    ) -> None:
        self.read = read
        self.outlines = outlines
        self.walked = walked
        self.orphans = orphans
        self._containing: dict[tuple[bytes, ...], list[RustFile]] = {}

    @cached_property
    def files(self) -> dict[str, RustFile]:
        """The compiled files by path, sorted."""
        return {
            path: RustFile(
                source=source,
                packages=role.packages,
                production=role.production,
                test=role.test,
                build=role.build,
            )
            for path, role in self.walked.roles().items()
            if (source := self.read(path)) is not None
        }

    @property
    def missing(self) -> tuple[str, ...]:
        """Module declarations whose file is not there."""
        return self.walked.missing

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Compiled files that are not UTF-8."""
        return self.walked.unreadable

    def containing(self, *needles: bytes) -> Iterator[RustFile]:
        """The compiled files whose bytes contain one of `needles`."""
        if needles not in self._containing:
            found: dict[str, RustFile] = {}
            for needle in needles:
                found |= {path: f for path, f in self.files.items() if needle in f.source.data}
            self._containing[needles] = [found[path] for path in self.files if path in found]
        yield from self._containing[needles]

    @cached_property
    def identity(self) -> str:
        """A digest of all that the compiled files are: their paths, content and roles."""
        return kept.digest(msgspec.json.encode(self.walked))

    def save(self) -> None:
        """Keep for later runs what was learnt about files by their content."""
        self.read.save()
        self.outlines.save()

    def parse_errors(self, files: Iterable[RustFile]) -> list[str]:
        """Paths of those of `files` that are not wholly Rust to the parser."""
        return [file.path for file in files if file.source.has_errors]


def index(
    workspace: gaterun.Workspace, tracked: Sequence[str], state: Path | None = None
) -> RustSources:
    """Walk the module trees of every target.

    Args:
        workspace: the members and their targets.
        tracked: every ``.rs`` file of the workspace, relative to the root.
        state: the folder that keeps from run to run what the files' content says.
    """
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.outline import Outline, outline
    from gaterun_gates.rust.source_files import SourceFiles

    root = workspace.root
    read = SourceFiles(root, state / "files.json" if state is not None else None)
    outlines = BlobCache(state / "outlines.json" if state is not None else None, Outline, outline)
    walked = walk_all(workspace, read, outlines, state)
    folders = tuple(relative(root, package.folder) for package in workspace.members)
    reached = walked.roles() if tracked else {}
    orphans = tuple(
        path
        for path in sorted(tracked)
        # git goes on listing a tracked file that was deleted and not yet staged
        if path not in reached and _below(path, folders) and (root / path).is_file()
    )
    sources = RustSources(read, outlines, walked, orphans)
    sources.save()
    return sources


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(folder == "." or path.startswith(f"{folder}/") for folder in folders)
