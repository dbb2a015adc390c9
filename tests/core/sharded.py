"""Runs a phase in shards, each in a clone of its own, as machines of CI do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Outcome


class Machines:
    """Clones of a project's repository, and what they export.

    Attributes:
        parts: the folder of what they export, outside of every tree.
    """

    def __init__(self, project: Any) -> None:
        self.project = project
        self.parts: Path = project.root.parent / "parts"
        self.parts.mkdir(exist_ok=True)

    def clone(self, name: str) -> Path:
        """A fresh clone."""
        folder: Path = self.project.root.parent / f"machine-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        self.project.git("clone", "--quiet", str(self.project.root), str(folder))
        return folder

    def shard(self, number: int, of: int, *more: str, phase: str = "p") -> Any:
        """Run one shard in a clone, and export it; how the run went."""
        folder = self.clone(str(number))
        at = ("-C", str(folder))
        ran = self.project.run(phase, "--shard", f"{number}/{of}", *at, *more)
        assert ran.code in {0, 1, 6, 7}, ran.err
        exported = self.project.run(
            "runs", "export", "last", *at, "--output", str(self.part(number))
        )
        assert exported.code == 0, exported.err
        return ran

    def all(self, of: int, *more: str, phase: str = "p") -> list[Any]:
        """Run every shard."""
        for old in self.parts.glob("*"):
            old.unlink()
        return [self.shard(number, of, *more, phase=phase) for number in range(1, of + 1)]

    def part(self, number: int) -> Path:
        """Where a shard was exported to."""
        return self.parts / f"shard-{number}.tar.gz"

    def merge(self, *more: str, phase: str = "p") -> Any:
        """Merge what is in the folder."""
        return self.project.run("report", phase, "--merge", str(self.parts), *more)


def essence(record: RunRecord) -> dict[str, Any]:
    """What a run says of its phase: all but when, where, by which commands, and how fast."""
    return {
        "exit_code": record.exit_code,
        "interrupted": record.interrupted,
        "left_out": record.left_out,
        "needs": record.needs,
        "tasks": record.tasks,
        "tree": record.tree,
        "base": record.base,
        "policy": record.policy,
        "role": record.role,
        "results": {each.node_id: _essence(each) for each in record.results},
        "order": [each.node_id for each in record.results],
    }


def _essence(result: GateResult) -> GateResult:
    # A traceback is kept in the run's folder, which its help names.
    verdict = replace(result.verdict, help=result.verdict.help.partition("; its traceback")[0])
    if result.outcome is Outcome.BLOCKED:
        # Of several needs that have failed, that which ended first is named.
        verdict, result = replace(verdict, message=""), replace(result, blocked_by="")
    return replace(
        result, verdict=verdict, started=0, seconds=0, evidence=(), binding=None, reused=None
    )
