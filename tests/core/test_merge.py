"""Shards merged are what one machine would have found; what cannot be merged is refused."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sharded import Machines, essence

from gaterun.core.store import Store

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


def test_what_blocks_a_gate_is_named_as_in_a_whole_run(project: Any) -> None:
    tasks = [
        {"needs": [], "gates": [{**_PLAIN, "use": "fail"}]},
        {"needs": [0], "gates": [{**_PLAIN}]},
    ]
    project.phase(_phase(tasks, []))
    project.commit()
    whole = project.run("p")
    machines = Machines(project)
    machines.all(2)
    merged = machines.merge()
    for ran in (whole, merged):
        blocked = ran.results["t1::g0"]
        assert blocked.blocked_by == "t0::g0"
        assert blocked.verdict.message == "needs t0: t0::g0 failed"


def test_an_advisory_task_between_two_others_blocks_nothing(project: Any) -> None:
    """A shard without the task in the middle must not take its needs for those of the last."""
    project.phase(
        """
        [phase]
        [task.1]
        [[task.1.gate]]
        use = "fail"
        [task.2]
        needs = ["1"]
        [[task.2.gate]]
        use = "pass"
        mode = "advisory"
        enforce_after = 2099-01-01
        [task.3]
        needs = ["2"]
        [[task.3.gate]]
        use = "pass"
        """
    )
    project.commit()
    whole = project.run("p")
    assert whole.outcomes == {"1::fail": "fail", "2::pass": "blocked", "3::pass": "pass"}
    machines = Machines(project)
    first, _ = machines.all(2)
    assert "1::fail" in first.out
    assert "3::pass" in first.out
    assert essence(machines.merge().record) == essence(whole.record)


@pytest.mark.parametrize(
    "options",
    [
        ("1",),
        ("1", "4", "--deselect", "4::fail"),
        ("-k", "pass or advisory"),
        ("--no-waivers",),
        ("--max-warnings", "0"),
        ("--base", "HEAD~1", "--base-policy", "fail"),
        ("--baseline", "../metrics.json"),
        ("--waivers", "other.toml"),
    ],
    ids=" ".join,
)
def test_merging_repeats_what_the_shards_were_told(
    machines: Machines, options: tuple[str, ...]
) -> None:
    project = machines.project
    project.write({"other.toml": WAIVERS.replace("unused", "other")})
    project.phase(PHASE.replace("warnings == 0", "warnings == 1"))
    project.commit()
    project.run("p", "--report", "metrics:../metrics.json")
    project.phase(PHASE)
    project.commit()
    whole = project.run("p", *options)
    assert whole.code in {0, 1, 6, 7}
    machines.all(3, *options)
    merged = machines.merge()
    assert merged.code == whole.code, merged.err
    assert essence(merged.record) == essence(whole.record)


def test_a_weaker_phase_file_is_told_when_it_is_merged(project: Any) -> None:
    """A shard alone says nothing of it, as it is about the whole."""
    gate = '[[task.1.gate]]\nuse = "value"\nnumber = 5\nrequire = "n < {}"\n'
    project.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "pass"\n' + gate.format(3))
    project.commit()
    project.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "pass"\n' + gate.format(9))
    project.commit()
    machines = Machines(project)
    ran = machines.all(2, "--base", "HEAD~1", "--base-policy", "fail")
    assert [each.code for each in ran] == [0, 0]
    merged = machines.merge()
    assert merged.code == 1
    assert merged.outcomes["policy::base"] == "fail"
    assert "under the conditions of HEAD~1" in merged.results["1::value"].verdict.message


TIMED = """
[phase]
base = "HEAD"
[task.1]
[[task.1.gate]]
use = "pass"
[[task.1.gate]]
use = "value"
change = [10.0, -0.1, 0.0, 0.1]
number = 1
ratchet = ["time", "n"]
"""


def test_a_value_of_another_machine_is_not_compared(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the machine of the shard that measured it, and not by that which merges."""
    from gaterun.core import host

    facts = {"os": "Linux", "arch": "x", "cpu": "fast", "cores": "8", "rustc": "1", "cargo": "1"}
    monkeypatch.setattr(host, "facts", lambda root: facts)
    project.phase(TIMED)
    project.commit()
    project.run("p", "--report", "metrics:../base.json")
    machines = Machines(project)
    told = ("--baseline", "../base.json")
    machines.all(2, *told)
    same = machines.merge()
    assert (same.code, same.outcomes["1::value"]) == (0, "pass")
    assert same.record.environment == facts
    monkeypatch.setattr(host, "facts", lambda root: {**facts, "cpu": "slow", "rustc": "2"})
    machines.shard(2, 2, *told)
    monkeypatch.setattr(host, "facts", lambda root: facts)
    other = machines.merge("--report", "metrics:../merged.json")
    assert (other.code, other.outcomes["1::value"]) == (7, "not-comparable")
    assert "cpu fast before, slow now" in other.results["1::value"].verdict.message
    assert "cpu" not in other.record.environment
    assert "the shards had different machines, rustc: 1 (shard 1); 2 (shard 2)" in (
        other.record.warnings
    )
    metrics = json.loads((project.root.parent / "merged.json").read_text())["metrics"]
    assert metrics["value.time"]["origin"]["environment"]["facts"]["cpu"] == "slow"
    assert "origin" not in metrics["value.n"] or metrics["value.n"]["origin"] is None


def test_a_tree_that_changed_while_a_shard_ran_is_no_verdict(project: Any) -> None:
    project.phase(
        '[phase]\n[task.1]\n[[task.1.gate]]\nuse = "pass"\n[[task.1.gate]]\nuse = "edits"\n'
    )
    project.commit()
    machines = Machines(project)
    machines.all(2)
    merged = machines.merge()
    assert merged.code == 7
    assert merged.outcomes == {"1::pass": "pass", "1::edits": "tree-changed"}
    assert any(
        text.startswith("shard 2: the working tree changed") for text in merged.record.warnings
    )


def test_what_was_measured_before_is_merged_as_that(project: Any) -> None:
    project.write({"src/lib.rs": "fn good() {}\n"})
    project.gates("pass", "bound")
    project.commit()
    machines = Machines(project)
    clone = machines.clone("warm")
    at = ("-C", str(clone))
    project.run("p", *at)
    for number in (1, 2):
        project.run("p", "--shard", f"{number}/2", *at)
        project.run("runs", "export", "last", *at, "--output", str(machines.part(number)))
    merged = machines.merge()
    assert (merged.code, merged.results["1::bound"].reused is not None) == (0, True)


LATE = """
[phase]
[task.1]
[[task.1.gate]]
use = "value"
file = "n.txt"
require = "n < 20"
[[task.1.gate]]
use = "value"
id = "other"
number = 5
require = "n < 20"
[task.2]
[[task.2.gate]]
use = "doc-numbers"
claims = [{ metric = "value.n", text = "{} things" }, { metric = "other.n", text = "{} others" }]
[task.3]
needs = ["2"]
[[task.3.gate]]
use = "pass"
"""


@pytest.mark.parametrize(
    ("text", "code"),
    [("It has 3 things and 5 others.\n", 0), ("It has 4 things and 5 others.\n", 1)],
)
@pytest.mark.parametrize("of", [1, 2, 3])
def test_what_reads_all_measurements_is_measured_when_they_are_there(
    project: Any, monkeypatch: pytest.MonkeyPatch, text: str, code: int, of: int
) -> None:
    """No shard has what all others have measured; merging has."""
    plugins = os.environ["GATERUN_PLUGINS"].split(",")
    monkeypatch.setenv("GATERUN_PLUGINS", ",".join(p for p in plugins if p != "no:doc-numbers"))
    project.write({"n.txt": "3", "README.md": text})
    project.phase(LATE)
    project.commit()
    whole = project.run("p")
    assert whole.code == code
    machines = Machines(project)
    for ran in machines.all(of):
        assert ran.code == 0
        assert "doc-numbers" not in ran.out
    merged = machines.merge()
    assert merged.code == code, merged.err
    assert essence(merged.record) == essence(whole.record)
    shown = project.run("list", "p", "--shards", str(of))
    assert "  when merged   1 gate\n    2::doc-numbers\n" in shown.out


def test_a_tree_that_changes_while_shards_are_merged(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = os.environ["GATERUN_PLUGINS"].split(",")
    monkeypatch.setenv("GATERUN_PLUGINS", ",".join(p for p in plugins if p != "no:doc-numbers"))
    project.write({"n.txt": "3", "README.md": "It has 3 things and 5 others.\n"})
    project.phase(LATE)
    project.commit()
    machines = Machines(project)
    machines.all(2)
    from gaterun.cli import report_merge

    look = report_merge.look_for
    looks: list[Any] = []

    def edited(*arguments: Any) -> Any:
        if looks:
            project.write({"README.md": "It has 4 things.\n"})
        looks.append(arguments)
        return look(*arguments)

    monkeypatch.setattr(report_merge, "look_for", edited)
    merged = machines.merge()
    assert (merged.code, merged.outcomes["2::doc-numbers"]) == (7, "tree-changed")
    assert merged.outcomes["1::value"] == "pass"
