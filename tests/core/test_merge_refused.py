"""Ways in which a shard could hide something, each refused with what is wrong and where."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sharded import Machines

from gaterun.core.store import Store

PHASE = """
[phase]
[task.1]
[[task.1.gate]]
use = "pass"
[[task.1.gate]]
use = "sleepy"
seconds = 0.01
[task.2]
[[task.2.gate]]
use = "fail"
[[task.2.gate]]
use = "pass"
"""


@pytest.fixture
def machines(project: Any) -> Machines:
    project.phase(PHASE)
    project.phase(PHASE, "q")
    project.commit()
    project.commit("and more")
    found = Machines(project)
    found.all(3)
    return found


def folder(machines: Machines, number: int) -> Path:
    """The run of a shard as a folder, in the place of its archive."""
    (run,) = (machines.project.root.parent / f"machine-{number}/.gaterun/runs").iterdir()
    target = machines.parts / run.name
    shutil.copytree(run, target)
    machines.part(number).unlink()
    return target


def forged(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Edit a record, and write digests that fit."""
    record = json.loads((run / "record.json").read_text())
    change(record)
    (run / "record.json").write_text(json.dumps(record))
    resealed(run, "record.json")


def resealed(run: Path, name: str) -> None:
    sums = dict(line.split("  ", 1)[::-1] for line in (run / "SHA256SUMS").read_text().splitlines())
    sums[name] = hashlib.sha256((run / name).read_bytes()).hexdigest()
    text = "".join(f"{digest}  {file}\n" for file, digest in sorted(sums.items()))
    (run / "SHA256SUMS").write_text(text)


def _missing(machines: Machines) -> None:
    machines.part(2).unlink()


def _twice(machines: Machines) -> None:
    shutil.copy(machines.part(2), machines.parts / "again.tar.gz")


def _run_twice(machines: Machines) -> None:
    shutil.move(machines.part(2), machines.parts / "first.tar.gz")
    machines.shard(2, 3)


def _half_a_file(machines: Machines) -> None:
    data = machines.part(2).read_bytes()
    machines.part(2).write_bytes(data[: len(data) // 2])


def _no_archive(machines: Machines) -> None:
    machines.part(2).write_text("not found")


def _killed(machines: Machines) -> None:
    run = folder(machines, 2)
    for name in ("record.json", "SHA256SUMS"):
        (run / name).unlink()


def _without_an_end(machines: Machines) -> None:
    run = folder(machines, 2)
    lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
    (run / "events.jsonl").write_text("".join(lines[:-1]))
    resealed(run, "events.jsonl")


def _without_a_gate(machines: Machines) -> None:
    run = folder(machines, 1)
    lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"event":"gate-finished"' not in line]
    (run / "events.jsonl").write_text("".join(kept))
    resealed(run, "events.jsonl")


def _interrupted(machines: Machines) -> None:
    forged(folder(machines, 2), lambda record: record.update(interrupted=True))


def _edited_record(machines: Machines) -> None:
    run = folder(machines, 2)
    text = (run / "record.json").read_text()
    (run / "record.json").write_text(text.replace("phase p", "phase P").replace('"p"', '"p" '))


def _edited_log(machines: Machines) -> None:
    log = next((folder(machines, 2) / "logs").glob("*.out"))
    log.write_text("all is well\n")


def _added_log(machines: Machines) -> None:
    (folder(machines, 2) / "logs/more").write_text("x")


def _of_another_phase(machines: Machines) -> None:
    machines.shard(2, 3, phase="q")


def _of_another_number(machines: Machines) -> None:
    machines.shard(2, 4)


def _of_another_tree(machines: Machines) -> None:
    project = machines.project
    project.write({"src/new.rs": "fn main() {}\n"})
    project.commit()
    machines.shard(2, 3)
    project.git("reset", "--quiet", "--hard", "HEAD~")


def _of_a_changed_tree(machines: Machines) -> None:
    clone = machines.clone("dirty")
    (clone / "left.rs").write_text("x")
    at = ("-C", str(clone))
    machines.project.run("p", "--shard", "2/3", *at)
    machines.project.run("runs", "export", "last", *at, "--output", str(machines.part(2)))


def _of_another_base(machines: Machines) -> None:
    machines.shard(2, 3, "-o", "base=HEAD~1")


def _of_another_version(machines: Machines) -> None:
    forged(folder(machines, 2), lambda record: record.update(version="0.0.9"))


def _of_another_plan(machines: Machines) -> None:
    forged(folder(machines, 2), lambda record: record["shard"].update(plan="0" * 64))


def _of_another_policy(machines: Machines) -> None:
    machines.shard(2, 3, "-o", "max_warnings=3")


def _told_something_else(machines: Machines) -> None:
    machines.shard(2, 3, "--no-waivers")


def _a_whole_run(machines: Machines) -> None:
    project = machines.project
    project.run("p", "-C", str(machines.clone("whole")))
    at = ("-C", str(project.root.parent / "machine-whole"))
    project.run("runs", "export", "last", *at, "--output", str(machines.part(2)))


def _with_another_number(machines: Machines) -> None:
    """Shard 1 says that it is the missing shard 2."""
    _missing(machines)
    shutil.copy(machines.part(1), machines.parts / "kept.tar.gz")
    forged(folder(machines, 1), lambda record: record["shard"].update(number=2))


def _with_a_number_that_is_none(machines: Machines) -> None:
    forged(folder(machines, 2), lambda record: record["shard"].update(number=7))


def _without_a_result(machines: Machines) -> None:
    run = folder(machines, 1)
    forged(run, lambda record: record["results"].pop())
    _without_a_gate_in_events(run)


def _without_a_gate_in_events(run: Path) -> None:
    kept = {each["node_id"] for each in json.loads((run / "record.json").read_text())["results"]}
    lines = [
        line
        for line in (run / "events.jsonl").read_text().splitlines(keepends=True)
        if '"gate-finished"' not in line or json.loads(line)["result"]["node_id"] in kept
    ]
    (run / "events.jsonl").write_text("".join(lines))
    resealed(run, "events.jsonl")


WAYS: dict[str, tuple[Callable[[Machines], None], str]] = {
    "missing": (_missing, "shard 2 of 3 is missing"),
    "copied": (_twice, "shard 2 of 3 is there twice: "),
    "run again": (_run_twice, "shard 2 of 3 is there twice: "),
    "half a file": (_half_a_file, "shard-2.tar.gz cannot be read: "),
    "no archive": (_no_archive, "shard-2.tar.gz cannot be read: "),
    "killed": (_killed, "shard 2 of 3 was cut off: "),
    "events without an end": (_without_an_end, "shard 2 of 3 was cut off: its events have no end"),
    "events without a gate": (_without_a_gate, "shard 1 of 3 was cut off: its events have no end"),
    "interrupted": (_interrupted, "shard 2 of 3 was cut off: it was interrupted"),
    "an edited record": (_edited_record, "is damaged: "),
    "an edited log": (_edited_log, "is not what was recorded"),
    "an added log": (_added_log, "logs/more was not there when the run ended"),
    "another phase": (_of_another_phase, "is of phase 'q', not 'p'"),
    "another number of shards": (_of_another_number, "is one of 4, another of 3"),
    "another tree": (_of_another_tree, "measured another tree: "),
    "a changed tree": (_of_a_changed_tree, "measured another tree: "),
    "another base": (_of_another_base, "has another base: "),
    "another version": (_of_another_version, "was run by gaterun 0.0.9"),
    "another plan": (_of_another_plan, "follows another plan"),
    "another policy": (_of_another_policy, "is judged by something else"),
    "other options": (_told_something_else, "shard 2 of 3 was told: --no-waivers"),
    "a whole run": (_a_whole_run, "is no shard: it is a run of phase 'p'"),
    "another shard's number": (_with_another_number, "has not the gates of its number"),
    "a number that is none": (_with_a_number_that_is_none, "has a number that is none"),
    "a gate left out": (_without_a_result, "has not the gates of its number"),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_refused(machines: Machines, way: str) -> None:
    """With exit code 4, by name, and nothing is judged or written."""
    spoil, told = WAYS[way]
    spoil(machines)
    ran = machines.merge("--junit-xml", "out.xml")
    assert (ran.code, ran.out) == (4, "")
    assert told in ran.err
    assert "the shards cannot be merged:" in ran.err
    assert ran.records == ()
    assert not (machines.project.root / "out.xml").exists()
    assert not [*(machines.project.root / ".gaterun/runs").iterdir()]
    assert not [*(machines.project.root / ".gaterun/staging").iterdir()]


def test_the_same_shards_unspoilt_are_merged(machines: Machines) -> None:
    """As archives, as folders, and as one of each."""
    assert machines.merge().code == 1
    folder(machines, 2)
    assert machines.merge().code == 1
    paths = [word for path in machines.parts.iterdir() for word in ("--merge", str(path))]
    assert machines.project.run("report", "p", *paths).code == 1


def test_everything_that_is_wrong_is_told_at_once(machines: Machines) -> None:
    _twice(machines)
    machines.part(3).unlink()
    told = machines.merge().err
    assert "shard 2 of 3 is there twice" in told
    assert "shard 3 of 3 is missing" in told


def test_a_merge_elsewhere_is_of_another_tree(machines: Machines) -> None:
    machines.project.write({"src/new.rs": "fn main() {}\n"})
    ran = machines.merge()
    assert ran.code == 4
    assert ran.err.count("measured another tree") == 3


def test_shards_in_the_tree_are_no_change_of_it(machines: Machines) -> None:
    """CI downloads them to where it has checked out."""
    project = machines.project
    shutil.move(machines.parts, project.root / "parts")
    ran = project.run("report", "p", "--merge", "parts", "--junit-xml", "out.xml")
    assert ran.code == 1, ran.err
    assert project.run("report", "p", "--merge", "parts", "--junit-xml", "out.xml").code == 1


def test_another_policy_here_is_refused(machines: Machines) -> None:
    ran = machines.merge("-o", "max_warnings=3")
    assert ran.code == 4
    assert ran.err.count("is judged by something else") == 3


@pytest.mark.parametrize("path", ["nowhere", "empty"])
def test_no_shards_at_all(machines: Machines, path: str) -> None:
    (machines.project.root.parent / "empty").mkdir()
    ran = machines.project.run("report", "p", "--merge", f"../{path}")
    assert ran.code == 4
    assert f"--merge ../{path}: " in ran.err


def test_merging_is_not_of_a_recorded_run(machines: Machines) -> None:
    ran = machines.merge("--run", "last")
    assert (ran.code, "exclude each other" in ran.err) == (4, True)


def _all_green(record: dict[str, Any]) -> None:
    for result in record["results"]:
        result["verdict"] = {"outcome": "pass", "message": "ok"}
    record["exit_code"] = 0


def test_a_green_that_was_written_by_hand_is_judged_anew(machines: Machines) -> None:
    """Who can write a record can write a measurement; but a verdict alone changes nothing."""
    for number in (1, 2, 3):
        forged(folder(machines, number), _all_green)
    ran = machines.merge()
    assert ran.code == 1
    assert ran.outcomes["2::fail"] == "fail"


def test_a_green_without_a_measurement_is_no_verdict(machines: Machines) -> None:
    def hollow(record: dict[str, Any]) -> None:
        _all_green(record)
        for result in record["results"]:
            result |= {"metrics": {}, "inspected": {}, "findings": []}

    for number in (1, 2, 3):
        forged(folder(machines, number), hollow)
    ran = machines.merge()
    assert ran.code == 7
    assert set(ran.outcomes.values()) == {"incomplete"}


def test_what_a_shard_took_back_is_not_given_back(machines: Machines) -> None:
    def withdrawn(record: dict[str, Any]) -> None:
        for result in record["results"]:
            result["verdict"] = {
                "outcome": "inconclusive",
                "reason": "tree-changed",
                "message": "a changed during the run",
            }

    for number in (1, 2, 3):
        forged(folder(machines, number), withdrawn)
    ran = machines.merge()
    assert ran.code == 7
    assert set(ran.outcomes.values()) == {"tree-changed"}


def test_nothing_is_newest_but_what_was_judged(machines: Machines) -> None:
    """A shard is no run of the phase: neither --lf nor report nor history look at it."""
    project = machines.project
    project.run("p", "--shard", "1/3")
    assert Store(project.root / ".gaterun").latest("p") is None
    ran = project.run("report", "p")
    assert (ran.code, "has not been run here" in ran.err) == (4, True)
    assert project.run("runs", "history", "p").code == 4
    machines.merge()
    assert project.run("report", "p", "--report", "md:-").code == 0
