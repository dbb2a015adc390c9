"""A plan that was written and read again is the same plan."""

from __future__ import annotations

import time
from typing import Any

import pytest
from team import Team

from gaterun.cli import plan
from gaterun.cli.planning import plan_of
from gaterun.cli.workspace import open_workspace
from gaterun.core.binding import Binder
from gaterun.core.git import Git
from gaterun.core.tree import look

PHASE = """
[phase]
title = "All there is"
base = "HEAD"
protected = ["Cargo.lock"]
[phase.outputs]
dashboard = "DASHBOARD.md"
[[phase.gates]]
id = "read"
mode = "manual"
file = "src/lib.rs"
[task.a]
title = "First \u2713"
owner = "ann"
estimate = "2d"
files = ["src/**", "!src/main.rs"]
claims = ["x/*"]
[[task.a.gate]]
use = "bound"
timeout = "5m"
tags = ["quick"]
[task.b]
needs = ["a"]
[[task.b.gate]]
use = "value"
number = 2
require = "n < 5"
improve = "n >= 10%"
tolerance = { n = "2%" }
floor = { n = 1 }
mode = "advisory"
enforce_after = 2100-01-31
[[task.b.gate]]
use = "value"
id = "off"
number = 7
ratchet = "n"
skip = "later"
inputs = ["src/**"]
"""
WAIVER = (
    '[[waiver]]\ngate = "value"\ncondition = "n < 5"\ninstead = "n < 9"\n'
    'reason = "later"\nowner = "ann"\nexpires = {}\n'
)


@pytest.fixture
def made(project: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, plan.Plan]:
    team = Team(project, monkeypatch)
    team.project.phase(PHASE)
    files = {
        "Cargo.lock": "",
        "TODO.md": "- [x] b done\n",
        "waivers.toml": WAIVER.format(time.strftime("%Y-%m-%d")),
        "src/lib.rs": "fine\n",
    }
    project.write({**files, "gaterun.toml": 'gates = "gates"\n', "gates/.keep": ""})
    project.commit()
    monkeypatch.chdir(project.root)
    opened = open_workspace(None, None, "", (), ())
    phase = opened.phase("p")
    made = plan_of(opened, [phase], spoken="p", chosen=phase.requirements, form="json")
    return opened, made


def test_it_is_the_same_when_it_is_read_again(made: tuple[Any, plan.Plan]) -> None:
    _, before = made
    assert plan.read(plan.text_of(before)) == before
    (phase,) = before.phases
    assert [claim.task for claim in phase.claims] == ["b"]
    assert [waiver.gate for waiver in phase.in_force.waivers] == ["value"]
    assert before.chosen == ("a::bound", "b::value", "b::off", "phase::read")


def test_it_binds_as_the_workspace_does(made: tuple[Any, plan.Plan]) -> None:
    opened, before = made
    phase = opened.phase("p")
    tree = look(Git(opened.root))
    (here,) = plan.read(plan.text_of(before)).desks()
    theirs = here.footing.binds(here.phase, tree, "abc")
    ours = opened.binds(phase, tree, "abc")
    assert isinstance(ours, Binder)
    bound = [ours.bind(gate) for gate in phase.requirements]
    assert bound == [theirs.bind(gate) for gate in here.phase.requirements]
    assert any(bound)
    assert [gate.conditions for gate in phase.requirements] == [
        gate.conditions for gate in here.phase.requirements
    ]
    assert theirs.bind(here.phase.requirements[0]) != opened.binds(phase, tree, "abd").bind(
        phase.requirements[0]
    )


def test_without_a_tree_nothing_is_bound(made: tuple[Any, plan.Plan]) -> None:
    (here,) = made[1].desks()
    theirs = here.footing.binds(here.phase, None, None)
    assert [theirs.bind(gate) for gate in here.phase.requirements] == [None] * 4


def test_nothing_can_be_measured_on_a_plan(made: tuple[Any, plan.Plan]) -> None:
    (here,) = made[1].desks()
    with pytest.raises(NotImplementedError, match="nothing is measured"):
        here.phase.requirements[0].gate.measure("ctx")
