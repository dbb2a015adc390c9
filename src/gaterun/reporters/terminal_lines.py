"""The terminal report while the run goes on: its header, and a line a gate."""

from __future__ import annotations

from gaterun.model.event import GateProgress, RunStarted
from gaterun.model.figures import duration
from gaterun.model.record import GateResult, Tree
from gaterun.reporters import figures, standing
from gaterun.reporters.pen import Pen, columns

#: Columns of the verdict's word, the longest of which is NO VERDICT.
WORD = max(len(kind.word) for kind in standing.STANDINGS)

#: Columns that gate names may take; longer ones are cut only in the result lines.
LONGEST_NAME = 36


def header(event: RunStarted, pen: Pen) -> list[str]:
    """What runs, where and with what."""
    lines = [pen.rule(f"gaterun {event.version}", "=", "bold")]
    title = f"{event.phase}: {event.title}" if event.title else event.phase
    if event.shard:
        title += f" ({event.shard.label})"
    lines += pen.wrap(title, "phase: ", "       ")
    lines += pen.wrap(event.root, "root: ", "      ")
    base = f", base {event.base[:10]}" if event.base else ""
    lines += pen.wrap(tree(event.tree) + base, "tree: ", "      ")
    gates = figures.plural(len(event.nodes), "gate")
    if event.deselected:
        gates += f", {event.deselected} deselected"
    plugins = figures.plural(len(event.plugins), "plugin")
    how = f"{figures.plural(event.jobs, 'job')}, {plugins}"
    if event.merged:
        how = f"measured in {figures.plural(event.merged, 'shard')}, judged here"
    lines += pen.wrap(f"{gates}, {how}", "", "  ")
    return [*lines, ""]


def tree(what: Tree) -> str:
    """The commit that is measured, and whether it is more than that."""
    if not what.commit:
        return "no commit"
    branch = f" ({what.branch})" if what.branch else ""
    dirty = " with uncommitted changes" if what.dirty else ""
    return f"{what.commit[:10]}{branch}{dirty}"


def name_width(nodes: tuple[str, ...], pen: Pen) -> int:
    """Columns for the gates' names."""
    longest = max((columns(pen.line(node)) for node in nodes), default=0)
    return min(longest, LONGEST_NAME, max(pen.width // 2 - WORD, 12))


def result(outcome: GateResult, names: int, pen: Pen) -> str:
    """The line of a gate that has finished."""
    kind = standing.standing(outcome)
    spent = f"{duration(outcome.seconds):>7}"
    word = pen.pad(kind.word, WORD)
    name = pen.pad(pen.line(outcome.node_id), names)
    room = pen.width - WORD - names - len(spent) - 5
    parts = [standing.flags(outcome), standing.gist(outcome)]
    if kind is standing.ADVISORY:  # its word says so already
        parts.reverse()
    text = pen.line(" ".join(part for part in parts if part))
    if room < 8:
        return f"{pen.paint(word, kind.colour, 'bold')} {pen.fit(name, pen.width - WORD - 1)}"
    middle = pen.pad(text, room)
    return f"{pen.paint(word, kind.colour, 'bold')} {name}  {middle}  {pen.paint(spent, 'dim')}"


def progress(event: GateProgress, names: int, pen: Pen) -> str:
    """The line of what a gate is doing, where nothing can be redrawn."""
    text = f"{pen.pad('...', WORD)} {pen.pad(pen.line(event.node_id), names)}  "
    return pen.paint(pen.fit(text + pen.line(event.text), pen.width), "dim")
