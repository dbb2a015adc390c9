"""What the terminal report says about one gate after the run."""

from __future__ import annotations

from collections.abc import Iterator

from gaterun.model.finding import Finding, Severity
from gaterun.model.record import GateResult
from gaterun.model.verdict import Check
from gaterun.reporters import clean, figures, standing
from gaterun.reporters.pen import Pen, columns

#: Findings shown of a failed gate, and with ``-v``.
FINDINGS = 5
FINDINGS_VERBOSE = 20

#: Characters of a finding's message; what is longer is whole in the other reports.
LONGEST_MESSAGE = 500


def failure(result: GateResult, pen: Pen) -> Iterator[str]:
    """Which conditions do not hold, by how much, the worst findings, how to repeat it."""
    kind = standing.standing(result)
    title = " ".join(part for part in (result.node_id, standing.flags(result)) if part)
    yield pen.rule(title, "_", kind.colour, "bold")
    failed = standing.failed_checks(result)
    if result.verdict.message and not failed:
        yield from pen.wrap(result.verdict.message)
    for check in failed:
        yield from _failed(result, check, pen)
    for check in result.verdict.checks:
        if check.holds is None:
            yield from _undecided(result, check, pen)
    yield from findings(result, pen)
    for line in standing.waivers(result):
        yield from pen.wrap(line, "", "    ")
    if result.verdict.help:
        yield from pen.wrap(f"help: {result.verdict.help}", "", "      ")
    if pen.style.verbosity > 0:
        yield from values(result, pen)
    yield from repeat(result, pen)
    yield ""


def failure_in_short(result: GateResult, pen: Pen) -> Iterator[str]:
    """A failed gate in one line, and how to repeat it."""
    kind = standing.standing(result)
    word = pen.paint(kind.word, kind.colour, "bold")
    first, *rest = pen.wrap(
        f"{result.node_id} {standing.gist(result)}", " " * (len(kind.word) + 1), "    "
    )
    yield f"{word} {first.lstrip()}"
    yield from rest
    yield from repeat(result, pen, "    ")


def no_verdict(result: GateResult, pen: Pen) -> Iterator[str]:
    """Why a gate has no verdict and what helps."""
    kind = standing.standing(result)
    reason = result.verdict.reason.value if result.verdict.reason else "undecided"
    title = " ".join(part for part in (result.node_id, standing.flags(result)) if part)
    yield f"{pen.paint(pen.line(title), kind.colour, 'bold')}  {reason}"
    message = result.verdict.message
    if message:
        yield from pen.wrap(message, "    ")
    for check in result.verdict.checks:
        told = check.why in message and check.condition in message
        if check.holds is None and not told:
            yield from _undecided(result, check, pen)
        elif check.holds is None and check.actual is not None:
            yield from _numbers(result, check, pen)
    if result.verdict.help:
        yield from pen.wrap(f"help: {result.verdict.help}", "    ", "          ")
    if result.evidence and result.evidence[-1].exit_status != 0:
        last = result.evidence[-1]
        argv = " ".join(last.argv)
        yield from pen.wrap(f"ran: {argv}", "    ", "         ")
        yield from pen.wrap(f"exit status {last.exit_status}, log {last.log}", "         ")
    if pen.style.verbosity > 0:
        yield from values(result, pen)
    yield from repeat(result, pen, "    ")
    yield ""


def waived(result: GateResult, pen: Pen) -> Iterator[str]:
    """What does not hold of a waived gate, and who accepts it until when."""
    kind = standing.standing(result)
    name = pen.paint(pen.line(result.node_id), kind.colour, "bold")
    failed = standing.failed_checks(result)
    measured = ", ".join(standing.measured_against_target(result, check) for check in failed)
    yield name
    yield from pen.wrap(measured, "    ", "        ")
    for line in standing.waivers(result):
        yield from pen.wrap(line, "    ", "        ")
    yield ""


def passing(result: GateResult, pen: Pen) -> Iterator[str]:
    """All conditions and metrics of a gate that has not failed."""
    kind = standing.standing(result)
    name = pen.line(result.node_id)
    title = pen.fit(pen.line(result.title), pen.width - columns(name) - 2)
    yield f"{pen.paint(name, kind.colour, 'bold')}  {title}".rstrip()
    for check in result.verdict.checks:
        mark = {True: "holds", False: "does not hold", None: "undecided"}[check.holds]
        text = f"{check.condition}: {mark}, measured {standing.actual(result, check)}"
        if more := standing.explanation(result, check):
            text += f", {more}"
        yield from pen.wrap(text, "    ", "        ")
    yield from values(result, pen)
    yield ""


def values(result: GateResult, pen: Pen) -> Iterator[str]:
    """Every metric, what was inspected, notes."""
    for name, metric in result.metrics.items():
        value = figures.figure(metric.measured.value, metric.unit)
        why = f" ({metric.measured.why})" if metric.measured.why else ""
        yield from pen.wrap(f"metric {name}: {value}{why}", "    ", "        ")
    if result.inspected:
        seen = ", ".join(f"{number:,} {name}" for name, number in result.inspected.items())
        yield from pen.wrap(f"inspected {seen}", "    ", "        ")
    for note in result.notes:
        yield from pen.wrap(f"note: {note}", "    ", "          ")


def findings(result: GateResult, pen: Pen) -> Iterator[str]:
    """The findings that made a gate fail by being new, else the worst, a place a line."""
    limit = FINDINGS_VERBOSE if pen.style.verbosity > 0 else FINDINGS
    new = standing.new_findings(result)
    ordered = standing.worst_of(result)
    # What the base has as well is no reason, unless another condition failed by its number.
    alone = bool(new) and all(check.new for check in standing.failed_checks(result))
    told = [finding for finding in ordered if finding.fingerprint in new] if alone else ordered
    shown, total = told[:limit], len(told)
    if not shown:
        return
    title = "worst findings" if total > len(shown) else "findings"
    if alone:
        title, order = "new findings", ""
    else:
        order = ", new ones first" if new else ""
    notes = sum(finding.severity is Severity.NOTE for finding in told)
    if 0 < notes < total:
        # A gate lists what is suppressed, too, which no number of warnings has in it.
        order += f", {figures.plural(notes, 'note')} among them"
    yield f"{title} ({len(shown)} of {total:,}{order}):"
    for finding in shown:
        yield from pen.wrap(place_and_message(finding), "  ", "    ")
        if finding.help and pen.style.verbosity > 0:
            yield from pen.wrap(f"help: {finding.help}", "    ", "          ")
    if total > len(shown):
        yield f"  and {total - len(shown):,} more"
    if others := len(ordered) - total:
        yield f"  and {others:,} that did not make it fail"


def place_and_message(finding: Finding) -> str:
    """A finding on one line: ``path:line:column message [rule]``."""
    rule = f"[{clean.line(finding.rule)}]" if finding.rule else ""
    message = clean.line(finding.message)
    if len(message) > LONGEST_MESSAGE:
        message = message[:LONGEST_MESSAGE] + "…"
    return " ".join(part for part in (finding.place, message, rule) if part)


def repeat(result: GateResult, pen: Pen, indent: str = "") -> Iterator[str]:
    """The command that runs the gate alone, on one line whatever its length."""
    if result.repeat:
        yield f"{indent}repeat: {pen.paint(pen.line(result.repeat), 'bold')}"


def _failed(result: GateResult, check: Check, pen: Pen) -> Iterator[str]:
    for line in pen.wrap(check.condition, "", "    "):
        yield pen.paint(line, "bold")
    yield from _numbers(result, check, pen)
    if more := standing.explanation(result, check):
        yield from pen.wrap(more, "    ")


def _numbers(result: GateResult, check: Check, pen: Pen) -> Iterator[str]:
    """What was measured, wanted and there before, and how far apart that is."""
    parts = [f"measured {standing.actual(result, check)}"]
    if check.target:
        parts.append(f"target {check.target}")
    if check.baseline is not None:
        parts.append(f"baseline {standing.baseline(result, check)}")
    if distance := standing.off_by(result, check):
        parts.append(distance)
    yield from pen.wrap(", ".join(parts), "    ", "        ")


def _undecided(result: GateResult, check: Check, pen: Pen) -> Iterator[str]:
    reason = f" ({check.reason.value})" if check.reason else ""
    yield from pen.wrap(f"{check.condition}: undecided{reason}, {check.why}", "    ", "        ")
    if check.actual is not None:
        yield from _numbers(result, check, pen)
