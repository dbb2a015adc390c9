"""The clippy runs of one run of gaterun: gates that want the same get the same, from one call."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import gaterun
from gaterun_gates.cargo.arguments import target_arguments
from gaterun_gates.cargo.clippy_driver import clippy_version, run_clippy
from gaterun_gates.cargo.lint_flags import LintFlags, find_lint_flags
from gaterun_gates.cargo.lints import LintRun, read_lints

#: What is forced to see through every allow: clippy's default lints, and the compiler's.
FORCED = ("clippy::all", "unused", "deprecated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be linted, always of every member.

    Attributes:
        targets: kinds of targets, ``lib``, ``bins`` and so on; all if empty.
        features, all_features: the feature set.
        forced: a second time with `FORCED`.
    """

    targets: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    all_features: bool = False
    forced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What clippy said.

    Attributes:
        version: the driver's version line.
        flags: lint flags of the repository's, which were taken out.
        plain: the run as configured.
        forced: the run with lints forced; ``None`` where it was not wanted or the plain one failed.
        shared: another gate of this run had it made, and has its logs.
    """

    version: str
    flags: LintFlags
    plain: LintRun
    forced: LintRun | None
    shared: bool = False


@dataclass(slots=True)
class LintRuns:
    """Runs clippy on first use, once for each set of arguments."""

    workspace: gaterun.Workspace
    _guard: threading.Lock = field(init=False, default_factory=threading.Lock)
    _facts: tuple[str, LintFlags] | None = field(init=False, default=None)
    _runs: dict[tuple[Wanted, bool], LintRun] = field(init=False, default_factory=dict)

    def report(self, ctx: gaterun.Context, wanted: Wanted) -> LintReport:
        """What clippy says about the workspace.

        A gate asks once: it holds its state folder until it ends, and one that waits for that
        folder in here keeps the others out.

        Raises:
            gaterun.CannotMeasure: clippy is missing, or ran out of time.
        """
        with self._guard:
            before = len(self._runs)
            if self._facts is None:
                self._facts = (
                    clippy_version(ctx, self.workspace),
                    find_lint_flags(ctx, self.workspace.root),
                )
            version, flags = self._facts
            plain = self._run(ctx, wanted, flags, forced=False)
            forced = None
            if wanted.forced and plain.failure is None:
                ctx.progress("again, with lints forced")
                forced = self._run(ctx, wanted, flags, forced=True)
            return LintReport(
                version=version,
                flags=flags,
                plain=plain,
                forced=forced,
                shared=len(self._runs) == before,
            )

    def _run(
        self, ctx: gaterun.Context, wanted: Wanted, flags: LintFlags, *, forced: bool
    ) -> LintRun:
        key = (wanted, forced)
        if key not in self._runs:
            completed = run_clippy(
                ctx,
                self.workspace,
                targets=target_arguments(wanted.targets),
                features=wanted.features,
                all_features=wanted.all_features,
                flags=flags,
                forced=FORCED if forced else (),
            )
            self._runs[key] = read_lints(completed, self.workspace, kinds=wanted.targets)
        return self._runs[key]
