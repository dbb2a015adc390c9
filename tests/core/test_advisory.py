"""An advisory gate ends on a day in UTC, whatever zone the machine is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize(("away", "code"), [(0, 0), (-1, 1)])
def test_it_blocks_from_the_day_after(project: Any, zone: str, away: int, code: int) -> None:
    """At any moment one of the two zones has another date than UTC."""
    last = datetime.now(UTC).date() + timedelta(days=away)
    project.phase(
        f'[task.1]\n[[task.1.gate]]\nuse = "fail"\nmode = "advisory"\nenforce_after = {last}\n'
    )
    ran = project.command("p", TZ=zone)
    assert (ran.code, ran.results["1::fail"].blocking) == (code, bool(code))


def test_status_counts_it_from_the_day_after(project: Any) -> None:
    last = datetime.now(UTC).date() - timedelta(days=1)
    text = '[task.1]\n[[task.1.gate]]\nuse = "pass"\n[[task.1.gate]]\nuse = "fail"\nmode = "advisory"\n'
    project.phase(f"{text}enforce_after = {last}\n")
    project.commit()
    project.run("p")
    assert project.run("status", "p").code == 1


def test_a_date_without_advisory_is_a_mistake(project: Any) -> None:
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "fail"\nenforce_after = 2027-01-01\n')
    ran = project.run("p")
    assert (ran.code, "phases/p.toml:4:1: a gate that is blocking" in ran.err) == (4, True)


def test_who_extends_an_advisory_gate_can_make_it_block(project: Any) -> None:
    project.phase(
        '[task.1]\n[[task.1.gate]]\nuse = "fail"\nmode = "advisory"\nenforce_after = 2999-01-01\n',
        "base",
    )
    project.phase(
        '[phase]\nextends = "base"\n[task.1]\n[[task.1.gate]]\nuse = "fail"\nmode = "blocking"\n'
    )
    ran = project.run("p")
    assert (ran.code, ran.results["1::fail"].advisory_until) == (1, "")
