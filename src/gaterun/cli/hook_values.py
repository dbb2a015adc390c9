"""What a host asks a hook of ``gaterun hook``, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.model.phase import Phase

#: What the host takes for "not now": it shows standard error to the agent.
BLOCK = 2

#: What it takes for an error of the hook's own: it shows standard error to the person.
BROKEN = 1


class Given(Struct, frozen=True, kw_only=True):
    """What the host writes to standard input, as far as it is used."""

    session_id: str = ""
    hook_event_name: str = ""
    cwd: str = ""
    tool_name: str = ""
    tool_input: Mapping[str, object] = field(default_factory=dict)
    task_id: str = ""
    task_subject: str = ""
    task_description: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """What the hook answers.

    Attributes:
        code: 0, `BLOCK` or `BROKEN`.
        out: for the host, one JSON document; nothing when empty.
        err: for the agent when blocking, else for the person.
    """

    code: int = 0
    out: Mapping[str, object] = field(default_factory=dict)
    err: str = ""


class Place(Struct, frozen=True, kw_only=True):
    """A workspace with the phases that a session may be about."""

    opened: Opened
    phases: tuple[Phase, ...]
