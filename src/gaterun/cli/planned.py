"""Answers from a plan that still holds, without importing click, a plugin or what reads TOML.

What is not plain (an error, a warning) is left to the long way, which says what is the matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gaterun.cli import plan
from gaterun.cli.desk import sign_of_life
from gaterun.cli.kept import give, tell
from gaterun.cli.notes import Notes, following
from gaterun.core.git import PLACE
from gaterun.core.tree import LISTED
from gaterun.core.tree_key import put, tree_question

if TYPE_CHECKING:
    from gaterun.cli.kept import Plan

#: As of `gaterun.model.verdict.ExitCode`.
_INTERRUPTED = 2


def answered(argv: Sequence[str], words: Sequence[str], recalled: Plan, started: int) -> int | None:
    """Answer a command line, and return the exit code.

    Args:
        words: what was asked, as the plan was kept for it.
        recalled: the plan, which still holds.
        started: when it was first looked at anything, nanoseconds since the epoch.

    Returns:
        ``None`` where it was not answered, and nothing was said.
    """
    notes = Notes(words, starts=True, started=started, plan=recalled)
    try:
        with following(notes):
            found = plan.read(recalled.text)
            for question in (PLACE, LISTED, tree_question(found.root)):
                put(found.root, *question)  # git looks while we do
            sign_of_life(Path(found.root), found.folder, found.actor)
            if argv[0] == "status":
                from gaterun.cli.status_answer import worked_out

                answer = worked_out(found)
                out, err, code = answer.text, "", answer.code
                answer.keep()
            else:
                from gaterun.cli.hook_stop import stop_again

                out, err, code = stop_again(found)
    except KeyboardInterrupt:
        tell("error: interrupted\n")
        return _INTERRUPTED
    except Exception:  # noqa: BLE001 - whatever it is, the long way says it
        notes.stop()
        return None
    give(out)
    tell(err)
    return code
