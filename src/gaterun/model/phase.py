"""A phase: tasks, and the gates that must hold before each counts as done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct, field

from gaterun.model.condition import Comparison, Improvement, Tolerance
from gaterun.model.gate import Gate

#: The task name under which phase-wide gates stand in node ids and reports.
PHASE_WIDE = "phase"

#: The task name under which it stands whether the change weakened what it is judged by.
POLICY = "policy"


class Mode(StrEnum):
    """Whether a failure counts."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"
    MANUAL = "manual"  # a person signs it; nothing is measured


class Scope(StrEnum):
    """Which findings the ``require`` conditions of a gate are about."""

    ALL = "all"
    NEW = "new"  # those that the baseline does not have


class Location(Struct, frozen=True, kw_only=True):
    """A place in a file of the user's, relative to the workspace root where it is below it."""

    file: str
    line: int


class Requirement(Struct, frozen=True, kw_only=True):
    """One gate of one task, ready to be measured and judged.

    Attributes:
        task: id of the task, or `PHASE_WIDE`.
        id: unique in its task, the gate's name unless the phase file says otherwise.
        options: an instance of ``gate.options``.
        settings: the options as written, for people.
        floor: least number per inspected thing or metric, below which there is no verdict.
        scope: whether `require` is about all findings or about those that are new.
        tolerance: by metric, the noise that a ratchet or an improvement allows for.
        tracked: metrics whose findings a condition compares with the baseline's.
        needs: node ids of gates that must have passed first.
        timeout: seconds.
        inputs: as ``gate.inputs``, in its stead; empty leaves it to the gate.
        enforce_after: from the day after this one an advisory gate blocks.
        skip: the reason why it is switched off; empty when it is not.
    """

    task: str
    id: str
    gate: Gate
    options: object
    settings: Mapping[str, object]
    location: Location
    require: tuple[Comparison, ...] = ()
    improve: tuple[Improvement, ...] = ()
    ratchet: tuple[str, ...] = ()
    floor: Mapping[str, float] = field(default_factory=dict)
    scope: Scope = Scope.ALL
    tolerance: Mapping[str, Tolerance] = field(default_factory=dict)
    tracked: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    timeout: float = 1800.0
    inputs: tuple[str, ...] = ()
    mode: Mode = Mode.BLOCKING
    enforce_after: date | None = None
    skip: str = ""

    @property
    def node_id(self) -> str:
        """``task::id``, unique in the phase."""
        return f"{self.task}::{self.id}"

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition as text, in the order judged."""
        new = "new " * (self.scope is Scope.NEW)
        return (
            *(f"{new}{c.text}" for c in self.require),
            *(f"improve {c.text}{self.allowance(c.metric)}" for c in self.improve),
            *(f"ratchet {name}{self.allowance(name)}" for name in self.ratchet),
            *(f"floor {name} {value:g}" for name, value in self.floor.items()),
        )

    def allowance(self, metric: str) -> str:
        """The tolerance of a metric as part of a condition's text; empty where there is none."""
        tolerance = self.tolerance.get(metric)
        return f" ± {tolerance.text}" if tolerance else ""

    def is_blocking(self, today: date) -> bool:
        """Whether its failure fails the run: an advisory gate blocks once its date is past."""
        if self.mode is Mode.BLOCKING or self.enforce_after is None:
            return True
        return today > self.enforce_after

    @property
    def compared(self) -> tuple[str, ...]:
        """Metrics that some condition compares with the baseline, each once."""
        improved = tuple(improvement.metric for improvement in self.improve)
        return tuple(dict.fromkeys((*improved, *self.ratchet, *self.tracked)))


class Task(Struct, frozen=True, kw_only=True):
    """A piece of the phase.

    Attributes:
        needs: ids of tasks that must have passed first.
        estimate: expected effort as written (``2.4d``); empty when unknown.
        claims: names under which others may say something about this task.
        files: globs of what the task may touch; one that begins with ``!`` takes away.
    """

    id: str
    title: str
    gates: tuple[Requirement, ...]
    needs: tuple[str, ...] = ()
    owner: str = ""
    estimate: str = ""
    claims: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Outputs(Struct, frozen=True, kw_only=True):
    """Where a phase's documents go, relative to the workspace root; empty when not wanted."""

    baseline: str = ""
    final: str = ""
    dashboard: str = ""
    report: str = ""
    roadmap: str = ""


class Phase(Struct, frozen=True, kw_only=True):
    """A phase file, read and bound to the gates that it names.

    Attributes:
        base: git revision where the phase began; empty when there is none.
        gates: phase-wide requirements.
        source: where it was read.
    """

    id: str
    title: str
    tasks: tuple[Task, ...]
    gates: tuple[Requirement, ...] = ()
    base: str = ""
    protected: tuple[str, ...] = ()
    outputs: Outputs = field(default_factory=Outputs)
    source: str = ""

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every gate, by task in order, phase-wide ones last."""
        return (*(gate for task in self.tasks for gate in task.gates), *self.gates)

    @property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """What each task and each gate waits for, by task id and node id; nothing for the rest."""
        tasks = {task.id: task.needs for task in self.tasks if task.needs}
        return tasks | {gate.node_id: gate.needs for gate in self.requirements if gate.needs}


class PhaseFile(Struct, frozen=True, kw_only=True):
    """A phase file that a plugin ships: its name and its TOML text."""

    name: str
    text: str
    source: str
