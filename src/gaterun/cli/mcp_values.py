"""What the tools of the server for coding agents answer, with the schemas that hosts are told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


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
    state: Literal["todo", "ready", "in-progress", "claimed", "verified", "blocked"] = Field(
        description="only verified is complete; claimed is said to be done, and not covered"
    )
    needs: list[str]
    unmet: list[str] = Field(description="what it needs and is not verified")
    passed: int
    total: int
    missing: list[str] = Field(description="gates that evidence does not cover")
    held_by: str = Field(description="who works on it, and where; empty for nobody")
    held_here: bool = Field(description="it is held from this very working tree")
    blocked: str = Field(description="why it cannot go on; empty when nothing blocks it")
    said: list[str] = Field(description="where else it is said to be done")


class PhaseStanding(BaseModel):
    """How a phase stands on the tree as it is now."""

    phase: str
    complete: bool = Field(description="every task verified and every gate passed, on this tree")
    tasks: list[TaskStanding]
    gates: list[GateStanding]
    collisions: list[str]
    claims_not_read: list[str]


class Asked(BaseModel):
    """A gate of a task, and what it has to measure."""

    node_id: str
    conditions: list[str]
    blocking: bool


class Brief(BaseModel):
    """What whoever works on a task has to know."""

    task: str
    title: str
    claim: int = Field(description="number of the claim; a newer one supersedes it")
    files: list[str] = Field(description="globs of what belongs to it; empty: none are declared")
    needs: list[str]
    waiting: list[str] = Field(description="tasks that wait for it")
    gates: list[Asked]


class Said(BaseModel):
    """A task about which something was said."""

    task: str
    state: str


class Measured(BaseModel):
    """What became of one gate in a run."""

    node_id: str
    outcome: str
    why: str


class Run(BaseModel):
    """What a run of gates has found."""

    run: str
    state: Literal["running", "finished", "verified", "claimed", "refused"] = Field(
        description="of task_done: verified, claimed (not verified) or refused; of run_gates: finished"
    )
    task: str = ""
    exit_code: int | None = Field(
        default=None, description="0 all passed, 1 failed, 7 no verdict, others: error"
    )
    record: str = Field(default="", description="id of the recorded run")
    missing: list[str] = Field(default_factory=list, description="gates of the task not covered")
    unmet: list[str] = Field(default_factory=list, description="needed tasks not verified")
    gates: list[Measured] = Field(default_factory=list)
    error: str = ""


class File(BaseModel):
    """What is known about a file before it is edited."""

    path: str
    advice: Literal["edit", "ask", "deny"]
    why: str
    tasks: list[str] = Field(description="tasks that declare the file as theirs")
