"""The step summary of a job of GitHub, and trends over real runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gaterun.reporters.markdown import SUMMARY


@pytest.fixture
def summary(project: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = project.root.parent / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def test_a_run_appends_its_report(project: Any, summary: Path) -> None:
    summary.write_text("before\n")
    project.gates("pass", "fail")
    assert project.run("p").code == 1
    text = summary.read_text("utf-8")
    assert text.startswith("before\n\n<!-- gaterun:report:p -->\n## ❌ gaterun p: 1 of 2 gates")
    project.run("p")
    assert summary.read_text("utf-8").count("<!-- gaterun:report:p -->") == 2


def test_without_the_variable_nothing_is_written(
    project: Any, summary: Path, monkeypatch: Any
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    project.gates("pass")
    assert project.run("p").code == 0
    assert not summary.exists()


@pytest.mark.parametrize("room", [2000, 20_000])
def test_what_others_wrote_counts(project: Any, summary: Path, room: int) -> None:
    summary.write_text("x" * (SUMMARY - room))
    project.gates(*("pass", "fail", "crash", "nothing", "garbage", "shares"))
    project.run("p")
    assert SUMMARY - room < summary.stat().st_size <= SUMMARY


def test_no_room_is_told_and_hides_nothing(project: Any, summary: Path) -> None:
    summary.write_text("x" * SUMMARY)
    project.gates("fail")
    ran = project.run("p")
    assert ran.code == 1
    assert "FAILED" in ran.out
    assert "the step summary was not written: 1,048,576 of 1,048,576 bytes" in ran.err
    assert summary.stat().st_size == SUMMARY


def test_a_summary_that_cannot_be_written_is_an_error(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.root))
    project.gates("pass")
    ran = project.run("p")
    assert ran.code == 3
    assert "the step summary was not written: Is a directory" in ran.err


def test_a_kept_answer_does_not_stand_for_a_summary(project: Any, summary: Path) -> None:
    project.phase('[phase]\n[[task.1.gate]]\nuse = "pass"\n')
    project.write({".gitignore": ".gaterun/\n"})
    project.commit()
    for number in range(1, 5):
        variables = {"GITHUB_STEP_SUMMARY": str(summary)}
        assert project.command("p", **variables).code == 0
        assert summary.read_text("utf-8").count("<!-- gaterun:report:p -->") == number


def test_bars_stand_beside_metrics_of_recorded_runs(project: Any, summary: Path) -> None:
    project.phase("""[phase]
[[task.1.gate]]
use = "value"
number = 1
ratchet = ["n"]
""")
    project.commit()
    assert project.run("baseline", "p", "--at", "HEAD").code == 0
    for number in (2, 5, 3):
        path = project.root / "phases/p.toml"
        path.write_text(path.read_text().replace("number = 1", f"number = {number}"))
        project.run("p")
        path.write_text(path.read_text().replace(f"number = {number}", "number = 1"))
    assert "<code>▁█▃</code>" in summary.read_text("utf-8")
