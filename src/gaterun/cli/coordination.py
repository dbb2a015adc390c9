"""What the commands of coordination begin with: the phase, its state, and who is asking."""

from __future__ import annotations

import click

from gaterun.cli.desk import Desk, participant
from gaterun.cli.workspace import Opened
from gaterun.core.state_place import place_of


class OpenDesk(Desk, frozen=True, kw_only=True):
    """A phase of an opened workspace."""

    opened: Opened


def desk(opened: Opened, phase: str | None = None) -> OpenDesk:
    """The desk of a phase: named, configured, or the only one.

    Raises:
        UsageError: it is not clear which, or it cannot be read.
    """
    place = place_of(opened.root, opened.config.settings.state)
    return OpenDesk(
        opened=opened,
        footing=opened,
        phase=opened.phase(phase),
        place=place,
        who=participant(place),
        spoken=opened.spoken(phase),
    )


def task_and_phase(words: tuple[str, ...]) -> tuple[str | None, str]:
    """Read ``[PHASE] TASK``.

    Raises:
        click.UsageError: more words, or none.

    >>> task_and_phase(("7.1",)), task_and_phase(("phase7", "7.1"))
    ((None, '7.1'), ('phase7', '7.1'))
    """
    if len(words) == 1:
        return None, words[0]
    if len(words) == 2:
        return words[0], words[1]
    raise click.UsageError("name one task, after its phase if need be")
