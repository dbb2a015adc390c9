"""``gaterun runs``: what people see, and what retention spares."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.history import health_of, series_of
from gaterun.core.record_file import Outline, read_outline
from gaterun.core.store import Store
from gaterun.model.errors import UsageError

VALUE = """
[phase.outputs]
baseline = "docs/baseline.json"
[task.1]
[[task.1.gate]]
use = "value"
file = "number"
require = ["n < 5"]
[[task.1.gate]]
use = "pass"
"""


def measured(project: Any, *numbers: int) -> list[str]:
    """Ids of runs of a phase whose metric n was each of these numbers."""
    project.phase(VALUE)
    found = []
    for number in numbers:
        project.write({"number": f"{number}\n"})
        found.append(project.run("p").record.id)
    return found


def plain(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"\d{8}T\d{6}-\d{6}[0-9a-f]{4}", "RUN-------------------", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE-TIME", text)
    text = re.sub(r"\b\d+ s ago", "AGO", text)
    return re.sub(r"\b\d+\.\d\ds", "TOOK", text)


@pytest.mark.parametrize("command", ["list", "show", "verify", "export", "import", "gc", "history"])
def test_help(project: Any, golden: Any, command: str) -> None:
    ran = project.run("runs", command, "--help")
    assert (ran.code, ran.out) == (0, golden)


def test_list(project: Any, golden: Any) -> None:
    measured(project, 3, 7)
    project.gates("missing-tool", name="q")
    project.run("q")
    assert plain(project.run("runs").out) == golden
    assert project.run("runs", "list").out.count("\n") == 4
    assert project.run("runs", "list", "--phase", "p").out.count("\n") == 3
    assert project.run("-C", ".", "runs", "list", "--phase", "q").out.count("\n") == 2
    newest, *_ = json.loads(project.run("runs", "--format", "json").out)
    assert (newest["phase"], newest["verdict"], newest["exit_code"]) == ("q", "no verdict", 7)


def test_nothing_to_list(project: Any) -> None:
    assert project.run("runs").out == "nothing has been run here yet\n"
    assert not (project.root / ".gaterun").exists()
    for argv in (("show", "last"), ("verify", "last"), ("export", "last"), ("history",)):
        ran = project.run("runs", *argv)
        assert ran.code == 4, (argv, ran)


def test_show_is_the_report(project: Any) -> None:
    first, _ = measured(project, 3, 7)
    shown = project.run("runs", "show", first)
    assert shown.code == 0
    assert shown.out == project.run("report", "p", "--run", first, "--report", "term").out
    assert "n 3 (< 5)" in shown.out


def test_what_a_killed_run_knew(project: Any) -> None:
    project.gates("pass", "fail", "hang")
    process = project.start("p", "-j", "1")
    project.await_file("pids")
    process.kill()
    process.communicate(timeout=30)
    listed = project.run("runs")
    assert "killed" in listed.out
    name = json.loads(project.run("runs", "--format", "json").out)[0]["run"]
    shown = project.run("runs", "show", name)
    assert shown.code == 0, shown
    assert "it is not ok" in shown.out
    assert "not finished: 1::hang" in " ".join(shown.out.split())
    ran = project.run("runs", "verify", name)
    assert (ran.code, "was killed or is still running" in ran.err) == (4, True)
    project.run("runs", "gc", "--keep", "1")  # ends what it had started


def test_history(project: Any, golden: Any) -> None:
    measured(project, 1, 2, 8, 4)
    assert plain(project.run("runs", "history", "p").out) == golden(name="all")
    for name in ("n", "value.n", "1::value.n"):
        assert plain(project.run("runs", "history", "p", name).out) == golden(name="one")
    heading, *gates = plain(project.run("runs", "history", "p", "--gates").out).splitlines()
    assert heading.split() == ["GATE", "RUNS", "FAILED", "NO", "VERDICT", "MEDIAN", "SLOWEST"]
    assert sorted(line.split() for line in gates) == [
        ["1::pass", "4", "0", "0", "TOOK", "TOOK", "never", "red"],
        ["1::value", "4", "1", "0", "TOOK", "TOOK"],
    ]
    (series,) = json.loads(project.run("runs", "history", "p", "n", "--format", "json").out)
    assert [point["value"] for point in series["points"]] == [1, 2, 8, 4]
    ran = project.run("runs", "history", "p", "nn")
    assert (ran.code, "no run has a metric nn" in ran.err) == (4, True)
    assert project.run("runs", "history", "p", "n", "--last", "2").out.count("RUN") == 1


def outline(number: int, **outcomes: str) -> Outline:
    import msgspec

    results = [
        {"node_id": node, "verdict": {"outcome": outcome}, "seconds": number}
        for node, outcome in outcomes.items()
    ]
    return msgspec.convert(
        {
            "id": str(number),
            "phase": "p",
            "started": 0.0,
            "seconds": 0.0,
            "exit_code": 0,
            "results": results,
            "tree": {"digest": f"tree-{number // 2}"},
        },
        Outline,
    )


def test_health() -> None:
    runs = [
        outline(0, good="pass", flapping="pass", bad="fail"),
        outline(1, good="pass", flapping="fail", bad="fail"),
        outline(2, good="inconclusive", flapping="pass", bad="blocked"),
        outline(3, good="skipped", flapping="pass", bad="waived"),
    ]
    by_name = {health.node_id: health for health in health_of(runs)}
    good, flapping, bad = by_name["good"], by_name["flapping"], by_name["bad"]
    assert (good.runs, good.failed, good.unknown, good.never_red) == (3, 0, 1, True)
    assert (flapping.flips, flapping.flapping, flapping.never_red) == (2, 1, False)
    assert (bad.runs, bad.failed, bad.flapping) == (3, 3, 0)
    assert (flapping.seconds, flapping.slowest) == (1.5, 3)
    assert series_of(runs) == []


# --- retention -----------------------------------------------------------------------------------


def test_gc_spares_the_newest_of_each_phase_and_baselines(project: Any) -> None:
    project.phase(VALUE.replace("[phase.outputs]", '[phase]\nbase = "HEAD"\n[phase.outputs]'))
    project.write({"number": "1"})
    project.commit()
    project.run("baseline", "p")
    baseline = json.loads((project.root / "docs/baseline.json").read_text())["run"]["id"]
    project.run("baseline", "p", "--output", "other.json")
    project.gates("pass", name="q")
    only = project.run("q").record.id
    found = [project.run("p").record.id for _ in range(4)]
    ran = project.run("runs", "gc", "--keep", "2", "--dry-run")
    assert "would remove 2 runs" in ran.out
    ran = project.run("runs", "gc", "--keep", "2")
    assert ran.code == 0
    assert f"kept {baseline}: a baseline was made from it" in ran.out
    assert f"kept {only}: the newest run of q" in ran.out
    assert "the newest baseline run of p" in ran.out
    assert "removed 2 runs, " in ran.out
    left = {path.name for path in (project.root / ".gaterun/runs").iterdir()}
    assert left >= {baseline, only, *found[2:]}
    assert len(left) == 5
    assert project.run("runs", "gc", "--keep", "2").out.endswith("removed 0 runs, 0 B\n")


def test_gc_by_age(project: Any) -> None:
    first, second = measured(project, 1, 2)
    folder = project.root / ".gaterun/runs" / first
    events = folder / "events.jsonl"
    began = time.time() - 40 * 86400
    events.write_text(re.sub(r'"time":[0-9.]+', f'"time":{began}', events.read_text(), count=1))
    assert "removed 0 runs" in project.run("runs", "gc", "--older-than", "41d").out
    assert "removed 1 runs" in project.run("runs", "gc", "--older-than", "30d").out
    assert not folder.exists()
    assert project.run("runs", "verify", second).code == 0


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1 year", "1.5d"])
def test_an_age_that_is_none(project: Any, age: str) -> None:
    ran = project.run("runs", "gc", f"--older-than={age}")
    assert (ran.code, "no age" in ran.err) == (4, True)


def test_the_setting_keep(project: Any) -> None:
    project.write({"gaterun.toml": "keep = 2\n"})
    measured(project, 1, 2, 3, 4)
    assert len(Store(project.root / ".gaterun").records()) == 3  # two, and the one that runs
    project.write({"gaterun.toml": "keep = 0\n"})
    measured(project, 1, 2)
    assert len(Store(project.root / ".gaterun").records()) == 5
    assert project.run("runs", "gc").code == 4
    project.write({"gaterun.toml": "keep = -1\n"})
    assert "keep = -1 (gaterun.toml) is less than 0" in project.run("p").err


def test_a_damaged_run_is_shown_and_can_be_forgotten(project: Any) -> None:
    first, second, _ = measured(project, 1, 2, 3)
    record = project.root / ".gaterun/runs" / second / "record.json"
    record.write_bytes(record.read_bytes()[:100])
    ran = project.run("runs", "history", "p", "n")
    assert f"{second}/record.json is damaged" in ran.err
    assert second not in ran.out
    assert "damaged" in project.run("runs").out
    assert "removed 2 runs" in project.run("runs", "gc", "--keep", "1").out
    assert not record.exists()
    with pytest.raises(UsageError):
        Store(project.root / ".gaterun").find(first)


# --- clocks, and several at once -----------------------------------------------------------------


def test_a_clock_that_is_set_back(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest run is the one that began last, whatever the clock says."""
    project.gates("pass")
    began = []
    for moment in (2_000_000_000.9999995, 1_000_000_000, 1_000_000_000, 2_000_000_000.9999999):
        monkeypatch.setattr(time, "time_ns", lambda moment=moment: int(moment * 10**9))
        began.append(project.run("p").record.id)
    assert began == sorted(began)
    assert len({name[:22] for name in began}) == 4
    assert Store(project.root / ".gaterun").find("last").id == began[-1]
    real = read_outline(project.root / ".gaterun/runs" / began[1] / "record.json").started
    assert real > 1_700_000_000  # when it was, is still said


def test_names_that_gaterun_did_not_give_are_no_times(project: Any) -> None:
    project.gates("pass")
    for name in ("99999999T999999-9999990000", "zzz", "20260101T000000-abc"):
        (project.root / ".gaterun/runs" / name).mkdir(parents=True)
    assert project.run("p").code == 0


def test_many_at_once_with_little_to_be_kept(project: Any) -> None:
    """Everybody forgets the runs of the others, but none that lives."""
    project.write({"gaterun.toml": "keep = 1\n"})
    project.gates("pass", "sleepy", "shares")
    (project.root / "go").touch()
    for _ in range(3):
        processes = [project.start("p") for _ in range(4)]
        ends = [process.communicate(timeout=60) for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, ends
    for path in Store(project.root / ".gaterun").records():
        assert project.run("runs", "verify", path.parent.name).code == 0
    assert list((project.root / ".gaterun/staging").iterdir()) == []


def test_a_workspace_whose_name_is_no_utf8(project: Any) -> None:
    root = Path(os.fsdecode(os.fsencode(project.root.parent) + b"/w\xff"))
    project.root.rename(root)
    project.root = root
    os.chdir(root)
    project.gates("pass", "garbage")
    ran = project.command("p")
    assert ran.code == 1, ran
    assert project.command("runs", "verify", "last").code == 0
