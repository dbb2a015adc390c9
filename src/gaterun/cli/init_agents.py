"""``gaterun init --agents``: tells coding agents in ``AGENTS.md`` how done is measured here."""

from __future__ import annotations

import click

from gaterun.cli.workspace import Opened
from gaterun.core.marked import put
from gaterun.core.phases import phase_names

FILE = "AGENTS.md"

_TEXT = """\
## Done is measured

Tasks and the gates that must hold for each are in `{folder}/`. A task is complete when
`{command}` exits with 0 on the tree as it is, and not before: saying so, in a task list, in a
memory database or in an answer, is no evidence.

- `gaterun list{phase}` shows tasks, gates and conditions; `gaterun explain GATE` what one measures.
- `gaterun status{phase}` says which verdicts still hold on this tree, without running anything.
- `{command}` measures one task; failures come with the finding, the target and the command to repeat.
- `gaterun claims{phase}` shows what was said to be done beside what was measured.
- Exit codes: 0 passed, 1 a gate failed, 4 something is written wrongly, 7 no verdict. 7 is not 0.
- Do not edit `.gaterun/`, phase files or `waivers.toml` to make a gate pass. A failure that has to stay
  is for a person to waive, with a reason and an end.
- `gaterun capabilities --json` lists commands, formats and exit codes for programs.
"""


def write(opened: Opened) -> None:
    """Write the block into ``AGENTS.md``; what else stands there stays.

    Raises:
        UsageError: its markers are damaged, or it cannot be written.
    """
    local = sorted(phase_names(opened.config.phase_folders, {}))
    configured = opened.config.settings.phase
    known = configured or (local[0] if len(local) == 1 else "")
    text = _TEXT.format(
        folder=opened.config.settings.phases,
        command=f"gaterun {known or 'PHASE'} TASK",
        phase="" if known else " PHASE",
    )
    path = opened.root / FILE
    click.echo(f"{put(path, 'gaterun', text)}: {path}")
