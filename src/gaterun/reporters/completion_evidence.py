"""The sections of the completion report that let somebody else check it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from gaterun.model.command import Evidence
from gaterun.model.figures import duration
from gaterun.model.record import GateResult, RunRecord
from gaterun.reporters import cells, figures

#: Commands of a gate that are listed; a timing gate runs hundreds.
MOST = 40


def evidence(record: RunRecord) -> Iterator[str]:
    """What was run for each gate, how it ended, and the digests of what it printed."""
    yield "## Evidence"
    yield ""
    for result in record.results:
        yield from _gate(result)


def _gate(result: GateResult) -> Iterator[str]:
    looked_at = ", ".join(f"{name} {number}" for name, number in result.inspected.items())
    told = [f"looked at {cells.prose(looked_at)}" if looked_at else "nothing was looked at"]
    if result.reused:
        told.append(f"measured in run {cells.code(result.reused.run)} on the same input")
    if not result.evidence:
        told.append("no command was run")
    yield f"- {cells.code(result.node_id)}: {'; '.join(told)}"
    # What several resources of a gate share is in its record once for each.
    commands = list(dict.fromkeys(result.evidence))
    for command in commands[:MOST]:
        yield f"  - {_command(command)}"
    if len(commands) > MOST:
        more = figures.plural(len(commands) - MOST, "more command")
        yield f"  - and {more}, listed in the JSON report of the run"


def _command(command: Evidence) -> str:
    where = f" in {cells.code(command.cwd)}" if command.cwd not in {"", "."} else ""
    parts = [
        f"{cells.code(shlex.join(command.argv))}{where}",
        f"exit status {command.exit_status}",
        duration(command.seconds),
    ]
    logs = [
        f"{cells.code(log.path)} ({log.size:,} bytes, SHA-256 {cells.code(log.sha256)})"
        for log in command.logs
        if log.size
    ]
    if not command.logs:
        logs = [f"log {cells.code(command.log)}, no digest on record"]
    parts += logs or ["no output"]
    return "; ".join(parts)


def repeat(record: RunRecord) -> Iterator[str]:
    """The commands that lead to the same report."""
    yield "## How to repeat it"
    yield ""
    if record.tree.dirty:
        yield "The tree had changes that are not in the commit; without them it is another one."
        yield ""
    phase = shlex.quote(record.phase)
    lines = [f"git checkout {record.tree.commit}"] if record.tree.commit else []
    if any(check.baseline is not None for each in record.results for check in each.verdict.checks):
        lines.append(f"gaterun baseline {phase}  # where the commit has no baseline file")
    if record.argv:
        lines.append(shlex.join(("gaterun", *record.argv[1:])))
    lines += [
        f"gaterun runs verify {shlex.quote(record.id)}  # the record and its logs, by their digests",
        f"gaterun report {phase} --run {shlex.quote(record.id)} --report completion:-",
    ]
    yield from cells.fence("\n".join(lines), "sh")
    single = [result.repeat for result in record.results if result.repeat]
    if single:
        yield ""
        yield "One gate at a time:"
        yield ""
        yield from cells.fence("\n".join(single), "sh")
