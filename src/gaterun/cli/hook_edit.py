"""The hook before an edit: what is measured from, or written by gaterun, is not edited unseen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gaterun.cli.hook import Answer, Given, Place
from gaterun.core.glob import glob_matcher


def edit(given: Given, place: Place) -> Answer:
    """Say why a file should not be edited, or should not without a person's word."""
    path = given.tool_input.get("file_path") or given.tool_input.get("notebook_path")
    if not isinstance(path, str):
        return Answer()
    for name in _names(place.opened.root, Path(given.cwd or ".") / path):
        state = place.opened.config.settings.state.rstrip("/")
        if name == state or name.startswith(f"{state}/"):
            return _decided("deny", f"{name} is gaterun's own state: it is written by measuring")
        for phase in place.phases:
            outputs = phase.outputs
            written = (outputs.baseline, outputs.final, outputs.dashboard, outputs.report)
            if name in written:
                return _decided(
                    "deny",
                    f"{name} is written by gaterun from what was measured in {phase.id}; "
                    "an edit would be lost",
                )
            glob = next((glob for glob in phase.protected if glob_matcher(glob)(name)), "")
            if glob:
                return _decided(
                    "ask",
                    f"{name} is protected by phase {phase.id} ({glob}): a change is shown in its "
                    "report",
                )
    return Answer()


def _names(root: Path, path: Path) -> Iterator[str]:
    """A file relative to the workspace, as it is written and as links resolve."""
    for candidate in dict.fromkeys((os.path.normpath(path.absolute()), os.path.realpath(path))):
        for base in dict.fromkeys((str(root), os.path.realpath(root))):
            if candidate.startswith(f"{base}/"):
                yield candidate[len(base) + 1 :]


def _decided(decision: str, reason: str) -> Answer:
    return Answer(
        out={
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": decision,
                "permissionDecisionReason": reason,
            }
        }
    )
