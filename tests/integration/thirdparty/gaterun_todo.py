"""A distribution of somebody else's: a gate, a report format and a phase."""

from __future__ import annotations

from typing import TextIO

import gaterun

PHASE = """
[phase]
title = "Nothing left to do"

[task.only]
[[task.only.gate]]
use = "todo"
"""


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    files = ctx.files("**/*.rs")
    findings = [
        gaterun.Finding(rule="todo", message=line.strip(), path=name, line=number)
        for name in files
        for number, line in enumerate((ctx.root / name).read_text("utf-8").splitlines(), 1)
        if "TODO" in line
    ]
    return gaterun.Measurement(
        metrics={"todos": len(findings)}, findings=findings, inspected={"files": len(files)}
    )


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    return [
        gaterun.Gate(
            name="todo",
            title="TODO comments",
            metrics=(gaterun.Metric(name="todos"),),
            measure=measure,
            requires=("todos == 0",),
        )
    ]


@gaterun.hookimpl
def gaterun_phases() -> list[gaterun.PhaseFile]:
    return [gaterun.PhaseFile(name="todo-phase", text=PHASE, source="gaterun-todo")]


def start(stream: TextIO, style: gaterun.Style) -> gaterun.Listener:
    del style

    def listen(event: gaterun.Event) -> None:
        if isinstance(event, gaterun.GateFinished):
            result = event.result
            stream.write(f"{result.node_id},{result.outcome.value}\n")

    return listen


@gaterun.hookimpl
def gaterun_reporters() -> list[gaterun.Reporter]:
    return [gaterun.Reporter(name="csv", title="CSV", filename="gates.csv", start=start)]
