"""The fold over events: whatever happens in whatever order, the newest claim is the one that counts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun.core import lease
from gaterun.core.task_history import LEASE, fold
from gaterun.model.errors import Refused
from gaterun.model.task_state import Kind, Participant, Said, TaskEvent, TaskHistory

PEOPLE = [Participant(actor=name, worktree=f"/{name}") for name in "abc"]

EVENTS = st.lists(
    st.builds(
        TaskEvent,
        seq=st.just(0),
        at=st.floats(0, 10 * LEASE),
        phase=st.just("p"),
        task=st.sampled_from(["1", "2"]),
        kind=st.sampled_from([*Kind, "claim"]),
        who=st.sampled_from(PEOPLE),
        epoch=st.integers(0, 4),
        said=st.builds(Said, verified=st.booleans(), released=st.booleans()),
    ),
    max_size=30,
).map(lambda events: [numbered(event, at) for at, event in enumerate(events, 1)])


def numbered(event: TaskEvent, seq: int) -> TaskEvent:
    from msgspec.structs import replace

    return replace(event, seq=seq)


def event(kind: str, who: Participant, epoch: int, at: float = 0.0, **said: bool) -> TaskEvent:
    return TaskEvent(
        seq=1, at=at, phase="p", task="1", kind=kind, who=who, epoch=epoch, said=Said(**said)
    )


@settings(deadline=None)
@given(EVENTS)
def test_tasks_do_not_mix(events: list[TaskEvent]) -> None:
    apart = {
        task: fold(each for each in events if each.task == task).get(task) for task in ("1", "2")
    }
    assert fold(events) == {task: history for task, history in apart.items() if history}


@settings(deadline=None)
@given(EVENTS)
def test_what_a_history_says_is_consistent(events: list[TaskEvent]) -> None:
    for history in fold(events).values():
        if history.lease is not None:
            assert history.lease.epoch == history.epoch
            assert history.lease.holder == history.holder
            assert history.claims[history.lease.holder] == history.epoch
            assert history.lease.until >= history.lease.since
        if history.done is not None:
            assert history.done.epoch == history.epoch


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(PEOPLE),
            st.sampled_from(["start", "beat", "verified", "failed"]),
            st.floats(0, 2 * LEASE),
        ),
        max_size=25,
    )
)
def test_nobody_is_done_with_a_claim_that_another_has_taken(steps) -> None:
    """Plays people against the rules of `lease`, as the database would have them in order."""
    log: list[TaskEvent] = []
    now = 0.0
    holder: Participant | None = None
    for who, what, passed in steps:
        now += passed
        history = fold(log).get("1", TaskHistory())
        if what == "start":
            held = history.lease
            if held and held.is_live(now) and held.holder != who:
                continue
            same = held is not None and held.is_live(now)
            log.append(event("start", who, history.epoch + (not same), now))
            holder = who
        elif what == "beat":
            log.append(event("heartbeat", who, history.epoch, now))
        else:
            try:
                epoch = lease.own_claim(history, "1", who, now)
                if epoch:
                    lease.still_holds(history, "1", who, epoch)
                    assert who == holder
                    verified = what == "verified"
                    log.append(event("done", who, epoch, now, verified=verified, released=verified))
            except Refused:
                assert history.blocked is None
                assert history.holder != who


def test_a_late_done_of_an_older_claim_changes_nothing() -> None:
    a, b, _ = PEOPLE
    events = [event("start", a, 1), event("start", b, 2), event("done", a, 1, verified=True)]
    history = fold(events)["1"]
    assert (history.done, history.proved, history.epoch) == (None, None, 2)
    assert history.lease is not None


def test_starting_again_withdraws_what_was_said() -> None:
    a = PEOPLE[0]
    history = fold([event("start", a, 1), event("done", a, 1), event("start", a, 1)])["1"]
    assert history.done is None


def test_events_of_another_version_are_kept_and_mean_nothing() -> None:
    history = fold([event("start", PEOPLE[0], 1), event("claim", PEOPLE[1], 9)])["1"]
    assert history.epoch == 1
    assert history.last is not None
    assert history.last.kind == "claim"
