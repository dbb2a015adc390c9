"""What ``gaterun report`` writes into a project's documents: report, roadmap, numbers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gaterun.cli.documents import write_numbers
from gaterun.core.markers import places
from gaterun.model.metric import Better, Measured, Unit
from gaterun.model.record import MetricRecord

PHASE = """
[phase]
title = "The phase"
[phase.outputs]
report = "docs/REPORT.md"
roadmap = "docs/ROADMAP.md"
[task.1]
title = "First"
[[task.1.gate]]
use = "value"
number = 3
share = 0.25
require = "n < 20"
[task.2]
[[task.2.gate]]
use = "pass"
"""
ROADMAP = "# Roadmap\n\n<!-- gaterun:begin p -->\nold\n<!-- gaterun:end -->\n\n## Later\n"


@pytest.fixture
def ran(project: Any) -> Any:
    project.phase(PHASE)
    project.write({"docs/ROADMAP.md": ROADMAP})
    assert project.run("p").code == 0
    return project


def text(project: Any, name: str) -> str:
    return (project.root / name).read_text("utf-8")


def test_the_outputs_of_the_phase_are_written(ran: Any) -> None:
    done = ran.run("report", "p")
    assert done.code == 0, done.err
    assert done.err == ""
    assert text(ran, "docs/REPORT.md").startswith("# The phase (p): COMPLETE\n")
    roadmap = text(ran, "docs/ROADMAP.md")
    assert roadmap.startswith("# Roadmap\n\n<!-- gaterun:begin p -->\n**The phase (p): COMPLETE**")
    assert roadmap.endswith("\n<!-- gaterun:end -->\n\n## Later\n")
    assert "| <code>1</code> | First | complete | 1 of 1 |" in roadmap
    assert "old" not in roadmap
    again = ran.run("report", "p")
    assert "docs/ROADMAP.md is up to date\n" in again.out
    assert again.code == 0
    # Of the report nothing is anybody else's, of the roadmap all but the block.
    (ran.root / "docs/REPORT.md").write_text(text(ran, "docs/REPORT.md") + "By hand.\n")
    assert ran.run("report", "p").code == 0
    (ran.root / "docs/ROADMAP.md").write_text(roadmap + "By hand.\n")
    edited = ran.run("report", "p")
    assert (edited.code, edited.out.splitlines()[-1]) == (1, "p: INCOMPLETE: 2 of 2 gates missing")
    assert ran.run("p").code == 0
    assert ran.run("report", "p").code == 0


def test_a_roadmap_alone_is_judged_too(project: Any) -> None:
    project.phase(PHASE.replace('report = "docs/REPORT.md"\n', "").replace("n < 20", "n < 2"))
    project.write({"docs/ROADMAP.md": ROADMAP})
    assert project.run("p").code == 1
    done = project.run("report", "p")
    assert (done.code, done.out.splitlines()[-1]) == (1, "p: INCOMPLETE: 1 of 2 gates missing")


def test_committed_documents_make_nothing_out_of_date(project: Any) -> None:
    """A gate that looks at commits and tags takes no notice of those of the documents."""
    project.git("init", "--quiet", "--initial-branch=main")
    gate = """
    import gaterun
    from gaterun import HISTORY, Better, Metric, Unit

    N = Metric(name="n", unit=Unit.COUNT, better=Better.NEITHER, help="a number")

    def measure(context):
        return gaterun.Measurement(metrics={"n": 1}, inspected={"things": 1})

    @gaterun.hookimpl
    def gaterun_gates():
        yield gaterun.Gate(
            name="log", title="Log", metrics=(N,), measure=measure, inputs=("*.rs", HISTORY)
        )
    """
    project.phase(PHASE.replace('use = "pass"', 'use = "log"\nrequire = "n == 1"'))
    project.write(
        {
            "docs/ROADMAP.md": ROADMAP,
            ".gitignore": "/.gaterun/\n",
            "g/log.py": gate,
            "gaterun.toml": 'gates = "g"\n',
        }
    )
    project.commit()
    assert project.run("p").code == 0
    assert project.run("report", "p").code == 0
    project.commit("documents")
    assert project.run("status", "p").code == 0
    assert project.run("report", "p").code == 0
    # Another commit, whatever it holds, makes it measure again, and both say so.
    project.git("commit", "--quiet", "--allow-empty", "-m", "nothing")
    assert project.run("status", "p").code == 0  # it changes no file at all
    project.write({"a.txt": "more\n"})
    project.commit("more")
    status, report = project.run("status", "p"), project.run("report", "p")
    assert (status.code, report.code) == (1, 1)
    assert "2 gates" in report.out.splitlines()[-1]


def test_numbers_that_cannot_be_had_keep_every_document_from_being_written(ran: Any) -> None:
    ran.write({"N.md": "<!-- gaterun:value none.such -->1<!-- gaterun:end -->\n"})
    assert ran.run("report", "p", "--numbers", "N.md").code == 4
    assert not (ran.root / "docs/REPORT.md").exists()
    assert "old" in text(ran, "docs/ROADMAP.md")


def test_a_run_of_a_part_is_not_complete(ran: Any) -> None:
    record = ran.run("p", "1").record
    assert record.left_out == ("2::pass",)
    ran.run("report", "p")
    report = text(ran, "docs/REPORT.md")
    assert report.startswith("# The phase (p): INCOMPLETE: 1 of 2 gates missing\n")
    assert "- not part of the run: <code>2::pass</code>\n" in report


def test_a_run_that_stopped_is_not_complete(project: Any) -> None:
    project.gates("fail", "pass")
    project.run("p", "-x", "-j", "1", "--report", "completion:out.md")
    report = text(project, "out.md")
    assert report.startswith("# p: INCOMPLETE: 2 of 2 gates missing\n")
    assert "- skipped: <code>1::pass</code> not run: stopped after 1 failure(s)\n" in report


def test_digests_of_logs_are_in_the_report(project: Any) -> None:
    import hashlib

    project.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "shell"\nscript = "say.sh"\n')
    project.write({"say.sh": "echo hello"})
    record = project.run("p", "-p", "leaky", "--report", "completion:out.md").record
    digest = hashlib.sha256(b"hello\n").hexdigest()
    assert f"SHA-256 <code>{digest}</code>" in text(project, "out.md")
    assert f"gaterun runs verify {record.id}" in text(project, "out.md")
    assert project.run("runs", "verify", record.id).code == 0


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("# Roadmap\n", "docs/ROADMAP.md was left alone: there is no <!-- gaterun:begin p -->"),
        (ROADMAP + ROADMAP, "docs/ROADMAP.md:10 was left alone: gaterun:begin p is there twice"),
        ("<!-- gaterun:begin p -->\n", "docs/ROADMAP.md:1 was left alone: gaterun:begin p has"),
        (None, "docs/ROADMAP.md was left alone: docs/ROADMAP.md cannot be read"),
    ],
)
def test_a_roadmap_without_one_place_is_left_alone(ran: Any, before: str | None, said: str) -> None:
    path = ran.root / "docs/ROADMAP.md"
    if before is None:
        path.unlink()
    else:
        path.write_text(before)
    assert ran.run("p").code == 0  # what people write there counts
    done = ran.run("report", "p")
    assert done.code == 0
    assert done.err.startswith(said)
    assert "<!-- gaterun:begin p -->\n**The phase (p): COMPLETE**" in done.out
    assert (path.read_text() if path.exists() else None) == before


def test_a_block_is_not_printed_into_a_report(ran: Any) -> None:
    (ran.root / "docs/ROADMAP.md").write_text("nothing\n")
    done = ran.run("report", "p", "--report", "json:-")
    assert done.out.startswith("{")
    assert "gaterun:begin" not in done.out
    assert "<!-- gaterun:begin p -->\n" in done.err


def test_numbers_in_a_document(ran: Any) -> None:
    """A document of the tree is part of what was measured: changed by it, it wants another run."""
    end = "<!-- gaterun:end -->"
    document = (
        f"n is <!-- gaterun:value value.n -->?{end}, "
        f"share <!-- gaterun:value value.ratio -->?{end}.\r\n"
    )
    (ran.root / "README.md").write_bytes(document.encode())
    assert ran.run("p").code == 0
    done = ran.run("report", "p", "--numbers", "README.md")
    assert done.code == 0, done.err
    now = document.replace(">?<", ">3<", 1).replace(">?<", ">25 %<", 1)
    assert (ran.root / "README.md").read_bytes() == now.encode()
    again = ran.run("report", "p", "--numbers", "README.md")
    assert "README.md is up to date" in again.out
    assert (again.code, again.out.splitlines()[-1]) == (1, "p: INCOMPLETE: 2 of 2 gates missing")
    assert "- changed since the run: <code>1::value</code>\n" in text(ran, "docs/REPORT.md")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("a\n<!-- gaterun:value value.m -->1<!-- gaterun:end -->", "README.md:2: run "),
        ("a\n<!-- gaterun:value value.n -->1", "README.md:2: gaterun:value value.n has no end"),
        (None, "README.md cannot be read: No such file or directory"),
    ],
)
def test_wrong_numbers_are_errors_and_nothing_is_written(
    ran: Any, document: str | None, said: str
) -> None:
    fine = "<!-- gaterun:value value.n -->1<!-- gaterun:end -->"
    ran.write({"fine.md": fine})
    if document is not None:
        ran.write({"README.md": document})
    done = ran.run("report", "p", "--numbers", "fine.md", "--numbers", "README.md")
    assert done.code == 4
    assert f"error: {said}" in done.err
    assert text(ran, "fine.md") == fine


def test_a_text_cannot_end_its_place(ran: Any) -> None:
    result = ran.run("p").results["1::value"]
    text = MetricRecord(
        unit=Unit.TEXT,
        better=Better.NEITHER,
        host_bound=False,
        measured=Measured(value="<!-- gaterun:end --> <b>"),
    )
    record = replace(ran.run("p").record, results=(replace(result, metrics={"t": text}),))
    document = "<!-- gaterun:value value.t -->?<!-- gaterun:end -->\n"
    ran.write({"a.md": document})
    write_numbers(["a.md"], record, err=True)
    now = (ran.root / "a.md").read_text()
    assert now.count("<") == 2
    assert len(places(now)) == 1
