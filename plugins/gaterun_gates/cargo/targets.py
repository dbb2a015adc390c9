"""Which targets a cargo call ought to have built, and which it built."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import gaterun
from gaterun_gates.cargo.messages import Line

#: Package id, first kind, name: what tells the targets of a workspace apart.
Key = tuple[str, str, str]


@dataclass(slots=True)
class Built:
    """What a message stream says was built, filled in line by line.

    Attributes:
        artifacts: targets with at least one artefact.
        failed: targets with an error.
        features: the enabled features by package id.
        finished: whether cargo said that it had finished.
        success: whether it called that a success.
    """

    artifacts: set[Key] = field(default_factory=set)
    failed: set[Key] = field(default_factory=set)
    features: dict[str, frozenset[str]] = field(default_factory=dict)
    finished: bool = False
    success: bool = False

    def see(self, line: Line) -> None:
        """Take one line of the stream into account."""
        if line.reason == "build-finished":
            self.finished, self.success = True, line.success
        elif line.reason == "compiler-artifact" and line.target is not None:
            self.artifacts.add((line.package_id, line.target.kind[0], line.target.name))
            self.features[line.package_id] = frozenset(line.features)
        elif (
            line.reason == "compiler-message"
            and line.target is not None
            and line.message is not None
            and line.message.level.startswith("error")
        ):
            self.failed.add((line.package_id, line.target.kind[0], line.target.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The targets of the members: those to be built, and those that cargo leaves out, with why."""

    targets: tuple[tuple[gaterun.Package, gaterun.Target], ...]
    left_out: tuple[str, ...]


def key(package: gaterun.Package, target: gaterun.Target) -> Key:
    """The key of a target of `package`."""
    return package.id, target.kind[0], target.name


def _missing_features(target: gaterun.Target, enabled: frozenset[str]) -> list[str]:
    return [name for name in target.required_features if name not in enabled]


#: What cargo's metadata calls the kinds that its options have in the plural.
SINGULAR = {"bins": "bin", "tests": "test", "benches": "bench", "examples": "example"}
_CHOSEN_BY_NAME = frozenset(SINGULAR.values())


def _is_asked_for(package: gaterun.Package, kind: str, kinds: Collection[str]) -> bool:
    if not kinds:
        return True
    if kind == "custom-build":  # comes with any other target of its package
        others = (target.kind[0] for target in package.targets)
        return any(_is_asked_for(package, other, kinds) for other in others if other != kind)
    if kind not in _CHOSEN_BY_NAME:
        return "lib" in kinds
    return any(SINGULAR.get(name) == kind for name in kinds)


def expected_targets(
    members: Iterable[gaterun.Package], built: Built, kinds: Collection[str] = ()
) -> Expected:
    """The targets that ``--workspace --all-targets`` builds, or those of some kinds only.

    A target whose ``required-features`` are not enabled is left out by cargo without a
    word, and so are a test with ``test = false`` and a bench with ``bench = false``; the
    latter is not in the metadata, so that a bench without artefact and without error is
    taken for one.

    Args:
        members: the workspace's members.
        built: what was built, for the features that were enabled.
        kinds: ``lib``, ``bins``, ``tests``, ``benches``, ``examples``; every kind if empty.
    """
    targets: list[tuple[gaterun.Package, gaterun.Target]] = []
    left_out: list[str] = []
    for package in members:
        enabled = built.features.get(package.id, frozenset())
        for target in package.targets:
            this = key(package, target)
            name = f"{target.kind[0]} '{target.name}' of {package.name}"
            missing = _missing_features(target, enabled)
            if this in built.artifacts or this in built.failed:
                targets.append((package, target))
            elif not _is_asked_for(package, target.kind[0], kinds):
                continue
            elif missing:
                left_out.append(f"{name}: needs features {', '.join(missing)}")
            elif target.kind[0] == "test" and not target.test:
                left_out.append(f"{name}: test = false")
            elif target.kind[0] == "bench" and built.success:
                left_out.append(f"{name}: bench = false")
            else:
                targets.append((package, target))
    return Expected(targets=tuple(targets), left_out=tuple(left_out))
