"""The record of a run: everything needed to render any report again."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from gaterun.model.binding import Binding, Reused
from gaterun.model.command import Evidence
from gaterun.model.finding import Finding
from gaterun.model.metric import Better, Measured, Unit
from gaterun.model.policy import BasePolicy
from gaterun.model.shard import Shard, ShardRun
from gaterun.model.verdict import ExitCode, Outcome, Verdict

#: Version of the record's shape; a reader refuses a greater major part.
SCHEMA_VERSION = "1.1"


class MetricRecord(Struct, frozen=True, kw_only=True):
    """A measured metric with its declaration, so that a record explains itself.

    Attributes:
        irrelevant: what may differ between two values that are compared.
        known: the findings that it counts, by rule, packed by `gaterun.core.known`; ``None``
            where no condition compares them.
    """

    unit: Unit
    better: Better
    host_bound: bool
    measured: Measured
    help: str = ""
    irrelevant: tuple[str, ...] = ()
    known: Mapping[str, str] | None = None


class GateResult(Struct, frozen=True, kw_only=True):
    """What became of one gate in one run.

    Attributes:
        node_id: ``task::id``.
        gate: name of the gate plugin.
        title: the gate's title.
        conditions: as in the phase file.
        blocking: whether its failure fails the run.
        advisory_until: ISO date until which it is only advisory; empty when it blocks.
        blocked_by: node id or task that it waits for, where it is blocked.
        inspected: how many of what were looked at.
        file, line: where the phase file defines it.
        started: seconds since the epoch.
        repeat: the command line that runs just this gate again.
        binding: what the measurement depends on; ``None`` where nobody can say.
        reused: where the measurement comes from, if it was not made in this run.
    """

    node_id: str
    task: str
    gate: str
    title: str
    verdict: Verdict
    conditions: tuple[str, ...] = ()
    blocking: bool = True
    advisory_until: str = ""
    flaky: bool = False
    blocked_by: str = ""
    metrics: Mapping[str, MetricRecord] = field(default_factory=dict)
    inspected: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    recipe: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    file: str = ""
    line: int = 0
    started: float = 0.0
    seconds: float = 0.0
    repeat: str = ""
    binding: Binding | None = None
    reused: Reused | None = None

    @property
    def outcome(self) -> Outcome:
        """Short for ``verdict.outcome``."""
        return self.verdict.outcome


class Tree(Struct, frozen=True, kw_only=True):
    """What was measured.

    Attributes:
        commit: full id of HEAD; empty without git or without commits.
        branch: short name; empty when detached.
        digest: of the working tree, uncommitted and untracked files included; empty
            without git.
        dirty: whether the working tree differs from the commit.
    """

    commit: str = ""
    branch: str = ""
    digest: str = ""
    dirty: bool = False


class RunRecord(Struct, frozen=True, kw_only=True):
    """One finished (or interrupted) run.

    Attributes:
        id: unique in a workspace, sorts by time.
        root: absolute path of the workspace.
        environment: facts that decide whether timing values can be compared (os, arch,
            cpu, cores, rustc, cargo).
        tasks: title by task id, in the phase's order.
        started: seconds since the epoch.
        needs: ids of the tasks that each task waits for, and node ids of the gates that each
            gate waits for, by id; what waits for nothing is left out.
        role: ``run``, ``baseline``, or ``shard``: part of a run, which judges no phase.
        variables: names of the variables that commands inherited, sorted; never a value.
        withheld: names of those that they did not get.
        environment_digest: SHA-256 of names and values of what they inherited.
        policy: how what judges compares with the base; ``None`` where nobody asked.
        left_out: node ids of the phase's gates that were not selected; ``None`` in records of
            versions that did not say.
        shard: which one, where the run is a shard.
        parts: the shards that it was merged from; none where one machine ran everything.
    """

    id: str
    phase: str
    title: str
    root: str
    version: str
    argv: tuple[str, ...]
    tree: Tree
    environment: Mapping[str, str]
    tasks: Mapping[str, str]
    results: tuple[GateResult, ...]
    started: float
    seconds: float
    exit_code: ExitCode
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    role: str = "run"
    base: str = ""
    interrupted: bool = False
    warnings: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    environment_digest: str = ""
    policy: BasePolicy | None = None
    left_out: tuple[str, ...] | None = None
    shard: Shard | None = None
    parts: tuple[ShardRun, ...] = ()
    schema_version: str = SCHEMA_VERSION

    def count(self, outcome: Outcome) -> int:
        """How many gates ended with `outcome`."""
        return sum(result.outcome is outcome for result in self.results)
