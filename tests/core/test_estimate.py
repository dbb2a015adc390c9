"""The critical path: the longest chain of what is left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gaterun.core.estimate import Forecast, estimate_of, forecast
from gaterun.model.phase import Phase, Task
from gaterun.model.task_state import TaskState

DAY = 86400.0


def task(name: str, estimate: str = "", *needs: str) -> Task:
    return Task(id=name, title="", gates=(), estimate=estimate, needs=needs)


def phase(*tasks: Task) -> Phase:
    return Phase(id="p", title="", tasks=tasks)


SEED = phase(
    task("7.1", "2.4d"), task("7.2", "2.4d"), task("7.3", "1.2d"), task("7.4", "1d", "7.3", "7.1")
)
TODO = dict.fromkeys(("7.1", "7.2", "7.3", "7.4"), TaskState.READY)


def look(states: dict[str, TaskState], since: dict[str, float], now: float = 0.0) -> Forecast:
    found = forecast(SEED, states, since, now=now)
    assert found is not None
    return found


def test_from_the_beginning() -> None:
    found = look(TODO, {})
    assert found.path == ("7.1", "7.4")
    assert round(found.left / DAY, 6) == round(found.whole / DAY, 6) == 3.4
    assert found.without == ()


def test_what_is_verified_takes_no_time() -> None:
    found = look({**TODO, "7.1": TaskState.VERIFIED}, {}, now=5 * DAY)
    assert found.path == ("7.2",)
    assert round(found.left / DAY, 6) == 2.4
    assert found.end == 5 * DAY + found.left
    assert round(found.whole / DAY, 6) == 3.4


def test_what_is_worked_on_takes_less_and_never_less_than_nothing() -> None:
    found = look(TODO, {"7.1": 0.0, "7.2": 0.0}, now=DAY)
    assert round(found.left / DAY, 6) == 2.4
    found = look(TODO, {"7.1": 0.0, "7.2": 0.0}, now=100 * DAY)
    assert found.path == ("7.3", "7.4")


def test_without_estimates() -> None:
    assert forecast(phase(task("1"), task("2", "soon")), {}, {}, now=0.0) is None
    found = forecast(
        phase(task("1"), task("2", "1h", "1")),
        {"1": TaskState.READY, "2": TaskState.TODO},
        {},
        now=0.0,
    )
    assert found is not None
    assert (found.left, found.without) == (3600.0, ("1",))


def test_what_cannot_be_read_is_no_estimate() -> None:
    assert [estimate_of(task("1", text)) for text in ("2.4d", "", "soon", "0")] == [
        2.4 * DAY,
        None,
        None,
        None,
    ]


@given(st.lists(st.tuples(st.integers(1, 20), st.sets(st.integers(0, 7))), min_size=1, max_size=8))
def test_no_chain_is_longer(drawn: list[tuple[int, set[int]]]) -> None:
    tasks = [
        task(str(at), f"{hours}h", *(str(need) for need in sorted(needs) if need < at))
        for at, (hours, needs) in enumerate(drawn)
    ]
    states = {each.id: TaskState.TODO for each in tasks}
    found = forecast(phase(*tasks), states, {}, now=0.0)
    assert found is not None
    chains: dict[str, list[float]] = {}
    for each in tasks:
        before = [length for need in each.needs for length in chains[need]] or [0.0]
        own = estimate_of(each)
        assert own is not None
        chains[each.id] = [length + own for length in before]
    assert found.left == max(length for lengths in chains.values() for length in lengths)
    assert sum(estimate_of(each) or 0.0 for each in tasks if each.id in found.path) == found.left
