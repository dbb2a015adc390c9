"""The terminal report at the end of a run: failures, what has no verdict, one line of counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gaterun.model.figures import duration
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.verdict import ExitCode
from gaterun.reporters import figures, policy, standing, terminal_gate
from gaterun.reporters.pen import Pen
from gaterun.reporters.standing import ADVISORY, FAILED, NO_VERDICT, STANDINGS, WAIVED


def sections(record: RunRecord, pen: Pen) -> list[str]:
    """Everything after the last result line, by verbosity."""
    lines: list[str] = []
    if pen.style.verbosity > -2:
        lines += _bodies(record, pen)
    return [*lines, summary(record, pen)]


def summary(record: RunRecord, pen: Pen) -> str:
    """The counts and the time, worst first, in the colour of the worst."""
    return pen.rule(_counts(record), "=", verdict_colour(record), "bold")


def agent_sections(record: RunRecord, pen: Pen) -> list[str]:
    """What is weaker than at the base; the counts unless all is well, and advisory failures."""
    lines = []
    if (told := policy.worth_telling(record)) and (told.changes or told.obstacle):
        lines = [pen.line(line) for line in policy.alone(told)]
    if record.exit_code is ExitCode.OK and not record.interrupted and not record.shard:
        return lines
    if record.exit_code is ExitCode.MAX_WARNINGS:
        lines += [agent_line(each, pen) for each in standing.chosen(record.results, ADVISORY)]
    return [*lines, pen.line(f"gaterun {record.phase}: {_counts(record)}")]


def verdict_colour(record: RunRecord) -> str:
    """The colour of the run: green only where a whole run exits with 0 and something passed."""
    kinds = {kind for _, kind in standing.tally(record.results)}
    if FAILED in kinds or record.exit_code is ExitCode.FAILED:
        return "red"
    if record.exit_code is ExitCode.OK and standing.PASSED in kinds:
        return "cyan" if record.shard else "green"
    return "yellow"


def agent_line(result: GateResult, pen: Pen) -> str:
    """Failure, measured value, target, worst finding and the command to repeat, on one line."""
    parts = [f"{standing.standing(result).word} {result.node_id}: {standing.gist(result)}"]
    worst = standing.worst_of(result)[:1]
    parts += [f"worst: {terminal_gate.place_and_message(finding)}" for finding in worst]
    if result.verdict.help:
        parts.append(f"help: {result.verdict.help}")
    if result.repeat:
        parts.append(f"repeat: {result.repeat}")
    return pen.line("; ".join(parts))


def _bodies(record: RunRecord, pen: Pen) -> Iterator[str]:
    verbosity = pen.style.verbosity
    failed = standing.chosen(record.results, FAILED)
    undecided = standing.chosen(record.results, NO_VERDICT)
    if verbosity >= 0:
        yield ""
    if verbosity < 0:
        for result in (*failed, *undecided):
            yield from terminal_gate.failure_in_short(result, pen)
    else:
        yield from _section("failures", failed, terminal_gate.failure, pen)
        yield from _section("no verdict", undecided, terminal_gate.no_verdict, pen)
        advisory = standing.chosen(record.results, ADVISORY)
        yield from _section("advisory failures", advisory, terminal_gate.failure, pen)
        waived = standing.chosen(record.results, WAIVED)
        yield from _section("waived", waived, terminal_gate.waived, pen)
    if verbosity > 0:
        shown = {*_shown_above(record)}
        rest = [
            result
            for result in record.results
            if result.node_id not in shown and (result.verdict.checks or result.metrics)
        ]
        yield from _section("values", rest, terminal_gate.passing, pen)
        base = f"base {record.base[:10]}, " if record.base else ""
        yield from pen.wrap(f"{base}run {record.id}")
    yield from _policy(record, pen)
    if record.warnings:
        yield pen.rule("warnings", "=", "yellow")
        for warning in record.warnings:
            yield from pen.wrap(warning, "", "  ")
    if verbosity >= 0:
        yield from _slack(record, pen)
    yield from _durations(record, pen)
    yield from _chosen(record, pen)


def _slack(record: RunRecord, pen: Pen) -> Iterator[str]:
    """What is better than the baseline, which it may get worse again as long as nobody says so."""
    better = [
        f"{result.node_id} {check.metric}: {check.slack}"
        for result in record.results
        for check in result.verdict.checks
        if check.slack
    ]
    if better:
        yield pen.rule("slack", "=", "cyan")
        for text in better:
            yield from pen.wrap(text, "", "  ")
        yield from pen.wrap(f"`gaterun baseline tighten {record.phase}` keeps it", "", "  ")


def _counts(record: RunRecord) -> str:
    counts = [f"{number} {kind.phrase}" for number, kind in standing.tally(record.results)]
    flaky = sum(result.flaky for result in record.results)
    if flaky:
        counts.append(f"{flaky} flaky")
    text = ", ".join(counts) or "no gate has run"
    if record.interrupted:
        text = f"interrupted, {text}"
    if record.shard:
        text = f"{record.shard.label}: {text}"
    return f"{text} in {duration(record.seconds)}"


def _shown_above(record: RunRecord) -> list[str]:
    """The gates whose section shows their values already."""
    shown = standing.chosen(record.results, FAILED, NO_VERDICT, ADVISORY)
    return [result.node_id for result in shown]


def _section(
    title: str,
    results: list[GateResult],
    body: Callable[[GateResult, Pen], Iterator[str]],
    pen: Pen,
) -> Iterator[str]:
    if results:
        yield pen.rule(title, "=")
        for result in results:
            yield from body(result, pen)


def _policy(record: RunRecord, pen: Pen) -> Iterator[str]:
    """What is weaker than at the base."""
    told = policy.worth_telling(record)
    if told is not None:
        yield pen.rule(policy.title(told), "=", "yellow")
        for line in policy.lines(told):
            yield from pen.wrap(line, "", "  ")


def _durations(record: RunRecord, pen: Pen) -> Iterator[str]:
    limit = pen.style.durations
    if limit <= 0:
        return
    slowest = sorted(record.results, key=lambda result: -result.seconds)[:limit]
    yield pen.rule(f"slowest {figures.plural(len(slowest), 'gate')}", "=")
    for result in slowest:
        yield f"{duration(result.seconds):>8} {pen.line(result.node_id)}"


def _chosen(record: RunRecord, pen: Pen) -> Iterator[str]:
    """The gates of ``-r``, a line each, with the reason."""
    shown = pen.style.shown
    kinds = [kind for kind in STANDINGS if kind.letter in shown or "A" in shown]
    results = [result for kind in kinds for result in standing.chosen(record.results, kind)]
    if not results:
        return
    yield pen.rule("short summary", "=", "cyan")
    for result in results:
        kind = standing.standing(result)
        parts = (result.node_id, standing.flags(result), "-", standing.gist(result))
        text = " ".join(part for part in parts if part)
        first, *rest = pen.wrap(text, " " * (len(kind.word) + 1), "    ")
        yield f"{pen.paint(kind.word, kind.colour)} {first.lstrip()}"
        yield from rest
