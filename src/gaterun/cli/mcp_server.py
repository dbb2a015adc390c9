"""The tools of the server for coding agents; imported only by ``gaterun mcp``.

Every call looks at the workspace anew, and is a sign of life of whoever holds a task from there.
Nothing here can waive or sign: that is for people. Nothing can make a task verified but measuring.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

from gaterun import __version__
from gaterun.cli import claims as claims_command
from gaterun.cli import mcp_tasks
from gaterun.cli.apart import Apart
from gaterun.cli.coordination import OpenDesk, desk
from gaterun.cli.mcp_values import Brief, File, Measured, PhaseStanding, Run, Said
from gaterun.cli.workspace import Opened, renew_claims
from gaterun.model.errors import GaterunError
from gaterun.model.record import GateResult
from gaterun.reporters import clean
from gaterun.reporters.standing import gist

T = TypeVar("T")

#: Hosts cut calls off after a minute, so nothing waits longer.
_LONGEST_WAIT = 50.0

_INSTRUCTIONS = """\
gaterun measures whether the tasks of a phase are done. A task is complete only when task_done
returns state verified; saying so is no evidence, and claims shows what was said without any.
task_list says what is ready; task_start claims a task, and tells what it asks for. Ask check_files
before you edit. task_done measures: when it answers "running", ask run_result with the run's id
until it is something else; "claimed" means not verified, and missing, unmet and gates say what is
needed. When a task cannot go on, say so with task_block. Failures cannot be waived here; ask a
person.
"""

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_SAYS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def server(opened: Callable[[], Opened], phase: str, apart: Apart) -> MCPServer:
    """The server of one phase.

    Args:
        opened: opens its workspace, anew for each call.
        apart: makes the runs.
    """
    mcp = MCPServer("gaterun", instructions=_INSTRUCTIONS, version=__version__)

    def here() -> OpenDesk:
        workspace = opened()
        renew_claims(workspace.config)
        return desk(workspace, phase)

    _tasks(mcp, here, phase, apart)
    _gates(mcp, here, phase, apart)
    return mcp


def _tasks(mcp: MCPServer, here: Callable[[], OpenDesk], phase: str, apart: Apart) -> None:
    """The tools that are about tasks: who works on them, and whether they are done."""

    @mcp.tool(annotations=_READS)
    async def task_list() -> PhaseStanding:
        """Say how all tasks and gates stand on the tree as it is now; runs nothing."""
        return await _in_thread(lambda: mcp_tasks.standing(here()))

    @mcp.tool(annotations=_SAYS)
    async def task_start(task: str) -> Brief:
        """Claim a task for this working tree, and say what it asks for."""
        return await _in_thread(lambda: mcp_tasks.start(here(), task))

    @mcp.tool(annotations=_SAYS)
    async def task_done(task: str, wait_s: float = 45.0) -> Run:
        """Measure a task and all that it needs; it is complete only when the state is verified."""

        def begin() -> str:
            here().task(task)
            return apart.done(phase, task)

        name = await _in_thread(begin)
        return await _in_thread(lambda: _result(apart, name, wait_s))

    @mcp.tool(annotations=_READS)
    async def run_result(run: str, wait_s: float = 0.0) -> Run:
        """Say what a run has found, or that it is still running."""
        return await _in_thread(lambda: _result(apart, run, wait_s))

    @mcp.tool(annotations=_SAYS)
    async def task_block(task: str, why: str) -> Said:
        """Say that a task cannot go on, and what has to happen first; its claim is given back."""
        return await _in_thread(lambda: mcp_tasks.block(here(), task, why))

    @mcp.tool(annotations=_READS)
    async def check_files(paths: list[str]) -> list[File]:
        """Say of each file whether it should be edited, which tasks it belongs to, and whose."""
        return await _in_thread(lambda: mcp_tasks.files(here(), paths))

    @mcp.resource("gaterun://dashboard", mime_type="text/markdown")
    async def dashboard() -> str:
        """The tasks of the phase as they are now: who works on what, and what collides."""
        return await _in_thread(lambda: mcp_tasks.rendered(here()))


def _gates(mcp: MCPServer, here: Callable[[], OpenDesk], phase: str, apart: Apart) -> None:
    """The tools that are about measurements, whoever works on what."""

    @mcp.tool(annotations=_READS)
    async def claims() -> dict[str, Any]:
        """Show what was said about tasks, in memory databases and lists, against evidence."""

        def look() -> dict[str, Any]:
            at = here()
            ledger = claims_command.read_ledger(at.opened, at.phase)
            return claims_command.as_json(at.phase, ledger)

        return await _in_thread(look)

    @mcp.tool(annotations=_SAYS)
    async def run_gates(selectors: list[str] | None = None, wait_s: float = 45.0) -> Run:
        """Measure gates without saying that anything is done: all, or those that are named."""
        name = await _in_thread(lambda: apart.start(phase, selectors or []))
        return await _in_thread(lambda: _result(apart, name, wait_s))


async def _in_thread(work: Callable[[], T]) -> T:
    """Do work that waits, and turn what a person can mend into a readable error."""

    def guarded() -> T:
        try:
            return work()
        except GaterunError as error:
            help = f" ({error.help})" if error.help else ""
            raise ToolError(f"{error.message}{help}") from error

    return await to_thread.run_sync(guarded)


class _Done(BaseModel):
    """What `gaterun done --format json` says, as far as it is passed on."""

    task: str
    verified: bool
    run: str
    missing: list[str]
    unmet: list[str]
    gates: list[Measured]


def _result(apart: Apart, run: str, wait: float) -> Run:
    outcome = apart.result(run, wait=min(wait, _LONGEST_WAIT))
    if outcome is None:
        return Run(run=run, state="running", task=apart.task(run))
    code, error = outcome.exit_code, outcome.error
    if outcome.document:
        done = _Done.model_validate_json(outcome.document)
        return Run(
            run=run,
            state="verified" if done.verified else "claimed",
            task=done.task,
            exit_code=code,
            record=done.run,
            missing=done.missing,
            unmet=done.unmet,
            gates=done.gates,
        )
    if task := apart.task(run):
        return Run(run=run, state="refused", task=task, exit_code=code, error=error)
    record = outcome.record
    return Run(
        run=run,
        state="finished",
        exit_code=code,
        record=record.id if record else "",
        gates=[_measured(result) for result in record.results] if record else [],
        error=error,
    )


def _measured(result: GateResult) -> Measured:
    return Measured(
        node_id=result.node_id, outcome=result.outcome.value, why=clean.line(gist(result))
    )
