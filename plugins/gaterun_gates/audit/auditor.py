"""Chooses how a file of a repository is judged, by its name, and judges it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from gaterun import Severity
from gaterun_gates.audit.cargo_config import audit_cargo_config, included
from gaterun_gates.audit.cargo_manifest import audit_manifest
from gaterun_gates.audit.clippy_config import audit_clippy_config
from gaterun_gates.audit.crate_attributes import source_auditor
from gaterun_gates.audit.entry import Entry, Place, Unreadable
from gaterun_gates.audit.git_attributes import audit_git_attributes
from gaterun_gates.audit.nextest_config import audit_nextest_config
from gaterun_gates.audit.rustfmt_config import audit_rustfmt_config
from gaterun_gates.audit.toolchain import audit_toolchain

#: Names beside a manifest that tools read, whatever git says about them.
PROBED = (
    ".cargo/config",
    ".cargo/config.toml",
    ".clippy.toml",
    ".config/nextest.toml",
    ".rustfmt.toml",
    "clippy.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    "rustfmt.toml",
)
_CONFIGS = (".cargo/config.toml", ".cargo/config")
_BY_NAME: dict[str, Callable[[str, Place], list[Entry]]] = {
    ".clippy.toml": audit_clippy_config,
    ".gitattributes": audit_git_attributes,
    ".rustfmt.toml": audit_rustfmt_config,
    "Cargo.toml": audit_manifest,
    "clippy.toml": audit_clippy_config,
    "rust-toolchain": audit_toolchain,
    "rust-toolchain.toml": audit_toolchain,
    "rustfmt.toml": audit_rustfmt_config,
}
#: Tools look for these from the folder in which they are started, upwards.
_BY_FOLDER = (audit_cargo_config, audit_toolchain, audit_nextest_config)


def _ends_with(path: str, name: str) -> bool:
    return path == name or path.endswith(f"/{name}")


def is_cargo_config(path: str) -> bool:
    """Whether cargo reads a file of this name when it is started in the right folder."""
    return any(_ends_with(path, name) for name in _CONFIGS)


def is_audited(path: str) -> bool:
    """Whether a file of this name is looked at."""
    return path.endswith(".rs") or _method(path) is not None


def _method(path: str) -> Callable[[str, Place], list[Entry]] | None:
    if is_cargo_config(path):
        return audit_cargo_config
    if _ends_with(path, ".config/nextest.toml"):
        return audit_nextest_config
    return _BY_NAME.get(posixpath.basename(path))


class _Inclusion(NamedTuple):
    """By which configuration a file is included, and what its relative paths start from."""

    owner: str
    folder: str


class Auditor:
    """Judges the files of one repository; a text that was judged is not judged again.

    Args:
        root: the workspace root, absolute with ``/``.
        above: how many folders above it still belong to the repository.
    """

    def __init__(self, root: str, above: int) -> None:
        self._root = root
        self._above = above
        self._source = source_auditor()
        self._known: dict[tuple[str, bytes, _Inclusion | None], tuple[Entry, ...]] = {}

    def audit_all(
        self, paths: Iterable[str], read: Callable[[str], bytes | None]
    ) -> dict[str, tuple[Entry, ...]]:
        """Judge files, and those that cargo configurations among them include.

        Args:
            paths: paths from the workspace root.
            read: gives a file's bytes, ``None`` where there is none.
        """
        found: dict[str, tuple[Entry, ...]] = {}
        waiting: list[tuple[str, _Inclusion | None]] = [(path, None) for path in sorted(paths)]
        seen = set()
        for path, inclusion in waiting:  # grows on the way
            # A file can be two things at once: nextest's configuration, and included in cargo's.
            role = (path, inclusion is None)
            data = read(path)
            if role in seen or data is None:
                continue
            seen.add(role)
            entries = self._audit(path, data, inclusion)
            found[path] = (*found.get(path, ()), *entries)
            if is_cargo_config(path) or inclusion is not None:
                owner = path if inclusion is None else inclusion.owner
                for more, folder in self._included(path, data).items():
                    waiting.append((more, _Inclusion(owner=owner, folder=folder)))
        return found

    def _place(self, path: str) -> Place:
        folder = posixpath.dirname(path)
        if posixpath.basename(folder) in {".cargo", ".config"}:
            folder = posixpath.dirname(folder)
        return Place(path=path, folder=folder, root=self._root, above=self._above)

    def _included(self, path: str, data: bytes) -> dict[str, str]:
        try:
            return included(data.decode("utf-8-sig"), self._place(path))
        except ValueError:
            return {}  # said by the audit of the file itself

    def _audit(self, path: str, data: bytes, inclusion: _Inclusion | None) -> tuple[Entry, ...]:
        key = (path, data, inclusion)
        if key not in self._known:
            self._known[key] = tuple(self._judge(path, data, inclusion))
        return self._known[key]

    def _judge(self, path: str, data: bytes, inclusion: _Inclusion | None) -> list[Entry]:
        if path.endswith(".rs") and inclusion is None:
            return self._source(data)
        place = self._place(path)
        method = _method(path)
        below = place.folder
        if inclusion is not None:
            method = audit_cargo_config
            below = self._place(inclusion.owner).folder
            place = replace(place, folder=inclusion.folder)
        if method is None:
            return []
        try:
            entries = method(data.decode("utf-8-sig"), place)
        except ValueError as error:  # Unreadable and undecodable text alike
            what = str(error) if isinstance(error, Unreadable) else "no UTF-8"
            entries = [
                Entry(
                    rule="unreadable",
                    subject=posixpath.basename(path),
                    why=f"cannot be audited, so it may hold anything ({what})",
                    severity=Severity.ERROR,
                )
            ]
        if method in _BY_FOLDER and below and not below.startswith(".."):
            entries = [_only_in(below, entry) for entry in entries]
        return entries


def _only_in(folder: str, entry: Entry) -> Entry:
    """An entry that gates, which start tools in the workspace root, do not meet."""
    severity = Severity.WARNING if entry.severity is Severity.ERROR else entry.severity
    return replace(entry, severity=severity, why=f"{entry.why} (for what is started in {folder})")
