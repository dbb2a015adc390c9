"""Shows a gate's findings in the HTML report, by rule, the worst first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gaterun.model.finding import Finding, Severity
from gaterun.model.record import GateResult
from gaterun.reporters import standing
from gaterun.reporters.figures import plural
from gaterun.reporters.html_text import Anchors, Html, brief, tag

#: Findings of a gate that are shown, and rules of a gate that are unfolded.
SHOWN, RULES = 200, 40

#: Findings of a rule that are shown in any case.
_LEAST = 3

_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+")


def findings(
    result: GateResult, anchors: Anchors, *, limit: int = SHOWN, opened: bool = False
) -> Html | None:
    """The findings behind a line that unfolds; ``None`` for a gate without any.

    Args:
        limit: about how many are shown; the others are counted.
        opened: whether they are unfolded from the start.
    """
    if not result.findings:
        return None
    groups = by_rule(result)
    new = standing.new_findings(result)
    share = max(_LEAST, limit // min(len(groups), RULES))
    drawn = [
        _group(
            rule,
            found,
            anchors(f"rule-{result.node_id}", rule),
            share,
            new,
            opened=opened and not n,
        )
        for n, (rule, found) in enumerate(list(groups.items())[:RULES])
    ]
    rules = plural(len(groups), "rule")
    return tag(
        "details",
        tag("summary", f"{plural(len(result.findings), 'finding')} of {rules}"),
        drawn,
        _other_rules(list(groups.items())[RULES:]),
        class_="findings print",
        id=anchors("findings", result.node_id),
        open=opened,
    )


def by_rule(result: GateResult) -> Mapping[str, Sequence[Finding]]:
    """Findings by rule.

    Rules first whose findings made the gate fail by being new, then the worst rules, then those
    with the most findings.
    """
    new = standing.new_findings(result)
    groups: dict[str, list[Finding]] = {}
    for finding in standing.worst_of(result):
        groups.setdefault(finding.rule, []).append(finding)
    order = list(Severity)

    def rank(item: tuple[str, list[Finding]]) -> tuple[bool, int, int]:
        found = item[1]
        return found[0].fingerprint not in new, order.index(found[0].severity), -len(found)

    return dict(sorted(groups.items(), key=rank))


def linked(text: str) -> Sequence[Html | str]:
    """`text` with links for the http addresses in it, and for nothing else.

    >>> "".join(linked("see https://x.org/a."))
    'see <a href="https://x.org/a" rel="noopener noreferrer">https://x.org/a</a>.'
    """
    text = brief(text)
    parts: list[Html | str] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        address = match.group().rstrip(".,;:!?)")
        parts += [
            text[end : match.start()],
            tag("a", address, href=address, rel="noopener noreferrer"),
        ]
        end = match.start() + len(address)
    return [*parts, text[end:]]


def _group(
    rule: str,
    found: Sequence[Finding],
    anchor: str,
    limit: int,
    new: frozenset[str],
    *,
    opened: bool,
) -> Html:
    rest = len(found) - limit
    note = (
        f"and {plural(rest, 'more finding')} of this rule: the JSON report and the run's record "
        "have them all"
    )
    return tag(
        "details",
        tag("summary", tag("code", rule or "no rule"), f" {len(found):,}"),
        tag("ul", [_finding(finding, new=finding.fingerprint in new) for finding in found[:limit]]),
        tag("p", note, class_="soft") if rest > 0 else None,
        id=anchor,
        class_="print",
        open=opened,
    )


def _finding(finding: Finding, *, new: bool) -> Html:
    place = brief(finding.place, 300)
    return tag(
        "li",
        [tag("strong", "new"), " "] if new else None,
        tag("span", finding.severity.value, class_=f"severity {finding.severity.value}"),
        " ",
        tag("code", place) if place else "no place",
        tag("br"),
        finding.message,
        [tag("br"), tag("span", "Help: ", linked(finding.help), class_="soft")]
        if finding.help.strip()
        else None,
    )


def _other_rules(groups: Sequence[tuple[str, Sequence[Finding]]]) -> Html | None:
    """Rules that are not unfolded, with their counts; of very many the greatest."""
    if not groups:
        return None
    named = [[tag("code", rule or "no rule"), f" {len(found):,}, "] for rule, found in groups[:200]]
    total = sum(len(found) for _, found in groups)
    head = f"{plural(len(groups), 'more rule')} with {plural(total, 'finding')}: "
    tail = "and others. " if len(groups) > 200 else ""
    return tag("p", head, named, tail, "the run's record has them all.", class_="soft")
