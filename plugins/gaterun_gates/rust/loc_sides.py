"""Put together the two trees that the ``loc`` gate compares: the base commit's and today's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import gaterun
from gaterun_gates.rust.code_size import Moves, Side, Size, moves, side, size
from gaterun_gates.rust.conventional_targets import conventional_roots
from gaterun_gates.rust.generated_files import generated_files
from gaterun_gates.rust.git_tree import Blob, blob_id, changed_lines, contents, tree
from gaterun_gates.rust.line_count import Count, is_generated
from gaterun_gates.rust.source import Source

if TYPE_CHECKING:
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.compiled import RustSources
    from gaterun_gates.rust.outline import Outline

_TEST_KINDS = frozenset({"test", "bench", "example"})
_LARGEST = 1_000_000
#: Files that say which code counts, and how.
_ALSO = frozenset({"Cargo.toml", ".gitattributes"})
#: Text that may quote code without being a place to hide it.
_NOT_CODE = (".md", ".toml", ".lock", ".json", ".yml", ".yaml", ".svg", ".diff", ".patch")


def _member_roots(workspace: gaterun.Workspace) -> dict[str, bool]:
    return {
        workspace.relative(target.src_path): bool(_TEST_KINDS & set(target.kind))
        for package in workspace.members
        for target in package.targets
    }


def total(tree_side: Side, counts: BlobCache[Count]) -> Size:
    """Add up a tree."""

    def counted(path: str) -> Count | None:
        source = tree_side.read(path)
        return counts(source) if source is not None else None

    return size(tree_side, counted)


class HeadSide(msgspec.Struct, kw_only=True):
    """The working tree.

    Attributes:
        outlines: gives the outline of any file.
        files: every file, Rust or not.
        exclude: paths that are not counted.
    """

    side: Side
    outlines: BlobCache[Outline]
    root: Path
    files: tuple[str, ...]
    exclude: frozenset[str]
    globs: tuple[str, ...]


def head_side(
    ctx: gaterun.Context,
    workspace: gaterun.Workspace,
    sources: RustSources,
    exclude: Sequence[str],
) -> HeadSide:
    """The working tree as it is."""
    unwanted = frozenset(ctx.files(*exclude)) if exclude else frozenset()
    rust = [path for path in ctx.files("**/*.rs") if not (ctx.root / path).is_symlink()]
    files = ctx.files()
    manifests = {}
    for path in files:
        if path.rpartition("/")[2] == "Cargo.toml":
            try:
                manifests[path] = (ctx.root / path).read_text("utf-8", "replace")
            except OSError:
                continue
    roots = conventional_roots(manifests, set(files)) | _member_roots(workspace)
    tree_side = side(rust, roots, sources.read, sources.outlines)
    tree_side.paths = tuple(path for path in tree_side.paths if path not in unwanted)
    attributes = {
        path: (ctx.root / path).read_bytes() for path in files if _is_attributes(ctx.root, path)
    }
    tree_side.generated = generated_files(ctx, tree_side.paths, attributes)
    return HeadSide(
        side=tree_side,
        outlines=sources.outlines,
        root=ctx.root,
        files=files,
        exclude=unwanted,
        globs=tuple(exclude),
    )


class BaseSide:
    """The tree of the base commit, compared with the working tree.

    Args:
        commit: the base.
        head: the working tree.
        workspace: today's targets, which count for the base as far as they were there.
    """

    def __init__(
        self, ctx: gaterun.Context, commit: str, head: HeadSide, workspace: gaterun.Workspace
    ) -> None:
        self._ctx = ctx
        self._commit = commit
        self._head = head
        self._workspace = workspace
        self._tree = tree(ctx, commit)
        self._data: dict[str, bytes] = {}
        self._sources: dict[str, Source | None] = {}
        self._load([path for path in self._tree if self._is_wanted(path)])

    def _is_wanted(self, path: str) -> bool:
        return path.endswith(".rs") or path.rpartition("/")[2] in _ALSO

    def _load(self, paths: Sequence[str]) -> None:
        """Get the bytes of files: from the working tree where they are the same, else from git."""
        missing: dict[str, list[str]] = {}
        blobs: list[Blob] = []
        for path in paths:
            blob = self._tree[path]
            now = self._head.side.read(path) if path.endswith(".rs") else None
            if now is not None and _is(now, blob):
                self._sources[path] = now
                continue
            data = self._same_now(path, blob)
            if data is not None:
                self._data[path] = data
                continue
            missing.setdefault(blob.oid, []).append(path)
            blobs.append(blob)
        for oid, data in contents(self._ctx, blobs):
            for path in missing[oid]:
                self._data[path] = data

    def _same_now(self, path: str, blob: Blob) -> bytes | None:
        try:
            data = (self._head.root / path).read_bytes()
        except OSError:
            return None
        return data if len(data) == blob.size and blob_id(data, blob.oid) == blob.oid else None

    def read(self, path: str) -> Source | None:
        """A file of the base."""
        if path not in self._sources:
            if path in self._tree and path not in self._data:
                self._load([path])  # not Rust by its name, but included
            data = self._data.get(path)
            self._sources.setdefault(path, Source(path, data) if data is not None else None)
        return self._sources[path]

    @cached_property
    def side(self) -> Side:
        """Which files of the base were compiled, and which for tests."""
        files = self._tree.keys()
        manifests = {
            path: self._data[path].decode("utf-8", "replace")
            for path in files
            if path.rpartition("/")[2] == "Cargo.toml" and path in self._data
        }
        members = _member_roots(self._workspace).items()
        roots = conventional_roots(manifests, files)
        roots |= {path: test for path, test in members if path in files}
        rust = [path for path in files if path.endswith(".rs")]
        tree_side = side(rust, roots, self.read, self._head.outlines)
        attributes = {
            path: self._data[path]
            for path in files
            if path.rpartition("/")[2] == ".gitattributes" and path in self._data
        }
        known = [path for path in tree_side.paths if path in self._tree]
        tree_side.generated = generated_files(self._ctx, known, attributes, self._commit)
        unwanted = {*self._head.exclude, *_matching(tree_side.paths, self._head.globs)}
        tree_side.paths = tuple(path for path in tree_side.paths if path not in unwanted)
        return tree_side

    def _changed(self) -> Iterator[str]:
        for path in sorted({*self.side.paths, *self._head.side.paths}):
            old, new = self.read(path), self._head.side.read(path)
            same = old is not None and new is not None and old.oid == new.oid
            # An unchanged file may have become a test, or have ceased to be one.
            moved = (path in self.side.test_files) != (path in self._head.side.test_files)
            moved |= (path in self.side.generated) != (path in self._head.side.generated)
            if not same or moved:
                yield path

    def _others(self) -> Iterator[tuple[str, str, str]]:
        counted = {*self.side.paths, *self._head.side.paths}
        for path in self._head.files:
            if path in counted or path.endswith((".rs", *_NOT_CODE)):
                continue
            try:
                full = self._head.root / path
                if full.is_symlink() or full.stat().st_size > _LARGEST:
                    continue
                new = full.read_bytes()
            except OSError:
                continue
            blob = self._tree.get(path)
            same = blob is not None and blob.size == len(new)
            if b"\0" in new or (blob and same and blob_id(new, blob.oid) == blob.oid):
                continue
            old = b""
            if blob is not None and blob.size <= _LARGEST:
                self._load([path])
                old = self._data.get(path, b"")
            yield path, old.decode("utf-8", "replace"), new.decode("utf-8", "replace")

    def moves(self) -> Moves:
        """Production code of the base that is elsewhere in the tree now."""
        return moves(
            self.side,
            self._head.side,
            self._changed(),
            self._others(),
            lambda source: is_generated(source.data),
        )

    def gross(self) -> tuple[int, int]:
        """Lines added and removed in Rust files as git counts them, untracked files too."""
        added, removed = changed_lines(self._ctx, self._commit)
        listed = self._ctx.run(["git", "ls-files", "-z", "--others", "--exclude-standard"])
        if listed.ok:
            for raw in listed.stdout.read_bytes().split(b"\0"):
                path = raw.decode("utf-8", "surrogateescape")
                source = self._head.side.read(path) if path.endswith(".rs") else None
                if source is not None and path not in self._tree:
                    added += len(source.data.splitlines())
        return added, removed

    def reformatted(self) -> list[str]:
        """Configuration files of rustfmt that changed."""
        names: Mapping[str, str] = {
            path: path.rpartition("/")[2] for path in {*self._tree, *self._head.files}
        }
        return sorted(
            path
            for path, name in names.items()
            if name in {"rustfmt.toml", ".rustfmt.toml"} and not self._unchanged(path)
        )

    def _unchanged(self, path: str) -> bool:
        blob = self._tree.get(path)
        return blob is not None and self._same_now(path, blob) is not None


def _is(source: Source, blob: Blob) -> bool:
    """Whether a file has the content of a blob of git's."""
    sha1 = len(blob.oid) == len(source.oid)
    return (source.oid if sha1 else blob_id(source.data, blob.oid)) == blob.oid


def _is_attributes(root: Path, path: str) -> bool:
    return path.rpartition("/")[2] == ".gitattributes" and (root / path).is_file()


def _matching(paths: Sequence[str], globs: Sequence[str]) -> set[str]:
    from pathlib import PurePosixPath

    # PurePath.match knows no `**` before Python 3.13; a prefix stands for a whole folder here.
    found: set[str] = set()
    for glob in globs:
        folder = glob.removesuffix("**").removesuffix("**/*.rs") if "**" in glob else ""
        for path in paths:
            below = bool(folder) and "*" not in folder and path.startswith(folder)
            if below or PurePosixPath(path).match(glob):
                found.add(path)
    return found
