"""A cargo workspace as ``cargo metadata`` describes it.

Source: the cargo reference, chapter "cargo metadata".
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class Target(Struct, frozen=True, kw_only=True):
    """A target of a package.

    Attributes:
        kind: ``lib``, ``bin``, ``test``, ``bench``, ``example``, ``custom-build``,
            ``proc-macro`` and the crate types of libraries.
        src_path: absolute path of its root source file.
        test: whether ``cargo test`` builds it as a test.
        doctest: whether its documentation examples are run.
        required_features: features without which cargo leaves the target out.
    """

    name: str
    kind: tuple[str, ...]
    src_path: Path
    edition: str = "2015"
    test: bool = True
    doctest: bool = False
    required_features: tuple[str, ...] = ()


class Dependency(Struct, frozen=True, kw_only=True):
    """A dependency as declared.

    Attributes:
        req: the version requirement.
        kind: ``normal``, ``build`` or ``dev``.
        path: absolute, where it has one.
        conditional: it is there only with a feature or on a platform.
    """

    name: str
    req: str
    kind: str = "normal"
    path: Path | None = None
    conditional: bool = False


class Package(Struct, frozen=True, kw_only=True):
    """A workspace member.

    Attributes:
        id: cargo's opaque package id.
        manifest_path: absolute path of its Cargo.toml.
        publish: ``False`` for ``publish = false`` (or an empty list of registries).
    """

    id: str
    name: str
    version: str
    manifest_path: Path
    targets: tuple[Target, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    features: tuple[str, ...] = ()
    publish: bool = True

    @property
    def folder(self) -> Path:
        """The folder that holds its manifest."""
        return self.manifest_path.parent


class Workspace(Struct, frozen=True, kw_only=True):
    """The members of a workspace and where it builds.

    Attributes:
        root: absolute path of the workspace root.
        target_directory: where cargo puts artefacts for this workspace.
        members: every member, sorted by name.
    """

    root: Path
    target_directory: Path
    members: tuple[Package, ...]

    def relative(self, path: Path) -> str:
        """`path` from the root with ``/``; unchanged when it is outside."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()
