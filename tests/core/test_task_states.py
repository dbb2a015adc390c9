"""The state of a task follows from events, evidence and the time; claims add next to nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaterun import Gate
from gaterun.core.freshness import Freshness, Standing
from gaterun.core.task_history import LEASE, fold
from gaterun.core.task_states import TaskView, derive, is_complete
from gaterun.model.phase import Location, Phase, Requirement, Task
from gaterun.model.record import GateResult
from gaterun.model.task_state import Kind, Participant, Said, TaskEvent, TaskState
from gaterun.model.verdict import Outcome, Verdict

NAMES = ("1", "2", "3")
NEEDS: dict[str, tuple[str, ...]] = {"1": (), "2": ("1",), "3": ("1", "2")}
WHO = tuple(Participant(actor=name, worktree=f"/{name}") for name in ("ada", "bob"))


def gate(task: str) -> Requirement:
    return Requirement(
        task=task,
        id="g",
        gate=Gate(name="g", title="", metrics=(), measure=lambda: None),
        options=None,
        settings={},
        location=Location(file="p.toml", line=1),
    )


GATES = {name: gate(name) for name in NAMES}
PHASE = Phase(
    id="p",
    title="",
    tasks=tuple(Task(id=name, title="", gates=(GATES[name],), needs=NEEDS[name]) for name in NAMES),
)


def standing(name: str, outcome: Outcome | None, freshness: Freshness) -> Standing:
    last = outcome and GateResult(
        node_id=f"{name}::g", task=name, gate="g", title="", verdict=Verdict(outcome=outcome)
    )
    return Standing(gate=GATES[name], freshness=freshness, why="", last=last)


standings = st.tuples(
    *(
        st.builds(
            standing,
            st.just(name),
            st.sampled_from([None, Outcome.PASS, Outcome.FAIL, Outcome.WAIVED]),
            st.sampled_from(Freshness),
        )
        for name in NAMES
    )
)
events = st.lists(
    st.builds(
        TaskEvent,
        seq=st.just(1),
        at=st.sampled_from([0.0, LEASE, 3 * LEASE]),
        phase=st.just("p"),
        task=st.sampled_from(NAMES),
        kind=st.sampled_from(Kind),
        who=st.sampled_from(WHO),
        epoch=st.integers(1, 2),
        said=st.builds(Said, verified=st.booleans(), released=st.booleans()),
    ),
    max_size=8,
)


def states(views: tuple[TaskView, ...]) -> dict[str, TaskState]:
    return {view.task.id: view.state for view in views}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events, standings, st.sets(st.sampled_from(NAMES)))
def test_a_claim_makes_a_task_claimed_or_nothing_of_it(
    happened: list[TaskEvent], found: tuple[Standing, ...], said: set[str]
) -> None:
    histories = fold(happened)
    without = derive(PHASE, histories, found, now=LEASE)
    views = derive(PHASE, histories, found, now=LEASE, said_done=said)
    for before, after in zip(without, views, strict=True):
        if after.state is not before.state:
            assert after.state is TaskState.CLAIMED
            assert after.task.id in said
            assert not after.covered
            assert before.state is not TaskState.BLOCKED
        assert (before.covered, before.unmet) == (after.covered, after.unmet)
    for name in said:
        view = next(view for view in views if view.task.id == name)
        assert view.covered or view.state in {TaskState.CLAIMED, TaskState.BLOCKED}
    assert is_complete(PHASE, views, found) == is_complete(PHASE, without, found)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events, standings, st.sets(st.sampled_from(NAMES)))
def test_nothing_is_verified_without_evidence(
    happened: list[TaskEvent], found: tuple[Standing, ...], said: set[str]
) -> None:
    views = derive(PHASE, fold(happened), found, now=LEASE, said_done=said)
    for view, item in zip(views, found, strict=True):
        if view.state is TaskState.VERIFIED:
            assert item.holds
            assert all(states(views)[need] is TaskState.VERIFIED for need in view.task.needs)
