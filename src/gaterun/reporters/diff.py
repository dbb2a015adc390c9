"""Draws a comparison of two metrics documents as text, Markdown and JSON."""

from __future__ import annotations

from gaterun.core.diff import ChangeKind, MetricDiff, MetricsDiff
from gaterun.model.figures import figure
from gaterun.model.metric import Unit
from gaterun.reporters.cells import code

_WORDS = {
    ChangeKind.IMPROVED: "better",
    ChangeKind.REGRESSED: "worse",
    ChangeKind.CHANGED: "changed",
    ChangeKind.UNCHANGED: "same",
    ChangeKind.ADDED: "new",
    ChangeKind.REMOVED: "gone",
    ChangeKind.NOT_RUN: "not run",
    ChangeKind.INCOMPARABLE: "not comparable",
}


def as_json(diff: MetricsDiff) -> str:
    """The whole comparison as a JSON document."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(diff), indent=2)
    return text.decode() + "\n"


def as_text(diff: MetricsDiff, *, everything: bool = False) -> str:
    """A table for a terminal; unchanged metrics only when `everything`."""
    rows = [
        (
            metric.id,
            figure(metric.baseline, metric.unit) if metric.baseline is not None else "-",
            figure(metric.current, metric.unit) if metric.current is not None else "-",
            _change(metric),
        )
        for metric in _shown(diff, everything=everything)
    ]
    head = ("metric", diff.baseline.name, diff.current.name, "change")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(3)]
    lines = [_heading(diff)]
    for fact, (old, new) in diff.environment_changes.items():
        lines.append(f"differs: {fact}: {old or '?'} -> {new or '?'}")
    for row in (head, *rows):
        numbers = f"{row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}"
        lines.append(f"{row[0]:<{widths[0]}}  {numbers}  {row[3]}".rstrip())
    lines += [f"not run in {name}: {', '.join(nodes)}" for name, nodes in _not_run(diff)]
    lines.append(_summary(diff))
    return "\n".join(lines) + "\n"


def as_markdown(diff: MetricsDiff, *, everything: bool = False) -> str:
    """A table for a pull request."""
    lines = ["## Metrics", "", _heading(diff), ""]
    if diff.environment_changes:
        facts = ", ".join(diff.environment_changes)
        lines += [f"> The environment differs ({facts}): timings are not compared.", ""]
    lines += ["| Metric | Baseline | Current | Change |", "|:--|--:|--:|:--|"]
    for metric in _shown(diff, everything=everything):
        old = figure(metric.baseline, metric.unit) if metric.baseline is not None else "–"
        new = figure(metric.current, metric.unit) if metric.current is not None else "–"
        lines.append(f"| {code(metric.id)} | {code(old)} | {code(new)} | {code(_change(metric))} |")
    for name, nodes in _not_run(diff):
        lines += ["", f"Not run in {code(name)}: {', '.join(map(code, nodes))}"]
    return "\n".join([*lines, "", _summary(diff), ""])


def _shown(diff: MetricsDiff, *, everything: bool) -> list[MetricDiff]:
    aside = {ChangeKind.UNCHANGED, ChangeKind.NOT_RUN}
    return [metric for metric in diff.metrics if everything or metric.change not in aside]


def _not_run(diff: MetricsDiff) -> list[tuple[str, tuple[str, ...]]]:
    return [(side.name, side.not_run) for side in (diff.baseline, diff.current) if side.not_run]


def _heading(diff: MetricsDiff) -> str:
    sides = [
        f"{side.name} ({side.commit[:12] or 'no commit'}{', uncommitted work' * side.dirty})"
        for side in (diff.baseline, diff.current)
    ]
    return " -> ".join(sides)


def _change(metric: MetricDiff) -> str:
    word = _WORDS[metric.change]
    if metric.delta is not None:
        sign = "+" if metric.delta > 0 else "-"
        size = abs(metric.delta)
        moved = (
            f"{sign}{size * 100:.4g} pp"
            if metric.unit is Unit.RATIO
            else (f"{sign}{figure(size, metric.unit)}")
        )
        relative = f" ({metric.delta_rel:+.1%})" if metric.delta_rel is not None else ""
        word = f"{moved}{relative if metric.unit is not Unit.RATIO else ''} {word}"
    elif metric.why:
        word = f"{word}: {metric.why}"
    if metric.new or metric.gone:
        word += f", {metric.new} new and {metric.gone} gone"
    return f"{word}, accepted {metric.accepted}" if metric.accepted else word


def _summary(diff: MetricsDiff) -> str:
    counts = [f"{diff.count(kind)} {_WORDS[kind]}" for kind in ChangeKind if diff.count(kind)]
    return ", ".join(counts) or "no metrics"
