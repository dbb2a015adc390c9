from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gaterun.core.bind import requirement
from gaterun.core.schedule import Schedule
from gaterun.model.gate import Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Metric
from gaterun.model.phase import Phase, Requirement, Task
from gaterun.model.verdict import Outcome

PASS, FAIL, NONE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def gate(node: str, *, needs: tuple[str, ...] = (), **more: Any) -> Requirement:
    task, _, name = node.partition("::")
    value = Gate(
        name=name,
        title="",
        metrics=(Metric(name="n"),),
        measure=lambda ctx: Measurement(metrics={}, inspected={}),
        requires=("n < 1",),
        **more,
    )
    return replace(requirement(value, {}, None), task=task, id=name, needs=needs)


def phase(*gates: Requirement, **needs: tuple[str, ...]) -> Phase:
    tasks = dict.fromkeys([gate.task for gate in gates] + list(needs))
    return Phase(
        id="p",
        title="",
        tasks=tuple(
            Task(
                id=task,
                title="",
                gates=tuple(gate for gate in gates if gate.task == task),
                needs=needs.get(task, ()),
            )
            for task in tasks
        ),
    )


def schedule(found: Phase, *, seconds: dict[str, float] | None = None, **more: Any) -> Schedule:
    chosen = found.requirements
    blocking = more.get("blocking", frozenset(gate.node_id for gate in chosen))
    return Schedule(found, chosen, blocking=blocking, seconds=seconds)


def started(found: Schedule, free: int = 9) -> list[str]:
    return [gate.node_id for gate in found.start(free)]


def test_independent_gates_start_up_to_the_limit() -> None:
    plan = schedule(phase(gate("a::x"), gate("a::y"), gate("a::z")))
    assert len(started(plan, 2)) == 2
    assert started(plan, 0) == []
    assert plan.running == 2
    assert len(started(plan, 1)) == 1
    assert plan.unfinished


def test_a_task_waits_for_every_gate_of_the_task_it_needs() -> None:
    plan = schedule(phase(gate("a::x"), gate("a::y"), gate("b::z"), b=("a",)))
    assert sorted(started(plan)) == ["a::x", "a::y"]
    plan.finish("a::x", PASS)
    assert started(plan) == []
    plan.finish("a::y", PASS)
    assert started(plan) == ["b::z"]
    plan.finish("b::z", PASS)
    assert not plan.unfinished


@pytest.mark.parametrize(
    ("outcome", "clears"),
    [
        (PASS, True),
        (Outcome.WAIVED, True),
        (Outcome.SKIPPED, True),
        (FAIL, False),
        (NONE, False),
        (Outcome.BLOCKED, False),
    ],
)
def test_what_lets_others_go_on(outcome: Outcome, clears: bool) -> None:
    plan = schedule(phase(gate("a::x"), gate("b::y"), b=("a",)))
    started(plan)
    plan.finish("a::x", outcome)
    blocked = [(g.node_id, called, culprit) for g, called, culprit in plan.blocked()]
    assert blocked == ([] if clears else [("b::y", "a", "a::x")])
    if clears:
        assert started(plan) == ["b::y"]


def test_a_chain_is_blocked_link_by_link() -> None:
    plan = schedule(phase(gate("a::x"), gate("b::y"), gate("c::z"), b=("a",), c=("b",)))
    started(plan)
    plan.finish("a::x", FAIL)
    ((first, _, _),) = plan.blocked()
    plan.finish(first.node_id, Outcome.BLOCKED)
    ((second, called, culprit),) = plan.blocked()
    assert (second.node_id, called, culprit) == ("c::z", "b", "b::y")


def test_an_advisory_gate_holds_nobody_back() -> None:
    plan = schedule(phase(gate("a::x"), gate("b::y"), b=("a",)), blocking=frozenset({"b::y"}))
    started(plan)
    plan.finish("a::x", FAIL)
    assert plan.blocked() == []
    assert started(plan) == ["b::y"]


def test_a_task_without_gates_passes_on_what_it_needs() -> None:
    plan = schedule(phase(gate("a::x"), gate("c::z"), b=("a",), c=("b",)))
    assert started(plan) == ["a::x"]


def test_a_skipped_task_passes_on_what_it_needs() -> None:
    off = replace(gate("b::y"), skip="not now")
    plan = schedule(phase(gate("a::x"), off, gate("c::z"), b=("a",), c=("b",)))
    plan.finish("b::y", Outcome.SKIPPED)
    assert started(plan) == ["a::x"]


def test_needs_of_single_gates() -> None:
    plan = schedule(phase(gate("a::x"), gate("a::y", needs=("a::x",)), gate("a::z")))
    assert sorted(started(plan)) == ["a::x", "a::z"]
    plan.finish("a::x", NONE)
    ((blocked, called, _),) = plan.blocked()
    assert (blocked.node_id, called) == ("a::y", "a::x")


def test_what_is_not_part_of_the_run_is_not_waited_for() -> None:
    whole = phase(gate("a::x"), gate("b::y", needs=("a::x",)), b=("a",))
    plan = Schedule(whole, whole.requirements[1:], blocking=frozenset({"b::y"}))
    assert started(plan) == ["b::y"]
    assert plan.unmet(whole) == [("b", "a")]


def test_gates_that_use_one_resource_do_not_overlap() -> None:
    plan = schedule(
        phase(
            gate("a::x", uses=("cargo",)),
            gate("a::y", uses=("net", "cargo")),
            gate("a::z", uses=("net",)),
        )
    )
    first = started(plan)
    assert sorted(first) in (["a::x", "a::z"], ["a::y"])


def test_an_exclusive_gate_runs_alone_and_last() -> None:
    plan = schedule(phase(gate("a::time", exclusive=True), gate("a::x"), gate("a::y")))
    assert sorted(started(plan)) == ["a::x", "a::y"]
    plan.finish("a::x", PASS)
    assert started(plan) == []
    plan.finish("a::y", PASS)
    assert started(plan) == ["a::time"]


def test_nothing_starts_beside_an_exclusive_gate() -> None:
    plan = schedule(
        phase(gate("a::x"), gate("b::time", exclusive=True), gate("b::y"), b=("a",)),
        seconds={"b::y": 0.001},
    )
    started(plan)
    plan.finish("a::x", PASS)
    running = started(plan)
    assert running == ["b::y"]
    plan.finish("b::y", PASS)
    assert started(plan) == ["b::time"]
    assert started(plan) == []


def test_the_longest_chain_starts_first() -> None:
    found = phase(gate("a::short"), gate("b::long"), gate("c::after"), c=("a",))
    assert started(schedule(found, seconds={"b::long": 50}), 1) == ["b::long"]
    assert started(schedule(found, seconds={"c::after": 100, "b::long": 50}), 1) == ["a::short"]


def test_drop_gives_up_what_waits() -> None:
    plan = schedule(phase(gate("a::x"), gate("b::y"), b=("a",)))
    started(plan)
    assert [gate.node_id for gate in plan.drop()] == ["b::y"]
    assert plan.unfinished
    plan.finish("a::x", PASS)
    assert not plan.unfinished


@given(st.data())
def test_every_run_ends_and_keeps_the_rules(data: st.DataObject) -> None:
    """Random acyclic phases: all gates get an outcome, and no rule is broken on the way."""
    count = data.draw(st.integers(1, 5))
    gates: list[Requirement] = []
    needs: dict[str, tuple[str, ...]] = {}
    for number in range(count):
        task = f"t{number}"
        others = [f"t{other}" for other in range(number)]
        needs[task] = (
            tuple(data.draw(st.lists(st.sampled_from(others), unique=True))) if others else ()
        )
        for name in data.draw(st.lists(st.sampled_from("xyz"), unique=True)):
            gates.append(
                gate(
                    f"{task}::{name}",
                    uses=tuple(data.draw(st.lists(st.sampled_from(["r", "s"]), unique=True))),
                    exclusive=data.draw(st.booleans()),
                )
            )
    found = phase(*gates, **needs)
    plan = schedule(found)
    jobs = data.draw(st.integers(1, 3))
    outcomes: dict[str, Outcome] = {}
    running: list[Requirement] = []
    for _ in range(100):
        if not plan.unfinished:
            break
        for blocked, _, culprit in plan.blocked():
            assert outcomes[culprit] in {FAIL, NONE, Outcome.BLOCKED}
            plan.finish(blocked.node_id, Outcome.BLOCKED)
            outcomes[blocked.node_id] = Outcome.BLOCKED
        running += plan.start(jobs - plan.running)
        assert len(running) <= jobs
        used = [name for one in running for name in one.gate.uses]
        assert len(used) == len(set(used))
        assert len(running) == 1 or not any(one.gate.exclusive for one in running)
        if running:
            done = running.pop(data.draw(st.integers(0, len(running) - 1)))
            outcomes[done.node_id] = data.draw(st.sampled_from([PASS, FAIL, NONE]))
            plan.finish(done.node_id, outcomes[done.node_id])
    assert set(outcomes) == {one.node_id for one in gates}


def test_what_is_measured_elsewhere_takes_no_place_here() -> None:
    found = phase(*(gate(f"a::{name}") for name in "vwxyz"))
    blocking = frozenset(it.node_id for it in found.requirements)
    apart = frozenset({"a::v", "a::w"})
    plan = Schedule(found, found.requirements, blocking=blocking, apart=apart, here=2)
    assert set(started(plan)) == {"a::v", "a::w", "a::x", "a::y"}
    plan.finish("a::v", Outcome.PASS)
    assert started(plan) == []
    plan.finish("a::x", Outcome.PASS)
    assert started(plan) == ["a::z"]


def test_workers_with_a_tree_of_their_own_are_in_nobodys_way() -> None:
    found = phase(*(gate(f"a::{name}", uses=("cargo-target",)) for name in "xyz"))
    blocking = frozenset(it.node_id for it in found.requirements)
    both = frozenset({"a::x", "a::y"})
    plan = Schedule(found, found.requirements, blocking=blocking, apart=both, unshared=both)
    assert set(started(plan)) == {"a::x", "a::y", "a::z"}
    plan = Schedule(found, found.requirements, blocking=blocking, apart=both)
    assert len(started(plan)) == 1
