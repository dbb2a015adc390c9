"""The tasks of a phase in the HTML report: what waits for what, and all gates in one table."""

from __future__ import annotations

from collections.abc import Sequence

from gaterun.model.figures import duration
from gaterun.model.phase import PHASE_WIDE, POLICY
from gaterun.model.record import GateResult, RunRecord
from gaterun.reporters import standing
from gaterun.reporters.figures import plural
from gaterun.reporters.html_graph import Node, graph
from gaterun.reporters.html_marks import badge, worst
from gaterun.reporters.html_sheet import Sheet, row
from gaterun.reporters.html_text import Child, Html, brief, tag
from gaterun.reporters.standing import PASSED, SKIPPED

_GATES = ("Gate", "Verdict", "What was found", "Findings", "Time")


def tasks(sheet: Sheet) -> Html:
    """What waits for what, and all gates in one table."""
    record = sheet.record
    nodes = [_node(task, record) for task in task_ids(record)]
    return tag(
        "section",
        tag("h2", "Tasks and gates", id="tasks"),
        graph(nodes) if nodes else None,
        _gate_table(sheet) if record.results else tag("p", "No gate was part of this run."),
        aria_labelledby="tasks",
    )


def _node(task: str, record: RunRecord) -> Node:
    results = gates_of(task, record)
    return Node(
        id=task,
        name=named(task, record),
        kind=worst(results) if results else SKIPPED,
        words=standing_of(results),
        needs=tuple(record.needs.get(task, ())),
    )


def standing_of(results: Sequence[GateResult]) -> str:
    """How the gates of a task stand, in words.

    >>> standing_of([])
    'not part of this run'
    """
    if not results:
        return "not part of this run"
    counts = standing.tally(results)
    if counts == [(len(results), PASSED)]:
        return "passed" if len(results) == 1 else f"all {len(results)} passed"
    return ", ".join(f"{number} {kind.phrase}" for number, kind in counts)


def task_ids(record: RunRecord) -> list[str]:
    """Tasks in the phase's order; those that only results name at the end."""
    return list(dict.fromkeys([*record.tasks, *(result.task for result in record.results)]))


def named(task: str, record: RunRecord) -> str:
    """A task with its title; gates of the whole phase are of no task."""
    title = record.tasks.get(task, "")
    name = title if task in {PHASE_WIDE, POLICY} and title else f"{task} {title}"
    return brief(name) or "without a name"


def gates_of(task: str, record: RunRecord) -> list[GateResult]:
    """The gates of a task that were part of the run."""
    return [result for result in record.results if result.task == task]


def _gate_table(sheet: Sheet) -> Html:
    record = sheet.record
    right = ("Findings", "Time")
    head = tag(
        "tr",
        [tag("th", t, scope="col", class_="n" if t in right else None) for t in _GATES],
    )
    bodies = []
    for task in task_ids(record):
        results = gates_of(task, record)
        if not results:
            continue
        anchor = sheet.anchors("task", task)
        link = tag("a", named(task, record), href=f"#{anchor}")
        title = tag("th", link, scope="rowgroup", colspan=len(_GATES))
        rows = [row(_GATES, _cells(result, sheet), right) for result in results]
        bodies.append(tag("tbody", tag("tr", title, class_="group"), rows))
    return tag("table", tag("thead", head), bodies, class_="stack gates")


def _cells(result: GateResult, sheet: Sheet) -> Sequence[Child]:
    node = result.node_id
    name = node.removeprefix(f"{result.task}::")
    findings: Child = ""
    if result.findings:
        anchor = sheet.anchors("findings", node)
        spoken = f"{plural(len(result.findings), 'finding')} of {node}"
        findings = tag("a", f"{len(result.findings):,}", href=f"#{anchor}", aria_label=spoken)
    flags = standing.flags(result)
    return (
        tag("a", tag("code", name or node), href=f"#{sheet.anchors('gate', node)}"),
        badge(standing.standing(result)),
        [brief(standing.gist(result), 300), f" {flags}" if flags else None],
        findings,
        duration(result.seconds),
    )
