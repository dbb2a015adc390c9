"""Baselines as people use them: measured, named, accepted, tightened, merged."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from gaterun.core.metrics_file import read_metrics

PHASE = """
[phase]
base = "{base}"
[phase.outputs]
baseline = "docs/baseline.json"
[task.1]
[[task.1.gate]]
use = "lints"
ratchet = "warnings"
{lints}
[[task.1.gate]]
use = "value"
file = "n"
ratchet = "n"
{value}
"""


def phase(project: Any, base: str = "start", lints: str = "", value: str = "") -> None:
    project.phase(PHASE.format(base=base, lints=lints, value=value))


def lints(*names: str) -> str:
    """Findings such as ``unused:a``, a line each; the line in the file is another each time."""
    return "".join(
        f"{name.partition(':')[0]} src/{name.partition(':')[2]}.rs:{number} it is\n"
        for number, name in enumerate(names, 1)
    )


@pytest.fixture
def based(project: Any) -> Any:
    """A project with a baseline of 10, and of three findings; HEAD is past the base."""
    project.write({"lints": lints("unused:a", "unused:b", "shadow:a"), "n": "10"})
    project.write({".gitignore": ".gaterun/\n"})
    phase(project)
    project.commit()
    project.git("tag", "start")
    ran = project.run("baseline", "p")
    assert ran.code == 0, ran.err
    project.commit()
    return project


def baseline(project: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.root / "docs/baseline.json").read_text())
    return found


def accept(project: Any, *more: str) -> Any:
    project.run("p")
    return project.run("baseline", "accept", "p", *more)


# --- judged against it -----------------------------------------------------------------------


def test_a_moved_line_passes_and_a_swapped_finding_fails(based: Any) -> None:
    based.write(
        {"lints": "\n".join(reversed(lints("unused:a", "unused:b", "shadow:a").split("\n")))[1:]}
    )
    assert based.run("p").outcomes == {"1::lints": "pass", "1::value": "pass"}
    based.write({"lints": lints("unused:a", "unused:c", "shadow:a")})
    ran = based.run("p", "1::lints")
    assert ran.outcomes == {"1::lints": "fail"}
    assert "3 (1 new: unused 1; 1 gone)" in ran.results["1::lints"].verdict.message


def test_scope_new_judges_what_the_base_does_not_have(based: Any) -> None:
    entry = 'require = "warnings == 0"\nscope = "new"'
    text = PHASE.format(base="start", lints="", value="").replace('ratchet = "warnings"', entry)
    based.phase(text)
    assert based.run("p", "1::lints").outcomes == {"1::lints": "pass"}
    based.write({"lints": lints("unused:a", "unused:b", "shadow:a", "shadow:b")})
    ran = based.run("p", "1::lints")
    assert ran.outcomes == {"1::lints": "fail"}
    assert (
        "warnings is 1 new of 4: shadow 1, wanted == 0 new"
        in ran.results["1::lints"].verdict.message
    )


def test_what_a_metric_calls_irrelevant_may_differ(based: Any) -> None:
    phase(based, lints='recipe = { jobs = "9" }')
    assert based.run("p", "1::lints").outcomes == {"1::lints": "pass"}
    phase(based, lints='recipe = { profile = "release" }')
    ran = based.run("p", "1::lints")
    assert ran.outcomes == {"1::lints": "not-comparable"}
    assert "%" not in ran.out.partition("::lints")[2].splitlines()[0].replace("[100%]", "")


def test_a_baseline_without_findings_must_be_measured_again(project: Any) -> None:
    """It was measured when nothing compared findings."""
    project.write({"lints": lints("unused:a"), "n": "1"})
    text = PHASE.format(base="HEAD", lints="", value="")
    project.phase(text.replace('ratchet = "warnings"', 'require = "warnings < 9"'))
    project.commit()
    project.run("baseline", "p")
    project.phase(text)
    project.write({"docs/x": ""})
    assert project.run("p", "1::lints").outcomes == {"1::lints": "baseline-missing"}
    assert baseline(project)["metrics"]["lints.warnings"]["known"] is None


# --- what it is compared with ----------------------------------------------------------------


def test_a_revision_is_measured_with_hooks_off(based: Any) -> None:
    for hook in ("post-checkout", "pre-commit"):
        path = based.root / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\ntouch hook-ran\n")
        path.chmod(0o755)
    based.write({"n": "7"})
    based.git("commit", "--quiet", "--no-verify", "-am", "seven")
    based.write({"n": "8"})
    before = (based.root / "docs/baseline.json").read_bytes()
    assert based.run("p", "1::value").outcomes == {"1::value": "pass"}
    ran = based.run("p", "1::value", "--baseline", "HEAD")
    assert "measuring the baseline at" in ran.err
    assert [record.role for record in ran.records] == ["baseline", "run"]
    result = ran.records[1].results[0]
    assert (str(result.outcome), result.verdict.checks[0].baseline) == ("fail", 7)
    assert (based.root / "docs/baseline.json").read_bytes() == before
    assert not list(based.root.rglob("hook-ran"))
    assert "worktree" not in based.git("worktree", "list", "--porcelain").partition("\n\n")[2]


def test_the_merge_base_is_a_base_and_a_move_is_said(based: Any) -> None:
    phase(based, base="merge-base:main")
    base = based.commit()
    based.git("checkout", "--quiet", "-b", "topic")
    assert based.run("baseline", "p").code == 0
    assert baseline(based)["subject"]["commit"] == base
    based.write({"n": "9"})
    based.commit()
    assert based.run("p").outcomes == {"1::lints": "pass", "1::value": "pass"}
    based.git("checkout", "--quiet", "main")
    based.write({"other": "x"})
    moved = based.commit()
    based.git("checkout", "--quiet", "topic")
    assert based.run("p").code == 0  # where they parted is where it was
    based.git("merge", "--quiet", "main")
    ran = based.run("p")
    assert set(ran.outcomes.values()) == {"baseline-stale"}
    (warning,) = ran.record.warnings
    assert warning == (
        f"the baseline is of {base[:12]}, the phase's base (merge-base:main) is {moved[:12]} "
        "now: run `gaterun baseline` again"
    )
    assert based.run("baseline", "tighten", "p").code == 4


def test_a_merge_base_that_is_not_there_is_said(based: Any) -> None:
    phase(based, base="merge-base:nowhere")
    ran = based.run("p")
    assert "git knows no revision 'merge-base:nowhere'" in ran.record.warnings[0]
    assert based.run("baseline", "p").code == 4


# --- accept ----------------------------------------------------------------------------------


def test_worse_needs_a_reason_and_the_reason_is_shown(based: Any) -> None:
    based.write({"n": "12"})
    before = (based.root / "docs/baseline.json").read_text()
    ran = accept(based, "value")
    assert ran.code == 4
    assert "what is not better needs a reason: value.n 10 to 12 (worse: 10 to 12)" in ran.err
    assert (based.root / "docs/baseline.json").read_text() == before
    ran = accept(based, "value", "--reason", "the new\n  table, #42")
    assert ran.code == 0, ran.err
    entry = baseline(based)["metrics"]["value.n"]
    assert entry["value"] == 12
    assert (entry["accepted"]["reason"], entry["accepted"]["before"]) == ("the new table, #42", 10)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry["accepted"]["date"])
    assert entry["origin"]["commit"] == based.git("rev-parse", "HEAD")
    ran = based.run("p", "--report", "md:-", "--report", "junit:j.xml")
    assert ran.code == 0
    accepted = f"{entry['accepted']['date']}: the new table, #42"
    told = f"1::value: the baseline's n, 12, was accepted on {accepted}"
    assert ran.record.warnings == (told,)
    assert "was accepted on" in ran.out
    assert "the new table" in ran.out
    assert 'name="metric:n.accepted"' in (based.root / "j.xml").read_text()
    based.write({"n": "13"})
    ran = based.run("p", "1::value")
    assert f"baseline 12 (accepted {entry['accepted']['date']}: the new table, #42)" in " ".join(
        ran.out.split()
    )


def test_what_has_changed_since_is_measured_before_it_is_accepted(based: Any) -> None:
    based.write({"n": "12"})
    based.run("p")
    based.write({"n": "9"})
    before = (based.root / "docs/baseline.json").read_text()
    for command in (("accept", "p", "--reason", "r"), ("tighten", "p")):
        ran = based.run("baseline", *command)
        assert ran.code == 4
        assert "the tree changed" in ran.err
        assert "since run" in ran.err
        assert "gaterun p" in ran.err
        assert (based.root / "docs/baseline.json").read_text() == before
    run = re.search(r"--run (\S+)", ran.err)
    assert run is not None
    ran = based.run("baseline", "accept", "p", "value", "--reason", "r", "--run", run[1])
    assert ran.code == 0, ran.err
    assert baseline(based)["metrics"]["value.n"]["value"] == 12


def test_only_what_is_named_changes(based: Any) -> None:
    before = (based.root / "docs/baseline.json").read_text()
    based.write({"n": "12", "lints": lints("unused:a", "unused:z")})
    assert accept(based, "value.n", "--reason", "r").code == 0
    after = (based.root / "docs/baseline.json").read_text()
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert after.count('"accepted": {') == 1
    start = after.index('"value.n"')
    for line in changed:
        assert after.index(line) >= start or line in before
    assert before[: before.index('"value.n"')] == after[:start]


def test_findings_are_accepted_with_their_metric(based: Any) -> None:
    based.write({"lints": lints("unused:a", "unused:z")})
    assert based.run("p", "1::lints").outcomes == {"1::lints": "fail"}
    ran = accept(based, "lints.warnings", "--reason", "z is generated")
    assert "accepted   lints.warnings 3 to 2 (worse: 1 new)" in ran.out
    assert based.run("p", "1::lints").outcomes == {"1::lints": "pass"}
    based.write({"lints": lints("unused:a", "unused:b")})
    assert based.run("p", "1::lints").outcomes == {"1::lints": "fail"}


def test_everything_that_is_compared_is_accepted_by_default(based: Any) -> None:
    based.write({"n": "12", "lints": lints("new:a")})
    ran = accept(based, "--reason", "r")
    assert ran.code == 0
    assert based.run("p").code == 0
    ran = accept(based, "--reason", "again")
    assert "unchanged" in ran.out
    assert "is as it was" in ran.out
    assert "again" not in (based.root / "docs/baseline.json").read_text()


def test_what_was_accepted_first_is_remembered(based: Any) -> None:
    for number in ("12", "14"):
        based.write({"n": number})
        accept(based, "value", "--reason", f"for {number}")
    accepted = baseline(based)["metrics"]["value.n"]["accepted"]
    assert (accepted["before"], accepted["reason"]) == (10, "for 14")


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("nope", "neither a metric nor a gate"),
        ("value.ratio", "did not measure ratio of 1::value"),
        ("value.nope", "neither a metric nor a gate"),
    ],
)
def test_what_cannot_be_accepted(based: Any, which: str, said: str) -> None:
    ran = accept(based, which, "--reason", "r")
    assert ran.code == 4
    assert said in ran.err


def test_without_a_run_or_a_baseline_nothing_is_accepted(project: Any) -> None:
    project.write({"lints": "", "n": "1"})
    phase(project, base="HEAD")
    project.commit()
    assert "has not been run here" in project.run("baseline", "accept", "p").err
    ran = accept(project)
    assert ran.code == 4
    assert "has no baseline yet" in ran.err


def test_a_phase_that_began_nowhere_begins_with_what_is_accepted(project: Any) -> None:
    project.write({"lints": lints("unused:a"), "n": "1"})
    project.phase(PHASE.format(base="", lints="", value="").replace('base = ""', ""))
    assert set(project.run("p").outcomes.values()) == {"baseline-missing"}
    ran = accept(project, "--reason", "where we are")
    assert ran.code == 0, ran.err
    assert project.run("p").code == 0
    project.write({"n": "2"})
    assert project.run("p").code == 1


def test_measuring_again_says_what_is_no_longer_accepted(based: Any) -> None:
    based.write({"n": "12"})
    accept(based, "value", "--reason", "why not")
    ran = based.run("baseline", "p")
    assert re.search(r"no longer accepted: value\.n \(.*: why not\)", ran.out)
    assert baseline(based)["metrics"]["value.n"]["value"] == 10


# --- damage ----------------------------------------------------------------------------------


def test_a_number_that_nobody_measured_is_refused_until_it_is_measured(based: Any) -> None:
    path = based.root / "docs/baseline.json"
    path.write_text(path.read_text().replace('"value": 10', '"value": 100'))
    ran = based.run("p")
    assert ran.code == 4
    assert "was changed since it was written: value.n" in ran.err
    assert "gaterun baseline accept PHASE METRIC" in ran.err
    based.run("p", "--baseline", "HEAD")
    ran = based.run("baseline", "accept", "p", "lints", "--reason", "r")
    assert ran.code == 4  # value.n would be sealed as it stands
    ran = based.run("baseline", "accept", "p", "value.n", "--reason", "edited by hand")
    assert ran.code == 0, ran.err
    assert baseline(based)["metrics"]["value.n"]["value"] == 10
    assert based.run("p").code == 0


def test_another_file_is_never_no_baseline(based: Any) -> None:
    path = based.root / "docs/baseline.json"
    for text in ("", "{}", '{"kind": "gaterun.metrics"}', "\x00" * 9, '{"runs": []}'):
        path.write_text(text)
        for argv in (
            ("p",),
            ("baseline", "tighten", "p"),
            ("diff",),
            ("p", "--baseline", str(path)),
        ):
            ran = based.run(*argv)
            assert (ran.code, ran.records) == (4, ()), argv


# --- tighten ---------------------------------------------------------------------------------


def test_tighten_takes_what_is_better_and_nothing_else(based: Any) -> None:
    based.write({"n": "12", "lints": lints("unused:a", "shadow:a")})
    based.run("p")
    ran = based.run("baseline", "tighten", "p")
    assert ran.code == 0
    assert "tightened  lints.warnings 3 to 2" in ran.out
    assert "kept       value.n 10 to 12 (worse: 10 to 12)" in ran.out
    assert baseline(based)["metrics"]["value.n"]["value"] == 10
    assert "accepted" not in based.run("p", "1::lints").out
    based.write({"lints": lints("unused:a", "shadow:a", "unused:b")})
    assert based.run("p", "1::lints").outcomes == {"1::lints": "fail"}


def test_tighten_does_not_take_fewer_findings_with_a_new_one(based: Any) -> None:
    based.write({"lints": lints("unused:z")})
    based.run("p")
    ran = based.run("baseline", "tighten", "p")
    assert "kept       lints.warnings 3 to 1 (worse: 1 new)" in ran.out
    assert "is as it was" in ran.out


def test_tighten_ends_an_acceptance_when_it_is_as_good_again(based: Any) -> None:
    based.write({"n": "14"})
    accept(based, "value", "--reason", "for now")
    for number, still in (("12", True), ("10", False)):
        based.write({"n": number})
        based.run("p")
        assert f"to {number}" in based.run("baseline", "tighten", "p").out
        assert bool(baseline(based)["metrics"]["value.n"]["accepted"]) is still


def test_what_is_within_the_noise_is_not_tightened(based: Any) -> None:
    phase(based, value='tolerance = { n = "2" }')
    for number, said in (("8", "kept       value.n 10"), ("7", "tightened  value.n 10 to 7")):
        based.write({"n": number})
        based.run("p")
        assert said in based.run("baseline", "tighten", "p").out


def test_slack_is_shown_with_what_keeps_it(based: Any) -> None:
    based.write({"n": "7"})
    ran = based.run("p")
    assert "1::value n: 3 better than the baseline" in ran.out
    assert "`gaterun baseline tighten p` keeps it" in ran.out


# --- merging ---------------------------------------------------------------------------------


def test_branches_that_accept_different_metrics_merge(based: Any) -> None:
    for branch, files in (
        ("one", {"n": "12"}),
        ("two", {"lints": lints("unused:a", "unused:b", "shadow:a", "new:a")}),
    ):
        based.git("checkout", "--quiet", "-B", branch, "main")
        based.write(files)
        which = "value" if branch == "one" else "lints"
        assert accept(based, which, "--reason", f"of {branch}").code == 0
        based.commit(branch)
    based.git("merge", "--quiet", "--no-edit", "one")
    document = read_metrics(based.root / "docs/baseline.json")
    reasons = {key: e.accepted.reason for key, e in document.metrics.items() if e.accepted}
    assert reasons == {"lints.warnings": "of two", "value.n": "of one"}
    ran = based.run("p")
    assert ran.outcomes == {"1::lints": "pass", "1::value": "pass"}


def test_a_conflict_in_one_metric_is_mended_by_accepting_it(based: Any) -> None:
    for branch, number in (("one", "12"), ("two", "13")):
        based.git("checkout", "--quiet", "-B", branch, "main")
        based.write({"n": number})
        accept(based, "value", "--reason", f"of {branch}")
        based.commit(branch)
    with pytest.raises(subprocess.CalledProcessError):
        based.git("merge", "--quiet", "--no-edit", "one")
    based.write({"n": "13"})
    ran = based.run("p")
    assert ran.code == 4
    assert "has conflicts that are not resolved" in ran.err
    # Resolved by hand, line by line, into what neither side has measured.
    path = based.root / "docs/baseline.json"
    text = re.sub(
        r"<<<<<<< .*?\n(.*?)=======\n.*?>>>>>>> .*?\n", r"\1", path.read_text(), flags=re.DOTALL
    )
    path.write_text(text.replace('"value": 13', '"value": 99'))
    assert based.run("p").code == 4
    path.write_text(text.replace('"value": 13', '"value": 99'))
    assert based.run("p", "--baseline", "HEAD").records
    ran = based.run("baseline", "accept", "p", "value", "--reason", "both")
    assert ran.code == 0, ran.err
    assert based.run("p").code == 0
    assert baseline(based)["metrics"]["value.n"]["value"] == 13


# --- size ------------------------------------------------------------------------------------


def test_fifty_thousand_findings_do_not_explode_the_file(project: Any) -> None:
    many = "".join(
        f"rule{i % 40} src/f{i % 900}.rs:{i} found {chr(97 + i % 26) * (i // 900 + 1)}\n"
        for i in range(50_000)
    )
    project.write({"lints": many, "n": "1"})
    phase(project, base="HEAD")
    project.commit()
    assert project.run("baseline", "p").code == 0
    assert (project.root / "docs/baseline.json").stat().st_size < 600_000
    assert project.run("p", "1::lints", "-qq").outcomes == {"1::lints": "pass"}
    phase(project, base="HEAD")
    text = PHASE.format(base="HEAD", lints="", value="")
    project.phase(text.replace('ratchet = "warnings"', 'require = "warnings < 90000"'))
    assert project.run("baseline", "p").code == 0
    assert (project.root / "docs/baseline.json").stat().st_size < 20_000


# --- every kind of condition in every report -------------------------------------------------

KINDS: Mapping[str, str] = {
    "absolute": 'require = "warnings < 3"',
    "new": 'require = "warnings == 0"\nscope = "new"',
    "ratchet": 'ratchet = "warnings"',
    "floor": 'require = "warnings < 99"\nfloor = { files = 3 }',
}


@pytest.mark.parametrize("kind", [*KINDS, "improve", "parts", "tolerance"])
def test_a_verdict_in_every_report(based: Any, golden: Any, kind: str) -> None:
    """Condition, actual, baseline, target and distance, wherever a verdict is shown."""
    entry = KINDS.get(kind, 'ratchet = "warnings"')
    text = PHASE.format(base="start", lints="", value="").replace('ratchet = "warnings"', entry)
    if kind == "improve":
        text = text.replace('ratchet = "n"', 'improve = "n >= 50%"')
    if kind == "tolerance":
        text = text.replace('ratchet = "n"', 'ratchet = "n"\ntolerance = { n = "10%" }')
    based.phase(text)
    based.write({"lints": lints("unused:a", "unused:b", "shadow:b", "new:a", "new:b"), "n": "12"})
    gate = "lints" if kind in KINDS else "value"
    ran = based.run(
        "p", f"1::{gate}", "--report", "md:md", "--report", "junit:xml", "--report", "json:js"
    )
    assert ran.code in {1, 7}
    check = ran.record.results[0].verdict.checks[0]
    assert check.condition
    assert check.target
    assert check.distance
    assert check.actual is not None
    assert (check.baseline is None) is (kind in {"absolute", "floor"})
    terminal = re.split("=+ (?:failures|no verdict) =+\n", ran.out)[1].partition("repeat:")[0]
    lines = (based.root / "md").read_text().splitlines()
    markdown = [line for line in lines if line.startswith("|")]
    junit = re.search(
        r"<(failure|error).*?</(failure|error)>", (based.root / "xml").read_text(), re.DOTALL
    )
    assert junit
    record = json.loads((based.root / "js").read_text())
    checks = record["results"][0]["verdict"]["checks"]
    shown = [
        "terminal", terminal, "markdown", *markdown, "", "junit", junit[0], "", "json",
        json.dumps(checks, indent=1, ensure_ascii=False),
    ]  # fmt: skip
    assert re.sub(r"\d+\.\d+s", "0.0s", "\n".join(shown)) == golden


# --- diff ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "md"])
def test_a_diff_with_findings_and_acceptances(based: Any, golden: Any, form: str) -> None:
    based.write({"lints": lints("unused:a", "unused:b", "new:a"), "n": "12"})
    accept(based, "value", "--reason", "the | table")
    based.write({"n": "11"})
    based.run("p")
    ran = based.run("diff", "--format", form)
    assert ran.code == 0, ran.err
    out = re.sub(r"\d{4}-\d\d-\d\d", "DATE", ran.out)
    assert re.sub(r"\([0-9a-f]{12}", "(COMMIT", out) == golden
    (row,) = [
        row
        for row in json.loads(based.run("diff", "--format", "json").out)["metrics"]
        if row["id"] == "lints.warnings"
    ]
    assert (row["change"], row["delta"], row["new"], row["gone"]) == ("changed", None, 1, 1)


def test_a_diff_of_a_damaged_side_is_refused(based: Any) -> None:
    based.run("p", "--report", "metrics:m.json")
    path = based.root / "m.json"
    path.write_text(path.read_text().replace('"value": 10', '"value": 1e999'))
    assert based.run("diff", "baseline", "m.json").code == 4
    path.write_text(path.read_text().replace('"value": 1e999', '"value": NaN'))
    assert based.run("diff", "baseline", "m.json").code == 4
