"""Keeps the answer of a run in which everything passed and nothing had to be measured."""

from __future__ import annotations

from collections.abc import Sequence

from gaterun.cli.looking import stand
from gaterun.cli.notes import Notes
from gaterun.cli.workspace import Opened
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import RunRecord
from gaterun.model.verdict import ExitCode, Outcome
from gaterun.reporters import clean
from gaterun.reporters.policy import worth_telling


def keep_run(
    opened: Opened,
    notes: Notes,
    phase: Phase,
    chosen: Sequence[Requirement],
    record: RunRecord,
    *,
    silent: bool,
) -> None:
    """Keep what the same run would say as long as nothing changes, if there is such a thing.

    The tree was looked at by the run; it is looked at again here, and what is kept is the state of
    a tree on which all that the run said holds.

    Args:
        silent: whether a run that passes says nothing.
    """
    if not _repeats(record):
        return
    if all(item.holds for item in stand(opened, phase, chosen) if not item.gate.skip):
        notes.keep("" if silent else _text(phase.id, record), opened.config.state)


def _repeats(record: RunRecord) -> bool:
    """Whether another run of the same tree could say nothing else."""
    return (
        record.exit_code is ExitCode.OK
        and not record.warnings
        and worth_telling(record) is None
        and all(
            result.reused is not None or result.outcome is Outcome.SKIPPED
            for result in record.results
        )
    )


def _text(phase: str, record: RunRecord) -> str:
    """What is said; what is waived is told each time."""
    waived = [result for result in record.results if result.outcome is Outcome.WAIVED]
    counts = f"{record.count(Outcome.PASS)} passed"
    if waived:
        counts += f", {len(waived)} waived"
    told = [f"  {result.node_id} {clean.line(result.verdict.message)}\n" for result in waived]
    return f"{phase}: {counts}, nothing has changed since run {record.id}\n" + "".join(told)
