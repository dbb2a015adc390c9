"""What becomes of one gate of a run: measured or recalled, judged, and judged by the base too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.core.baseline import BaselineValue, values_for
from gaterun.core.bound_run import BoundRun
from gaterun.core.evidence import hidden
from gaterun.core.host import Probe
from gaterun.core.measure import Measures
from gaterun.core.redact import Redactor
from gaterun.core.result import obtain, unmeasured
from gaterun.model.measurement import Measurement
from gaterun.model.metrics_document import MetricsDocument
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome, Reason, Verdict
from gaterun.model.waiver import InForce

if TYPE_CHECKING:
    from gaterun.core.second_key import SecondKey

_UNCLEAN = Verdict(
    outcome=Outcome.INCONCLUSIVE,
    reason=Reason.DIRTY_TREE,
    message="the tree is not that of a commit, and --require-clean asks for one",
    help="commit or stash what `git status` shows",
)


class Assessor(Struct, frozen=True, kw_only=True):
    """How the gates of one run come by their results; asked from several threads.

    Attributes:
        bench: measures, here or elsewhere.
        bound: what each measurement depends on, and those that are kept.
        name: what the user called the phase.
        probe: the facts of this machine, for values that are bound to one.
        redactor: hides the secrets of this run.
        in_force: the waivers and sign-offs to judge with.
        baseline: ``None`` when there is none.
        stale: why the phase's own baseline is that of another base; empty where it is not.
        second: what the base says about the run; ``None`` where nobody asks it.
        unclean: measure nothing, as the tree is not that of a commit.
    """

    bench: Measures
    bound: BoundRun
    name: str
    probe: Probe
    redactor: Redactor
    in_force: InForce
    baseline: MetricsDocument | None = None
    stale: str = ""
    second: SecondKey | None = None
    unclean: bool = False

    def repeat(self, gate: Requirement) -> str:
        """The command line that runs one gate again."""
        return f"gaterun {self.name} {gate.node_id}"

    def recall(self, gate: Requirement) -> GateResult | None:
        """The result of a gate whose measurement is at hand."""
        recalled = self.bound.recall(gate, self._values, self.repeat(gate))
        return None if recalled is None else self._held(recalled)

    def measure(self, gate: Requirement, progress: Callable[[str], None]) -> GateResult:
        """Measure a gate, and judge what it measured.

        Args:
            progress: called with what the gate says meanwhile.

        Raises:
            Stopped: the run was interrupted.
        """
        if self.unclean:
            return unmeasured(gate, _UNCLEAN, repeat=self.repeat(gate))
        result = obtain(
            self.bench,
            gate,
            self._values,
            progress=lambda text: progress(self.redactor.text(text)),
            repeat=self.repeat(gate),
            binding=self.bound.binding(gate),
            in_force=self.in_force,
        )
        return self._held(self.bound.audited(gate, hidden(result, self.redactor)))

    def _held(self, result: GateResult) -> GateResult:
        return result if self.second is None else self.second.held(result, self._values)

    def _values(
        self, requirement: Requirement, measurement: Measurement
    ) -> Mapping[str, BaselineValue] | None:
        if self.baseline is None:
            return None
        facts = self.probe.facts()
        return values_for(self.baseline, requirement, measurement, facts, stale=self.stale)
