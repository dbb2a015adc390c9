"""The completion report: what a phase asked for, and what was measured, and nothing else.

Every line is made from the record of one run, and from what is known of the tasks where somebody has
looked. What people said has a place of its own, beside the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.record import RunRecord
from gaterun.model.report import Listener, Reporter, Style

if TYPE_CHECKING:
    from gaterun.core.integration import Integration


def render(record: RunRecord, beside: Integration | None = None) -> str:
    """The report.

    Args:
        beside: how the tasks of the phase stand; ``None`` where nobody has looked.
    """
    from gaterun.reporters import completion_evidence, completion_sections, completion_tasks
    from gaterun.reporters.completion_state import completion

    state = completion(record, beside)
    sections = (
        completion_sections.head(record, state),
        completion_sections.missing(record, state),
        completion_sections.tasks(record, state),
        completion_tasks.people(beside),
        completion_tasks.claims(beside),
        completion_tasks.collisions(beside),
        completion_sections.gates(record),
        completion_evidence.evidence(record),
        completion_sections.not_comparable(record),
        completion_sections.weakened(record),
        completion_sections.protected(record),
        completion_sections.waivers(record),
        completion_sections.signoffs(record),
        completion_sections.accepted(record),
        completion_sections.others(record),
        completion_evidence.repeat(record),
    )
    return "\n".join(_apart(sections)) + "\n"


def roadmap(record: RunRecord, beside: Integration | None = None) -> list[str]:
    """What a roadmap says about the phase, as lines of Markdown."""
    from gaterun.reporters import completion_sections
    from gaterun.reporters.completion_state import completion

    return completion_sections.roadmap(record, completion(record, beside))


def _apart(sections: tuple[Iterator[str], ...]) -> Iterator[str]:
    for number, section in enumerate(sections):
        if number:
            yield ""
        yield from section


def start(
    stream: TextIO,
    style: Style,  # noqa: ARG001 - the contract
    beside: Integration | None = None,
) -> Listener:
    """Write the report when the run is over."""

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            stream.write(render(event.record, beside))
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``completion``."""
    return [
        Reporter(
            name="completion",
            title="whether the phase is complete, with the evidence",
            filename="completion.md",
            start=start,
        )
    ]
