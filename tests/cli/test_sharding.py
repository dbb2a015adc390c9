"""What people see of shards: the plan, each shard's reports, and how a wrong one is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

PHASE = """
[phase]
title = "Divided"
[task.1]
[[task.1.gate]]
use = "shares"
[[task.1.gate]]
use = "pass"
[[task.1.gate]]
use = "shares"
id = "shares-too"
[task.2]
needs = ["1"]
[[task.2.gate]]
use = "alone"
[[task.2.gate]]
use = "pass"
needs = ["alone"]
[[phase.gates]]
use = "pass"
skip = "not now"
"""


@pytest.fixture
def divided(project: Any) -> Any:
    project.phase(PHASE)
    project.commit()
    return project


def test_the_plan_is_shown(divided: Any, golden: Any) -> None:
    ran = divided.run("list", "p", "--shards", "3")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == golden


def test_the_plan_for_programs(divided: Any) -> None:
    ran = divided.run("list", "p", "--shards", "2", "--format", "json")
    plan = json.loads(ran.out)
    assert plan["together"] == [{"gates": ["1::shares", "1::shares-too"], "share": ["expensive"]}]
    assert (plan["phase"], plan["of"], len(plan["plan"])) == ("p", 2, 64)
    told = [gate for shard in plan["shards"] for gate in shard["gates"]]
    assert sorted(told) == sorted(
        ["1::shares", "1::pass", "1::shares-too", "2::alone", "2::pass", "phase::pass"]
    )


def test_a_shard_runs_what_the_plan_says(divided: Any) -> None:
    plan = json.loads(divided.run("list", "p", "--shards", "3", "--format", "json").out)
    for number, shard in enumerate(plan["shards"], 1):
        ran = divided.run("p", "--shard", shard["shard"])
        assert [*ran.outcomes] == shard["gates"]
        assert ran.record.role == "shard"
        assert ran.record.shard.number == number
        assert ran.record.shard.plan == plan["plan"]
        shown = divided.run("p", "--shard", shard["shard"], "--co")
        assert all(gate in shown.out for gate in shard["gates"])


def test_what_is_shared_is_computed_once_in_all_shards_together(divided: Any) -> None:
    for number in (1, 2, 3):
        divided.run("p", "--shard", f"{number}/3")
    assert (divided.signals / "computed").read_text() == "x"


@pytest.mark.parametrize(
    "argv",
    [
        ("--shard", "2"),
        ("--shard", "a/b"),
        ("--shard", "0/3"),
        ("--shard", "4/3"),
        ("--shard", "1/0"),
        ("--shard", "1/1001"),
        ("--shard", "1/3", "--lf"),
        ("--shard", "1/3", "-x"),
        ("--shard", "1/3", "--maxfail", "2"),
        ("--shard", "1/3", "--baseline", "HEAD"),
        ("--shard", "1/3", "--baseline", "last"),
    ],
    ids=lambda argv: " ".join(argv).replace("/", " of "),
)
def test_what_no_shard_can_be(divided: Any, golden: Any, argv: tuple[str, ...]) -> None:
    ran = divided.run("p", *argv)
    assert (ran.code, ran.out, ran.records) == (4, "", ())
    assert ran.err == golden


@pytest.mark.parametrize("number", ["0", "-3", "1001"])
def test_no_number_of_shards(divided: Any, number: str) -> None:
    ran = divided.run("list", "p", "--shards", number)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith(f"error: {number} is no number of shards")


def test_a_shard_without_gates_finds_nothing(divided: Any) -> None:
    """It is one all the same: merging asks for it, and a machine without work is no failure."""
    ran = divided.run("p", "--shard", "9/9")
    assert (ran.code, ran.record.results) == (0, ())
    assert "shard 9 of 9: no gate has run" in ran.out


def test_a_selection_without_gates_is_none_in_shards_either(divided: Any) -> None:
    ran = divided.run("p", "-k", "nothing-of-that-name", "--shard", "1/2")
    assert (ran.code, ran.records) == (5, ())


def test_shards_of_one_machine_are_merged_where_they_were_recorded(divided: Any) -> None:
    for number in (1, 2):
        divided.run("p", "--shard", f"{number}/2")
    ran = divided.run("report", "p", "--merge", ".gaterun/runs")
    assert (ran.code, len(ran.record.parts)) == (0, 2)
    again = divided.run("report", "p", "--merge", ".gaterun/runs")
    assert (again.code, "is no shard: it is a run of phase 'p'" in again.err) == (4, True)


@pytest.mark.parametrize(("gate", "code"), [("pass", 0), ("fail", 1), ("crash", 7)])
def test_a_shard_exits_by_what_it_found(project: Any, gate: str, code: int) -> None:
    project.gates(gate)
    assert project.run("p", "--shard", "1/1").code == code


def test_too_many_advisory_failures_are_counted_when_all_are_there(project: Any) -> None:
    project.phase(
        '[task.1]\n[[task.1.gate]]\nuse = "pass"\n[[task.1.gate]]\nuse = "fail"\n'
        'mode = "advisory"\nenforce_after = 2099-01-01\n'
    )
    assert project.run("p", "--max-warnings", "0").code == 6
    assert project.run("p", "--max-warnings", "0", "--shard", "1/1").code == 0


FORMATS = (
    "term",
    "md",
    "md-comment",
    "junit",
    "junit-strict",
    "json",
    "html",
    "completion",
    "sarif",
)


@pytest.mark.parametrize("form", FORMATS)
def test_every_report_says_that_it_is_a_shard(divided: Any, form: str) -> None:
    ran = divided.run("p", "--shard", "2/3", "--report", f"{form}:out")
    assert ran.code == 0
    text = (divided.root / "out").read_text("utf-8")
    assert "shard 2 of 3" in text.lower() or '"number": 2' in text
    for green in ("## ✅", "<h1>All", ": COMPLETE"):
        assert green not in text


def test_a_shard_at_the_terminal(divided: Any, golden: Any) -> None:
    ran = divided.run("p", "--shard", "2/3")
    assert _same(ran.out, divided) == golden


def test_merged_at_the_terminal(divided: Any, golden: Any, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        divided.run("p", "--shard", f"{number}/3")
        divided.run("runs", "export", "last", "--output", str(tmp_path / f"{number}.tar.gz"))
    paths = [
        word for number in (1, 2, 3) for word in ("--merge", str(tmp_path / f"{number}.tar.gz"))
    ]
    ran = divided.run("report", "p", *paths, "--junit-xml", "out.xml")
    assert (ran.code, ran.err) == (0, "")
    assert _same(ran.out, divided) == golden
    suites = ElementTree.parse(divided.root / "out.xml").getroot()
    assert [suite.get("name") for suite in suites] == ["p.1", "p.2", "p.phase"]
    assert ".shard-2-of-3." not in (divided.root / "out.xml").read_text()


def test_reports_of_a_merged_run_say_where_it_was_measured(divided: Any) -> None:
    runs = [divided.run("p", "--shard", f"{number}/3").record.id for number in (1, 2, 3)]
    formats = {"md": "out.md", "html": "out.html", "junit": "out.xml", "json": "out.json"}
    words = [f"--report={name}:../{path}" for name, path in formats.items()]
    assert divided.run("report", "p", "--merge", ".gaterun/runs", *words).code == 0
    text = {name: (divided.root.parent / path).read_text() for name, path in formats.items()}
    assert "measured in 3 shards" in text["md"]
    assert "## ✅ gaterun p: 5 of 6 gates passed, 1 skipped" in text["md"]
    assert "<dt>Measured in</dt><dd>3 shards</dd>" in text["html"].replace("\n", "")
    assert all(run in text["html"] for run in runs)
    assert '<property name="gaterun.shards" value="3"/>' in text["junit"].replace(" />", "/>")
    parts = json.loads(text["json"])["parts"]
    assert [part["run"] for part in parts] == runs
    assert all(len(part["digest"]) == 64 for part in parts)


def test_runs_are_listed_as_what_they_are(divided: Any, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    for number in (1, 2):
        divided.run("p", "--shard", f"{number}/2")
        divided.run("runs", "export", "last", "--output", str(parts / f"{number}.tar.gz"))
    assert divided.run("report", "p", "--merge", str(parts)).code == 0
    (merged, second, first) = json.loads(divided.run("runs", "--format", "json").out)
    assert [each["role"] for each in (merged, second, first)] == ["run", "shard", "shard"]
    assert [each["verdict"] for each in (merged, second, first)] == [
        "passed",
        "shard 2 of 2: nothing failed",
        "shard 1 of 2: nothing failed",
    ]


def test_an_agent_is_told_that_it_is_a_shard(divided: Any) -> None:
    ran = divided.run("p", "--shard", "2/3", "--output", "agent")
    assert ran.out.startswith("gaterun p: shard 2 of 3: 1 passed in ")


def test_a_shard_is_shown_again_as_one(divided: Any) -> None:
    divided.run("p", "--shard", "2/3")
    assert "shard 2 of 3" in divided.run("runs", "show", "last").out


def _same(text: str, project: Any) -> str:
    import re

    text = text.replace(str(project.root), "ROOT")
    text = re.sub(r"\b[0-9a-f]{10}\b", "COMMIT", text)
    text = re.sub(r"\d+ plugins", "N plugins", text)
    text = re.sub(r"\d+ jobs?", "N jobs", text)
    return re.sub(r" +\d+(\.\d+)?s\b", " TIME", re.sub(r"={4,}", "====", text))
