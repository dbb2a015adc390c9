"""Puts the HTML report together: what it says first is what most readers came for."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from gaterun.model.figures import duration
from gaterun.model.metrics_document import fingerprint, metric_ids
from gaterun.model.record import RunRecord
from gaterun.model.shard import ShardRun
from gaterun.model.verdict import ExitCode
from gaterun.reporters import html_gate, html_metrics, html_tasks, policy, standing
from gaterun.reporters.figures import plural
from gaterun.reporters.html_chart import moment
from gaterun.reporters.html_evidence import Logs
from gaterun.reporters.html_findings import SHOWN, linked
from gaterun.reporters.html_graph import waits_for
from gaterun.reporters.html_marks import badge, icon, mark, sprite
from gaterun.reporters.html_sheet import Sheet
from gaterun.reporters.html_text import Anchors, Child, Html, joined, tag
from gaterun.reporters.html_trends import trends_of
from gaterun.reporters.standing import (
    ADVISORY,
    FAILED,
    NO_VERDICT,
    PASSED,
    Standing,
)

#: Findings that are shown on the whole page, about.
_FINDINGS = 4000

#: Lines of a list that nobody reads to the end.
_LINES = 300


def page(record: RunRecord, state: Path | None) -> str:
    """The whole page as text."""
    with_findings = sum(bool(result.findings) for result in record.results)
    sheet = Sheet(
        record=record,
        ids=metric_ids(record.results),
        trends=trends_of(record, state),
        logs=Logs(state / "runs" if state else None),
        anchors=Anchors(),
        findings=max(10, min(SHOWN, _FINDINGS // max(1, with_findings))),
    )
    for name in ("content", "attention", "policy", "tasks", "metrics", "trends", "run"):
        sheet.anchors(name)  # no gate can be called so any more
    metrics, trends = html_metrics.metrics(sheet), html_metrics.trends(sheet)
    kind, words = headline(record)
    sections = [("Tasks and gates", "tasks")]
    if metrics:
        sections.append(("Metrics", "metrics"))
    if trends:
        sections.append(("Trends", "trends"))
    sections.append(("About this run", "run"))
    body = tag(
        "body",
        sprite(),
        tag("a", "Skip to the content", href="#content", class_="skip"),
        _header(record, kind, words),
        tag(
            "nav",
            tag("ul", [tag("li", tag("a", n, href=f"#{a}")) for n, a in sections]),
            aria_label="Sections",
        ),
        tag(
            "main",
            _attention(sheet),
            _policy(record),
            html_tasks.tasks(sheet),
            [
                _task(task, sheet)
                for task in html_tasks.task_ids(record)
                if html_tasks.gates_of(task, record)
            ],
            metrics,
            trends,
            _run(record),
            id="content",
        ),
        tag(
            "footer",
            tag("p", f"gaterun {record.version} · run {record.id}", class_="soft"),
        ),
    )
    return f"<!doctype html>\n{tag('html', _head(record, words), body, lang='en')}"


def headline(record: RunRecord) -> tuple[Standing, str]:
    """The verdict of the run: how it is drawn, and in words."""
    kind, words = _verdict(record)
    if record.shard:
        words = f"{record.shard.label.capitalize()}: {words[:1].lower()}{words[1:]}"
        # Nothing of it is done before all shards are merged.
        kind = NO_VERDICT if kind is PASSED else kind
    return kind, words


def _verdict(record: RunRecord) -> tuple[Standing, str]:
    total = len(record.results)
    counts = {kind.word: number for number, kind in standing.tally(record.results)}
    of_all = f"of {plural(total, 'gate')}"
    if record.interrupted:
        return NO_VERDICT, f"Interrupted after {plural(total, 'gate')}"
    if failed := counts.get(FAILED.word):
        return FAILED, f"{failed} {of_all} failed"
    if record.exit_code is ExitCode.NO_VERDICT:
        return NO_VERDICT, f"{counts.get(NO_VERDICT.word, 0)} {of_all} without verdict"
    passed = counts.get(PASSED.word, 0)
    if record.exit_code is not ExitCode.OK:
        word = record.exit_code.name.capitalize().replace("_", " ")
        return FAILED, f"{word}: {passed} {of_all} passed"
    if total and passed == total:
        return PASSED, "The gate passed" if total == 1 else f"All {total:,} gates passed"
    others = [
        f"{number} {kind.phrase}"
        for number, kind in standing.tally(record.results)
        if kind is not PASSED
    ]
    return (PASSED if passed else NO_VERDICT), ", ".join([f"{passed} {of_all} passed", *others])


def _head(record: RunRecord, words: str) -> Html:
    css = Path(__file__).with_name("html.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"gaterun {record.version}"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{words} · {record.phase}"),
        tag("style", Html(css)),
    )


def _header(record: RunRecord, kind: Standing, words: str) -> Html:
    tree = record.tree
    commit = [tag("code", tree.commit[:12])] if tree.commit else ["no commit"]
    if tree.branch:
        commit += [" on ", tag("code", tree.branch)]
    if tree.dirty:
        commit += [" with uncommitted changes"]
    facts: list[tuple[str, Child]] = [("Commit", commit)]
    if record.base:
        facts.append(("Compared with", tag("code", record.base[:12])))
    facts += [
        ("Started", f"{moment(record.started)} UTC"),
        ("Took", duration(record.seconds)),
    ]
    if record.parts:
        facts.append(("Measured in", plural(len(record.parts), "shard")))
    if record.role != "run":
        facts.append(("Kind of run", record.role))
    tally = [
        tag("li", icon(kind), f" {number:,} {kind.phrase}", class_=f"t-{mark(kind).name}")
        for number, kind in standing.tally(record.results)
    ]
    return tag(
        "header",
        tag("p", "gaterun · ", record.phase, f" · {record.title}" if record.title else None),
        tag("h1", icon(kind, 36), " ", words),
        tag("ul", tally, class_="tally") if tally else None,
        tag("dl", [joined(tag("dt", n), tag("dd", v)) for n, v in facts], class_="facts"),
        class_=f"b-{mark(kind).name}",
    )


def _attention(sheet: Sheet) -> Html | None:
    """What somebody has to look at, with what to do next."""
    record = sheet.record
    wanted = standing.chosen(record.results, FAILED, NO_VERDICT, ADVISORY)
    wanted.sort(key=lambda result: standing.STANDINGS.index(standing.standing(result)))
    items = [
        tag(
            "li",
            tag(
                "div",
                badge(standing.standing(result)),
                " ",
                tag("a", result.node_id, href=f"#{sheet.anchors('gate', result.node_id)}"),
            ),
            tag(
                "div",
                standing.gist(result),
                tag("div", "Next: ", linked(result.verdict.help)) if result.verdict.help else None,
            ),
        )
        for result in wanted[:100]
    ]
    if len(wanted) > 100:
        items.append(tag("li", f"and {plural(len(wanted) - 100, 'more gate')}"))
    warnings = [tag("li", warning) for warning in record.warnings[:100]]
    if len(record.warnings) > 100:
        warnings.append(tag("li", f"and {len(record.warnings) - 100:,} more"))
    if record.interrupted:
        text = "The run was interrupted: what follows is not the whole phase."
        warnings.insert(0, tag("li", tag("strong", text)))
    if not items and not warnings:
        return None
    title = "What stands in the way" if items else "Worth knowing"
    return tag(
        "section",
        tag("h2", title, id="attention"),
        tag("ul", items, class_="list") if items else None,
        tag("h3", "Warnings") if warnings and items else None,
        tag("ul", warnings) if warnings else None,
        aria_labelledby="attention",
    )


def _policy(record: RunRecord) -> Html | None:
    """What the change makes easier for itself."""
    found = policy.worth_telling(record)
    if found is None:
        return None
    title = policy.title(found)
    lines = list(policy.lines(found))
    rest = len(lines) - _LINES
    items = [tag("li", line) for line in lines[:_LINES]]
    if rest > 0:
        items.append(tag("li", f"and {rest:,} more in the run's record"))
    return tag(
        "section",
        tag("h2", title[:1].upper() + title[1:], id="policy"),
        tag("ul", items),
        aria_labelledby="policy",
    )


def _task(task: str, sheet: Sheet) -> Html:
    record = sheet.record
    anchor = sheet.anchors("task", task)
    needs = record.needs.get(task)
    results = html_tasks.gates_of(task, record)
    told = html_tasks.standing_of(results)
    return tag(
        "section",
        tag("h2", html_tasks.named(task, record), id=anchor),
        tag("p", told[:1].upper() + told[1:], f"; {waits_for(needs)}" if needs else None, "."),
        [html_gate.gate(result, sheet) for result in results],
        aria_labelledby=anchor,
    )


def _run(record: RunRecord) -> Html:
    """What is needed to believe the numbers, and to repeat them."""
    facts: list[tuple[str, Child]] = [
        ("Run", tag("code", record.id)),
        ("Workspace", tag("code", record.root)),
        ("Commit", tag("code", record.tree.commit) if record.tree.commit else "none"),
        ("Tree", tag("code", record.tree.digest) if record.tree.digest else "not known"),
        ("Command", tag("code", " ".join(record.argv)) if record.argv else ""),
        ("Exit code", f"{int(record.exit_code)}, {_word(record.exit_code)}"),
        *(
            (f"Shard {part.number}", [tag("code", part.run), " ", _facts(part)])
            for part in record.parts
        ),
        ("Environment", tag("code", fingerprint(record.environment)[:12])),
        *((name, value) for name, value in record.environment.items()),
    ]
    return tag(
        "section",
        tag("h2", "About this run", id="run"),
        tag("dl", [joined(tag("dt", n), tag("dd", v)) for n, v in facts if v], class_="facts"),
        _names("Variables that commands inherited", record.variables),
        _names("Variables that they did not get", record.withheld),
        aria_labelledby="run",
    )


def _facts(part: ShardRun) -> str:
    """The machine of a shard."""
    known = part.environment
    return ", ".join(known[name] for name in ("cpu", "rustc") if name in known)


def _names(title: str, names: Sequence[str]) -> Html | None:
    if not names:
        return None
    shown = [[tag("code", name), " "] for name in names[:300]]
    rest = len(names) - 300
    summary = tag("summary", f"{title} ({len(names):,})")
    return tag("details", summary, tag("p", shown, f"and {rest:,} more" if rest > 0 else None))


def _word(code: ExitCode) -> str:
    return code.name.lower().replace("_", " ")
