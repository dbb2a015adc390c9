"""Which gate runs in which shard: the same everywhere, and nothing shared is torn apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gaterun.core.bind import requirement
from gaterun.core.shards import Plan, partition
from gaterun.model.errors import UsageError
from gaterun.model.gate import Gate, Resource
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Metric
from gaterun.model.phase import Phase, Requirement, Task


def _compile(ctx: Any) -> None: ...
def _lints(ctx: Any, compiled: object) -> None: ...
def _tree(ctx: Any) -> None: ...


RESOURCES = {
    "compiled": Resource(name="compiled", compute=_compile),
    "lints": Resource(name="lints", compute=_lints),
    "tree": Resource(name="tree", compute=_tree, cheap=True),
}
ASKS: dict[str, Any] = {
    "": lambda ctx: Measurement(metrics={}, inspected={}),
    "tree": lambda ctx, tree: Measurement(metrics={}, inspected={}),
    "compiled": lambda ctx, tree, compiled: Measurement(metrics={}, inspected={}),
    "lints": lambda ctx, lints: Measurement(metrics={}, inspected={}),
}


def gate(name: str, asks: str = "", **more: Any) -> Requirement:
    of_phase = {key: more.pop(key) for key in ("skip", "needs") if key in more}
    value = Gate(
        name=name,
        title="",
        metrics=(Metric(name="n"),),
        measure=ASKS[asks],
        requires=("n < 1",),
        **more,
    )
    return replace(requirement(value, {}, RESOURCES), task="1", id=name, **of_phase)


def plan(gates: list[Requirement], of: int) -> Plan:
    phase = Phase(id="p", title="", tasks=(Task(id="1", title="", gates=tuple(gates)),))
    return partition(phase, gates, of, RESOURCES)


def names(found: Plan) -> list[list[str]]:
    return [[each.id for each in gates] for gates in found.shards]


def test_gates_are_divided_evenly_and_keep_the_order_of_the_phase() -> None:
    assert names(plan([gate(name) for name in "abcde"], 2)) == [["a", "c", "e"], ["b", "d"]]


def test_what_shares_a_costly_resource_stays_together_and_what_shares_a_cheap_one_does_not() -> (
    None
):
    gates = [
        gate("a", "tree"),
        gate("b", "compiled"),
        gate("c", "tree"),
        gate("d", "lints"),  # which asks for what is compiled
        gate("e"),
    ]
    found = plan(gates, 3)
    assert names(found) == [["b", "d"], ["a", "e"], ["c"]]
    (group,) = found.groups
    assert ([each.id for each in group.gates], group.share) == (["b", "d"], ("compiled", "lints"))


def test_a_gate_that_asks_for_two_things_ties_the_others_together() -> None:
    first, second = gate("a", "compiled"), gate("c", "lints")
    found = plan([first, gate("b"), second, gate("d", "compiled")], 3)
    assert [name for name in names(found) if name] == [["a", "c", "d"], ["b"]]
    assert found.shards[2] == ()


def test_what_compiles_is_spread_over_the_machines() -> None:
    gates = [
        *(gate(name) for name in "abc"),
        gate("build", uses=("cargo-target",)),
        gate("tests", uses=("cargo-target",)),
        gate("timing", exclusive=True),
    ]
    found = names(plan(gates, 3))
    assert sorted(len({"build", "tests", "timing"} & {*shard}) for shard in found) == [1, 1, 1]


def test_what_is_switched_off_shares_nothing() -> None:
    found = plan([gate("a", "compiled"), gate("b", "compiled", skip="not now")], 2)
    assert names(found) == [["a"], ["b"]]


def test_needs_keep_nothing_together() -> None:
    assert names(plan([gate("a"), gate("b", needs=("1::a",))], 2)) == [["a"], ["b"]]


@pytest.mark.parametrize("of", [0, -1, 1001])
def test_no_number_of_shards(of: int) -> None:
    with pytest.raises(UsageError, match="is no number of shards"):
        plan([gate("a")], of)


GATES = st.lists(st.sampled_from([*ASKS, "skip"]), max_size=12).map(
    lambda kinds: [
        gate(f"g{number}", skip="off") if kind == "skip" else gate(f"g{number}", kind)
        for number, kind in enumerate(kinds)
    ]
)


@given(GATES, st.integers(1, 6))
def test_every_gate_is_in_exactly_one_shard(gates: list[Requirement], of: int) -> None:
    found = plan(gates, of)
    assert len(found.shards) == of
    there = sorted(each.node_id for shard in found.shards for each in shard)
    assert there == sorted(each.node_id for each in gates)
    for group in found.groups:
        assert len({found.number_of(each.node_id) for each in group.gates}) == 1


@given(GATES, st.integers(1, 6))
def test_a_plan_is_the_same_whenever_it_is_made(gates: list[Requirement], of: int) -> None:
    assert plan(gates, of).digest == plan(list(gates), of).digest


@given(GATES, st.integers(1, 6))
def test_a_shard_with_another_gate_is_another_plan(gates: list[Requirement], of: int) -> None:
    assert plan(gates, of).digest != plan([*gates, gate("another")], of).digest
    assert plan(gates, of).digest != plan(gates, of + 1).digest
