"""The answer of ``cargo metadata --no-deps``, decoded into a workspace.

Source: the cargo reference, chapter "cargo metadata", format version 1.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

import gaterun
from gaterun_gates.cargo.environment import cargo_env


class _Target(msgspec.Struct):
    name: str
    kind: tuple[str, ...]
    src_path: str
    edition: str = "2015"
    test: bool = True
    doctest: bool = False
    required_features: tuple[str, ...] = msgspec.field(name="required-features", default=())


class _Dependency(msgspec.Struct):
    name: str
    req: str
    kind: str | None = None
    path: str | None = None
    optional: bool = False
    target: str | None = None


class _Package(msgspec.Struct):
    id: str
    name: str
    version: str
    manifest_path: str
    targets: tuple[_Target, ...] = ()
    dependencies: tuple[_Dependency, ...] = ()
    features: dict[str, msgspec.Raw] = {}
    publish: tuple[str, ...] | None = None


class _Metadata(msgspec.Struct):
    packages: tuple[_Package, ...]
    workspace_members: tuple[str, ...]
    workspace_root: str
    target_directory: str


def _package(package: _Package) -> gaterun.Package:
    return gaterun.Package(
        id=package.id,
        name=package.name,
        version=package.version,
        manifest_path=Path(package.manifest_path),
        targets=tuple(
            gaterun.Target(
                name=target.name,
                kind=target.kind,
                src_path=Path(target.src_path),
                edition=target.edition,
                test=target.test,
                doctest=target.doctest,
                required_features=target.required_features,
            )
            for target in package.targets
        ),
        dependencies=tuple(
            gaterun.Dependency(
                name=dependency.name,
                req=dependency.req,
                kind=dependency.kind or "normal",
                path=Path(dependency.path) if dependency.path else None,
                conditional=dependency.optional or dependency.target is not None,
            )
            for dependency in package.dependencies
        ),
        features=tuple(sorted(package.features)),
        publish=package.publish is None or bool(package.publish),
    )


def decode_workspace(text: bytes | str) -> gaterun.Workspace:
    """Decode the JSON of ``cargo metadata --format-version 1``.

    Args:
        text: standard output of cargo.

    Returns:
        The workspace, members sorted by name.

    Raises:
        ValueError: it is not JSON of that shape.
    """
    metadata = msgspec.json.decode(text, type=_Metadata)
    wanted = frozenset(metadata.workspace_members)
    members = [_package(package) for package in metadata.packages if package.id in wanted]
    return gaterun.Workspace(
        root=Path(metadata.workspace_root),
        target_directory=Path(metadata.target_directory),
        members=tuple(sorted(members, key=lambda member: (member.name, member.version))),
    )


def read_workspace(ctx: gaterun.Context, folder: Path) -> gaterun.Workspace:
    """Ask cargo for the workspace in `folder`.

    Raises:
        gaterun.CannotMeasure: there is no cargo or toolchain (``tool-missing``), or cargo cannot
            read a manifest (``parse-error``).
    """
    completed = ctx.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1", "--color", "never"],
        cwd=folder,
        env=cargo_env(),
    )
    if not completed.ok:
        from gaterun_gates.cargo.failure import explain

        raise explain(completed, otherwise=gaterun.Reason.PARSE_ERROR)
    try:
        return decode_workspace(completed.stdout.read_bytes())
    except ValueError as error:
        raise gaterun.CannotMeasure(
            gaterun.Reason.PARSE_ERROR, f"the output of cargo metadata is not understood: {error}"
        ) from error
