"""What is looser than before, for every pair of conditions; and which gates are compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

import gaterun
from gaterun.core.bind import requirement
from gaterun.core.changed_grants import JUDGING
from gaterun.core.config import Settings
from gaterun.core.judge import judge
from gaterun.core.looser import implied, lost
from gaterun.core.weakening import counterparts, weakening
from gaterun.model.condition import Operator
from gaterun.model.phase import Mode, Outputs, Phase, Requirement, Task
from gaterun.model.policy import ChangeKind
from gaterun.model.verdict import Outcome


class Options(gaterun.Options, frozen=True, kw_only=True):
    exclude: tuple[str, ...] = ()


GATE = gaterun.Gate(
    name="g",
    title="",
    metrics=(
        gaterun.Metric(name="n", counts=gaterun.Counted()),
        gaterun.Metric(name="m", better=gaterun.Better.HIGHER),
        gaterun.Metric(name="ok", unit=gaterun.Unit.BOOLEAN),
        gaterun.Metric(name="text", unit=gaterun.Unit.TEXT),
    ),
    measure=lambda ctx: None,  # type: ignore[arg-type,return-value]
    options=Options,
    requires=("n == 0",),
)
OTHER = replace(GATE, name="other")


def gate(**entry: Any) -> Requirement:
    of = OTHER if entry.pop("use", "g") == "other" else GATE
    at = entry.pop("at", "1::g")
    task, _, name = at.partition("::")
    needs = entry.pop("needs", ())
    return replace(requirement(of, entry, {}), task=task, id=name, needs=needs)


def phase(
    *gates: Requirement, needs: dict[str, tuple[str, ...]] | None = None, **more: Any
) -> Phase:
    tasks = dict.fromkeys((*(needs or {}), *(each.task for each in gates)))
    return Phase(
        id="p",
        title="",
        tasks=tuple(
            Task(
                id=task,
                title=f"Task {task}",
                gates=tuple(each for each in gates if each.task == task),
                needs=(needs or {}).get(task, ()),
            )
            for task in tasks
        ),
        source="phases/p.toml",
        **more,
    )


def told(base: Phase, head: Phase) -> list[str]:
    return [f"{change.subject}: {change.text}" for change in weakening(base, head)]


# --- conditions -------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers(-5, 5), st.floats(-5, 5, allow_nan=False), st.integers(-(2**63), 2**63)
)
bounds = st.tuples(st.sampled_from(list(Operator)), numbers)


@settings(deadline=None)
@given(wanted=bounds, given_=st.lists(bounds, max_size=4), value=numbers)
def test_what_is_implied_holds_for_every_value(wanted, given_, value):
    def holds(bound):
        compare = {"<": value < bound[1], "<=": value <= bound[1], "==": value == bound[1]}
        compare |= {">": value > bound[1], ">=": value >= bound[1], "!=": value != bound[1]}
        return compare[bound[0].value]

    if implied(wanted, given_) and all(map(holds, given_)):
        assert holds(wanted)


@settings(deadline=None)
@given(wanted=bounds, more=st.lists(bounds, max_size=4))
def test_what_is_asked_as_before_is_implied_whatever_else_is_asked(wanted, more):
    assert implied(wanted, [*more, wanted])


def written(operator: str, limit: int) -> str:
    return f"n {operator} {limit}"


@settings(deadline=None)
@given(
    operator=st.sampled_from(["<", "<=", ">", ">="]),
    limit=st.integers(-100, 100),
    by=st.integers(1, 50),
)
def test_a_limit_that_moves_is_looser_in_one_direction_only(operator, limit, by):
    looser = by if operator[0] == "<" else -by
    base = gate(require=written(operator, limit))

    tightened = gate(require=written(operator, limit - looser))
    assert list(lost(base, tightened)) == []
    assert list(lost(base, gate(require=[written(operator, limit - looser), "m > 3"]))) == []

    (change,) = lost(base, gate(require=written(operator, limit + looser)))
    assert change.kind is ChangeKind.CONDITION_LOOSENED
    assert change.before == written(operator, limit)
    (change,) = lost(base, gate(require="m > 3"))
    assert change.kind is ChangeKind.CONDITION_REMOVED


@settings(deadline=None)
@given(
    base=st.lists(
        st.tuples(st.sampled_from(list(Operator)), st.integers(-3, 3)), min_size=1, max_size=3
    ),
    head=st.lists(
        st.tuples(st.sampled_from(list(Operator)), st.integers(-3, 3)), min_size=1, max_size=3
    ),
)
def test_a_weakening_is_told_exactly_when_some_value_passes_now_that_failed_before(base, head):
    """Against the judge itself, over every value that could tell the difference."""
    before = gate(require=[written(operator, limit) for operator, limit in base])
    now = gate(require=[written(operator, limit) for operator, limit in head])

    def passes(requirement: Requirement, value: float) -> bool:
        measured = gaterun.Measurement(metrics={"n": value}, inspected={"things": 1})
        return judge(requirement, measured, None).outcome is Outcome.PASS

    values = [half / 2 for half in range(-8, 9)]
    easier = any(passes(now, value) and not passes(before, value) for value in values)
    assert bool(list(lost(before, now))) == easier


@pytest.mark.parametrize(
    ("base", "head", "weaker"),
    [
        ({"require": "n < 3"}, {"require": "n < 3", "scope": "new"}, True),
        ({"require": "n < 3", "scope": "new"}, {"require": "n < 3"}, False),
        ({"ratchet": "m"}, {"ratchet": "m", "tolerance": {"m": "2"}}, True),
        ({"ratchet": "m", "tolerance": {"m": "2"}}, {"ratchet": "m"}, False),
        (
            {"ratchet": "m", "tolerance": {"m": "2"}},
            {"ratchet": "m", "tolerance": {"m": "3"}},
            True,
        ),
        (
            {"ratchet": "m", "tolerance": {"m": "2"}},
            {"ratchet": "m", "tolerance": {"m": "10%"}},
            True,
        ),
        ({"require": "n == 3"}, {"require": ["n >= 3", "n <= 3"]}, False),
        ({"require": "n >= 3"}, {"require": "n == 5"}, False),
        ({"require": "n != 0"}, {"require": "n > 0"}, False),
        ({"require": "n > 0"}, {"require": "n != 0"}, True),
        ({"require": "n == 3"}, {"require": "n == 4"}, True),
        ({"require": "n <= m"}, {"require": "n < m"}, False),
        ({"require": "n <= m"}, {"require": "n == m"}, False),
        ({"require": "n < m"}, {"require": "n <= m"}, True),
        ({"require": "n < m"}, {"require": "n < 3"}, True),
        ({"require": "ok == true"}, {"require": "ok != false"}, False),
        ({"require": "ok == true"}, {"require": "ok == false"}, True),
        ({"require": 'text == "a"'}, {"require": 'text == "a"'}, False),
        ({"require": 'text != "b"'}, {"require": 'text == "a"'}, False),
        ({"require": 'text == "a"'}, {"require": 'text != "b"'}, True),
        ({"improve": "n >= 25%"}, {"improve": "n > 25%"}, False),
        ({"improve": "n >= 25%"}, {"improve": "n >= 30%"}, False),
        ({"improve": "n > 25%"}, {"improve": "n >= 25%"}, True),
        ({"improve": "n >= 25%"}, {"improve": "m >= 25%"}, True),
        ({"improve": "n >= 25%"}, {"ratchet": "n"}, True),
        ({"ratchet": ["n"]}, {"ratchet": ["m", "n"]}, False),
        ({"ratchet": ["n", "m"]}, {"ratchet": ["n"]}, True),
        ({"floor": {"n": 5}}, {"floor": {"n": 6}}, False),
        ({"floor": {"n": 5}}, {"floor": {"n": 4}}, True),
        ({"floor": {"n": 5}}, {}, True),
        ({}, {"floor": {"n": 5}}, False),
        ({}, {"require": "n <= 0"}, True),
        ({"require": "n < 1"}, {}, False),
    ],
)
def test_conditions(base, head, weaker):
    assert bool(list(lost(gate(**base), gate(**head)))) is weaker


# --- phases -----------------------------------------------------------------------------------


def test_what_is_asked_in_addition_is_no_weakening():
    base = phase(gate(require="n < 5"), needs={"1": ()})
    head = phase(
        gate(require=["n < 3", "m > 1"], floor={"n": 1}, needs=("2::g",)),
        gate(at="2::g"),
        needs={"1": ("2",)},
        protected=("phases/**",),
    )
    assert told(base, head) == []


def test_removed_gates_and_tasks():
    base = phase(gate(require="n < 5"), gate(at="2::a"), gate(at="2::b"))
    head = phase(gate(require="n < 5"), gate(at="3::a"))
    assert told(base, head) == [
        "2: task removed: Task 2",
        "2::b: gate removed: n == 0",
    ]


def test_a_gate_that_moves_to_another_task_is_compared_there():
    base = phase(gate(at="1::a", require="n < 5"), gate(at="1::b", needs=("1::a",)))
    head = phase(gate(at="2::a", require="n < 9"), gate(at="2::b", needs=("2::a",)))
    assert told(base, head) == ["2::a: condition loosened: n < 9 (was n < 5)"]


def test_a_gate_that_measures_something_else_is_another():
    assert told(phase(gate()), phase(gate(use="other"))) == ["1::g: gate replaced: other (was g)"]
    assert told(phase(gate()), phase(gate(at="2::g", use="other"))) == [
        "1: task removed: Task 1",
        "1::g: gate removed: n == 0",
    ]


def test_a_gate_that_was_switched_off_asked_for_nothing():
    off = gate(skip="not yet", require="n < 5")
    assert told(phase(off), phase()) == []
    assert told(phase(off), phase(gate(require="n < 9"))) == []
    assert told(phase(gate(require="n < 5")), phase(off)) == ["1::g: skipped: not yet"]


day = st.dates(date(2026, 1, 1), date(2028, 1, 1))


@settings(deadline=None)
@given(was=st.none() | day, now=st.none() | day)
def test_a_gate_that_counts_later_or_no_longer_is_weaker(was, now):
    def until(moment: date | None) -> dict[str, Any]:
        return {"mode": "advisory", "enforce_after": moment} if moment else {}

    kinds = [c.kind for c in weakening(phase(gate(**until(was))), phase(gate(**until(now))))]
    if now is None or (was is not None and now <= was):
        assert kinds == []
    else:
        assert kinds == [ChangeKind.ENFORCED_LATER if was else ChangeKind.MADE_ADVISORY]


def test_needs_protection_baseline_and_options():
    base = phase(
        gate(needs=("2::g",)),
        gate(at="2::g"),
        needs={"1": ("2",), "2": ()},
        protected=("phases/**", "clippy.toml"),
        outputs=Outputs(baseline="docs/b.json"),
    )
    head = phase(
        gate(exclude=["a"]),
        gate(at="2::g"),
        needs={"1": (), "2": ()},
        protected=("clippy.toml",),
        outputs=Outputs(baseline="other.json"),
    )
    assert told(base, head) == [
        "1::g: need removed: needs 2::g",
        "1::g: option changed: exclude = ['a'] (was exclude = [])",
        "1: need removed: needs 2",
        "phases/p.toml: protection removed: phases/**",
        "phases/p.toml: baseline changed: other.json (was docs/b.json)",
    ]
    undecided = [change.kind for change in weakening(base, head) if not change.weakens]
    assert undecided == [ChangeKind.OPTION_CHANGED, ChangeKind.BASELINE_CHANGED]


@settings(deadline=None)
@given(data=st.data())
def test_any_tightening_is_told_by_nobody_and_any_loosening_is(data):
    """Every way to tighten a gate, in any combination; then one way to loosen it on top."""
    n, share, least, end = 5, 25, 10, date(2027, 1, 1)

    def made(n: int, share: int, least: int, end: date | None, **more: Any) -> Phase:
        ratchet = more.pop("ratchet", ["n"])
        extra = more.pop("extra", [])
        until = {"mode": "advisory", "enforce_after": end} if end else {}
        entry = gate(
            require=[f"n < {n}", *extra],
            improve=f"m >= {share}%",
            ratchet=ratchet,
            floor={"m": least},
            **until,
            **more,
        )
        return phase(entry, gate(at="2::g"), needs={"1": ("2",)}, protected=("a", "b"))

    base = made(n, share, least, end, needs=("2::g",))
    tight = {
        "n": n - data.draw(st.integers(0, 9)),
        "share": share + data.draw(st.integers(0, 9)),
        "least": least + data.draw(st.integers(0, 9)),
        "end": data.draw(st.none() | st.dates(date(2026, 1, 1), end)),
        "ratchet": data.draw(st.sampled_from([["n"], ["m", "n"]])),
        "extra": data.draw(st.sampled_from([[], ["m > 3"], ["ok == true", "n != 2"]])),
        "needs": ("2::g",),
    }
    assert told(base, made(**tight)) == []
    looser = {
        "n": n + 1,
        "share": share - 1,
        "least": least - 1,
        "end": end + timedelta(days=1),
        "ratchet": ["m"],
        "needs": (),
        "skip": "later",
    }
    key = data.draw(st.sampled_from(list(looser)))
    assert len(told(base, made(**{**tight, key: looser[key]}))) == 1


def test_nothing_that_a_gate_or_a_phase_says_is_left_out():
    """A new field has to be compared, or to be named here as one that weakens nothing."""
    compared = {"gate", "options", "inputs", "require", "improve", "ratchet", "floor"}
    compared |= {"scope", "tolerance"}
    compared |= {"needs", "mode", "enforce_after", "skip", "task", "id"}
    # Written for people, or for the choice of gates; less time gives no verdict, not a pass.
    # What is tracked follows from the conditions.
    harmless = {"settings", "location", "tags", "timeout", "tracked"}
    assert {*Requirement.__struct_fields__} == compared | harmless

    compared = {"tasks", "gates", "base", "protected", "outputs"}
    assert {*Phase.__struct_fields__} == compared | {"id", "title", "source"}
    harmless = {"title", "owner", "estimate", "claims", "files"}
    assert {*Task.__struct_fields__} == {"id", "gates", "needs"} | harmless
    assert {*Settings.__struct_fields__} == {*JUDGING} | {
        *("state", "jobs", "executor", "report", "color", "output", "keep")
    }


def test_every_gate_of_the_base_has_a_counterpart_or_none():
    gates: Sequence[Requirement] = [gate(at=f"{n}::g") for n in range(3)]
    pairs = counterparts(phase(*gates), phase(*gates[1:]))
    assert [(old.node_id, new and new.node_id) for old, new in pairs] == [
        ("0::g", None),
        ("1::g", "1::g"),
        ("2::g", "2::g"),
    ]


def test_advisory_dates_do_not_matter_where_it_blocks():
    later = date(2026, 1, 1) + timedelta(days=1)
    base = gate(mode="advisory", enforce_after=date(2026, 1, 1))
    head = replace(gate(), enforce_after=later, mode=Mode.BLOCKING)
    assert told(phase(base), phase(head)) == []
