"""One clippy run's message stream, sorted into distinct findings and what does not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gaterun
from gaterun_gates.cargo import diagnostics
from gaterun_gates.cargo.messages import Diagnostic, read_messages
from gaterun_gates.cargo.targets import Built, expected_targets, key

Identity = tuple[object, ...]


@dataclass(slots=True)
class Lints:
    """What clippy said about a workspace.

    Attributes:
        warnings: findings in the members' own sources, by identity.
        generated: those in sources that a build script wrote.
        external: those in path dependencies that are no members.
        autofixable: identities of warnings with a suggestion that the compiler vouches for.
        raw: messages about members before repetitions are dropped.
        built: what was checked.
    """

    warnings: dict[Identity, gaterun.Finding] = field(default_factory=dict)
    generated: dict[Identity, gaterun.Finding] = field(default_factory=dict)
    external: dict[Identity, gaterun.Finding] = field(default_factory=dict)
    autofixable: set[Identity] = field(default_factory=set)
    raw: int = 0
    built: Built = field(default_factory=Built)

    def by_lint(self) -> dict[str, float]:
        """Number of warnings by lint."""
        return count_by_lint(self.warnings.values())


def count_by_lint(findings: Iterable[gaterun.Finding]) -> dict[str, float]:
    """Number of findings by rule, sorted by rule."""
    return dict(sorted(Counter(finding.rule for finding in findings).items()))


def _refuse(message: Diagnostic, root: Path) -> gaterun.CannotMeasure:
    if diagnostics.is_compiler_bug(message):
        return gaterun.CannotMeasure(
            gaterun.Reason.CRASHED, f"the compiler crashed: {message.message}"
        )
    error = diagnostics.finding(message, root, severity=gaterun.Severity.ERROR)
    where = f"{error.place}: " if error.path else ""
    return gaterun.CannotMeasure(
        gaterun.Reason.BUILD_FAILED,
        f"the workspace does not compile: {where}{error.message}",
        help="lints of a crate that does not compile are unknown, not zero: mend it first",
    )


def is_harness_main(finding: gaterun.Finding, workspace: gaterun.Workspace) -> bool:
    """Whether it is about a ``main`` that the test harness put aside, with an allow of its own."""
    return (
        finding.rule == "dead_code"
        and finding.message == "function `main` is never used"
        and any(
            finding.path == workspace.relative(target.src_path)
            for package in workspace.members
            for target in package.targets
        )
    )


def read_lints(
    completed: gaterun.Completed, workspace: gaterun.Workspace, *, kinds: Sequence[str] = ()
) -> Lints:
    """Sort the messages of a finished ``cargo clippy --message-format=json``.

    Args:
        completed: the run.
        workspace: whose findings they are.
        kinds: the kinds of targets that were asked for, as `expected_targets` has them.

    Raises:
        gaterun.CannotMeasure: something does not compile (``build-failed``, naming the first
            error), the compiler crashed, or the run is not complete (``incomplete``).
    """
    from gaterun_gates.cargo.failure import explain

    members = frozenset(package.id for package in workspace.members)
    lints = Lints()
    for line in read_messages(completed.lines()):
        lints.built.see(line)
        message = line.message
        if message is None or diagnostics.is_summary(message):
            continue
        if diagnostics.is_error(message):
            raise _refuse(message, workspace.root)
        if message.level == "warning":
            _sort(
                lints, message, line.package_id, workspace.root, member=line.package_id in members
            )
    if not (completed.ok and lints.built.finished and lints.built.success):
        raise explain(
            completed,
            otherwise=gaterun.Reason.BUILD_FAILED
            if lints.built.finished
            else gaterun.Reason.INCOMPLETE,
        )
    expected = expected_targets(workspace.members, lints.built, kinds)
    for package, target in expected.targets:
        if key(package, target) not in lints.built.artifacts:
            raise gaterun.CannotMeasure(
                gaterun.Reason.INCOMPLETE,
                f"{target.kind[0]} '{target.name}' of {package.name} was not checked",
            )
    return lints


def _sort(lints: Lints, message: Diagnostic, package_id: str, root: Path, *, member: bool) -> None:
    identity = diagnostics.identity(message, package_id, root)
    finding = diagnostics.finding(message, root, severity=gaterun.Severity.WARNING)
    if not member:
        lints.external.setdefault(identity, finding)
        return
    lints.raw += 1
    if finding.path.startswith(diagnostics.GENERATED):
        lints.generated.setdefault(identity, finding)
        return
    lints.warnings.setdefault(identity, finding)
    if diagnostics.is_autofixable(message):
        lints.autofixable.add(identity)
