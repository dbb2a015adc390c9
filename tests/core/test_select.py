from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gaterun.core.bind import requirement
from gaterun.core.select import select
from gaterun.model.errors import UsageError
from gaterun.model.gate import Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Metric
from gaterun.model.phase import PHASE_WIDE, Phase, Requirement, Task


def gate(task: str, id: str, *, use: str = "", title: str = "", tags: tuple[str, ...] = ()) -> Any:
    from msgspec.structs import replace

    value = Gate(
        name=use or id,
        title=title,
        metrics=(Metric(name="n"),),
        measure=lambda ctx: Measurement(metrics={}, inspected={}),
        requires=("n < 1",),
    )
    return replace(requirement(value, {}, None), task=task, id=id, tags=tags)


PHASE = Phase(
    id="p",
    title="",
    tasks=(
        Task(
            id="7.1",
            title="",
            gates=(gate("7.1", "sccache", title="Compiler cache", tags=("slow", "build")),),
        ),
        Task(
            id="7.3",
            title="",
            gates=(
                gate("7.3", "clippy", tags=("lint",)),
                gate("7.3", "unit", use="tests", tags=("slow",)),
            ),
        ),
        Task(id="7.4", title="", gates=()),
    ),
    gates=(gate(PHASE_WIDE, "build"),),
)
ALL = ["7.1::sccache", "7.3::clippy", "7.3::unit", "phase::build"]


def names(chosen: tuple[Requirement, ...]) -> list[str]:
    return [one.node_id for one in chosen]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ALL),
        ({"selectors": ["7.3"]}, ALL[1:3]),
        ({"selectors": ["7.3::clippy"]}, ALL[1:2]),
        ({"selectors": ["unit"]}, ALL[2:3]),
        ({"selectors": ["tests"]}, ALL[2:3]),
        ({"selectors": ["phase"]}, ALL[3:]),
        ({"selectors": ["build", "sccache"]}, [ALL[0], ALL[3]]),
        ({"selectors": ["7.3", "clippy"]}, ALL[1:3]),
        ({"keyword": "clippy"}, ALL[1:2]),
        ({"keyword": "CLIPPY or sccache"}, ALL[:2]),
        ({"keyword": "not clippy"}, [ALL[0], *ALL[2:]]),
        ({"keyword": "7.3 and not unit"}, ALL[1:2]),
        ({"keyword": "not (clippy or unit)"}, [ALL[0], ALL[3]]),
        ({"keyword": "clippy or unit and slow"}, ALL[1:3]),
        ({"keyword": "(clippy or unit) and slow"}, ALL[2:3]),
        ({"keyword": "not not clippy"}, ALL[1:2]),
        ({"keyword": "compiler"}, ALL[:1]),
        ({"keyword": "zzz"}, []),
        ({"tags": "slow"}, [ALL[0], ALL[2]]),
        ({"tags": "slow and not build"}, ALL[2:3]),
        ({"deselect": ["7.3"]}, [ALL[0], ALL[3]]),
        ({"deselect": ["7.3::clippy", "build"]}, [ALL[0], ALL[2]]),
        ({"selectors": ["7.3"], "keyword": "unit", "tags": "slow"}, ALL[2:3]),
        ({"selectors": ["7.3"], "deselect": ["7.3"]}, []),
    ],
)
def test_select(arguments: dict[str, Any], expected: list[str]) -> None:
    assert names(select(PHASE, **arguments)) == expected


@pytest.mark.parametrize("option", ["selectors", "deselect"])
def test_an_unknown_selector_names_the_nearest(option: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(PHASE, **{option: ["7.3::clipy"]})  # type: ignore[arg-type]
    assert caught.value.message == "phase 'p' has no task or gate '7.3::clipy'"
    assert caught.value.help == "did you mean '7.3::clippy'?"


def test_a_task_without_gates_is_a_task() -> None:
    assert select(PHASE, selectors=["7.4"]) == ()


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("a and", "      a and\n           ^ a word is missing"),
        ("and a", "and a\n  ^ a word is missing"),
        ("(a", "(a\n    ^ a closing parenthesis is missing"),
        ("(a b", "(a b\n     ^ a closing parenthesis is missing"),
        ("a)", "a)\n   ^ nothing may follow here"),
        ("a b", "a b\n    ^ nothing may follow here"),
        ("()", "()\n   ^ a word is missing"),
        ("a & b", "a & b\n    ^ unexpected character"),
        ("not", "not\n     ^ a word is missing"),
    ],
)
def test_expression_errors_point_at_the_character(text: str, pointer: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(PHASE, keyword=text)
    assert caught.value.message.startswith("-k: expression cannot be read")
    assert pointer.split("^")[1] in caught.value.message


def test_an_unknown_tag_is_an_error() -> None:
    with pytest.raises(UsageError) as caught:
        select(PHASE, tags="slo")
    assert caught.value.message == "-m: no gate has the tag 'slo'"
    assert caught.value.help == "did you mean 'slow'?"


@pytest.mark.parametrize(
    "call",
    [
        lambda: select(PHASE, selectors=["build"], tags="lint and slo"),
        lambda: select(PHASE, selectors=["clippy"], tags="lint or slo"),
    ],
)
def test_an_unknown_tag_is_an_error_wherever_it_stands(call: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        call()
