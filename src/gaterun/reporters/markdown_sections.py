"""The sections of the Markdown report as lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from gaterun.model.figures import duration
from gaterun.model.finding import Finding
from gaterun.model.metrics_document import fingerprint
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import Check, ExitCode
from gaterun.reporters import cells, figures, policy, standing
from gaterun.reporters.markdown_metrics import Trends, metric_tables
from gaterun.reporters.standing import (
    ADVISORY,
    BLOCKED,
    FAILED,
    NO_VERDICT,
    PASSED,
    SKIPPED,
    STANDINGS,
    WAIVED,
)


class Detail(Struct, frozen=True, kw_only=True):
    """How much is said.

    Attributes:
        unchanged: metrics that are as they were.
        logs: notes and commands.
        passed: gates that passed, a row each.
        findings: findings a gate.
        gates: a section for each gate that has failed or has no verdict.
        rows: rows of a table, the worst.
    """

    unchanged: bool = True
    logs: bool = True
    passed: bool = True
    findings: int = 1000
    gates: bool = True
    rows: int = 1000


def report(record: RunRecord, detail: Detail, trends: Trends | None = None) -> Iterator[str]:
    """The report, with its marker first so that a comment can be found and replaced."""
    marker = re.sub("[^A-Za-z0-9_.]+", "-", record.phase)[:80]
    if record.shard:  # its comment must not be taken for the one about the phase
        marker += f".{record.shard.label.replace(' ', '-')}"
    yield f"<!-- gaterun:report:{marker} -->"
    yield f"## {headline(record)}"
    yield from ("", _context(record))
    if record.interrupted:
        yield from ("", "> **interrupted**: what follows is not the whole phase")
    for warning in record.warnings[: detail.rows][:20]:
        yield from ("", f"> ⚠️ {cells.prose(warning)}")
    yield from _policy(record, detail)
    if detail.rows:
        yield from ("", *_gate_table(record, detail))
        yield from metric_tables(
            record, unchanged=detail.unchanged, rows=detail.rows, trends=trends or {}
        )
    yield ""
    if detail.gates:
        for kind in (FAILED, NO_VERDICT, ADVISORY):
            for result in standing.chosen(record.results, kind):
                yield from _gate(result, detail)
    if detail.rows:
        yield from _not_run(record, detail)
    yield _footer(record)


def headline(record: RunRecord) -> str:
    """The verdict of the run in one line."""
    total = len(record.results)
    counts = {kind: number for number, kind in standing.tally(record.results)}
    name = f"gaterun {cells.prose(cells.short(record.phase, 80))}"
    good = "✅"
    if record.shard:
        name, good = f"{name}, {record.shard.label}", "◽"
    of_all = f"of {figures.plural(total, 'gate')}"
    if record.interrupted:
        return f"⚠️ {name}: interrupted after {figures.plural(total, 'gate')}"
    if counts.get(FAILED):
        return f"❌ {name}: {counts[FAILED]} {of_all} failed"
    if record.exit_code is ExitCode.NO_VERDICT:
        return f"⚠️ {name}: {counts.get(NO_VERDICT, 0)} {of_all} without verdict"
    if record.exit_code is not ExitCode.OK:
        word = record.exit_code.name.lower().replace("_", " ")
        return f"⚠️ {name}: {word}, {counts.get(PASSED, 0)} {of_all} passed"
    if total and counts.get(PASSED) == total:
        return f"{good} {name}: {of_all.replace('of', 'all' if total > 1 else 'the', 1)} passed"
    rest = [f"{number} {kind.phrase}" for kind, number in counts.items() if kind is not PASSED]
    icon = good if counts.get(PASSED) else "⚠️"
    return f"{icon} {name}: {', '.join([f'{counts.get(PASSED, 0)} {of_all} passed', *rest])}"


def _context(record: RunRecord) -> str:
    # A line that begins with a title of "1. " or "---" would be something else.
    title = cells.prose(record.title)
    parts = [f"<b>{title}</b>"] if title else []
    commit = record.tree.commit[:10] or record.tree.digest[:20]
    if commit:
        current = cells.code(commit) + (" with uncommitted changes" if record.tree.dirty else "")
        base = f"base {cells.code(record.base[:10])} → current " if record.base else "commit "
        parts.append(base + current)
    tally = [f"{number} {kind.phrase}" for number, kind in standing.tally(record.results)]
    parts += [", ".join(tally), duration(record.seconds)]
    if record.parts:
        parts.append(f"measured in {figures.plural(len(record.parts), 'shard')}")
    return " · ".join(part for part in parts if part)


def _policy(record: RunRecord, detail: Detail) -> Iterator[str]:
    """What is weaker than at the base; the number alone where there is no room for a list."""
    told = policy.worth_telling(record)
    if told is None:
        return
    heading = policy.title(told)
    yield from ("", f"### {cells.prose(heading[:1].upper() + heading[1:])}", "")
    shown = told.changes[: min(detail.rows, policy.MOST)]
    for change in shown:
        yield f"- {cells.code(change.subject)} {cells.prose(policy.told(change))}"
    if len(told.changes) > len(shown):
        more = figures.plural(len(told.changes) - len(shown), "more change")
        yield f"- and {more}" if shown else f"- {more.replace('more ', '')}"
    for remark in policy.remarks(told):
        yield f"- {cells.prose(remark)}"


def _gate_table(record: RunRecord, detail: Detail) -> list[str]:
    ordered = sorted(record.results, key=lambda each: STANDINGS.index(standing.standing(each)))
    passed = len(standing.chosen(record.results, PASSED)) if not detail.passed else 0
    ordered = ordered[: len(ordered) - passed]  # they come last
    rows = [_gate_row(result) for result in ordered[: detail.rows]]
    lines = cells.table("Verdict | Gate | Measured (target) | Why | Time", "llllr", rows)
    if passed:
        lines = [*(lines if rows else []), "", f"and {figures.plural(passed, 'gate')} that passed"]
        rows = rows or [[]]
    if len(ordered) > detail.rows:
        lines += ["", f"and {figures.plural(len(ordered) - detail.rows, 'more gate')}"]
    return lines if rows else []


def _gate_row(result: GateResult) -> list[str]:
    kind = standing.standing(result)
    shown = list(result.verdict.checks)
    if kind in {FAILED, ADVISORY}:
        shown = standing.failed_checks(result)
    measured = [cells.prose(standing.measured_against_target(result, check)) for check in shown[:5]]
    if len(shown) > 5:
        measured.append(f"and {len(shown) - 5} more")
    flags = cells.prose(standing.flags(result))
    return [
        f"{kind.icon} {kind.word.lower()}",
        cells.code(result.node_id),
        "<br>".join(measured),
        " ".join(part for part in (_why(result), flags) if part),
        duration(result.seconds),
    ]


def _why(result: GateResult) -> str:
    kind = standing.standing(result)
    if kind is PASSED:
        return ""
    if kind in {FAILED, ADVISORY}:
        told = [standing.shortfall(result, check) for check in standing.failed_checks(result)]
        text = ", ".join(part for part in told if part)
        return cells.prose(text or result.verdict.message)
    return cells.prose(standing.gist(result))


def _gate(result: GateResult, detail: Detail) -> list[str]:
    kind = standing.standing(result)
    gist = cells.prose(standing.gist(result))
    summary = f"{kind.icon} <b>{cells.code(result.node_id)}</b> {cells.prose(result.title)}: {gist}"
    lines: list[str] = []
    verdict = result.verdict
    if verdict.message and kind is not NO_VERDICT and not standing.failed_checks(result):
        lines += [f"**Verdict**: {cells.prose(verdict.message)}", ""]
    if verdict.help:
        lines += [f"**Help**: {cells.prose(verdict.help)}", ""]
    rows = [_check_row(result, check) for check in verdict.checks[: detail.rows]]
    if rows:
        titles = "Holds | Condition | Measured | Target | Baseline | Distance | Why"
        lines += [*cells.table(titles, "lllllll", rows), ""]
    lines += _findings(result, detail.findings)
    if told := standing.waivers(result):
        lines += ["Waived:", "", *(f"- {cells.prose(line)}" for line in told), ""]
    if detail.logs:
        lines += _logs(result)
    if result.repeat:
        lines += ["Repeat:", "", *cells.fence(result.repeat, "sh")]
    return cells.details(summary, lines)


def _check_row(result: GateResult, check: Check) -> list[str]:
    word = {True: "yes", False: "**no**", None: "undecided"}[check.holds]
    return [
        word,
        cells.code(check.condition),
        cells.prose(standing.actual(result, check)),
        cells.prose(check.target),
        cells.prose(standing.baseline(result, check)),
        cells.prose(check.distance),
        cells.prose(standing.explanation(result, check)),
    ]


def _findings(result: GateResult, limit: int) -> list[str]:
    total = len(result.findings)
    if not total:
        return []
    shown = standing.worst_of(result)[:limit]
    if not shown:
        return [figures.plural(total, "finding"), ""]
    title = "Worst findings" if total > len(shown) else "Findings"
    lines = [f"{title} ({len(shown)} of {total:,}):", "", *map(_finding, shown)]
    if total > len(shown):
        lines.append(f"- and {total - len(shown):,} more")
    return [*lines, ""]


def _finding(finding: Finding) -> str:
    parts = (cells.code(finding.place), cells.prose(finding.message), cells.code(finding.rule))
    return "- " + " ".join(part for part in (f"{finding.severity.value}:", *parts) if part)


def _logs(result: GateResult) -> list[str]:
    lines = [f"- note: {cells.prose(note)}" for note in result.notes[:20]]
    for command in result.evidence[:20]:
        argv = cells.code(" ".join(command.argv))
        log = cells.code(command.log)
        lines.append(f"- ran {argv}, exit status {command.exit_status}, log {log}")
    return ["Notes and commands:", "", *lines, ""] if lines else []


def _not_run(record: RunRecord, detail: Detail) -> list[str]:
    results = standing.chosen(record.results, BLOCKED, SKIPPED, WAIVED)
    if not results:
        return []
    lines = []
    for result in results[: detail.rows]:
        word = standing.standing(result).word.lower()
        gist = cells.prose(standing.gist(result))
        lines.append(f"- {word}: {cells.code(result.node_id)} {gist}")
        lines += [f"  - {cells.prose(line)}" for line in standing.waivers(result)]
    if len(results) > detail.rows:
        lines.append(f"- and {len(results) - detail.rows} more")
    counts = [f"{number} {kind.phrase}" for number, kind in standing.tally(results)]
    return cells.details(", ".join(counts), lines)


def _footer(record: RunRecord) -> str:
    parts = [f"gaterun {cells.prose(record.version)}"]
    if rustc := record.environment.get("rustc"):
        parts.append(f"rustc {cells.prose(rustc)}")
    parts.append(f"environment {fingerprint(record.environment)[:8]}")
    parts.append(f"run {cells.prose(cells.short(record.id, 80))}")
    return f"<sub>{' · '.join(parts)}</sub>"
