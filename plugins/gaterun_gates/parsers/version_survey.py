"""Gathers what a comparison of versions needs, and what it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import gaterun
from gaterun_gates.parsers.cargo_manifest import Manifest, read_manifest
from gaterun_gates.prose.markdown import decode
from gaterun_gates.prose.semver_text import precedence
from gaterun_gates.prose.version_scan import is_scanned


class Survey:
    """What is compared with what, and what came out different.

    Attributes:
        manifests: every readable Cargo.toml below the root, by path.
        members: the members that are compared.
        wanted: the version that each compared member should have, by name.
        expected: the version of those that no other rule is for; empty where each has its own.
        guessed: members whose wanted version is what others have, and nobody's word.
        exact: requirements have to name the whole version.
        findings, notes: filled while comparing.

    Raises:
        CannotMeasure: no member is left to compare (``no-input``).
    """

    def __init__(
        self,
        ctx: gaterun.Context,
        workspace: gaterun.Workspace,
        *,
        equals: str,
        exclude: Collection[str],
        publishable_only: bool,
        independent: bool,
        exact: bool,
        versions: Mapping[str, str],
        groups: Sequence[Sequence[str]],
    ) -> None:
        self.ctx = ctx
        self.workspace = workspace
        self.findings: list[gaterun.Finding] = []
        self.notes: list[str] = []
        self.manifests: dict[str, Manifest] = {}
        self._read_manifests()
        self.members = [
            package
            for package in workspace.members
            if package.name not in exclude and (package.publish or not publishable_only)
        ]
        if not self.members:
            raise gaterun.CannotMeasure(
                gaterun.Reason.NO_INPUT, "no member of the workspace is left to compare"
            )
        self.exact = exact
        known = {package.name for package in workspace.members}
        self.notes += [
            f"exclude: there is no member '{name}'" for name in sorted(set(exclude) - known)
        ]
        for name in sorted({*versions, *(name for group in groups for name in group)} - known):
            # A rule for nobody would hold whatever happens.
            self.differ("member", f"there is no member '{name}' to compare", "Cargo.toml", 0)
        self.guessed: set[str] = set()
        self.wanted = self._ruled(versions, groups)
        others = [package for package in self.members if package.name not in self.wanted]
        self.expected = "" if independent else equals or self._common(others)
        if not (independent or equals):
            self.guessed |= {package.name for package in others}
        for package in others:
            self.wanted[package.name] = package.version if independent else self.expected

    def _ruled(
        self, versions: Mapping[str, str], groups: Sequence[Sequence[str]]
    ) -> dict[str, str]:
        """The versions of the members that have one by name, or share one with others."""
        wanted: dict[str, str] = {}
        for group in groups:
            mine = [package for package in self.members if package.name in group]
            named = next((versions[name] for name in group if name in versions), "")
            self.guessed |= set() if named else {package.name for package in mine}
            wanted |= {package.name: named or self._common(mine) for package in mine}
        for package in self.members:
            if package.name in versions:
                wanted[package.name] = versions[package.name]
        return wanted

    def _read_manifests(self) -> None:
        workspace = self.workspace
        wanted = [workspace.relative(package.manifest_path) for package in workspace.members]
        found = (name for name in self.ctx.files("Cargo.toml", "**/Cargo.toml") if is_scanned(name))
        for name in dict.fromkeys(["Cargo.toml", *wanted, *found]):
            try:
                self.manifests[name] = read_manifest(decode((workspace.root / name).read_bytes()))
            except (OSError, ValueError) as error:
                self.notes.append(f"{name} cannot be read: {error}")

    @property
    def root(self) -> Manifest | None:
        """The root manifest."""
        return self.manifests.get("Cargo.toml")

    def inheriting(self) -> list[gaterun.Package]:
        """The compared members that take their version from the workspace."""
        return [package for package in self.members if self._inherits(package)]

    def _inherits(self, package: gaterun.Package) -> bool:
        manifest = self.manifests.get(self.workspace.relative(package.manifest_path))
        return manifest is not None and manifest.inherited

    def _common(self, packages: Sequence[gaterun.Package]) -> str:
        """The version that `packages` should share; empty for none."""
        if not packages:
            return ""
        shared = self.root.workspace_version if self.root is not None else ""
        if shared and any(map(self._inherits, packages)):
            return shared
        published = [package for package in packages if package.publish]
        counted = Counter(package.version for package in published or packages)
        return max(counted, key=lambda version: (counted[version], precedence(version)))

    def version_for(self, package: str, path: str) -> str:
        """The version that a place should state of `package`, or of the crate that owns `path`.

        Empty where crates have versions of their own and none of them owns the place.
        """
        owner = next((item for item in self.workspace.members if item.name == package), None)
        if owner is None:
            owners = [
                item
                for item in self.workspace.members
                if (self.workspace.root / path).is_relative_to(item.folder)
                and (item.folder != self.workspace.root or not self.expected)
            ]
            owner = max(owners, key=lambda item: len(item.folder.parts), default=None)
        if owner is None:
            return self.expected
        return self.wanted.get(owner.name, owner.version)

    def scanned(self, ignore: Collection[str]) -> Iterator[str]:
        """The files, other than manifests, in which versions are looked for.

        Args:
            ignore: globs of files to leave out.
        """
        ignored = frozenset(self.ctx.files(*ignore)) if ignore else frozenset()
        for path in self.ctx.files():
            if path not in ignored and is_scanned(path) and not path.endswith("Cargo.toml"):
                yield path

    def differ(self, rule: str, message: str, path: str, line: int, *, expected: str = "") -> None:
        """Note a place that differs."""
        self.findings.append(
            gaterun.Finding(
                rule=rule,
                message=message,
                path=path,
                line=line,
                severity=gaterun.Severity.WARNING
                if rule in ("orphan", "stale-mention")
                else gaterun.Severity.ERROR,
                help=f"write {expected}" if expected else "",
                # The usual fingerprint ignores digits, and versions are digits.
                fingerprint=f"{rule}:{path}:{message}",
            )
        )

    def count(self, *rules: str) -> gaterun.Measured:
        """How many findings have one of `rules`, by rule."""
        counted = Counter(item.rule for item in self.findings if item.rule in rules)
        return gaterun.Measured(value=counted.total(), breakdown=counted)

    def text_at_base(self, path: str) -> str | None:
        """A file's text at the base commit; ``None`` when there is no base, or no such file."""
        if self.ctx.base is None:
            return None
        done = self.ctx.run(["git", "show", f"{self.ctx.base}:./{path}"])
        return decode(done.stdout.read_bytes()) if done.ok else None
