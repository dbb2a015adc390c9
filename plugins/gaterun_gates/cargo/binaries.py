"""The test binaries that ``cargo test --no-run`` built, with nextest's binary ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import gaterun
from gaterun_gates.cargo import diagnostics
from gaterun_gates.cargo.messages import BuiltTarget, read_messages
from gaterun_gates.cargo.targets import Built, expected_targets
from gaterun_gates.cargo.toml_file import read_toml, table

_LIBRARY_KINDS = frozenset({"lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"})
_SECTION = {"bin": "bin", "test": "test", "bench": "bench", "example": "example"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A program that runs tests.

    Attributes:
        id: as nextest forms it: ``crate``, ``crate::test-target``, ``crate::kind/name``.
        executable: absolute path.
        name: of its target.
        harness: whether libtest is its main function; one without is one test, by exit code.
    """

    id: str
    executable: str
    name: str
    harness: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltTests:
    """What a build of the tests led to.

    Attributes:
        binaries: the programs that run tests, by id.
        left_out: targets that cargo passes over, each with why.
    """

    binaries: tuple[Binary, ...]
    left_out: tuple[str, ...]


def binary_id(package: str, kind: str, target: str) -> str:
    """Nextest's id of a test binary. Source: nexte.st, "Binary IDs".

    >>> binary_id("one", "lib", "one"), binary_id("one", "test", "it"), binary_id("a", "bin", "b")
    ('one', 'one::it', 'a::bin/b')
    """
    if kind in _LIBRARY_KINDS:
        return package
    return f"{package}::{target}" if kind == "test" else f"{package}::{kind}/{target}"


def has_harness(manifest: dict[str, object], kind: str, target: str) -> bool:
    """Whether a target uses libtest's main function; cargo's metadata does not tell.

    Args:
        manifest: the package's manifest.
        kind: the target's kind.
        target: its name.
    """
    if kind in _LIBRARY_KINDS:
        return table(manifest, "lib").get("harness", True) is not False
    entries = manifest.get(_SECTION.get(kind, ""))
    return not any(
        isinstance(entry, dict) and entry.get("name") == target and entry.get("harness") is False
        for entry in (entries if isinstance(entries, list) else [])
    )


def _error(error: gaterun.Finding) -> gaterun.CannotMeasure:
    where = f"{error.place}: " if error.path else ""
    return gaterun.CannotMeasure(
        gaterun.Reason.BUILD_FAILED,
        f"the tests do not compile: {where}{error.message}",
        help="tests that do not compile are neither passed nor failed: mend the error first",
    )


def read_test_build(completed: gaterun.Completed, workspace: gaterun.Workspace) -> BuiltTests:
    """Read the stream of a finished ``cargo test --no-run --message-format=json``.

    Raises:
        gaterun.CannotMeasure: something does not compile (``build-failed``), the compiler
            crashed, or cargo did not finish.
    """
    from gaterun_gates.cargo.failure import explain

    packages = {package.id: package for package in workspace.members}
    found: list[tuple[gaterun.Package, BuiltTarget, str]] = []
    built = Built()
    for line in read_messages(completed.lines()):
        built.see(line)
        message = line.message
        if message is not None and diagnostics.is_compiler_bug(message):
            raise gaterun.CannotMeasure(
                gaterun.Reason.CRASHED, f"the compiler crashed: {message.message}"
            )
        if (
            message is not None
            and diagnostics.is_error(message)
            and not diagnostics.is_summary(message)
        ):
            raise _error(
                diagnostics.finding(message, workspace.root, severity=gaterun.Severity.ERROR)
            )
        package = packages.get(line.package_id)
        tests = line.profile is not None and line.profile.test
        if package is not None and tests and line.executable and line.target is not None:
            found.append((package, line.target, line.executable))
    if not completed.ok or not built.finished:
        raise explain(
            completed,
            otherwise=gaterun.Reason.BUILD_FAILED if built.finished else gaterun.Reason.INCOMPLETE,
        )
    return BuiltTests(
        binaries=tuple(sorted(_binaries(found), key=lambda binary: binary.id)),
        left_out=expected_targets(workspace.members, built, ("lib", "bins", "tests")).left_out,
    )


def _binaries(
    found: Iterable[tuple[gaterun.Package, BuiltTarget, str]],
) -> Iterable[Binary]:
    manifests: dict[str, dict[str, object]] = {}
    for package, target, executable in found:
        if package.id not in manifests:
            manifests[package.id] = read_toml(package.manifest_path)
        yield Binary(
            id=binary_id(package.name, target.kind[0], target.name),
            executable=executable,
            name=target.name,
            harness=has_harness(manifests[package.id], target.kind[0], target.name),
        )
