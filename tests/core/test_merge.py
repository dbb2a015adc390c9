"""Shards merged are what one machine would have found; what cannot be merged is refused."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaterun.core.store import Store

from sharded import Machines, essence

#: One of everything that a run can say.
PHASE = """
[phase]
title = "Everything"
[task.1]
[[task.1.gate]]
use = "pass"
[[task.1.gate]]
use = "value"
id = "advisory"
number = 9
require = "n < 3"
mode = "advisory"
enforce_after = 2099-01-01
[[task.1.gate]]
use = "shares"
[[task.1.gate]]
use = "shares"
id = "shares-too"
[task.2]
[[task.2.gate]]
use = "crash"
[[task.2.gate]]
use = "lints"
require = "warnings == 0"
[[task.2.gate]]
use = "pass"
skip = "not now"
[task.3]
needs = ["1"]
[[task.3.gate]]
use = "sleepy"
seconds = 0.01
[[task.3.gate]]
use = "pass"
needs = ["sleepy"]
[task.4]
needs = ["2"]
[[task.4.gate]]
use = "pass"
[[task.4.gate]]
use = "fail"
[[phase.gates]]
use = "nothing"
"""

WAIVERS = """
[[waiver]]
gate = "2::lints"
rule = "unused"
reason = "known"
owner = "me"
expires = 2099-01-01
[[waiver]]
gate = "2::lints"
rule = "never"
reason = "nothing needs it"
owner = "me"
expires = 2099-01-01
"""


@pytest.fixture
def machines(project: Any) -> Machines:
    project.phase(PHASE)
    project.write(
        {
            "waivers.toml": WAIVERS,
            "lints": "unused src/lib.rs:3 unused variable x\n",
            "gaterun.toml": "max_waiver_days = 99999\n",
        }
    )
    project.commit()
    return Machines(project)


@pytest.mark.parametrize("of", [1, 2, 3, 4, 20])
def test_merged_shards_are_what_one_machine_finds(machines: Machines, of: int) -> None:
    whole = machines.project.run("p")
    machines.all(of)
    merged = machines.merge()
    assert merged.code == whole.code == 7
    assert essence(merged.record) == essence(whole.record)
    assert whole.outcomes["2::lints"] == "waived"
    assert whole.outcomes["4::fail"] == "blocked"
    assert [part.number for part in merged.record.parts] == [*range(1, of + 1)]
    said = [text for text in merged.record.warnings if "measured by their shards" not in text]
    assert said == list(whole.record.warnings)


def test_the_merged_run_is_recorded_whole(machines: Machines) -> None:
    """It has all logs, and can be verified, shown, exported and reported like any other."""
    project = machines.project
    machines.all(3)
    machines.merge("--report", "json:out.json")
    assert json.loads((project.root / "out.json").read_text())["parts"]
    assert project.run("runs", "verify", "last").code == 0
    record = Store(project.root / ".gaterun").find("last")
    logs = [log.path for each in record.results for done in each.evidence for log in done.logs]
    assert logs
    folder = project.root / ".gaterun/runs" / record.id
    assert all((folder / log).is_file() for log in logs)
    assert all(log.startswith("logs/shard-") for log in logs)
    assert project.run("runs", "export", "last").code == 0
    assert project.run("report", "p", "--report", "md:-").code == 0
    assert project.run("runs", "show", "last").code == 0
    assert not any((project.root / ".gaterun/staging").iterdir())


def test_what_a_shard_measured_is_not_lost_without_a_word(machines: Machines) -> None:
    machines.all(4)
    (said,) = [text for text in machines.merge().record.warnings if "not judged" in text]
    assert "4::fail" in said


USES = ("pass", "fail", "crash", "refuses", "nothing", "shares", "alone", "lane", "bad", "many")
GATE = st.fixed_dictionaries(
    {
        "use": st.sampled_from(USES),
        "mode": st.sampled_from(["", "", "", "advisory"]),
        "skip": st.sampled_from(["", "", "", "", "off"]),
        "needs": st.lists(st.integers(0, 5), max_size=2),
    }
)
TASK = st.fixed_dictionaries(
    {"needs": st.lists(st.integers(0, 5), max_size=2), "gates": st.lists(GATE, max_size=4)}
)
TEXTS = {
    "bad": 'use = "value"\nnumber = 9\nrequire = "n < 3"\n',
    "many": 'use = "lints"\nratchet = "warnings"\n',
}


def _phase(tasks: list[dict[str, Any]], wide: list[dict[str, Any]]) -> str:
    """A phase file in which tasks and gates need earlier ones only."""
    lines = ["[phase]"]
    for number, task in enumerate(tasks):
        lines.append(f"[task.t{number}]")
        needs = sorted({f"t{need}" for need in task["needs"] if need < number})
        lines.append(f"needs = {json.dumps(needs)}")
        for at, gate in enumerate(task["gates"]):
            lines += [f"[[task.t{number}.gate]]", *_gate(at, gate)]
    for at, gate in enumerate(wide):
        lines += ["[[phase.gates]]", *_gate(at, gate)]
    return "\n".join(lines) + "\n"


def _gate(at: int, gate: dict[str, Any]) -> list[str]:
    lines = [f'id = "g{at}"', TEXTS.get(gate["use"], f'use = "{gate["use"]}"')]
    needs = sorted({f"g{need}" for need in gate["needs"] if need < at})
    lines.append(f"needs = {json.dumps(needs)}")
    if gate["mode"]:
        lines.append('mode = "advisory"\nenforce_after = 2099-01-01')
    if gate["skip"]:
        lines.append('skip = "off"')
    return lines


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    tasks=st.lists(TASK, min_size=1, max_size=4),
    wide=st.lists(GATE, max_size=2),
    of=st.integers(1, 4),
    limit=st.sampled_from([(), ("--max-warnings", "0"), ("--max-warnings", "1")]),
)
def test_random_phases(
    project: Any,
    tasks: list[dict[str, Any]],
    wide: list[dict[str, Any]],
    of: int,
    limit: tuple[str, ...],
) -> None:
    if not any(task["gates"] for task in tasks) and not wide:
        tasks = [*tasks, {"needs": [0], "gates": [{**_PLAIN}]}]
    shutil.rmtree(project.root / ".gaterun", ignore_errors=True)
    project.phase(_phase(tasks, wide))
    project.write({"lints": "unused src/lib.rs:3 unused variable x\n"})
    project.commit()
    whole = project.run("p", *limit)
    assert whole.code in {0, 1, 5, 6, 7}, whole.err
    machines = Machines(project)
    machines.all(of, *limit)
    merged = machines.merge()
    assert merged.code == whole.code, merged.err
    assert essence(merged.record) == essence(whole.record)


_PLAIN: dict[str, Any] = {"use": "pass", "mode": "", "skip": "", "needs": []}
