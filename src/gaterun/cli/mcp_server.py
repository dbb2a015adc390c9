"""The tools of the server for coding agents; imported only by ``gaterun mcp``.

Every call looks at the workspace anew. Nothing here can waive, sign or claim: that is for people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

from gaterun import __version__
from gaterun.cli import claims as claims_command
from gaterun.cli.apart import Apart
from gaterun.cli.hook_edit import judged, names_of
from gaterun.cli.workspace import Opened
from gaterun.core.glob import in_scope
from gaterun.core.result import is_blocking
from gaterun.model.errors import GaterunError
from gaterun.model.phase import Phase
from gaterun.model.record import GateResult
from gaterun.reporters import clean
from gaterun.reporters.standing import gist

T = TypeVar("T")

#: Hosts cut calls off after a minute, so nothing waits longer.
_LONGEST_WAIT = 50.0

_INSTRUCTIONS = """\
gaterun measures whether the tasks of a phase are done. A task is complete only when gate_status
says complete for it; saying so is no evidence, and claims shows what was said without any. Ask
check_files before you edit. run_gates measures: when it answers "running", ask run_result with
the run's id until it is "finished". Failures cannot be waived here; ask a person.
"""

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_MEASURES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


class GateStanding(BaseModel):
    """How a gate stands on the tree as it is now."""

    node_id: str
    freshness: Literal["fresh", "stale", "missing"]
    outcome: str | None = Field(description="of its last result; null when there is none")
    holds: bool = Field(description="it has passed, or is waived, on this very tree")
    blocking: bool
    why: str


class TaskStanding(BaseModel):
    """How a task stands on the tree as it is now."""

    task: str
    title: str
    complete: bool
    needs: list[str]


class PhaseStanding(BaseModel):
    """How a phase stands on the tree as it is now."""

    phase: str
    complete: bool = Field(description="every blocking gate holds, on this very tree")
    tasks: list[TaskStanding]
    gates: list[GateStanding]


class Measured(BaseModel):
    """What became of one gate in a run."""

    node_id: str
    outcome: str
    why: str


class Run(BaseModel):
    """A run of gates."""

    run: str
    state: Literal["running", "finished"]
    exit_code: int | None = Field(
        default=None, description="0 all passed, 1 failed, 7 no verdict, others: error"
    )
    record: str = Field(default="", description="id of the recorded run")
    gates: list[Measured] = Field(default_factory=list)
    error: str = ""


class File(BaseModel):
    """What is known about a file before it is edited."""

    path: str
    advice: Literal["edit", "ask", "deny"]
    why: str
    tasks: list[str] = Field(description="tasks that declare the file as theirs")


def server(opened: Callable[[], Opened], phase: str, apart: Apart) -> MCPServer:
    """The server of one phase.

    Args:
        opened: opens its workspace, anew for each call.
        apart: makes the runs.
    """
    mcp = MCPServer("gaterun", instructions=_INSTRUCTIONS, version=__version__)

    @mcp.tool(annotations=_READS)
    async def gate_status() -> PhaseStanding:
        """Say which verdicts hold on the tree as it is now; runs nothing."""
        return await _in_thread(lambda: _status(*_both(opened, phase)))

    @mcp.tool(annotations=_READS)
    async def claims() -> dict[str, Any]:
        """Show what was said about tasks, in memory databases and lists, against evidence."""

        def look() -> dict[str, Any]:
            here, bound = _both(opened, phase)
            return claims_command.as_json(bound, claims_command.read_ledger(here, bound))

        return await _in_thread(look)

    @mcp.tool(annotations=_MEASURES)
    async def run_gates(selectors: list[str] | None = None, wait_s: float = 45.0) -> Run:
        """Measure gates: all of the phase, or those of tasks and gates that are named."""
        name = await _in_thread(lambda: apart.start(phase, selectors or []))
        return await _in_thread(lambda: _result(apart, name, wait_s))

    @mcp.tool(annotations=_READS)
    async def run_result(run: str, wait_s: float = 0.0) -> Run:
        """Say how a run has ended, or that it is still running."""
        return await _in_thread(lambda: _result(apart, run, wait_s))

    @mcp.tool(annotations=_READS)
    async def check_files(paths: list[str]) -> list[File]:
        """Say of each file whether it should be edited, and which tasks it belongs to."""
        return await _in_thread(lambda: _files(*_both(opened, phase), paths))

    return mcp


async def _in_thread(work: Callable[[], T]) -> T:
    """Do work that waits, and turn what a person can mend into a readable error."""

    def guarded() -> T:
        try:
            return work()
        except GaterunError as error:
            help = f" ({error.help})" if error.help else ""
            raise ToolError(f"{error.message}{help}") from error

    return await to_thread.run_sync(guarded)


def _both(opened: Callable[[], Opened], phase: str) -> tuple[Opened, Phase]:
    here = opened()
    return here, here.phase(phase)


def _status(opened: Opened, phase: Phase) -> PhaseStanding:
    from datetime import UTC, datetime

    today = datetime.now(UTC).date()
    found = claims_command.standing(opened, phase)
    gates = [
        GateStanding(
            node_id=item.gate.node_id,
            freshness=item.freshness.value,
            outcome=item.last.outcome.value if item.last else None,
            holds=item.holds,
            blocking=is_blocking(item.gate, today),
            why=clean.line(
                item.gate.skip or item.why or (gist(item.last) if item.last is not None else "")
            ),
        )
        for item in found
    ]
    complete: dict[str, bool] = {}
    for task in phase.tasks:
        own = [
            item.holds
            for item in found
            if item.gate.task == task.id and is_blocking(item.gate, today)
        ]
        complete[task.id] = bool(own) and all(own)
    for _ in phase.tasks:  # what a task needs may stand behind it
        for task in phase.tasks:
            complete[task.id] &= all(complete[need] for need in task.needs)
    blocking = [gate.holds for gate in gates if gate.blocking]
    return PhaseStanding(
        phase=phase.id,
        complete=bool(blocking) and all(blocking) and all(complete.values()),
        tasks=[
            TaskStanding(
                task=task.id,
                title=task.title,
                complete=complete[task.id],
                needs=list(task.needs),
            )
            for task in phase.tasks
        ],
        gates=gates,
    )


def _result(apart: Apart, run: str, wait: float) -> Run:
    outcome = apart.result(run, wait=min(wait, _LONGEST_WAIT))
    if outcome is None:
        return Run(run=run, state="running")
    record = outcome.record
    return Run(
        run=run,
        state="finished",
        exit_code=outcome.exit_code,
        record=record.id if record else "",
        gates=[_measured(result) for result in record.results] if record else [],
        error=outcome.error,
    )


def _measured(result: GateResult) -> Measured:
    return Measured(
        node_id=result.node_id, outcome=result.outcome.value, why=clean.line(gist(result))
    )


def _files(opened: Opened, phase: Phase, paths: list[str]) -> list[File]:
    found = []
    for path in paths:
        decision, why = judged(opened, (phase,), opened.root / path)
        names = list(names_of(opened.root, opened.root / path))
        tasks = [
            task.id for task in phase.tasks if any(in_scope(name, task.files) for name in names)
        ]
        found.append(File(path=path, advice=decision, why=why, tasks=tasks))
    return found
