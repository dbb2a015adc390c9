"""The sections of the completion report that tell what was decided, as lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gaterun.core.own import COMPLETION
from gaterun.model.figures import duration
from gaterun.model.metrics_document import fingerprint, instant
from gaterun.model.policy import PolicyChange
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Outcome
from gaterun.reporters import cells, clean, figures, policy, standing
from gaterun.reporters.completion_state import Completion, is_done, is_missing, switched_off

#: What a section says that has nothing to say: somebody has looked.
NONE = "None."

_FACTS = ("os", "arch", "cpu", "cores", "rustc", "cargo")


def head(record: RunRecord, state: Completion) -> Iterator[str]:
    """The title with the verdict, and what the report is about."""
    yield f"# {_name(record)}: {state.verdict}"
    yield ""
    phase = cells.code(record.phase)
    yield f"{COMPLETION} {phase}. Changes made by hand are lost."
    yield ""
    yield from cells.table("What | Value", "ll", list(_facts(record, state)))


def _facts(record: RunRecord, state: Completion) -> Iterator[list[str]]:
    ended = instant(record.started + record.seconds)
    yield ["Run", f"{cells.code(record.id)}, ended {ended} after {duration(record.seconds)}"]
    yield ["Tree", _tree(record)]
    yield ["Base", cells.code(record.base) or "none"]
    counts = [f"{number} {kind.phrase}" for number, kind in standing.tally(record.results)]
    if state.left_out:
        counts.append(f"{len(state.left_out)} not part of the run")
    yield ["Gates", f"{state.total}: {', '.join(counts)}"]
    code = record.exit_code
    yield ["Exit status", f"{int(code)} ({code.name.lower().replace('_', ' ')})"]
    known = record.environment
    facts = [f"{name} {cells.prose(known[name])}" for name in _FACTS if name in known]
    facts.append(f"environment {cells.code(fingerprint(known)[:16])}")
    yield ["Measured with", ", ".join([f"gaterun {cells.prose(record.version)}", *facts])]


def _tree(record: RunRecord) -> str:
    tree = record.tree
    parts = [f"commit {cells.code(tree.commit)}"] if tree.commit else ["no commit"]
    if tree.branch:
        parts.append(f"branch {cells.code(tree.branch)}")
    if tree.dirty:
        parts.append("**with changes that are not committed**")
    if tree.digest:
        parts.append(f"digest {cells.code(tree.digest)}")
    return ", ".join(parts)


def missing(record: RunRecord, state: Completion) -> Iterator[str]:
    """What keeps the phase from being complete."""
    yield from _title("Missing")
    found = [
        f"- {standing.standing(each).word.lower()}: {cells.code(each.node_id)} "
        f"{cells.prose(standing.gist(each))}"
        for each in record.results
        if is_missing(each)
    ]
    found += [f"- not part of the run: {cells.code(node)}" for node in state.left_out]
    found += [f"- changed since the run: {cells.code(node)}" for node in state.lost]
    found += [f"- {cells.prose(obstacle)}" for obstacle in state.obstacles]
    yield from found or [NONE]


def tasks(record: RunRecord, state: Completion) -> Iterator[str]:
    """The tasks with how many of their gates hold."""
    yield from _title("Tasks")
    rows = list(_task_rows(record, state))
    yield from cells.table("Task | Title | State | Gates done | Waits for", "lllrl", rows)


def _task_rows(record: RunRecord, state: Completion) -> Iterator[list[str]]:
    for task, title in record.tasks.items():
        word, done, total = _task(task, record, state)
        needs = ", ".join(map(cells.code, record.needs.get(task, ())))
        yield [cells.code(task), cells.prose(title), word, f"{done} of {total}", needs]


def _task(task: str, record: RunRecord, state: Completion) -> tuple[str, int, int]:
    """How a task stands, how many of its gates have passed or are waived, and how many it has."""
    results = [each for each in record.results if each.task == task]
    absent = [node for node in state.left_out if node.rpartition("::")[0] == task]
    done, total = sum(map(is_done, results)), len(results) + len(absent)
    if absent and not results:
        return "not part of the run", done, total
    if (
        absent
        or any(map(is_missing, results))
        or any(n.rpartition("::")[0] == task for n in state.lost)
    ):
        return "incomplete", done, total
    return ("complete" if done else "nothing measured"), done, total


def gates(record: RunRecord) -> Iterator[str]:
    """Every gate with every condition: target, baseline and final value."""
    yield from _title("Gates")
    rows = [row for result in record.results for row in _gate_rows(result)]
    titles = "Gate | Verdict | Condition | Holds | Target | Baseline | Final"
    yield from cells.table(titles, "lllllrr", rows)


def _gate_rows(result: GateResult) -> Iterator[list[str]]:
    verdict = standing.standing(result).word.lower()
    flags = cells.prose(standing.flags(result))
    first = [cells.code(result.node_id), f"{verdict} {flags}".rstrip()]
    if not result.verdict.checks:
        asked = "<br>".join(map(cells.code, result.conditions))
        yield [*first, asked, "", "", "", cells.prose(standing.gist(result))]
    for check in result.verdict.checks:
        word = {True: "yes", False: "**no**", None: "undecided"}[check.holds]
        yield [
            *first,
            cells.code(check.condition),
            word,
            cells.prose(check.target),
            cells.prose(standing.baseline(result, check)),
            cells.prose(standing.actual(result, check)),
        ]


def not_comparable(record: RunRecord) -> Iterator[str]:
    """What could not be decided, and what could not be measured."""
    yield from _title("Not comparable, not measured")
    yield from _items([line for each in record.results for line in _undecided(each)])


def _undecided(result: GateResult) -> Iterator[str]:
    node, verdict = cells.code(result.node_id), result.verdict
    if result.outcome is Outcome.INCONCLUSIVE and not verdict.checks:
        yield f"{node}: {cells.prose(standing.gist(result))}"
    for check in verdict.checks:
        if check.holds is None:
            reason = check.reason.value if check.reason else "undecided"
            why = cells.prose(": ".join(filter(None, (reason, clean.line(check.why)))))
            yield f"{node}, {cells.code(check.condition)}: {why}"
    for name, metric in result.metrics.items():
        if metric.measured.value is None:
            why = cells.prose(metric.measured.why or "no reason given")
            yield f"{node}, {cells.code(name)} was not measured: {why}"


def weakened(record: RunRecord) -> Iterator[str]:
    """What judges less strictly than at the base."""
    yield from _title("Weakened since the base")
    told = record.policy
    if told is None:
        yield "Nobody compared what judges with the base."
        return
    found = [
        f"{cells.code(each.subject)} {cells.prose(policy.told(each))}"
        for each in told.changes
        if not each.touches
    ]
    found += map(cells.prose, policy.remarks(told))
    if found:
        heading = policy.title(told)
        yield f"{cells.prose(heading[:1].upper() + heading[1:])}:"
        yield ""
    yield from _items(found) if found else [f"None, compared with {cells.prose(told.label)}."]


def protected(record: RunRecord) -> Iterator[str]:
    """Files that are not to be changed without a second opinion, and were."""
    yield from _title("Protected files that changed")
    told = record.policy
    if told is None or told.obstacle:
        yield "Nobody compared them with the base."
        return
    yield from _items(
        [f"{cells.code(each.subject)}: {cells.prose(_since(each))}" for each in told.touched]
    )


def _since(change: PolicyChange) -> str:
    return ", ".join(map(clean.line, change.commits)) or change.text


def waivers(record: RunRecord) -> Iterator[str]:
    """What is accepted although it fails."""
    yield from _title("Waivers")
    rows = [
        [
            cells.code(result.node_id),
            cells.code(used.condition),
            cells.prose(used.instead) if used.instead else figures.plural(used.findings, "finding"),
            cells.prose(used.owner),
            cells.prose(used.expires),
            cells.prose(" ".join(filter(None, (used.reason, used.issue)))),
            cells.code(used.place),
        ]
        for result in record.results
        for used in result.verdict.waived
    ]
    titles = "Gate | Condition | Covers, or holds instead | Owner | Last day | Reason | Place"
    yield from cells.table(titles, "lllllll", rows) if rows else [NONE]


def signoffs(record: RunRecord) -> Iterator[str]:
    """What a person has signed."""
    yield from _title("Sign-offs")
    found = []
    for result in record.results:
        if result.gate == "manual" and result.metrics:
            digest = cells.code(result.recipe.get("digest", ""))
            told = "; ".join(map(cells.prose, result.notes)) or "no name on record"
            found.append(f"{cells.code(result.node_id)}: {told}; SHA-256 {digest}")
    yield from _items(found)


def accepted(record: RunRecord) -> Iterator[str]:
    """Baseline values that were accepted, not measured at the base."""
    yield from _title("Accepted baseline values")
    yield from _items(
        [
            f"{cells.code(result.node_id)}, {cells.code(check.condition)}: "
            f"{cells.prose(standing.baseline(result, check))}"
            for result in record.results
            for check in result.verdict.checks
            if check.accepted
        ]
    )


def others(record: RunRecord) -> Iterator[str]:
    """What the phase file switches off, what is advisory, and what the run warned of."""
    yield from _title("Switched off, advisory, warnings")
    found = [
        f"switched off: {cells.code(each.node_id)} {cells.prose(each.verdict.message)}"
        for each in record.results
        if switched_off(each)
    ]
    found += [
        f"advisory: {cells.code(each.node_id)} {each.outcome.value}, "
        f"{cells.prose(standing.gist(each))}"
        for each in record.results
        if not each.blocking and not is_done(each) and not switched_off(each)
    ]
    found += [f"warning: {cells.prose(warning)}" for warning in record.warnings]
    yield from _items(found)


def roadmap(record: RunRecord, state: Completion) -> list[str]:
    """The phase in a roadmap: its verdict and its tasks."""
    commit = cells.code(record.tree.commit[:10]) or "no commit"
    changed = " with changes that are not committed" if record.tree.dirty else ""
    day = instant(record.started + record.seconds)[:10]
    where = f"{commit}{changed}, {day}, run {cells.code(record.id)}"
    rows = [row[:4] for row in _task_rows(record, state)]
    verdict = f"**{_name(record)}: {state.verdict}** ({where})"
    return [verdict, "", *cells.table("Task | Title | State | Gates done", "lllr", rows)]


def _name(record: RunRecord) -> str:
    name = cells.prose(cells.short(record.phase, 80))
    return f"{cells.prose(record.title)} ({name})" if record.title else name


def _title(text: str) -> list[str]:
    return [f"## {text}", ""]


def _items(found: Sequence[str]) -> list[str]:
    return [f"- {text}" for text in found] or [NONE]
