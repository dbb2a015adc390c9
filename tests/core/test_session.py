"""Whole runs in this process, on the fake gates."""

from __future__ import annotations

import json
import os
import re
import tempfile
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from gaterun.model.record import RunRecord
from gaterun.model.verdict import Outcome

OUTCOME = {
    "pass": "pass",
    "fail": "fail",
    "crash": "crashed",
    "nothing": "no-input",
    "missing-tool": "tool-missing",
    "refuses": "build-failed",
    "garbage": "fail",
    "wants-broken": "crashed",
}


def test_each_gate_gets_its_outcome_and_none_hides_another(project: Any) -> None:
    project.gates(*OUTCOME)
    ran = project.run("p")
    assert ran.outcomes == {f"1::{gate}": outcome for gate, outcome in OUTCOME.items()}
    assert ran.code == 1
    assert ran.record.exit_code == 1


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        (["pass"], 0),
        (["fail"], 1),
        (["crash"], 7),
        (["nothing"], 7),
        (["pass", "missing-tool"], 7),
        (["fail", "crash"], 1),
    ],
)
def test_exit_codes(project: Any, gates: list[str], code: int) -> None:
    project.gates(*gates)
    assert project.run("p").code == code


def test_a_crash_is_told_with_its_traceback_kept(project: Any) -> None:
    project.gates("crash", "wants-broken")
    ran = project.run("p")
    verdict = ran.results["1::crash"].verdict
    assert verdict.message == "gate 'crash' raised RuntimeError: boom"
    log = Path(verdict.help.rpartition(" ")[2])
    assert "RuntimeError: boom" in log.read_text()
    assert "resource 'broken_resource' raised ValueError: no such luck" in (
        ran.results["1::wants-broken"].verdict.message
    )
    assert "Traceback" not in ran.out + ran.err


WRONG = (
    "none",
    "inspected-none",
    "inspected-list",
    "metrics-none",
    "metric-list",
    "metric-text",
    "metric-object",
    "metric-huge",
    "breakdown-text",
    "findings-texts",
    "findings-none",
    "finding-line",
    "finding-column",
    "finding-message",
    "finding-severity",
    "notes-number",
    "recipe-number",
)


@pytest.mark.parametrize("kind", WRONG)
def test_a_measurement_of_the_wrong_shape_is_the_plugins_crash(project: Any, kind: str) -> None:
    """For its gate only: the other gate has its verdict, and there is a record and a report."""
    project.phase(
        f"""
        [task.1]
        [[task.1.gate]]
        use = "wrong"
        kind = "{kind}"
        [[task.1.gate]]
        use = "pass"
        """
    )
    ran = project.run("p", "--report", "json:out.json", "--report", "junit:out.xml")
    assert ran.outcomes == {"1::wrong": "crashed", "1::pass": "pass"}
    assert ran.code == 7
    assert json.loads((project.root / "out.json").read_text())
    assert project.run("report", "p").code == 0


@pytest.mark.parametrize("status", [0, 1])
def test_a_gate_that_exits_has_crashed(project: Any, status: int) -> None:
    project.phase(
        f"""
        [task.1]
        [[task.1.gate]]
        use = "exit"
        status = {status}
        [[task.1.gate]]
        use = "fail"
        """
    )
    ran = project.run("p")
    assert ran.outcomes == {"1::exit": "crashed", "1::fail": "fail"}
    assert ran.code == 1


def test_a_file_name_that_is_not_utf_8(project: Any) -> None:
    project.gates("surrogate", "pass")
    ran = project.run("p", "--report", "json:out.json", "--junit-xml", "out.xml")
    assert ran.outcomes == {"1::surrogate": "fail", "1::pass": "pass"}
    assert ran.code == 1


def test_garbage_of_a_tool_reaches_every_report_in_a_readable_form(project: Any) -> None:
    project.gates("garbage")
    formats = ("json", "jsonl", "junit", "md", "metrics")
    ran = project.run("p", *(f"--report={name}:out.{name}" for name in formats))
    assert ran.code == 1
    assert "\x00" not in ran.out
    assert "\x1b" not in ran.out
    for name in formats:
        text = (project.root / f"out.{name}").read_text("utf-8")
        assert text
        assert "\x00" not in text
    from xml.etree import ElementTree

    ElementTree.parse(project.root / "out.junit")
    json.loads((project.root / "out.json").read_text())
    for line in (project.root / "out.jsonl").read_text().splitlines():
        json.loads(line)


def test_a_line_of_100_kb_does_not_flood_the_terminal(project: Any) -> None:
    project.gates("garbage")
    assert max(map(len, project.run("p").out.splitlines())) < 2000


# --- needs, blocking, stopping ---------------------------------------------------------------

CHAIN = """
[task.a]
[[task.a.gate]]
use = "{first}"
[task.b]
needs = ["a"]
[[task.b.gate]]
use = "pass"
[task.c]
needs = ["b"]
[[task.c.gate]]
use = "pass"
[task.d]
[[task.d.gate]]
use = "pass"
"""


@pytest.mark.parametrize(("first", "said"), [("fail", "failed"), ("crash", "reached no verdict")])
def test_what_needs_it_is_blocked_and_the_rest_runs(project: Any, first: str, said: str) -> None:
    project.phase(CHAIN.format(first=first))
    ran = project.run("p")
    assert ran.outcomes == {
        f"a::{first}": OUTCOME[first],
        "b::pass": "blocked",
        "c::pass": "blocked",
        "d::pass": "pass",
    }
    b, c = ran.results["b::pass"], ran.results["c::pass"]
    assert (b.blocked_by, b.verdict.message) == (f"a::{first}", f"needs a: a::{first} {said}")
    assert (c.blocked_by, c.verdict.message) == ("b::pass", "needs b: b::pass is blocked")
    assert b.metrics == {}


def test_a_part_of_a_phase_runs_with_a_warning(project: Any) -> None:
    project.phase(CHAIN.format(first="fail"))
    ran = project.run("p", "b")
    assert ran.outcomes == {"b::pass": "pass"}
    assert "task b needs a, which is not part of this run" in ran.record.warnings
    assert ran.code == 0


def test_x_stops_after_the_first_failure(project: Any) -> None:
    project.gates("fail", "pass", "nothing")
    ran = project.run("p", "-x", "-j1")
    assert ran.outcomes == {"1::fail": "fail", "1::pass": "skipped", "1::nothing": "skipped"}
    assert ran.results["1::pass"].verdict.message == "not run: stopped after 1 failure(s)"
    assert ran.code == 1


def test_maxfail_counts_what_has_no_verdict_too(project: Any) -> None:
    project.gates("crash", "pass", "fail", "nothing")
    ran = project.run("p", "--maxfail", "2", "-j1")
    assert ran.outcomes == {
        "1::crash": "crashed",
        "1::pass": "pass",
        "1::fail": "fail",
        "1::nothing": "skipped",
    }


def test_all_skipped_is_5(project: Any) -> None:
    project.phase('[task.1]\nskip = "later"\n[[task.1.gate]]\nuse = "fail"\n')
    ran = project.run("p")
    assert ran.outcomes == {"1::fail": "skipped"}
    assert ran.results["1::fail"].verdict.message == "later"
    assert ran.code == 5


def test_nothing_selected_is_5(project: Any) -> None:
    project.gates("pass")
    ran = project.run("p", "-k", "zzz")
    assert (ran.code, ran.records) == (5, ())
    assert "no gate of phase 'p' is selected" in ran.err
    project.phase("[phase]\n", "empty")
    assert project.run("empty").code == 5


ADVISORY = """
[task.1]
[[task.1.gate]]
use = "fail"
mode = "advisory"
enforce_after = {date}
[[task.1.gate]]
use = "crash"
mode = "advisory"
enforce_after = {date}
[[task.1.gate]]
use = "pass"
"""


@pytest.mark.parametrize(
    ("date", "arguments", "code"),
    [
        ("2999-01-01", [], 0),
        ("2999-01-01", ["--max-warnings", "2"], 0),
        ("2999-01-01", ["--max-warnings", "1"], 6),
        ("2999-01-01", ["-o", "max_warnings=0"], 6),
        ("2999-01-01", ["-o", "max_warnings=0", "--max-warnings", "5"], 0),
        ("2999-01-01", ["--max-warnings", "0", "--exit-zero"], 0),
        ("2020-01-01", [], 1),
    ],
)
def test_advisory_has_an_end(project: Any, date: str, arguments: list[str], code: int) -> None:
    project.phase(ADVISORY.format(date=date))
    ran = project.run("p", *arguments)
    assert ran.code == code
    assert ran.results["1::fail"].blocking is (date == "2020-01-01")
    assert ran.results["1::fail"].advisory_until == date


@pytest.mark.parametrize(("date", "outcome"), [("2999-01-01", "pass"), ("2020-01-01", "blocked")])
def test_an_overdue_advisory_gate_holds_others_back(project: Any, date: str, outcome: str) -> None:
    project.phase(
        ADVISORY.format(date=date) + '[task.2]\nneeds = ["1"]\n[[task.2.gate]]\nuse = "pass"\n'
    )
    assert project.run("p").outcomes["2::pass"] == outcome


def test_the_last_day_of_advisory_is_still_advisory() -> None:
    from datetime import date

    from msgspec.structs import replace

    from gaterun.core.bind import requirement
    from gaterun.model.gate import Gate
    from gaterun.model.metric import Metric
    from gaterun.model.phase import Mode

    gate = Gate(
        name="g", title="", metrics=(Metric(name="n"),), measure=lambda ctx: None,  # type: ignore[arg-type,return-value]
        requires=("n < 1",),
    )  # fmt: skip
    wanted = replace(
        requirement(gate, {}, None), mode=Mode.ADVISORY, enforce_after=date(2026, 5, 31)
    )
    assert not wanted.is_blocking(date(2026, 5, 31))
    assert wanted.is_blocking(date(2026, 6, 1))


@pytest.mark.parametrize(
    ("gates", "code"), [(["fail"], 0), (["crash"], 0), (["pass"], 0), (["nothing", "fail"], 0)]
)
def test_exit_zero(project: Any, gates: list[str], code: int) -> None:
    project.gates(*gates)
    ran = project.run("p", "--exit-zero")
    assert ran.code == code
    assert (ran.record.exit_code == 0) is (gates == ["pass"])


def test_exit_zero_does_not_hide_wrong_use(project: Any) -> None:
    project.gates("pass")
    assert project.run("p", "--exit-zero", "nope").code == 4
    assert project.run("p", "--exit-zero", "-k", "zzz").code == 5


# --- lf, co ----------------------------------------------------------------------------------


def test_lf_takes_up_what_did_not_pass_or_did_not_run(project: Any) -> None:
    project.phase(CHAIN.format(first="fail"))
    project.run("p", "a", "b", "d")
    assert set(project.run("p", "--lf").outcomes) == {"a::fail", "b::pass", "c::pass"}


def test_lf_runs_everything_where_nothing_failed(project: Any) -> None:
    project.gates("pass", "sleepy")
    project.run("p")
    assert set(project.run("p", "--lf").outcomes) == {"1::pass", "1::sleepy"}
    assert set(project.run("p", "--lf", "-k", "pass").outcomes) == {"1::pass"}


def test_lf_without_an_earlier_run(project: Any) -> None:
    project.gates("pass")
    assert project.run("p", "--lf").outcomes == {"1::pass": "pass"}


def test_co_runs_nothing(project: Any) -> None:
    project.gates("pass", "fail")
    ran = project.run("p", "--co", "-k", "fail")
    assert (ran.code, ran.records) == (0, ())
    assert "1::fail  ok == true" in ran.out
    assert "1::pass" not in ran.out
    assert "1 of 2 gates" in ran.out
    assert project.run("p", "--co", "-k", "zzz").code == 5


def test_co_shows_what_lf_would_run(project: Any) -> None:
    project.gates("pass", "fail")
    project.run("p")
    assert "1::pass" not in project.run("p", "--lf", "--co").out


# --- resources -------------------------------------------------------------------------------


def test_a_resource_is_computed_once_for_all(project: Any) -> None:
    entries = "".join(f'[[task.1.gate]]\nuse = "shares"\nid = "s{n}"\n' for n in range(6))
    project.phase("[task.1]\n" + entries)
    ran = project.run("p", "-j6")
    assert set(ran.outcomes.values()) == {"pass"}
    assert (project.signals / "computed").read_text() == "x"
    assert all(
        [evidence.argv for evidence in result.evidence] == [("true",)]
        for result in ran.record.results
    )


def test_resources_in_a_circle_do_not_hang(project: Any, tmp_path: Path) -> None:
    import gaterun
    from gaterun.core.execute import Processes
    from gaterun.core.measure import Bench

    def one(ctx: gaterun.Context, two: object) -> object:
        return two

    def two(ctx: gaterun.Context, one: object) -> object:
        return one

    def measure(ctx: gaterun.Context, one: object) -> gaterun.Measurement:
        raise NotImplementedError

    bench = Bench(
        root=project.root,
        state=tmp_path,
        logs=tmp_path,
        base=None,
        resources={
            "one": gaterun.Resource(name="one", compute=one),
            "two": gaterun.Resource(name="two", compute=two),
        },
        processes=Processes("test"),
    )
    gate = gaterun.Gate(name="g", title="", metrics=(), measure=measure)
    refusals: list[gaterun.CannotMeasure] = []

    def work() -> None:
        try:
            bench.measure(gate, None, name="1::g", timeout=5, progress=lambda text: None)
        except gaterun.CannotMeasure as refusal:
            refusals.append(refusal)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(2)
    assert not worker.is_alive()
    assert refusals


# --- baselines -------------------------------------------------------------------------------

RATCHET = """
[phase]
base = "{base}"
[task.1]
[[task.1.gate]]
use = "value"
file = "n"
ratchet = "n"
recipe = {{ profile = "{profile}" }}
"""


def ratchet(project: Any, base: str = "HEAD", profile: str = "dev") -> None:
    project.phase(RATCHET.format(base=base, profile=profile))


def test_a_ratchet_against_the_measured_base(project: Any) -> None:
    project.write({"n": "10"})
    base = project.commit()
    ratchet(project, base)
    assert project.run("p").outcomes == {"1::value": "baseline-missing"}
    measured = project.run("baseline", "p")
    assert measured.code == 0, measured.err
    for now, outcome in (("10", "pass"), ("9", "pass"), ("11", "fail")):
        project.write({"n": now})
        ran = project.run("p")
        assert ran.outcomes == {"1::value": outcome}
        assert ran.results["1::value"].verdict.checks[0].baseline == 10


def test_a_baseline_measured_otherwise_is_not_comparable(project: Any) -> None:
    project.write({"n": "10"})
    base = project.commit()
    ratchet(project, base)
    project.run("baseline", "p")
    ratchet(project, base, "release")
    ran = project.run("p")
    assert ran.outcomes == {"1::value": "not-comparable"}
    assert "profile dev before, release now" in ran.results["1::value"].verdict.message


def test_an_earlier_run_may_be_the_baseline(project: Any) -> None:
    project.write({"n": "10"})
    ratchet(project)
    first = project.run("p").record
    project.write({"n": "11"})
    assert project.run("p", "--baseline", first.id).outcomes == {"1::value": "fail"}
    project.run("p", "--report", "metrics:m.json")
    assert project.run("p", "--baseline", "m.json").outcomes == {"1::value": "pass"}
    ran = project.run("p", "--baseline", "nope")
    assert (ran.code, ran.records) == (4, ())
    assert "neither a file, nor a run, nor a revision" in ran.err


def test_a_damaged_baseline_is_not_a_missing_one(project: Any) -> None:
    project.write({"n": "10"})
    base = project.commit()
    ratchet(project, base)
    project.run("baseline", "p")
    path = project.root / ".gaterun/baseline/p.json"
    whole = path.read_text()
    for text, said in (
        (whole[: len(whole) // 2], "is damaged"),
        ("", "is not JSON"),
        ("[]", "is not a metrics file"),
        (whole.replace("gaterun.metrics", "other"), "is not a metrics file"),
        (whole.replace('"schema_version": "2.0"', '"schema_version": "3.0"'), "schema version 3.0"),
        (whole.replace('"schema_version": "2.0"', '"schema_version": 2'), "schema version 2"),
        ('{"runs": [], "version": "2.1.0"}', "is not a metrics file"),
        ("[" * 100_000, "is not JSON"),
        (whole.replace('"value": 10', '"value": 11'), "was changed since it was written: value.n"),
        (whole.replace('"phase": "p"', '"phase": "q"'), "does not fit its digest"),
        (whole.replace('"value.n"', '"value.ratio"'), "'value.ratio' is there twice"),
        (f"{{\n<<<<<<< ours\n{whole}\n=======\n>>>>>>> theirs\n", "not resolved"),
    ):  # fmt: skip
        path.write_text(text)
        ran = project.run("p")
        assert ran.code == 4
        assert said in ran.err
        assert "help: " in ran.err


def test_a_baseline_of_another_base_is_stale(project: Any) -> None:
    project.write({"n": "10"})
    first = project.commit()
    ratchet(project, first)
    project.run("baseline", "p")
    project.write({"n": "5"})
    second = project.commit()
    ratchet(project, second)
    project.write({"n": "9"})
    assert project.run("p").outcomes == {"1::value": "baseline-stale"}


def test_the_baseline_of_another_phase_is_refused(project: Any) -> None:
    project.write({"n": "10"})
    project.commit()
    for name in ("p", "q"):
        text = RATCHET.format(base="HEAD", profile="dev")
        project.phase(text.replace("[phase]", '[phase]\noutputs = { baseline = "b.json" }'), name)
    project.run("baseline", "p")
    ran = project.run("q")
    assert ran.code == 4
    assert "is the baseline of phase 'p', not 'q'" in ran.err


def test_a_failed_baseline_says_so_with_7(project: Any) -> None:
    project.write({"other": ""})
    project.commit()
    ratchet(project)
    ran = project.run("baseline", "p")
    assert ran.code == 7
    assert re.search(r"not measured  1::value in \S+: crashed: ", ran.out)


# --- the tree --------------------------------------------------------------------------------


def test_the_record_says_what_tree_it_was(project: Any) -> None:
    project.gates("pass")
    assert project.run("p").record.tree.commit == ""
    commit = project.commit()
    tree = project.run("p").record.tree
    assert (tree.commit, tree.branch, tree.dirty) == (commit, "main", False)
    project.write({"new": "x"})
    dirty = project.run("p").record.tree
    assert dirty.dirty
    assert dirty.digest != tree.digest


def test_a_repository_without_commits(project: Any) -> None:
    project.git("init", "--quiet", "--initial-branch=main")
    project.gates("pass")
    ran = project.run("p")
    assert ran.code == 0
    assert ran.record.tree.commit == ""


def test_an_unknown_base_is_a_warning(project: Any) -> None:
    project.gates("pass")
    project.commit()
    ran = project.run("p", "-o", "base=nope")
    assert "git knows no revision 'nope', the phase's base" in ran.record.warnings
    assert ran.record.base == ""


def test_an_unknown_base_on_the_command_line_is_refused(project: Any) -> None:
    project.gates("pass")
    ran = project.run("p", "--base", "nope")
    assert (ran.code, ran.records) == (4, ())
    assert "there is no git repository in which 'nope' could be a revision" in ran.err
    project.commit()
    ran = project.run("p", "--base", "nope")
    assert (ran.code, ran.records) == (4, ())
    assert "git knows no revision 'nope'" in ran.err
    assert "fetch-depth: 0" in ran.err
    assert project.run("p", "--base", "HEAD").code == 0


LOCAL = """
    import gaterun
    from gaterun import Better, Finding, Measured, Measurement, Metric, Unit

    def measure(ctx):
        {body}

    GATE = gaterun.Gate(
        name="mine",
        title="Mine",
        about="A gate.",
        metrics=(
            Metric(name="places", help="places"),
            Metric(name="said", unit=Unit.TEXT, better=Better.NEITHER, help="a text"),
        ),
        measure=measure,
        requires=("places == 0",),
    )

    @gaterun.hookimpl
    def gaterun_gates():
        return [GATE]
    """


def _mine(project: Any, body: str) -> Any:
    gate = textwrap.dedent(LOCAL).replace("{body}", body)
    (project.root / "gates").mkdir()
    (project.root / "gates/mine.py").write_text(gate, "utf-8")
    (project.root / "gaterun.toml").write_text('gates = "gates"\n', "utf-8")
    project.gates("mine", "pass")
    return project.run("p", "--report", "json:o.json", "--report", "md:o.md", "--junitxml", "o.xml")


def test_texts_that_are_not_unicode_are_recorded_and_reported(project: Any) -> None:
    ran = _mine(
        project,
        r"""return Measurement(
        metrics={
            "places": Measured(value=1, breakdown={"\udcff": 1}),
            "said": Measured(value="\udcfe", why="\ud800"),
        },
        inspected={"\udcfd": 1},
        findings=[Finding(rule="r", message="in \udcff.rs", path="a/\udcff.rs")],
        notes=["\udcff"],
        recipe={"\udcff": "\udcff"},
    )""",
    )
    assert (ran.code, ran.outcomes["1::mine"]) == (1, "fail")
    (finding,) = ran.results["1::mine"].findings
    assert (finding.path, finding.message) == ("a/\ufffd.rs", "in \ufffd.rs")
    assert ran.results["1::mine"].metrics["said"].measured.value == "\ufffd"
    assert "was not written" not in ran.err
    assert project.run("report", "p").code == 0


def test_a_refusal_may_name_its_reason_by_a_text(project: Any) -> None:
    ran = _mine(project, r'raise gaterun.CannotMeasure("tool-missing", "no \udcff", help="\udcff")')
    assert (ran.code, ran.outcomes["1::mine"]) == (7, "tool-missing")
    assert ran.results["1::mine"].verdict.message == "no \ufffd"
    assert "was not written" not in ran.err


def test_a_reason_that_there_is_not_is_the_plugins_crash(project: Any) -> None:
    ran = _mine(project, 'raise gaterun.CannotMeasure("tools-missing", "no")')
    assert (ran.code, ran.outcomes["1::mine"]) == (7, "crashed")
    assert "'tools-missing' is not a valid Reason" in ran.results["1::mine"].verdict.message


def test_a_broken_manifest_is_the_gates_business(project: Any) -> None:
    project.gates("pass")
    (project.root / "Cargo.toml").write_bytes(b"[workspace]\nmembers = [\xff\n")
    assert project.run("p").code == 0


def test_nothing_of_the_users_is_changed(project: Any) -> None:
    project.gates(*OUTCOME, "shares")
    project.write({"src/lib.rs": "fn main() {}\n", ".gitignore": "/computed\n"})
    project.commit()
    before = project.git("status", "--porcelain", "--ignored=no")
    project.run("p")
    assert project.git("status", "--porcelain", "--ignored=no") == before == ""


def test_scratch_folders_are_gone(project: Any) -> None:
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "hang"\ntimeout = "0.3s"\n')
    ran = project.run("p")
    assert ran.outcomes == {"1::hang": "timeout"}
    # Its help is a path that can be opened.
    (log,) = (project.root / ".gaterun/runs").glob("*/logs/1.hang.*.out")
    assert ran.results["1::hang"].verdict.help.startswith(f"see {log} and 1.hang.")
    scratch = Path((project.signals / "scratch-of-hang").read_text())
    assert scratch.is_relative_to(project.temporary)
    assert not scratch.exists()
    assert list((project.root / ".gaterun/scratch").iterdir()) == []


# --- where it cannot write -------------------------------------------------------------------


def test_a_file_in_place_of_the_state_folder(project: Any) -> None:
    project.gates("pass")
    (project.root / ".gaterun").write_text("not a folder")
    ran = project.run("p")
    assert ran.code == 4
    assert ".gaterun cannot be written to" in ran.err
    assert "-o state=" in ran.err
    assert project.run("p", "-o", f"state={project.temporary}/state").code == 0
    assert (project.root / ".gaterun").read_text() == "not a folder"


def test_a_run_that_cannot_have_a_folder(project: Any) -> None:
    project.gates("pass")
    project.run("p")
    (project.root / ".gaterun/staging").rmdir()
    (project.root / ".gaterun/staging").write_text("not a folder")
    ran = project.run("p")
    assert (ran.code, ran.records) == (4, ())
    assert ".gaterun cannot be written to: Not a directory\n  help: " in ran.err
    assert "-o state=" in ran.err


@pytest.mark.parametrize("place", ["file/report.xml", "folder"])
def test_a_report_that_cannot_be_written_is_told_before_anything_runs(
    project: Any, place: str
) -> None:
    project.gates("pass")
    project.write({"file": ""})
    (project.root / "folder").mkdir()
    ran = project.run("p", "--junit-xml", place)
    assert (ran.code, ran.records) == (4, ())
    assert f"{place} cannot be written" in ran.err


@pytest.mark.parametrize("kind", ["device", "pipe", "symlink"])
def test_a_report_to_something_that_is_no_file(project: Any, kind: str) -> None:
    """A full disk, another process, a file kept elsewhere: it stays what it is."""
    project.gates("fail")
    path = project.root / "out"
    reader = None
    if kind == "device":
        try:
            os.mknod(path, 0o20666, os.makedev(1, 7))  # /dev/full of our own
        except PermissionError:
            pytest.skip("only root makes devices")
    elif kind == "pipe":
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    else:
        (project.root / "elsewhere").write_text("")
        path.symlink_to("elsewhere")
    mode = path.lstat().st_mode
    ran = project.run("p", "--report", "md:out")
    if reader is not None:
        os.close(reader)
    assert path.lstat().st_mode == mode
    if kind == "device":
        assert ran.code == 1
        assert "report 'md' was not written: No space left on device" in ran.err


def test_a_full_disk_while_reports_are_written(project: Any) -> None:
    """On a file system of 64 KiB: the verdict stands, and what is missing is said."""
    import subprocess

    small = project.root.parent / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount")
    try:
        project.gates("garbage", "pass")
        ran = project.run("p", "--report", f"json:{small}/out.json", "--report", "md:out.md")
        assert ran.outcomes == {"1::garbage": "fail", "1::pass": "pass"}
        assert ran.code == 1
        assert "report 'json' was not written: No space left on device" in ran.err
        assert list(small.iterdir()) == []
        assert (project.root / "out.md").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_full_disk_under_the_state_folder(project: Any) -> None:
    import subprocess

    small = project.root.parent / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount")
    try:
        project.gates("garbage", "pass")
        ran = project.run("p", "-o", f"state={small}/state", "--report", "json:out.json")
        assert "Traceback" not in ran.out + ran.err
        assert ran.code in {1, 7}
        assert "PASSED" in ran.out
        assert json.loads((project.root / "out.json").read_text())
    finally:
        subprocess.run(["umount", str(small)], check=True)


# --- reporters and observers that raise ------------------------------------------------------

RAISING = """
import gaterun

def start(stream, style):
    def listen(event):
        if isinstance(event, gaterun.{event}):
            raise {error}
        stream.write("x")
    return listen

@gaterun.hookimpl
def gaterun_reporters():
    return [gaterun.Reporter(name="bad", title="", filename="bad.txt", start=start)]
"""


@pytest.mark.parametrize("event", ["RunStarted", "GateFinished", "RunFinished"])
def test_a_reporter_that_raises_hides_nothing(project: Any, event: str) -> None:
    project.gates("pass", "fail")
    project.write({"g/bad.py": RAISING.format(event=event, error="RuntimeError('boom')")})
    ran = project.run("p", "-o", "gates=g", "--report", "bad:bad.txt", "--report", "md:out.md")
    assert ran.code == 1
    assert ran.outcomes == {"1::pass": "pass", "1::fail": "fail"}
    assert "report 'bad' was not written: RuntimeError: boom" in ran.err
    assert (project.root / "out.md").exists()
    assert not (project.root / "bad.txt").exists()
    assert [p.name for p in project.root.iterdir() if p.name.startswith(".bad")] == []


def test_a_report_that_is_missing_is_not_a_success(project: Any) -> None:
    project.gates("pass")
    project.write({"g/bad.py": RAISING.format(event="RunFinished", error="RuntimeError('boom')")})
    assert project.run("p", "-o", "gates=g", "--report", "bad:bad.txt").code == 3


def test_a_reporter_that_exits_hides_nothing(project: Any) -> None:
    project.gates("fail")
    project.write({"g/bad.py": RAISING.format(event="RunFinished", error="SystemExit(0)")})
    assert project.run("p", "-o", "gates=g", "--report", "bad:bad.txt").code == 1


@pytest.mark.parametrize("event", ["RunStarted", "GateFinished", "RunFinished"])
def test_an_observer_that_raises_hides_nothing(project: Any, event: str) -> None:
    project.gates("fail")
    project.write(
        {
            "g/bad.py": f"""
            import gaterun
            @gaterun.hookimpl
            def gaterun_event(event):
                if isinstance(event, gaterun.{event}):
                    raise RuntimeError("boom")
            """
        }
    )
    ran = project.run("p", "-o", "gates=g", "--report", "md:out.md")
    assert ran.code == 1
    assert ran.outcomes == {"1::fail": "fail"}
    assert (project.root / "out.md").exists()


def test_events_come_in_order_and_whole(project: Any) -> None:
    project.phase(CHAIN.format(first="fail"))
    project.run("p", "--report", "jsonl:out.jsonl")
    events = [json.loads(line) for line in (project.root / "out.jsonl").read_text().splitlines()]
    kinds = [next(iter(set(event) & {"type", "event", "kind"})) for event in events]
    names = [event[kind] for event, kind in zip(events, kinds, strict=True)]
    assert len(set(kinds)) == 1
    assert "start" in names[0].lower()
    assert "finish" in names[-1].lower() or "end" in names[-1].lower()


@pytest.mark.parametrize("blocked", ["report-terminal", "report-json"])
def test_a_blocked_report_format_is_no_bug(project: Any, blocked: str) -> None:
    project.write({"n": "10"})
    project.commit()
    ratchet(project)
    for argv in (("p", "-p", f"no:{blocked}"), ("baseline", "p", "-p", f"no:{blocked}")):
        assert project.run(*argv).code != 3


# --- the record ------------------------------------------------------------------------------


def test_the_record_repeats_itself(project: Any) -> None:
    project.gates("fail")
    result = project.run("p").results["1::fail"]
    assert result.repeat == "gaterun p 1::fail"
    words = result.repeat.split()[1:]
    assert project.run(*words).outcomes == {"1::fail": "fail"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other", '[phase]\nid = "named"\n[task.1]\n[[task.1.gate]]\nuse = "fail"\n'),
        ("x/deep.toml", '[task.1]\n[[task.1.gate]]\nuse = "fail"\n'),
    ],
)
def test_the_command_to_repeat_works(project: Any, name: str, text: str) -> None:
    path = name if name.endswith(".toml") else f"phases/{name}.toml"
    project.write({path: text})
    result = project.run(name).results["1::fail"]
    assert project.run(*result.repeat.split()[1:]).code == 1


def test_ids_of_runs_sort_by_time(project: Any) -> None:
    from gaterun.core.store import Store

    store = Store(project.root / ".gaterun")
    store.prepare()
    ids = []
    for _ in range(8):
        folder = store.new_run()
        ids.append(folder.id)
        folder.abandon()
    assert ids == sorted(ids)


def test_a_record_with_nan_can_be_read_again(project: Any) -> None:
    project.phase(
        """
        [task.1]
        [[task.1.gate]]
        use = "value"
        number = 1
        parts = { a = nan, b = inf }
        require = "n < 3"
        """
    )
    assert project.run("p").results["1::value"].metrics["n"].measured.value == 1


def test_the_timeout_of_one_gate_leaves_the_others_alone(project: Any) -> None:
    project.phase(
        """
        [task.1]
        [[task.1.gate]]
        use = "hang"
        timeout = "0.5s"
        [[task.1.gate]]
        use = "sleepy"
        seconds = 3
        """
    )
    ran = project.run("p", "-j2")
    (evidence,) = ran.results["1::sleepy"].evidence
    assert evidence.exit_status == 0


def test_gates_of_two_tasks_share_state_one_after_the_other(project: Any) -> None:
    """The second waits until the first has closed, and says so."""
    from gaterun.core.execute import Processes
    from gaterun.core.measure import Bench, GateContext

    bench = Bench(
        root=project.root,
        state=project.root / ".gaterun",
        logs=project.root,
        base=None,
        resources={},
        processes=Processes("test"),
    )
    waiting, entered = threading.Event(), threading.Event()
    folders = []

    def context(task: str, progress: Any) -> GateContext:
        return GateContext(
            bench,
            name=f"{task}::id-{task}",
            plugin="g",
            options=None,
            timeout=60,
            progress=progress,
        )

    def work() -> None:
        second = context("2", lambda text: waiting.set())
        folders.append(second.state)
        entered.set()
        second.close()

    first = context("1", str)
    folders.append(first.state)
    other = threading.Thread(target=work)
    other.start()
    assert waiting.wait(20)
    assert not entered.is_set()
    first.close()
    other.join(20)
    assert entered.is_set()
    assert folders == [project.root / ".gaterun/gates/g"] * 2


@pytest.mark.parametrize("end", ["interrupt", "timeout"])
def test_waiting_for_state_ends_with_the_run_or_the_time(project: Any, end: str) -> None:
    from gaterun.core.execute import Processes, Stopped
    from gaterun.core.measure import Bench, GateContext
    from gaterun.model.errors import CannotMeasure

    bench = Bench(
        root=project.root,
        state=project.root / ".gaterun",
        logs=project.root,
        base=None,
        resources={},
        processes=Processes("test"),
    )
    first = GateContext(bench, name="1::g", options=None, timeout=None, progress=str)
    _ = first.state

    def interrupt(text: str) -> None:
        assert text == "waiting: another gate uses g"
        if end == "interrupt":
            bench.processes.interrupt()

    second = GateContext(bench, name="2::g", options=None, timeout=0.3, progress=interrupt)
    with pytest.raises(Stopped if end == "interrupt" else CannotMeasure):
        _ = second.state
    second.close()
    first.close()


def test_evidence_is_kept(project: Any) -> None:
    project.gates("sleepy", "missing-tool")
    ran = project.run("p")
    (evidence,) = ran.results["1::sleepy"].evidence
    assert evidence.argv == ("sleep", "0.3")
    assert (evidence.exit_status, evidence.cwd) == (0, ".")
    folder = project.root / ".gaterun/runs" / ran.record.id
    assert (folder / (evidence.log + ".out")).exists()
    assert not (folder / "lock").exists()


def test_the_last_fifty_runs_are_kept(project: Any) -> None:
    from gaterun.core.config import Settings
    from gaterun.core.store import Store

    kept = Settings().keep
    assert kept == 50
    project.gates("pass")
    for number in range(kept + 5):
        (project.root / f".gaterun/runs/20200101T0000{number:02}-abcdef/logs").mkdir(parents=True)
    project.run("p")
    names = sorted(path.name for path in (project.root / ".gaterun/runs").iterdir())
    assert len(names) == kept + 1
    assert names[0] == "20200101T000005-abcdef"
    assert Store(project.root / ".gaterun").latest("p") is not None


def test_a_damaged_record_is_never_passed_over_silently(project: Any) -> None:
    project.gates("fail")
    record: RunRecord = project.run("p").record
    bad = project.root / ".gaterun/runs/29990101T000000-abcdef"
    bad.mkdir()
    (bad / "record.json").write_text("{")
    ran = project.run("report", "p", "--report", "json:-")
    assert (ran.code, ran.out) == (4, "")
    assert "there is a newer run that cannot be read" in ran.err
    assert project.run("report", "p", "--run", record.id, "--report", "json:-").code == 0
    ran = project.run("p", "--lf")
    assert "warning: " in ran.err
    assert "is damaged" in ran.err
    assert set(ran.outcomes) == {"1::fail"}
    ran = project.run("report", "p", "--run", bad.name)
    assert ran.code == 4
    assert "is damaged" in ran.err
    assert record.count(Outcome.FAIL) == 1


def test_temporary_files_are_where_the_environment_says(project: Any) -> None:
    assert Path(tempfile.gettempdir()) == project.temporary
