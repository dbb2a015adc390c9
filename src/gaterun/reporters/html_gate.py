"""One gate in the HTML report: its verdict, what was asked, what was measured, and why to believe it."""

from __future__ import annotations

from collections.abc import Sequence

from gaterun.model.figures import duration
from gaterun.model.record import GateResult, MetricRecord
from gaterun.model.verdict import Check, Outcome
from gaterun.reporters import standing
from gaterun.reporters.figures import figure, interval, plural
from gaterun.reporters.html_chart import moment
from gaterun.reporters.html_evidence import evidence
from gaterun.reporters.html_findings import findings, linked
from gaterun.reporters.html_graph import waits_for
from gaterun.reporters.html_marks import badge, mark, meaning
from gaterun.reporters.html_sheet import Sheet, table
from gaterun.reporters.html_text import Child, Html, brief, joined, tag
from gaterun.reporters.standing import ADVISORY, FAILED, NO_VERDICT, PASSED

_CHECKS = ("Condition", "Holds", "Measured", "Baseline", "Wanted", "Distance")

#: Parts of a breakdown that are shown.
_PARTS = 30


def gate(result: GateResult, sheet: Sheet) -> Html:
    """The section of a gate; one that needs somebody is unfolded."""
    kind = standing.standing(result)
    needs_somebody = kind in {FAILED, NO_VERDICT, ADVISORY}
    anchor = sheet.anchors("gate", result.node_id)
    verdict = result.verdict
    return tag(
        "section",
        tag("h3", badge(kind), " ", result.title or result.gate, id=f"{anchor}.t"),
        tag("p", tag("code", result.node_id), f" · {duration(result.seconds)}", class_="soft"),
        tag("p", _gist(result, sheet), class_="gist"),
        _meaning(result),
        _remarks(result, sheet),
        tag("p", tag("strong", "Next: "), linked(verdict.help)) if verdict.help.strip() else None,
        _conditions(result, opened=needs_somebody),
        findings(result, sheet.anchors, limit=sheet.findings, opened=kind in {FAILED, ADVISORY}),
        _measured(result),
        evidence(result, sheet.record, sheet.logs),
        _repeat(result),
        class_=f"gate b-{mark(kind).name}",
        id=anchor,
        aria_labelledby=f"{anchor}.t",
    )


def _gist(result: GateResult, sheet: Sheet) -> Child:
    """Why it stands as it does; what blocks it is linked, waivers have lines of their own."""
    if result.outcome is Outcome.BLOCKED and result.blocked_by:
        return joined("blocked by ", _link(result.blocked_by, sheet))
    if result.verdict.waived and (failed := standing.failed_checks(result)):
        return ", ".join(standing.measured_against_target(result, check) for check in failed)
    return standing.gist(result)


def _meaning(result: GateResult) -> Html | None:
    """What a standing means that is neither passed nor failed."""
    if standing.standing(result) in {PASSED, FAILED}:
        return None
    words = meaning(result)
    return tag("p", words[:1].upper() + words[1:], ".", class_="soft")


def _remarks(result: GateResult, sheet: Sheet) -> Html | None:
    """What must be known beside the verdict, a line each."""
    lines: list[Child] = list(standing.waivers(result))
    if not result.blocking:
        until = result.advisory_until
        lines.append(
            f"Advisory until {until}: from the day after, its failure fails the run."
            if until
            else "Advisory: its failure does not fail the run."
        )
    if not result.blocked_by and (needs := sheet.record.needs.get(result.node_id)):
        lines.append(f"It {waits_for(needs)}.")
    if result.flaky:
        lines.append("Flaky: something passed only after another try.")
    if result.reused:
        lines.append(
            f"Reused: measured {moment(result.reused.measured)} UTC in run {result.reused.run}, "
            "and nothing that it depends on differs since."
        )
    lines.extend(result.notes[:40])
    if len(result.notes) > 40:
        lines.append(f"and {plural(len(result.notes) - 40, 'more note')}")
    return tag("ul", [tag("li", line) for line in lines], class_="remarks") if lines else None


def _link(name: str, sheet: Sheet) -> Html:
    """A gate or a task by its name, linked where it is on the page."""
    if any(result.node_id == name for result in sheet.record.results):
        return tag("a", tag("code", name), href=f"#{sheet.anchors('gate', name)}")
    if any(result.task == name for result in sheet.record.results):
        return tag("a", f"task {name}", href=f"#{sheet.anchors('task', name)}")
    return tag("code", name)


def _conditions(result: GateResult, *, opened: bool) -> Html | None:
    checks = result.verdict.checks
    if not checks and not result.conditions:
        return None
    if not checks:
        named = [tag("li", tag("code", condition)) for condition in result.conditions]
        return tag("details", tag("summary", "Conditions, none judged"), tag("ul", named))
    body = table(_CHECKS, [_check(result, check) for check in checks])
    if opened:
        return body
    holding = sum(check.holds is True for check in checks)
    summary = f"{holding} of {plural(len(checks), 'condition')} hold"
    if holding == len(checks):
        summary = f"All {holding} conditions hold" if holding > 1 else "The condition holds"
    return tag("details", tag("summary", summary), body, class_="print")


def _check(result: GateResult, check: Check) -> Sequence[Child]:
    words = {True: ("Yes", "passed"), False: ("No", "failed"), None: ("Undecided", "unknown")}
    word, name = words[check.holds]
    why = standing.explanation(result, check)
    return (
        tag("code", check.condition),
        tag("span", word, class_=f"t-{name}"),
        [standing.actual(result, check), tag("br") if why else None, why or None],
        standing.baseline(result, check),
        check.target,
        _distance(result, check),
    )


def _distance(result: GateResult, check: Check) -> str:
    if not check.holds:
        return standing.off_by(result, check)
    if check.slack:
        return f"{brief(check.slack)} of slack"
    room = brief(check.distance)
    return f"{room} to spare" if room.partition(" ")[0] not in {"", "0", "0.0"} else ""


def _measured(result: GateResult) -> Html | None:
    """All metrics of a gate, with what is known beside the numbers."""
    if not result.metrics and not result.inspected and not result.recipe:
        return None
    looked = ", ".join(f"{count:,} {name}" for name, count in result.inspected.items())
    recipe = [joined(tag("dt", name), tag("dd", text)) for name, text in result.recipe.items()]
    rows = [(tag("code", name), *_metric(metric)) for name, metric in result.metrics.items()]
    titles = ("Metric", "Value", "More")
    return tag(
        "details",
        tag("summary", f"Measurements ({len(result.metrics):,})"),
        tag("p", f"Looked at: {looked}.") if looked else None,
        table(titles, rows, numbers="Value") if rows else None,
        tag("p", "Comparable with what was measured with:") if recipe else None,
        tag("dl", recipe, class_="facts") if recipe else None,
    )


def _metric(metric: MetricRecord) -> tuple[Child, Child]:
    measured = metric.measured
    more: list[Child] = [metric.help, tag("br")] if metric.help else []
    if measured.why:
        more += [measured.why, tag("br")]
    if measured.change:
        change = measured.change
        told = interval(change.low, change.middle, change.high)
        more += [f"against {figure(change.base, metric.unit)} at the base: {told}", tag("br")]
    if measured.samples:
        shown = ", ".join(figure(sample, metric.unit) for sample in measured.samples[:_PARTS])
        rest = len(measured.samples) - _PARTS
        more += [f"samples: {shown}", f" and {rest:,} more" if rest > 0 else None, tag("br")]
    if measured.breakdown:
        more.append(_breakdown(metric))
    if metric.host_bound:
        more.append("comparable on one machine only")
    return figure(measured.value, metric.unit), more


def _breakdown(metric: MetricRecord) -> Html:
    parts = sorted(metric.measured.breakdown.items(), key=lambda part: -_rank(part[1]))
    rest = len(parts) - _PARTS
    shown = [
        tag("li", tag("code", name), " ", figure(value, metric.unit))
        for name, value in parts[:_PARTS]
    ]
    if rest > 0:
        shown.append(tag("li", "and ", plural(rest, "more part")))
    return tag("ul", shown)


def _rank(value: float) -> float:
    return value if value == value else float("-inf")  # noqa: PLR0124 - not a number


def _repeat(result: GateResult) -> Html | None:
    parts: list[Child] = []
    if result.repeat:
        parts += ["Measure it again: ", tag("code", result.repeat)]
    if result.file:
        place = f"{result.file}:{result.line}" if result.line > 0 else result.file
        parts += [" · " if parts else None, "defined in ", tag("code", place)]
    return tag("p", parts, class_="soft") if parts else None
