"""Shows in the HTML report what was run: commands, how they ended, and parts of their logs."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from gaterun.model.command import Evidence
from gaterun.model.figures import duration
from gaterun.model.metric import Unit
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Outcome
from gaterun.reporters.figures import figure, plural
from gaterun.reporters.html_chart import moment
from gaterun.reporters.html_text import Html, brief, joined, tag, verbatim

#: Bytes of one log that are shown, and of all together.
EXCERPT, TOTAL = 6000, 600_000

#: Commands of one gate that are shown.
COMMANDS = 20


class Logs:
    """The logs of recorded runs, of which a page shows so much and no more.

    Args:
        runs: the folder with a folder for each run; ``None`` where nobody knows.
    """

    def __init__(self, runs: Path | None) -> None:
        self._runs = runs
        self._left = TOTAL

    def folder(self, run: str) -> Path | None:
        """The folder of a run; none for an id that would lead out of the folder of runs."""
        if self._runs is None or run in {"", ".", ".."} or "/" in run or "\0" in run:
            return None
        return self._runs / run

    def excerpt(self, folder: Path, name: str, limit: int) -> Html | None:
        """The beginning and the end of a log, and a line that says where all of it is.

        Only the two parts are read. A record can name any path: what leads out of the run's
        folder is not shown.
        """
        try:
            place = (folder / name).resolve()
            if not place.is_relative_to(folder.resolve()) or not place.is_file():
                return None
            size = place.stat().st_size
            limit = min(limit, self._left)
            with place.open("rb") as stream:
                head, tail = _ends(stream.fileno(), size, limit)
        except (OSError, ValueError):
            return None
        self._left -= len(head) + len(tail)
        where = tag("code", str(folder / name))
        if not size:
            return tag("p", name.rpartition("/")[2], ": empty", class_="soft")
        cut = size - len(head) - len(tail)
        if cut <= 0:
            return _shown(name, size, verbatim(head.decode("utf-8", "replace")), "")
        text = joined(
            verbatim(head.decode("utf-8", "replace")),
            tag("em", f"… {cut:,} of {size:,} bytes are left out here …"),
            "\n",
            verbatim(tail.decode("utf-8", "replace")),
        )
        return _shown(name, size, text, joined("The whole log is ", where))


def evidence(result: GateResult, record: RunRecord, logs: Logs) -> Html | None:
    """The commands of a gate behind a line that unfolds; ``None`` for a gate that ran none."""
    if not result.evidence:
        return None
    limit = EXCERPT if result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE} else EXCERPT // 3
    run = result.reused.run if result.reused else record.id
    folder = logs.folder(run)
    rest = len(result.evidence) - COMMANDS
    return tag(
        "details",
        tag("summary", f"Commands and logs ({len(result.evidence):,})"),
        [_command(command, folder, logs, limit) for command in result.evidence[:COMMANDS]],
        tag("p", "and ", plural(rest, "more command"), " in the run's record") if rest > 0 else "",
        class_="evidence",
    )


def _command(command: Evidence, folder: Path | None, logs: Logs, limit: int) -> Html:
    ended = (
        f"exit status {command.exit_status}"
        if command.exit_status >= 0
        else f"ended by signal {-command.exit_status}"
    )
    facts = [f"in {brief(command.cwd) or '.'}", ended, duration(command.seconds)]
    if command.started:
        facts.append(f"started {moment(command.started)} UTC")
    if command.variables:
        facts.append(f"sets {brief(', '.join(command.variables))}")
    if command.removed:
        facts.append(f"without {brief(', '.join(command.removed))}")
    names = [log.path for log in command.logs]
    if not names and command.log:
        # A record of before logs had digests names them without their endings, or one by name.
        names = [f"{command.log}.out", f"{command.log}.err", command.log]
    found = [logs.excerpt(folder, name, limit) for name in names] if folder else []
    shown = [part for part in found if part is not None]
    kept = f"The log {brief(command.log)} is not here any more." if command.log else ""
    return tag(
        "div",
        tag("pre", tag("code", "$ ", _argv(command))),
        tag("p", " · ".join(facts), class_="soft"),
        shown or tag("p", kept, class_="soft"),
        class_="command",
    )


def _argv(command: Evidence) -> str:
    return brief(shlex.join(command.argv))


def _shown(name: str, size: int, text: Html, after: Html | str) -> Html:
    label = f"{name.rpartition('/')[2]}, {figure(size, Unit.BYTES)}"
    return tag(
        "details",
        tag("summary", label),
        tag("pre", text, class_="log", tabindex=0, role="group", aria_label=f"Log {label}"),
        tag("p", after, class_="soft") if after else None,
    )


def _ends(descriptor: int, size: int, limit: int) -> tuple[bytes, bytes]:
    """All of a file as its head, or its two ends; the end of a log tells more."""
    if size <= limit:
        return os.pread(descriptor, limit + 1, 0)[:size], b""
    head, tail = limit * 2 // 5, limit - limit * 2 // 5
    return os.pread(descriptor, head, 0), os.pread(descriptor, tail, size - tail)
