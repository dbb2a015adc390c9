"""The line of a test case that names its log as an attachment, for readers that show one.

GitLab, Azure and Jenkins' attachments plugin look for ``[[ATTACHMENT|path]]`` in the output of a
case, with a path from the workspace's root.
"""

from __future__ import annotations

from pathlib import Path

from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Outcome
from gaterun.reporters import clean


def attachment(record: RunRecord, result: GateResult, state: Path | None) -> str:
    """The line, for a gate that failed or has no verdict; empty where there is no such log.

    The log is that of the first command that failed, else of the last one: what it printed, or
    its errors where it printed nothing.

    Args:
        state: where runs are recorded; ``None`` where they are not.
    """
    if state is None or result.outcome not in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
        return ""
    logged = [command.log for command in result.evidence if command.log]
    failed = [command.log for command in result.evidence if command.log and command.exit_status]
    run = state / "runs" / (result.reused.run if result.reused else record.id)
    for log in (*failed[:1], *logged[-1:]):
        for end in (".out", ".err"):
            if name := _named(Path(f"{run / log}{end}"), record.root):
                return f"[[ATTACHMENT|{name}]]"
    return ""


def _named(path: Path, root: str) -> str:
    """A log as the workspace sees it; empty where there is nothing in it, or no such name."""
    if not path.is_relative_to(root) or ".." in path.parts:
        return ""
    name = path.relative_to(root).as_posix()
    fit = clean.line(name) == name and "]" not in name
    return name if fit and path.is_file() and path.stat().st_size else ""
