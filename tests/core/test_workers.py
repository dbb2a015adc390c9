"""Threads that measure: one is replaced when its gate is given up, waiting is not a gate's own time."""

from __future__ import annotations

from typing import Any

import pytest

from gaterun.core import loop, workers

PHASE = """
[task.1]
[[task.1.gate]]
use = "python-loop"
timeout = "10ms"
[[task.1.gate]]
use = "pass"
[[task.1.gate]]
use = "nothing"
"""


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up at once: what is tested is what happens then, not when."""
    monkeypatch.setattr(workers, "GRACE", 0.01)
    monkeypatch.setattr(loop, "GRACE", 0.01)


@pytest.mark.usefixtures("soon")
def test_the_gates_after_one_that_is_given_up_are_measured(project: Any) -> None:
    project.phase(PHASE)
    ran = project.run("p", "-j1")
    assert ran.outcomes == {
        "1::python-loop": "timeout",
        "1::pass": "pass",
        "1::nothing": "no-input",
    }
    assert "gave up" in ran.results["1::python-loop"].verdict.message
    assert ran.code == 7


@pytest.mark.usefixtures("soon")
def test_one_that_is_given_up_counts_for_maxfail(project: Any) -> None:
    project.phase(PHASE)
    ran = project.run("p", "-x", "-j1")
    assert ran.outcomes == {
        "1::python-loop": "timeout",
        "1::pass": "skipped",
        "1::nothing": "skipped",
    }
