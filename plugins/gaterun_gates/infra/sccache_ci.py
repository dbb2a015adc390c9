"""Finds jobs of workflows that run cargo with a configured wrapper which nobody installed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gaterun_gates.infra.shell_commands import parse_commands
from gaterun_gates.infra.workflow import Job, Step, Workflow

#: Subcommands that start rustc, and with it the wrapper.
_COMPILING = frozenset(
    {"b", "bench", "build", "c", "check", "clippy", "doc", "install", "nextest", "r", "run"}
    | {"rustc", "t", "test"}
)
_SWITCHES = ("RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprepared:
    """A step that runs cargo before sccache is there.

    Attributes:
        path: of the workflow.
        line: 1-based line of the command.
        job: name of the job.
        command: the command.
    """

    path: str
    line: int
    job: str
    command: str


def unprepared_jobs(workflows: Sequence[Workflow]) -> list[Unprepared]:
    """The first such step of every job that can run on a machine without sccache.

    Jobs in containers are left out, as are runners of one's own: their tools are unknown.
    """
    return [
        found
        for workflow in workflows
        for job in workflow.jobs
        if not job.off and not job.container and _hosted(job)
        for found in _first(workflow, job)
    ]


def _hosted(job: Job) -> bool:
    return bool(job.labels) and all(
        label.startswith(("ubuntu-", "macos-", "windows-", "${{")) for label in job.labels
    )


def _first(workflow: Workflow, job: Job) -> Iterator[Unprepared]:
    if _switched(workflow.env) or _switched(job.env):
        return
    for step in job.steps:
        if step.off:
            continue
        if _installs(step):
            return
        if _switched(step.env):
            continue
        for command in parse_commands(step.run):
            if "sccache" in " ".join(command.words):
                return
            if command.words[0] == "cargo" and _COMPILING.intersection(command.words[1:3]):
                yield Unprepared(
                    path=workflow.path,
                    line=step.run_line + command.line,
                    job=job.name,
                    command=" ".join(command.words),
                )
                return


def _switched(env: object) -> bool:
    """Whether variables decide about the wrapper here, and not the repository's file."""
    return isinstance(env, dict) and any(name in env for name in _SWITCHES)


def _installs(step: Step) -> bool:
    """Whether an action brings sccache, or may: what one of the repository does is not known."""
    return (
        "sccache" in step.uses
        or step.uses.startswith("./")
        or any("sccache" in value for value in step.inputs.values())
    )
