"""What cargo built, read from ``--message-format=json``.

Source: the cargo reference, chapter "External tools", section "JSON messages".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unit:
    """A target that was built, identified across two checkouts.

    Attributes:
        package: name of the package.
        target: name of the target.
        kind: the target's kinds, joined by a comma.
        local: whether it belongs to the checkout, and not to a registry or git dependency.
    """

    package: str
    target: str
    kind: str
    local: bool

    def __str__(self) -> str:
        return f"{self.package} ({self.kind} {self.target})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What one call of cargo built.

    Attributes:
        finished: whether cargo said that it is done.
        success: whether it said that all went well.
        fresh: number of artefacts that needed no work.
        dirty: number of artefacts that were made.
        units: every target, fresh or not.
        made: the targets whose artefacts were made.
        profiles: the settings in effect, for example ``opt_level=0``; of local units.
        error: the compiler's first error with its place; empty if none.
    """

    finished: bool
    success: bool
    fresh: int
    dirty: int
    units: frozenset[Unit] = frozenset()
    made: frozenset[Unit] = frozenset()
    profiles: frozenset[str] = frozenset()
    error: str = ""

    def packages(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names of the local packages that were built, and of those that were made for it."""
        return (
            frozenset(unit.package for unit in self.units if unit.local),
            frozenset(unit.package for unit in self.made if unit.local),
        )


def read_build(lines: Iterable[bytes], root: Path) -> Build:
    """Read the messages of one build.

    Unknown messages and lines that are no JSON are passed over: build scripts may print.

    Args:
        lines: standard output of cargo.
        root: the folder whose packages are local.
    """
    fresh = dirty = 0
    finished = success = False
    error = ""
    units: set[Unit] = set()
    made: set[Unit] = set()
    profiles: set[str] = set()
    for line in lines:
        if not line.startswith(b"{"):
            continue
        try:
            message = json.loads(line)
        except ValueError:
            continue
        reason = message.get("reason")
        if reason == "build-finished":
            finished, success = True, message.get("success") is True
        elif reason == "compiler-message":
            error = error or _error(message.get("message"))
        elif reason == "compiler-artifact":
            unit = _unit(message, root)
            units.add(unit)
            if message.get("fresh") is True:
                fresh += 1
            else:
                dirty += 1
                made.add(unit)
            if unit.local and unit.kind != "custom-build":
                profiles.update(
                    f"{name}={value}" for name, value in (message.get("profile") or {}).items()
                )
    return Build(
        finished=finished,
        success=success,
        fresh=fresh,
        dirty=dirty,
        units=frozenset(units),
        made=frozenset(made),
        profiles=frozenset(profiles),
        error=error,
    )


def _error(message: object) -> str:
    if not isinstance(message, dict) or message.get("level") != "error":
        return ""
    spans = [span for span in message.get("spans") or [] if span.get("is_primary")]
    place = f"{spans[0].get('file_name')}:{spans[0].get('line_start')}: " if spans else ""
    return f"{place}{message.get('message', '')}"


def _unit(message: dict[str, object], root: Path) -> Unit:
    target = message.get("target")
    target = target if isinstance(target, dict) else {}
    manifest = Path(str(message.get("manifest_path", "")))
    return Unit(
        package=package_name(str(message.get("package_id", ""))),
        target=str(target.get("name", "")),
        kind=",".join(map(str, target.get("kind") or [])),
        local=manifest.is_relative_to(root),
    )


def package_name(package_id: str) -> str:
    """The name in a package id specification.

    >>> package_name("path+file:///srv/legacy#0.1.0")
    'legacy'
    >>> package_name("registry+https://github.com/rust-lang/crates.io-index#serde@1.0.1")
    'serde'
    """
    if " " in package_id:  # the form before cargo 1.77: name version (source)
        return package_id.split(" ", 1)[0]
    url = urlsplit(package_id)
    if "@" in url.fragment:
        return url.fragment.partition("@")[0]
    return unquote(url.path.rpartition("/")[2])
