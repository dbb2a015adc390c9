"""``gaterun report`` beside the tasks: who did what, what was claimed and collided, what is lost."""

from __future__ import annotations

import html
from typing import Any

import pytest
from team import PHASE, Team

OUTPUTS = (
    '[phase.outputs]\nreport = "docs/REPORT.md"\nroadmap = "docs/ROADMAP.md"\n\n'
    '[task."7.1"]\nclaims = ["p/infra/*"]'
)
WITH_REPORT = PHASE.replace('[task."7.1"]', OUTPUTS, 1).replace('use = "lints"', 'use = "value"')
WITH_REPORT = WITH_REPORT.replace("warnings < 2", "n < 2").replace("n <= 1", "n <= 2")


@pytest.fixture
def team(project: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(project, monkeypatch)
    project.phase(WITH_REPORT)
    project.write(
        {
            "docs/ROADMAP.md": "<!-- gaterun:begin p -->\n<!-- gaterun:end -->\n",
            ".gitignore": "/.gaterun/\nTODO.md\n",
        }
    )
    project.commit()
    return team


def report(team: Team, code: int, *argv: str) -> dict[str, str]:
    """The sections of the report, by title; that of the page is that of the first."""
    ran = team.here("report", "p", *argv)
    assert ran.code == code, ran.out + ran.err
    text = html.unescape((team.project.root / "docs/REPORT.md").read_text("utf-8"))
    title, _, rest = text.partition("\n")
    assert ran.out.splitlines()[-1] == f"p: {title.rpartition('(p): ')[2]}"
    roadmap = html.unescape((team.project.root / "docs/ROADMAP.md").read_text("utf-8"))
    assert f"**{title[2:]}**" in roadmap
    sections = {"": title}
    for section in rest.split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        sections[name] = team.shown(body.strip())
    return sections


def test_the_phase_as_it_was_worked_on(team: Team, golden: Any) -> None:
    """Two collide, one gives way; what somebody said is not what was measured."""
    team.tree("ada")
    team.tree("bob")
    team.run("ada", "start", "7.3")
    team.run("bob", "start", "7.2", "--overlap-ok")
    for name, words in (("ada", "fine\n"), ("bob", "also fine\n")):
        (team.project.root.parent / f"wt-{name}/src/lib.rs").write_text(words)
    assert team.run("bob", "done", "7.2").code == 1
    team.git("ada", "commit", "-qam", "work")
    assert team.run("bob", "done", "7.2").code == 1
    assert team.run("ada", "done", "7.3").code == 0
    team.project.git("merge", "-q", "task/ada")
    team.project.write({"TODO.md": "- [x] 7.1 Infrastructure\n- [x] 7.4 Release\n"})
    team.here("run", "p", "7.2", "7.3")

    found = report(team, 1)
    assert found[""] == "# Quality and infrastructure (p): INCOMPLETE: 3 of 6 gates missing"
    assert "- task 7.2 is in-progress" in found["Missing"]
    # Another run may have verified it: this one does not say that it is incomplete.
    assert "Build infrastructure | not part of the run | 0 of 1" in found["Tasks"]
    assert "is there now" not in found["Collisions"]  # what has landed is in nobody's way
    for name in ("Who did what", "Claims contradicted by evidence", "Collisions"):
        assert team.moments(found[name]) == golden(name=name.split()[0])

    team.git("bob", "commit", "-qam", "work")
    team.git("bob", "rebase", "-q", "-X", "theirs", "task/ada")
    assert team.run("bob", "done", "7.2").code == 0
    team.project.git("merge", "-q", "task/bob")
    assert team.here("done", "7.1").code == 0
    assert team.here("done", "7.4").code == 0
    assert team.here("run", "p").code == 0
    assert team.here("status").code == 0
    found = report(team, 0)
    assert found[""] == "# Quality and infrastructure (p): COMPLETE"
    assert found["Missing"] == "None."
    assert "is there now" not in found["Collisions"]
    assert "`7.2` was verified" in found["Collisions"].replace("<code>", "`").replace(
        "</code>", "`"
    )
    assert found["Claims contradicted by evidence"] == "None.\n\n2 claims: 2 verified."


def test_a_task_that_somebody_works_on_or_that_is_blocked(team: Team) -> None:
    assert team.here("run", "p").code == 0
    assert report(team, 0)["Missing"] == "None."
    team.tree("ada")
    team.run("ada", "start", "7.1")
    found = report(team, 1)
    assert found[""].endswith(": INCOMPLETE: task 7.1 is in-progress")
    assert found["Missing"] == "- task 7.1 is in-progress"
    assert team.here("block", "7.1", "--why", "no | bucket").code == 0
    found = report(team, 1)
    assert found["Missing"] == "- task 7.1 is blocked"
    assert "blocked: no | bucket" in found["Who did what"]
    # What a run was is not changed by what was said afterwards.
    (run,) = (path.parent.name for path in team.project.root.glob(".gaterun/runs/*/record.json"))
    found = report(team, 0, "--run", run)
    assert found["Who did what"].startswith("Nobody looked: this report was made from a record")


def test_what_has_changed_since_the_run(team: Team) -> None:
    assert team.here("run", "p").code == 0
    report(team, 0)
    page = team.project.root / "docs/REPORT.md"
    page.write_text(page.read_text("utf-8") + "what gaterun wrote counts for nothing\n", "utf-8")
    assert report(team, 0)["Missing"] == "None."
    team.project.write({"src/lib.rs": "fine\n"})
    found = report(team, 1)
    assert "INCOMPLETE: " in found[""]
    assert "- changed since the run: <code>7.1::bound</code>" in found["Missing"]
    assert "| incomplete |" in found["Tasks"]
    assert team.here("run", "p").code == 0
    report(team, 0)


def test_a_claim_makes_no_task_without_gates_complete(team: Team) -> None:
    team.project.phase(WITH_REPORT + '[task."7.5"]\ntitle = "Talk"\n')
    team.project.write({"TODO.md": "- [x] 7.5 Talk\n"})
    assert team.here("start", "7.5").code == 0
    assert team.here("done", "7.5").code == 5
    assert team.here("run", "p").code == 0
    found = report(team, 1)
    assert found[""].endswith(": INCOMPLETE: no gate can verify task 7.5")
    claims = found["Claims contradicted by evidence"]
    assert claims.startswith("None.\n\n1 claim: 1 not measured.")
    assert "of <code>7.5</code>, no gate is there to measure it" in claims


def test_what_cannot_be_read_is_told(team: Team) -> None:
    assert team.here("run", "p").code == 0
    team.project.write(
        {".swarm/memory.db": "RFE1 encrypted", ".gitignore": "/.gaterun/\n.swarm/\n"}
    )
    assert team.here("run", "p").code == 0
    found = report(team, 0)
    assert "- not read: .swarm/memory.db: " in found["Claims contradicted by evidence"]


def test_a_run_of_another_machine(team: Team) -> None:
    """Exported there, imported here: it is of a tree that nobody has here."""
    assert team.here("run", "p").code == 0
    (run,) = (path.parent.name for path in team.project.root.glob(".gaterun/runs/*/record.json"))
    archive = str(team.project.root.parent / "run.tar.gz")
    assert team.here("runs", "export", run, "--output", archive).code == 0
    folder = team.tree("ada")
    (folder / "src/lib.rs").write_text("else\n")
    assert team.run("ada", "runs", "import", archive).code == 0
    done = team.run("ada", "report", "p", "--run", run)
    assert done.code == 0, done.out + done.err
    text = (folder / "docs/REPORT.md").read_text("utf-8")
    assert text.startswith("# Quality and infrastructure (p): COMPLETE\n")
    assert text.count("Nobody looked: this report was made from a record alone.") == 3


def test_only_the_report_that_judges_asks(team: Team) -> None:
    """Any other report is of a record, whatever it says, and a damaged state is in nobody's way."""
    assert team.here("run", "p", "7.3").code == 0
    assert team.here("report", "p", "--report", "completion:-").code == 1
    team.project.phase(PHASE)
    team.here("start", "7.1")
    team.db.write_bytes(b"no database" * 100)
    assert team.here("report", "p", "--report", "md:-").code == 0
    assert team.here("report", "p", "--report", "completion:-").code == 4
