"""What waivers make of a verdict: only a failure changes, and only when all of it is covered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gaterun.core.bind import requirement
from gaterun.core.judge import judge
from gaterun.core.waivers import apply, covers, leftovers, use_of
from gaterun.model.finding import Finding, Severity
from gaterun.model.gate import Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Better, Counted, Measured, Metric
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome, Reason, Verdict
from gaterun.model.waiver import InForce, Waiver

TODAY = date(2026, 11, 28)

#: What is worse than a note.
_TELLING = (Severity.ERROR, Severity.WARNING)

GATE = Gate(
    name="lint",
    title="lint",
    metrics=(
        Metric(name="warnings", counts=Counted(severities=_TELLING)),
        Metric(name="unsafe", counts=Counted(rules=("unsafe::*",), severities=_TELLING)),
        Metric(name="lines"),
        Metric(name="score", better=Better.HIGHER),
    ),
    measure=lambda ctx: ctx,
)


def entry(*require: str, **more: Any) -> Requirement:
    return requirement(GATE, {"require": list(require), **more}, {})


def found(*rules: str, severity: Severity = Severity.WARNING) -> list[Finding]:
    return [
        Finding(rule=rule, message=f"message {n}", path=f"src/m{n}.rs", severity=severity)
        for n, rule in enumerate(rules)
    ]


def measured(findings: Sequence[Finding], **metrics: Any) -> Measurement:
    counted = [finding for finding in findings if finding.severity is not Severity.NOTE]
    unsafe = [finding for finding in counted if finding.rule.startswith("unsafe::")]
    return Measurement(
        metrics={"warnings": len(counted), "unsafe": len(unsafe), **metrics},
        inspected={"files": 3},
        findings=findings,
    )


def waiver(**more: Any) -> Waiver:
    given = {"gate": "lint", "reason": "later", "owner": "ann", "expires": TODAY, "place": "w:1"}
    return Waiver(**{**given, **more})


def judged(wanted: Requirement, what: Measurement, *waivers: Waiver) -> Verdict:
    verdict = judge(wanted, what, None)
    in_force = InForce(waivers=waivers, today=TODAY)
    return apply(in_force, wanted, what, verdict, None)


# --- findings --------------------------------------------------------------------------------


def test_every_finding_waived() -> None:
    what = measured(found("a", "b"))
    verdict = judged(entry("warnings == 0"), what, waiver(rule="a"), waiver(rule="b", owner="bob"))
    assert verdict.outcome is Outcome.WAIVED
    assert (
        verdict.message == "waived until 2026-11-28 by ann: later; until 2026-11-28 by bob: later"
    )
    assert [(w.owner, w.findings, w.condition) for w in verdict.waived] == [
        ("ann", 1, "warnings == 0"),
        ("bob", 1, "warnings == 0"),
    ]


def test_one_finding_that_no_waiver_matches_fails() -> None:
    what = measured(found("a", "b", "c"))
    verdict = judged(entry("warnings == 0"), what, waiver(rule="a"), waiver(rule="b"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.waived == ()
    assert "waivers cover 2 of 3, which leaves warnings at 1" in verdict.help


def test_what_is_left_has_to_be_within_the_threshold() -> None:
    wanted = entry("warnings < 20")
    waivers = [waiver(rule="old")]
    within = measured(found(*["old"] * 6, *["new"] * 19))
    assert judged(wanted, within, *waivers).outcome is Outcome.WAIVED
    beyond = measured(found(*["old"] * 6, *["new"] * 20))
    assert judged(wanted, beyond, *waivers).outcome is Outcome.FAIL


def test_a_metric_that_counts_no_findings_is_not_covered_by_waivers_of_findings() -> None:
    what = measured(found("a"), lines=5)
    verdict = judged(entry("lines == 0"), what, waiver(rule="a"))
    assert verdict.outcome is Outcome.FAIL
    assert "lines does not count findings: waive its condition by name" in verdict.help


def test_a_metric_that_counts_other_findings_is_not_covered() -> None:
    what = measured(found("unsafe::block", "style"))
    assert judged(entry("unsafe == 0"), what, waiver(rule="style")).outcome is Outcome.FAIL
    assert judged(entry("unsafe == 0"), what, waiver(rule="unsafe::*")).outcome is Outcome.WAIVED


def test_numbers_that_disagree_with_the_findings_cover_nothing() -> None:
    """What the gate counts and does not tell could be anything."""
    what = measured(found("a"), warnings=2)
    verdict = judged(entry("warnings <= 1"), what, waiver(rule="a"))
    assert verdict.outcome is Outcome.FAIL
    assert "warnings is 2 and 1 findings are told" in verdict.help


def test_notes_are_not_counted() -> None:
    what = measured([*found("a"), *found("a", severity=Severity.NOTE)])
    assert judged(entry("warnings == 0"), what, waiver(rule="a")).outcome is Outcome.WAIVED


def test_more_findings_than_the_limit_cover_nothing() -> None:
    wanted = entry("warnings == 0")
    assert judged(wanted, measured(found("a", "a")), waiver(rule="a", limit=2)).outcome is (
        Outcome.WAIVED
    )
    verdict = judged(wanted, measured(found("a", "a", "a")), waiver(rule="a", limit=2))
    assert verdict.outcome is Outcome.FAIL
    assert "covers at most 2 findings, there are 3" in verdict.help


def against(
    wanted: Requirement, what: Measurement, base: Sequence[Finding], *waivers: Waiver
) -> Verdict:
    """As `judged`, with a baseline that knows its findings."""
    from gaterun.core.baseline import BaselineValue
    from gaterun.core.known import pack, unpack

    baseline = {"warnings": BaselineValue(value=len(base), known=unpack(pack(base)))}
    verdict = judge(wanted, what, baseline)
    assert verdict.outcome is Outcome.FAIL
    return apply(InForce(waivers=waivers, today=TODAY), wanted, what, verdict, baseline)


COMPARED = [
    {"ratchet": "warnings"},
    {"require": "warnings == 0", "scope": "new"},
]


@pytest.mark.parametrize("keys", COMPARED, ids=["ratchet", "new"])
def test_what_compares_findings_is_covered_finding_by_finding(keys: dict[str, str]) -> None:
    wanted = requirement(GATE, keys, {})
    what, base = measured(found("old", "old", "new")), found("old", "old")
    assert against(wanted, what, base, waiver(rule="new")).outcome is Outcome.WAIVED
    # Waived findings of the base make no room for new ones.
    assert against(wanted, what, base, waiver(rule="old")).outcome is Outcome.FAIL
    more = measured(found("old", "old", "new", "newer"))
    assert against(wanted, more, base, waiver(rule="new")).outcome is Outcome.FAIL
    condition = wanted.conditions[0]
    by_name = waiver(condition=condition, instead="warnings <= 3")
    assert against(wanted, what, base, by_name).outcome is Outcome.WAIVED


@pytest.mark.parametrize("keys", COMPARED, ids=["ratchet", "new"])
def test_one_of_two_that_are_alike_makes_no_room_for_the_other(keys: dict[str, str]) -> None:
    """They differ in a number only, so the base's one could be either."""
    one, two = (
        Finding(rule="long", message=f"{lines} lines", path="src/a.rs", line=lines)
        for lines in (100, 200)
    )
    assert one.fingerprint == two.fingerprint
    wanted = requirement(GATE, keys, {})
    only = waiver(message="100 lines")
    assert against(wanted, measured([one, two]), [one], only).outcome is Outcome.FAIL
    both = waiver(message="* lines")
    assert against(wanted, measured([one, two]), [one], both).outcome is Outcome.WAIVED


@given(
    base=st.lists(st.sampled_from("ab"), max_size=3),
    more=st.lists(st.sampled_from("ab"), max_size=3),
    keys=st.sampled_from(COMPARED),
    waived=st.sampled_from("abx"),
)
def test_a_new_finding_outside_every_waiver_fails_what_compares(
    base: list[str], more: list[str], keys: dict[str, str], waived: str
) -> None:
    wanted = requirement(GATE, keys, {})
    what = measured(found(*base, *more, "new"))
    assert against(wanted, what, found(*base), waiver(rule=waived)).outcome is Outcome.FAIL


def test_a_ratchet_of_what_counts_no_findings_is_waived_by_name_only() -> None:
    from gaterun.core.baseline import BaselineValue

    wanted = requirement(GATE, {"ratchet": "lines"}, {})
    what = measured(found("a"), lines=3)
    baseline = {"lines": BaselineValue(value=2)}
    verdict = judge(wanted, what, baseline)
    assert verdict.outcome is Outcome.FAIL
    for ours, outcome in (
        (waiver(rule="a"), Outcome.FAIL),
        (waiver(condition="ratchet lines", instead="lines <= 3"), Outcome.WAIVED),
    ):
        in_force = InForce(waivers=(ours,), today=TODAY)
        assert apply(in_force, wanted, what, verdict, baseline).outcome is outcome


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"rule": "clippy::*"}, True),
        ({"rule": "clippy"}, False),
        ({"rule": "clippy::need?ess"}, True),
        ({"path": "crates/*/src/*.rs"}, True),
        ({"path": "crates/*.rs"}, False),
        ({"path": "crates/**"}, True),
        ({"message": "unneeded *"}, True),
        ({"message": "unneeded"}, False),
        ({"rule": "clippy::*", "path": "other/**"}, False),
        ({"message": "unneeded [x]*"}, True),
        ({"fingerprint": "0" * 16}, False),
    ],
)
def test_matches(match: dict[str, str], *, fits: bool) -> None:
    finding = Finding(
        rule="clippy::needless", path="crates/api/src/a.rs", message="unneeded [x] a/b"
    )
    assert covers(waiver(**match), finding) is fits
    assert covers(waiver(fingerprint=finding.fingerprint), finding)


# --- conditions ------------------------------------------------------------------------------


def test_a_condition_is_waived_for_one_that_holds_instead() -> None:
    wanted = entry("lines < 10")
    ours = waiver(condition="lines <  10", instead="lines <= 12", issue="https://x.y/1")
    verdict = judged(wanted, measured([], lines=12), ours)
    assert verdict.outcome is Outcome.WAIVED
    assert verdict.waived[0].instead == "lines <= 12"
    assert verdict.waived[0].issue == "https://x.y/1"
    worse = judged(wanted, measured([], lines=13), ours)
    assert worse.outcome is Outcome.FAIL
    assert "the waiver of w:1 accepts lines <= 12, which does not hold" in worse.help


def test_every_condition_that_fails_has_to_be_covered() -> None:
    wanted = entry("lines < 10", "score >= 3")
    lines = waiver(condition="lines < 10", instead="lines < 20")
    score = waiver(condition="score >= 3", instead="score >= 1")
    what = measured([], lines=12, score=2)
    half = judged(wanted, what, lines)
    assert half.outcome is Outcome.FAIL
    assert [w.condition for w in half.waived] == ["lines < 10"]
    assert judged(wanted, what, lines, score).outcome is Outcome.WAIVED


def test_an_undecided_condition_is_not_waived_with_the_failed_one() -> None:
    wanted = entry("lines < 10", "score >= 3")
    what = measured([], lines=12, score=None)
    assert judged(wanted, what).outcome is Outcome.FAIL
    verdict = judged(wanted, what, waiver(condition="lines < 10", instead="lines < 20"))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNDECIDED)
    assert verdict.message == "score >= 3: not measured: the gate did not measure it"


def test_an_improvement_accepts_a_smaller_one_instead() -> None:
    from gaterun.core.baseline import BaselineValue

    wanted = requirement(GATE, {"improve": "lines >= 25%"}, {})
    baseline = {"lines": BaselineValue(value=100)}
    what = measured([], lines=85)
    verdict = judge(wanted, what, baseline)
    ours = waiver(condition="improve lines >= 25%", instead="improve lines >= 10%")
    in_force = InForce(waivers=(ours,), today=TODAY)
    assert apply(in_force, wanted, what, verdict, baseline).outcome is Outcome.WAIVED


# --- which gate, until when ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "outcome"),
    [
        ("lint", Outcome.WAIVED),
        ("phase::lint", Outcome.WAIVED),
        ("1::lint", Outcome.FAIL),
        ("lin", Outcome.FAIL),
    ],
)
def test_a_waiver_is_of_a_gate_or_a_node(gate: str, outcome: Outcome) -> None:
    what = measured(found("a"))
    assert judged(entry("warnings == 0"), what, waiver(gate=gate, rule="a")).outcome is outcome


def test_a_waiver_holds_on_its_last_day_and_not_after_it() -> None:
    what = measured(found("a"))
    last = waiver(rule="a", expires=TODAY)
    assert judged(entry("warnings == 0"), what, last).outcome is Outcome.WAIVED
    over = waiver(rule="a", expires=TODAY - timedelta(days=1))
    verdict = judged(entry("warnings == 0"), what, over)
    assert verdict.outcome is Outcome.FAIL
    assert "the waiver of w:1 expired on 2026-11-27 (ann)" in verdict.help


# --- properties ------------------------------------------------------------------------------

RULES = st.sampled_from(["a", "b", "unsafe::x"])
CONDITIONS = st.sampled_from(
    [
        "warnings == 0",
        "warnings < 2",
        "unsafe == 0",
        "lines <= 3",
        "score >= 2",
        "warnings <= lines",
    ]
)
OF_FINDINGS = st.builds(
    waiver,
    rule=st.sampled_from(["a", "b", "unsafe::*", "nothing"]),
    limit=st.integers(0, 2),
    expires=st.dates(TODAY - timedelta(days=2), TODAY + timedelta(days=2)),
)
OF_CONDITIONS = st.builds(
    waiver,
    condition=CONDITIONS,
    instead=st.sampled_from(["warnings <= 2", "lines <= 5", "score >= 1", "unsafe <= 1"]),
    expires=st.dates(TODAY - timedelta(days=2), TODAY + timedelta(days=2)),
)
MEASUREMENTS = st.builds(
    lambda rules, lines, score: measured(found(*rules), lines=lines, score=score),
    st.lists(RULES, max_size=4),
    st.none() | st.integers(0, 5),
    st.none() | st.integers(0, 3),
)


@given(
    require=st.lists(CONDITIONS, min_size=1, max_size=3, unique=True),
    what=MEASUREMENTS,
    waivers=st.lists(OF_FINDINGS | OF_CONDITIONS, max_size=4),
    floor=st.sampled_from([{}, {"files": 3}, {"files": 4}]),
)
def test_waivers_change_failures_only(
    require: list[str], what: Measurement, waivers: list[Waiver], floor: dict[str, float]
) -> None:
    wanted = entry(*require, floor=floor)
    before = judge(wanted, what, None)
    after = judged(wanted, what, *waivers)
    if before.outcome is not Outcome.FAIL:
        assert after == before
        return
    assert after.outcome in {Outcome.FAIL, Outcome.WAIVED, Outcome.INCONCLUSIVE}
    failed = {check.condition for check in before.checks if check.holds is False}
    if after.outcome is not Outcome.FAIL:
        assert {w.condition for w in after.waived} == failed
        assert all(date.fromisoformat(w.expires) >= TODAY for w in after.waived)
    undecided = any(check.holds is None for check in before.checks)
    assert (after.outcome is Outcome.INCONCLUSIVE) <= undecided
    assert not (after.outcome is Outcome.WAIVED and undecided)


@given(
    waived=st.lists(st.sampled_from(["a", "b"]), max_size=4),
    waivers=st.lists(OF_FINDINGS, max_size=4),
)
def test_a_finding_outside_every_waiver_always_fails(
    waived: list[str], waivers: list[Waiver]
) -> None:
    what = measured(found(*waived, "new"))
    assert judged(entry("warnings == 0"), what, *waivers).outcome is Outcome.FAIL


@given(what=MEASUREMENTS, waivers=st.lists(OF_FINDINGS, max_size=3), one_more=OF_FINDINGS)
def test_a_waiver_more_never_turns_waived_back(
    what: Measurement, waivers: list[Waiver], one_more: Waiver
) -> None:
    wanted = entry("warnings == 0")
    if judged(wanted, what, *waivers).outcome is Outcome.WAIVED:
        assert judged(wanted, what, *waivers, one_more).outcome is Outcome.WAIVED


# --- what is left over -----------------------------------------------------------------------


def result(outcome: Outcome, findings: Sequence[Finding] = (), **more: Any) -> GateResult:
    verdict = Verdict(outcome=outcome, **more)
    return GateResult(
        node_id="1::lint",
        task="1",
        gate="lint",
        title="lint",
        verdict=verdict,
        findings=tuple(findings),
    )


NODES = {"1::lint": "lint", "1::other": "other"}


@pytest.mark.parametrize(
    ("results", "nodes", "unused"),
    [
        ([result(Outcome.PASS)], NODES, True),
        ([result(Outcome.PASS, found("a"))], NODES, False),
        ([result(Outcome.FAIL, found("b"))], NODES, True),
        ([result(Outcome.INCONCLUSIVE, reason=Reason.TIMEOUT)], NODES, False),
        ([result(Outcome.SKIPPED)], NODES, False),
        ([result(Outcome.BLOCKED)], NODES, False),
        ([], NODES, False),
        ([result(Outcome.PASS)], {**NODES, "2::lint": "lint"}, False),
        ([result(Outcome.PASS)], {"1::other": "other"}, False),
    ],
)
def test_unused_is_said_only_of_gates_that_were_measured_whole(
    results: list[GateResult], nodes: dict[str, str], *, unused: bool
) -> None:
    assert use_of(waiver(rule="a"), results, nodes).unused is unused
    told = leftovers(InForce(waivers=(waiver(rule="a"),), today=TODAY), results, nodes)
    line = "w:1: the waiver of lint (ann), findings of rule a, is unused: nothing that it covers"
    assert told == ([f"{line} fails any more"] if unused else [])


def test_an_expired_waiver_is_told_whatever_became_of_its_gate() -> None:
    over = replace(waiver(rule="a"), expires=TODAY - timedelta(days=1))
    told = leftovers(InForce(waivers=(over,), today=TODAY), [], NODES)
    assert told == ["w:1: the waiver of lint (ann), findings of rule a, expired on 2026-11-27"]
    assert leftovers(InForce(waivers=(over,), today=TODAY), [], {"1::x": "x"}) == []


def test_breakdowns_do_not_stand_in_the_way() -> None:
    what = measured(found("a"), warnings=Measured(value=1, breakdown={"a": 1.0}))
    assert judged(entry("warnings == 0"), what, waiver(rule="a")).outcome is Outcome.WAIVED
