"""Ratchets and ``scope = "new"`` finding by finding, tolerances, and that a worse state never passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun.core.baseline import BaselineValue
from gaterun.core.bind import requirement
from gaterun.core.judge import judge
from gaterun.core.known import pack, unpack
from gaterun.model.errors import UsageError
from gaterun.model.finding import Finding, Severity
from gaterun.model.gate import Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Better, Counted, Measured, Metric, Unit
from gaterun.model.verdict import Outcome, Reason, Verdict

PASS, FAIL, NONE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE

GATE = Gate(
    name="g",
    title="",
    metrics=(
        Metric(name="warnings", counts=Counted(severities=(Severity.WARNING,))),
        Metric(name="unused", counts=Counted(rules=("unused*",))),
        Metric(name="lines"),
        Metric(name="time", unit=Unit.SECONDS),
        Metric(name="score", better=Better.HIGHER),
        Metric(name="share", unit=Unit.RATIO, better=Better.HIGHER),
    ),
    measure=lambda ctx: Measurement(metrics={}, inspected={}),
)


def found(*names: str) -> list[Finding]:
    """Findings such as ``unused:a.rs``; the line is their place in the list."""
    return [
        Finding(rule=rule, message="m", path=path, line=line)
        for line, (rule, _, path) in enumerate(name.partition(":") for name in names)
    ]


def at_base(*names: str, **more: Any) -> dict[str, BaselineValue]:
    findings = found(*names)
    value = BaselineValue(value=len(findings), known=unpack(pack(findings)), **more)
    return {"warnings": value}


def verdict(
    entry: Mapping[str, Any],
    baseline: Mapping[str, BaselineValue] | None,
    *names: str,
    claim: int | None = None,
) -> Verdict:
    findings = found(*names)
    return judge(
        requirement(GATE, entry, None),
        Measurement(
            metrics={"warnings": len(findings) if claim is None else claim},
            inspected={"files": 1},
            findings=findings,
        ),
        baseline,
    )


RATCHET = {"ratchet": "warnings"}
NEW = {"require": "warnings == 0", "scope": "new"}


@pytest.mark.parametrize("entry", [RATCHET, NEW])
@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (["a:1", "a:2", "b:3"], PASS),
        (["b:3", "a:2", "a:1"], PASS),  # other lines, another order
        (["a:1"], PASS),
        ([], PASS),
        (["a:1", "a:2", "b:3", "a:9"], FAIL),
        (["a:1", "a:9", "b:3"], FAIL),  # one was mended, and another came with the same rule
        (["a:1", "b:9"], FAIL),  # fewer in all
        (["a:1", "a:1", "b:3"], FAIL),  # one of them twice
    ],
)
def test_finding_by_finding(entry: dict[str, Any], now: list[str], outcome: Outcome) -> None:
    assert verdict(entry, at_base("a:1", "a:2", "b:3"), *now).outcome is outcome


def test_a_ratchet_says_what_is_new_and_what_is_gone() -> None:
    told = verdict(RATCHET, at_base("a:1", "a:2", "b:3"), "a:1", "a:8", "a:9", "c:1")
    (check,) = told.checks
    assert check.why == "4 (3 new: a 2, c 1; 2 gone)"
    assert (check.actual, check.baseline, check.distance) == (4, 3, "3")
    assert check.target == "nothing new beside the 3 of the base"
    assert check.new == tuple(finding.fingerprint for finding in found("a:8", "a:9", "c:1"))
    assert check.slack == ""


def test_a_ratchet_says_how_much_slack_there_is() -> None:
    (check,) = verdict(RATCHET, at_base("a:1", "a:2", "b:3"), "a:1").checks
    assert (check.slack, check.holds) == ("2 better than the baseline", True)
    assert check.why == "1 (2 better than the baseline)"


def test_new_says_how_many_of_how_many() -> None:
    (check,) = verdict(NEW, at_base("a:1", "a:2"), "a:1", "a:2", "b:1").checks
    assert (check.condition, check.target) == ("new warnings == 0", "== 0 new")
    assert (check.actual, check.baseline, check.distance) == (1, 2, "1")
    assert check.why == "1 new of 3: b 1"
    assert (
        verdict({**NEW, "require": "warnings <= 1"}, at_base("a:1"), "a:1", "b:1").outcome is PASS
    )


def test_many_rules_are_counted() -> None:
    now = [f"rule{i}:a" for i in range(9)]
    assert verdict(RATCHET, at_base(), *now).checks[0].why.endswith("rule4 1, 4 more rules)")


@pytest.mark.parametrize("entry", [RATCHET, NEW])
@pytest.mark.parametrize(
    ("baseline", "reason"),
    [
        (None, Reason.BASELINE_MISSING),
        ({}, Reason.BASELINE_MISSING),
        ({"warnings": BaselineValue(value=3)}, Reason.BASELINE_MISSING),
        ({"warnings": BaselineValue(value=None, why="broken")}, Reason.BASELINE_MISSING),
        (at_base("a:1", obstacle="another profile"), Reason.NOT_COMPARABLE),
    ],
)
def test_without_known_findings_there_is_no_verdict(
    entry: dict[str, Any], baseline: dict[str, BaselineValue] | None, reason: Reason
) -> None:
    told = verdict(entry, baseline, "a:1")
    assert (told.outcome, told.reason) == (NONE, reason)
    (check,) = told.checks
    assert check.actual == 1
    assert check.target


def test_of_a_baseline_of_none_everything_is_new() -> None:
    assert verdict(NEW, {"warnings": BaselineValue(value=0)}, "a:1").outcome is FAIL
    assert verdict(NEW, {"warnings": BaselineValue(value=0)}).outcome is PASS


@pytest.mark.parametrize("entry", [RATCHET, NEW])
@pytest.mark.parametrize("claim", [0, 1, 3])
def test_a_number_that_is_not_that_of_the_findings_is_no_measurement(
    entry: dict[str, Any], claim: int
) -> None:
    """A gate that names fewer findings than it counts would hide the new ones."""
    told = verdict(entry, at_base("a:1", "a:2"), "a:1", "a:2", claim=claim)
    assert (told.outcome, told.reason) == (NONE, Reason.INCOMPLETE)


def test_only_what_is_counted_is_compared() -> None:
    wanted = requirement(GATE, {"ratchet": "unused"}, None)
    findings = found("unused::a:1", "other:1")
    measurement = Measurement(metrics={"unused": 1}, inspected={"files": 1}, findings=findings)
    baseline = {"unused": BaselineValue(value=1, known=unpack(pack(found("unused::a:1"))))}
    assert judge(wanted, measurement, baseline).outcome is PASS


# --- what the phase file may say -------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"require": "lines < 9", "scope": "new"}, "'lines' counts no findings"),
        ({"require": ["warnings == 0", "lines < 9"], "scope": "new"}, "counts no findings"),
        ({"require": "warnings <= unused", "scope": "new"}, "compared with a number"),
        ({"ratchet": "warnings", "scope": "new"}, "conditions in require, and there is none"),
        ({"require": "warnings == 0", "improve": "time >= 3%", "scope": "new"}, "of the whole"),
        ({"require": "warnings == 0", "scope": "newest"}, "scope"),
        ({"ratchet": "lines", "tolerance": {"line": "3"}}, "unknown metric 'line'"),
        ({"require": "lines < 9", "tolerance": {"lines": "3"}}, "no ratchet and no improvement"),
        ({"ratchet": "warnings", "tolerance": {"warnings": "3"}}, "known or new"),
        ({"ratchet": "lines", "tolerance": {"lines": "3s"}}, "'3s'"),
        ({"ratchet": "time", "tolerance": {"time": "3KiB"}}, "'3KiB'"),
        ({"ratchet": "lines", "tolerance": {"lines": "-3"}}, "not negative"),
        ({"ratchet": "lines", "tolerance": {"lines": "much"}}, "a tolerance is a number"),
        ({"ratchet": "lines", "tolerance": {"lines": 3}}, "tolerance"),
    ],
)
def test_what_means_nothing_is_refused(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        requirement(GATE, entry, None)


def test_a_gate_cannot_count_findings_and_call_more_of_them_better() -> None:
    gate = Gate(
        name="odd",
        title="",
        metrics=(Metric(name="n", better=Better.HIGHER, counts=Counted()),),
        measure=lambda ctx: Measurement(metrics={}, inspected={}),
    )
    with pytest.raises(UsageError, match="a bug in the gate|counts findings"):
        requirement(gate, {"ratchet": "n"}, None)


def test_conditions_say_scope_and_tolerance() -> None:
    wanted = requirement(
        GATE, {"ratchet": "lines", "improve": "time >= 9%", "tolerance": {"lines": "2%"}}, None
    )
    assert wanted.conditions == ("improve time >= 9%", "ratchet lines ± 2%")
    assert wanted.compared == ("time", "lines")
    assert requirement(GATE, NEW, None).conditions == ("new warnings == 0",)
    assert requirement(GATE, NEW, None).tracked == ("warnings",)


# --- tolerance -------------------------------------------------------------------------------


def with_tolerance(
    kind: str, condition: str, tolerance: str, before: float, now: float, **more: Any
) -> Verdict:
    name = condition.split(" ", maxsplit=1)[0]
    wanted = requirement(GATE, {kind: condition, "tolerance": {name: tolerance}}, None)
    measured = Measured(value=now, breakdown=more.get("now_parts", {}))
    base = BaselineValue(value=before, breakdown=more.get("parts", {}))
    measurement = Measurement(metrics={name: measured}, inspected={"files": 1})
    return judge(wanted, measurement, {name: base})


@pytest.mark.parametrize(
    ("metric", "tolerance", "before", "now", "outcome"),
    [
        ("time", "2%", 100, 102, PASS),
        ("time", "2%", 100, 102.1, FAIL),
        ("time", "2%", 100, 1, PASS),
        ("time", "500ms", 10, 10.5, PASS),
        ("time", "500ms", 10, 10.6, FAIL),
        ("lines", "3", 10, 13, PASS),
        ("lines", "3", 10, 14, FAIL),
        ("lines", "10%", 0, 1, FAIL),
        ("score", "2%", 100, 98, PASS),
        ("score", "2%", 100, 97, FAIL),
        ("share", "2%", 0.50, 0.48, PASS),  # percentage points
        ("share", "2%", 0.50, 0.47, FAIL),
    ],
)
def test_a_ratchet_allows_for_noise(
    metric: str, tolerance: str, before: float, now: float, outcome: Outcome
) -> None:
    assert with_tolerance("ratchet", metric, tolerance, before, now).outcome is outcome


def test_each_part_has_the_tolerance() -> None:
    parts = {"a": 10.0, "b": 10.0}
    for now, outcome in (({"a": 11.0, "b": 9.0}, PASS), ({"a": 12.0, "b": 8.0}, FAIL)):
        told = with_tolerance("ratchet", "lines", "1", 20, 20, parts=parts, now_parts=now)
        assert told.outcome is outcome


@pytest.mark.parametrize(
    ("now", "outcome"),
    [(70, PASS), (73, PASS), (74, NONE), (75, NONE), (77, NONE), (78, FAIL), (200, FAIL)],
)
def test_an_improvement_within_the_noise_is_undecided(now: float, outcome: Outcome) -> None:
    told = with_tolerance("improve", "time >= 25%", "2%", 100, now)
    assert told.outcome is outcome
    if outcome is NONE:
        assert told.reason is Reason.NOISE
        assert "the target is within ± 2.0%" in told.message


# --- properties ------------------------------------------------------------------------------

names = st.lists(st.sampled_from(["a:1", "a:2", "b:1", "b:2", "c:1"]), max_size=7)
RANK = {FAIL: 0, NONE: 1, PASS: 2}


@settings(deadline=None)
@given(
    base=names,
    now=names,
    more=st.lists(st.sampled_from(["a:1", "a:3", "d:1"]), min_size=1, max_size=3),
    entry=st.sampled_from(
        [
            RATCHET,
            NEW,
            {**NEW, "require": "warnings < 3"},
            {"require": "warnings <= 4"},
            {**NEW, **RATCHET},
            {"require": "warnings <= 4", **RATCHET},
        ]
    ),
)
def test_more_findings_never_turn_fail_into_pass(
    base: list[str], now: list[str], more: list[str], entry: dict[str, Any]
) -> None:
    first = verdict(entry, at_base(*base), *now)
    second = verdict(entry, at_base(*base), *now, *more)
    assert RANK[second.outcome] <= RANK[first.outcome]


@settings(deadline=None)
@given(base=names, data=st.data())
def test_a_ratchet_never_rejects_an_improvement(base: list[str], data: st.DataObject) -> None:
    """Whatever is left of the findings of the base, in any order, passes."""
    left = data.draw(st.lists(st.sampled_from(base), max_size=7) if base else st.just([]))
    if Counter(left) - Counter(base):
        return
    told = verdict(RATCHET, at_base(*base), *left)
    assert told.outcome is PASS
    assert bool(told.checks[0].slack) is (len(left) < len(base))


parts = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), min_size=1)


@settings(deadline=None)
@given(
    before=parts,
    better=parts,
    metric=st.sampled_from(["lines", "score"]),
    tolerance=st.sampled_from(["", "0", "2", "10%"]),
)
def test_a_better_breakdown_always_passes(
    before: dict[str, float], better: dict[str, float], metric: str, tolerance: str
) -> None:
    sign = -1 if metric == "lines" else 1
    now = {part: max(0, before.get(part, 0) + sign * better.get(part, 0)) for part in before}
    entry: dict[str, Any] = {"ratchet": metric}
    if tolerance:
        entry["tolerance"] = {metric: tolerance}
    told = judge(
        requirement(GATE, entry, None),
        Measurement(
            metrics={metric: Measured(value=sum(now.values()), breakdown=now)},
            inspected={"files": 1},
        ),
        {metric: BaselineValue(value=sum(before.values()), breakdown=before)},
    )
    assert told.outcome is PASS


@settings(deadline=None)
@given(
    before=st.integers(1, 100),
    now=st.integers(0, 200),
    by=st.integers(0, 50),
    kind=st.sampled_from(["ratchet", "improve"]),
    metric=st.sampled_from(["lines", "score"]),
    tolerance=st.sampled_from(["0", "3", "7%", "0.5"]),
    percent=st.integers(0, 60),
)
def test_with_a_tolerance_worse_is_never_better(
    before: int, now: int, by: int, kind: str, metric: str, tolerance: str, percent: int
) -> None:
    condition = metric if kind == "ratchet" else f"{metric} >= {percent}%"
    worse = now + by if metric == "lines" else now - by
    first = with_tolerance(kind, condition, tolerance, before, now)
    second = with_tolerance(kind, condition, tolerance, before, worse)
    assert RANK[second.outcome] <= RANK[first.outcome]
