"""One clippy run's message stream, sorted into distinct findings and what does not count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import get_args

import gaterun
from gaterun_gates.cargo import diagnostics
from gaterun_gates.cargo.arguments import Kind
from gaterun_gates.cargo.messages import Diagnostic, Line, message_decoder
from gaterun_gates.cargo.targets import SINGULAR, Built, expected_targets, key

Identity = tuple[object, ...]

#: rustc's error for `#![feature]` on a stable compiler.
_NEEDS_NIGHTLY = "E0554"


@dataclass(slots=True)
class Lints:
    """What clippy said about some members.

    Attributes:
        warnings: findings in the members' own sources, by identity.
        generated: those in sources that a build script wrote.
        autofixable: identities of warnings with a suggestion that the compiler vouches for.
        raw: messages before repetitions are dropped.
    """

    warnings: dict[Identity, gaterun.Finding] = field(default_factory=dict)
    generated: dict[Identity, gaterun.Finding] = field(default_factory=dict)
    autofixable: set[Identity] = field(default_factory=set)
    raw: int = 0

    def by_lint(self) -> dict[str, float]:
        """Number of warnings by lint."""
        return count_by_lint(self.warnings.values())

    def add(self, message: Diagnostic, workspace: gaterun.Workspace, package_id: str) -> None:
        """Take a warning into account; a repetition counts in `raw` only."""
        self.raw += 1
        identity = diagnostics.identity(message, package_id, workspace.root)
        if identity in self.warnings or identity in self.generated:
            return
        finding = diagnostics.finding(message, workspace.root, severity=gaterun.Severity.WARNING)
        if finding.path.startswith(diagnostics.GENERATED):
            self.generated[identity] = finding
            return
        self.warnings[identity] = finding
        if diagnostics.is_autofixable(message):
            self.autofixable.add(identity)

    def update(self, other: Lints) -> None:
        """Take over what was said about other members; a file of both counts once."""
        for identity, finding in other.warnings.items():
            self.warnings.setdefault(identity, finding)
        for identity, finding in other.generated.items():
            self.generated.setdefault(identity, finding)
        self.autofixable |= other.autofixable
        self.raw += other.raw


@dataclass(slots=True)
class LintRun:
    """One run of clippy over a workspace, by member: one that does not compile spoils only itself.

    Attributes:
        kinds: the kinds of targets that were asked for, as `expected_targets` has them.
        said: about each member, by package id.
        external: findings in path dependencies that are no members.
        errors: why a package was not linted, by package id, in the order of the stream.
        built: what was checked.
        failure: why cargo did not finish; ``None`` where it did, with or without errors.
    """

    workspace: gaterun.Workspace
    kinds: tuple[str, ...] = ()
    said: defaultdict[str, Lints] = field(default_factory=lambda: defaultdict(Lints))
    external: dict[Identity, gaterun.Finding] = field(default_factory=dict)
    errors: dict[str, gaterun.CannotMeasure] = field(default_factory=dict)
    built: Built = field(default_factory=Built)
    failure: gaterun.CannotMeasure | None = None

    def of(self, members: Sequence[gaterun.Package]) -> Lints:
        """What was said about `members`.

        Raises:
            gaterun.CannotMeasure: one of them does not compile (``build-failed``, naming the
                first error), the compiler crashed, or they were not checked completely
                (``incomplete``).
        """
        wanted = {package.id for package in members}
        every = wanted >= {package.id for package in self.workspace.members}
        for package_id, error in self.errors.items():
            if every or package_id in wanted:
                raise _again(error)
        if self.failure is not None:
            raise _again(self.failure)
        for package, target in expected_targets(members, self.built, self.kinds).targets:
            if key(package, target) not in self.built.artifacts:
                first = next(iter(self.errors.values()), None)
                raise gaterun.CannotMeasure(
                    gaterun.Reason.INCOMPLETE,
                    f"{target.kind[0]} '{target.name}' of {package.name} was not checked"
                    + (f": {first.message}" if first else ""),
                )
        found = Lints()
        for package in members:
            if package.id in self.said:
                found.update(self.said[package.id])
        return found

    def see(self, line: Line, members: frozenset[str]) -> Lints | None:
        """Take one line of the stream into account; return where a member's warning went."""
        self.built.see(line)
        message = line.message
        if message is None or diagnostics.is_summary(message):
            return None
        if diagnostics.is_error(message):
            if line.package_id not in self.errors:
                self.errors[line.package_id] = _refuse(
                    message, self.workspace, line.target.kind[0] if line.target else ""
                )
            return None
        if message.level != "warning":
            return None
        if line.package_id in members:
            lints = self.said[line.package_id]
            lints.add(message, self.workspace, line.package_id)
            return lints
        root = self.workspace.root
        identity = diagnostics.identity(message, line.package_id, root)
        if identity not in self.external:
            self.external[identity] = diagnostics.finding(
                message, root, severity=gaterun.Severity.WARNING
            )
        return None


def _again(refusal: gaterun.CannotMeasure) -> gaterun.CannotMeasure:
    """The same refusal for another gate: what is raised carries the evidence of its gate."""
    return gaterun.CannotMeasure(refusal.reason, refusal.message, help=refusal.help)


def count_by_lint(findings: Iterable[gaterun.Finding]) -> dict[str, float]:
    """Number of findings by rule, sorted by rule."""
    return dict(sorted(Counter(finding.rule for finding in findings).items()))


def _refuse(message: Diagnostic, workspace: gaterun.Workspace, kind: str) -> gaterun.CannotMeasure:
    if diagnostics.is_compiler_bug(message):
        return gaterun.CannotMeasure(
            gaterun.Reason.CRASHED, f"the compiler crashed: {message.message}"
        )
    error = diagnostics.finding(message, workspace.root, severity=gaterun.Severity.ERROR)
    where = f"{error.place}: " if error.path else ""
    help_ = "lints of a crate that does not compile are unknown, not zero: mend it first"
    if error.rule == _NEEDS_NIGHTLY and kind in {"bench", "example", "test"}:
        others = [f'"{name}"' for name in get_args(Kind) if SINGULAR.get(name) != kind]
        help_ = f"where the compiler is stable, leave it out: targets = [{', '.join(others)}]"
    return gaterun.CannotMeasure(
        gaterun.Reason.BUILD_FAILED,
        f"the workspace does not compile: {where}{error.message}",
        help=help_,
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
) -> LintRun:
    """Sort the messages of a ``cargo clippy --message-format=json``, line by line.

    Args:
        completed: the run.
        workspace: whose findings they are.
        kinds: the kinds of targets that were asked for, as `expected_targets` has them.
    """
    from gaterun_gates.cargo.failure import explain

    members = frozenset(package.id for package in workspace.members)
    run = LintRun(workspace=workspace, kinds=tuple(kinds))
    decode = message_decoder()
    # About half of a real stream says again, to the byte, for a library's tests what was said
    # for the library: that need not be decoded. Of a line only its 64 bits of hash are kept.
    known: dict[int, Lints | None] = {}
    for raw in completed.lines():
        mark = hash(raw)
        if mark in known:
            if (lints := known[mark]) is not None:
                lints.raw += 1
        elif (line := decode(raw)) is not None:
            known[mark] = run.see(line, members)
    built = run.built
    ended_well = completed.ok and built.finished and built.success
    if not ended_well and not (built.finished and run.errors):
        reason = gaterun.Reason.BUILD_FAILED if built.finished else gaterun.Reason.INCOMPLETE
        run.failure = explain(completed, otherwise=reason)
    return run
