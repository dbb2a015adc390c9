"""What a run comes to: the exit code that its results make together."""

from __future__ import annotations

from collections.abc import Sequence

from gaterun.model.record import GateResult
from gaterun.model.verdict import ExitCode, Outcome, exit_code


def verdict_of(
    results: Sequence[GateResult],
    *,
    max_warnings: int | None = None,
    interrupted: bool = False,
    policy: GateResult | None = None,
) -> ExitCode:
    """The exit code of a run.

    A blocked gate adds nothing of its own: what blocks it has failed, or has no verdict. That
    the policy is as it was makes no run green in which nothing was measured.
    """
    codes = [ExitCode.INTERRUPTED] if interrupted else []
    advisory = 0
    for result in results:
        if result.outcome is Outcome.FAIL and result.blocking:
            codes.append(ExitCode.FAILED)
        elif result.outcome is Outcome.INCONCLUSIVE and result.blocking:
            codes.append(ExitCode.NO_VERDICT)
        elif result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
            advisory += 1
    if max_warnings is not None and advisory > max_warnings:
        codes.append(ExitCode.MAX_WARNINGS)
    if not codes and all(result.outcome is Outcome.SKIPPED for result in results):
        codes.append(ExitCode.NO_GATES)
    if policy is not None and policy.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
        codes.append(verdict_of([policy]))
    return exit_code(codes)
