"""The hook before an edit: what is measured from, or written by gaterun, is not edited unseen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gaterun.cli.hook_scope import names_of, others
from gaterun.cli.hook_values import Answer, Given, Place
from gaterun.core.glob import glob_matcher

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.model.phase import Phase


def edit(given: Given, place: Place) -> Answer:
    """Say why a file should not be edited, or should not without a person's word."""
    path = given.tool_input.get("file_path") or given.tool_input.get("notebook_path")
    if not isinstance(path, str):
        return Answer()
    decision, reason = judged(place.opened, place.phases, Path(given.cwd or ".") / path)
    if decision == "edit":
        return Answer()
    return Answer(
        out={
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": decision,
                "permissionDecisionReason": reason,
            }
        }
    )


def judged(
    opened: Opened, phases: Sequence[Phase], path: Path
) -> tuple[Literal["edit", "ask", "deny"], str]:
    """Whether a file may be edited, and why not."""
    for name in names_of(opened.root, path):
        state = opened.config.settings.state.rstrip("/")
        if name == state or name.startswith(f"{state}/"):
            return "deny", f"{name} is gaterun's own state: it is written by measuring"
        for phase in phases:
            outputs = phase.outputs
            written = (outputs.baseline, outputs.final, outputs.dashboard, outputs.report)
            if name in written:
                return "deny", (
                    f"{name} is written by gaterun from what was measured in {phase.id}; "
                    "an edit would be lost"
                )
            glob = next((glob for glob in phase.protected if glob_matcher(glob)(name)), "")
            if glob:
                return "ask", (
                    f"{name} is protected by phase {phase.id} ({glob}): a change is shown in its "
                    "report"
                )
    if theirs := others(opened, phases, path):
        return "ask", theirs
    return "edit", ""
