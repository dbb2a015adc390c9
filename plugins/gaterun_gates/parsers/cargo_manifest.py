"""What a Cargo.toml says about versions: of its package, its workspace, its dependencies.

Source: the cargo reference, chapters "The Manifest Format", "Workspaces" and "Specifying
Dependencies".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from gaterun_gates.parsers.toml_line import line_of

_KINDS = ("dependencies", "dev-dependencies", "build-dependencies")

Table = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A dependency that states a version requirement.

    Attributes:
        package: real name of the crate, whatever it is renamed to.
        text: the requirement as written.
        local: it has a ``path``, so that cargo holds it against that crate's own version.
        renamed: it is used under another name.
        foreign: it names a registry or a git repository.
        key: path of the requirement in the document.
    """

    package: str
    text: str
    key: tuple[str, ...]
    local: bool = False
    renamed: bool = False
    foreign: bool = False

    def is_on_member(self, members: Collection[str]) -> bool:
        """Whether it is a member that is meant: not an older release of one, by another name."""
        elsewhere = (self.foreign or self.renamed) and not self.local
        return self.package in members and not elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest.

    Attributes:
        name: of the package; empty for a virtual workspace.
        version: as written; empty when it is inherited or absent.
        inherited: ``version.workspace = true``.
        line: of the version, or of the package.
        is_workspace: it has a table ``workspace``.
        workspace_version: ``workspace.package.version``, or empty.
        workspace_line: of that version.
        publish: it may be published: ``publish`` is neither ``false`` nor empty.
        excluded: folders in ``workspace.exclude``.
    """

    name: str
    version: str
    inherited: bool
    line: int
    is_workspace: bool
    workspace_version: str
    workspace_line: int
    requirements: tuple[Requirement, ...]
    text: str
    publish: bool = True
    excluded: tuple[str, ...] = ()

    def line_of(self, requirement: Requirement) -> int:
        """The 1-based line of one of its requirements, looked for when it is asked for."""
        return line_of(self.text, *requirement.key)


def read_manifest(text: str) -> Manifest:
    """Read a manifest.

    Raises:
        ValueError: it is no TOML.
    """
    document = parse_toml(text)
    package = _table(document.get("package") or document.get("project"))
    workspace = _table(document.get("workspace"))
    shared = _table(workspace.get("package"))
    version = package.get("version")
    workspace_version = shared.get("version")
    excluded = workspace.get("exclude")
    return Manifest(
        name=str(package.get("name", "")),
        version=version if isinstance(version, str) else "",
        inherited=_table(version).get("workspace") is True,
        line=line_of(text, "package", "version") if package else 0,
        is_workspace="workspace" in document,
        workspace_version=workspace_version if isinstance(workspace_version, str) else "",
        workspace_line=line_of(text, "workspace", "package", "version"),
        requirements=tuple(_requirements(document)),
        text=text,
        publish=package.get("publish") not in (False, []),
        excluded=tuple(map(str, excluded)) if isinstance(excluded, list) else (),
    )


def parse_toml(text: str) -> dict[str, object]:
    """Decode TOML 1.0 quickly, and TOML 1.1, which cargo accepts, where that is needed.

    Raises:
        ValueError: it is neither.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            return tomlkit.parse(text).unwrap()
        except (TOMLKitError, RecursionError) as error:
            raise ValueError(f"it is no TOML: {error}") from error


def _requirements(document: Table) -> Iterator[Requirement]:
    places: list[tuple[tuple[str, ...], Table]] = [((), document)]
    places.append((("workspace",), _table(document.get("workspace"))))
    for name, target in _table(document.get("target")).items():
        places.append((("target", name), _table(target)))
    for path, table in places:
        for kind in _KINDS:
            for alias, given in _table(table.get(kind)).items():
                entry = {"version": given} if isinstance(given, str) else _table(given)
                wanted = entry.get("version")
                if not isinstance(wanted, str):
                    continue
                package = str(entry.get("package", alias))
                yield Requirement(
                    package=package,
                    text=wanted,
                    key=(*path, kind, alias, "version"),
                    local="path" in entry,
                    renamed=package != alias,
                    foreign="git" in entry or "registry" in entry,
                )


def _table(value: object) -> Table:
    return cast("Table", value) if isinstance(value, dict) else {}
