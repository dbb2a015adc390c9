"""Judges by the base's conditions too, and says of a whole run whether its policy was weakened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from gaterun.core.judge import judge
from gaterun.core.result import BaselineOf
from gaterun.model.finding import Finding, Severity
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Better, Measured, Unit
from gaterun.model.phase import POLICY, Requirement
from gaterun.model.policy import BasePolicy, PolicyChange, PolicyMode
from gaterun.model.record import GateResult, MetricRecord
from gaterun.model.verdict import Outcome, Reason, Verdict

#: The node id under which the policy stands among the results, where it can fail the run.
NODE = f"{POLICY}::base"


class SecondKey(Struct, frozen=True, kw_only=True):
    """What the base says about a run.

    Attributes:
        policy: how what judges compares with the base.
        requirements: what the base asks of gates whose conditions have changed since, by
            their node ids of today; empty unless the base judges too.
        file: the phase file of today.
    """

    policy: BasePolicy
    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    file: str = ""

    def hiding(self, hide: Callable[[str], str]) -> SecondKey:
        """The same with every text that comes from the workspace as `hide` gives it back."""
        policy = self.policy
        changes = tuple(
            replace(
                change,
                before=hide(change.before),
                after=hide(change.after),
                commits=tuple(map(hide, change.commits)),
            )
            for change in policy.changes
        )
        told = replace(
            policy,
            changes=changes,
            notes=tuple(map(hide, policy.notes)),
            obstacle=hide(policy.obstacle),
        )
        return replace(self, policy=told)

    def held(self, result: GateResult, baseline: BaselineOf) -> GateResult:
        """The result under the base's conditions too: what fails under either has failed."""
        base = self.requirements.get(result.node_id)
        if base is None:
            return result
        today = datetime.fromtimestamp(result.started, UTC).date()
        if base.is_blocking(today) and not result.blocking:
            told = f"it blocks at {self.policy.label}, so that it blocks here"
            result = replace(result, blocking=True, advisory_until="", notes=(*result.notes, told))
        if result.outcome is not Outcome.PASS:
            return result
        measurement = Measurement(
            metrics={name: metric.measured for name, metric in result.metrics.items()},
            inspected=result.inspected,
            findings=result.findings,
            recipe=result.recipe,
        )
        verdict = judge(base, measurement, baseline(base, measurement))
        if verdict.outcome is Outcome.PASS:
            return result
        known = {check.condition for check in result.verdict.checks}
        label = self.policy.label
        checks = [
            replace(check, condition=f"{check.condition} at {label}")
            for check in verdict.checks
            if check.condition not in known
        ]
        return replace(
            result,
            verdict=replace(
                verdict,
                message=f"under the conditions of {label}: {verdict.message}",
                checks=(*result.verdict.checks, *checks),
            ),
        )

    def entry(self) -> GateResult | None:
        """What the policy is among the results: something only where it can fail the run."""
        policy = self.policy
        if policy.mode is not PolicyMode.FAIL:
            return None
        return GateResult(
            node_id=NODE,
            task=POLICY,
            gate="base-policy",
            title="Nothing that judges is weakened",
            verdict=_verdict(policy),
            metrics={
                name: MetricRecord(
                    unit=Unit.COUNT,
                    better=Better.LOWER,
                    host_bound=False,
                    measured=Measured(value=len(changes)),
                    help=help,
                )
                for name, changes, help in (
                    (
                        "weakened",
                        policy.weakened,
                        "what makes passing easier than at the base",
                    ),
                    ("protected", policy.touched, "protected files that have changed"),
                    (
                        "undecided",
                        policy.undecided,
                        "what has changed for better or for worse",
                    ),
                )
                if not policy.obstacle and policy.file
            },
            inspected={"gates": policy.gates},
            findings=tuple(map(_finding, policy.changes)),
            notes=policy.notes,
            file=self.file,
            line=1,
            started=time.time(),
        )


def _verdict(policy: BasePolicy) -> Verdict:
    label = policy.label
    approve = (
        "have it approved, and it is the base's once it is merged; --base-policy warn lists it"
    )
    if policy.weakened or policy.touched:
        weaker, touched = len(policy.weakened), len(policy.touched)
        files = f"{touched} protected {'file' if touched == 1 else 'files'} changed"
        told = ", ".join(
            text for count, text in ((weaker, f"{weaker} weakened"), (touched, files)) if count
        )
        return Verdict(outcome=Outcome.FAIL, message=f"{told} since {label}", help=approve)
    if policy.obstacle:
        return Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.INCOMPLETE,
            message=policy.obstacle,
            help=policy.help,
        )
    if count := len(policy.undecided):
        return Verdict(
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.UNDECIDED,
            message=f"{count} changed since {label}, for better or for worse",
            help=approve,
        )
    if not policy.file:
        return Verdict(outcome=Outcome.SKIPPED, message="; ".join(policy.notes))
    return Verdict(outcome=Outcome.PASS, message=f"nothing weakened since {label}")


def _finding(change: PolicyChange) -> Finding:
    return Finding(
        rule=change.kind.value,
        message=change.text if change.file else f"{change.subject}: {change.text}",
        path=change.file,
        severity=Severity.ERROR if change.weakens or change.touches else Severity.WARNING,
    )
