from __future__ import annotations

import json
import re
from typing import Any

import pytest

FULL = """
[phase]
title = "The phase"
base = "HEAD"
gates = ["pass"]
[task."7.1"]
title = "First"
owner = "me"
estimate = "2d"
[[task."7.1".gate]]
use = "value"
number = 3
id = "numbers"
require = ["n < 20", "ratio >= 50%"]
ratchet = "n"
floor = { things = 1 }
tags = ["slow"]
mode = "advisory"
enforce_after = 2999-01-31
[task."7.2"]
needs = ["7.1"]
[[task."7.2".gate]]
use = "fail"
needs = "7.1::numbers"
skip = "not here"
"""


def test_list_of_phases(project: Any) -> None:
    project.phase('[phase]\ntitle = "Mine"\n', "phase7")
    project.phase("[phase]\n", "b")
    ran = project.run("list")
    assert ran.code == 0
    assert "b       -  (phases/b.toml)\n" in ran.out
    assert "phase7  Mine  (phases/phase7.toml)\n" in ran.out
    found = json.loads(project.run("list", "--format", "json").out)
    assert {"phase": "phase7", "title": "Mine", "source": "phases/phase7.toml"} in found


def test_list_of_a_phase(project: Any, golden: Any) -> None:
    project.phase(FULL)
    assert project.run("list", "p").out == golden


def test_list_counts_as_people_do(project: Any) -> None:
    project.gates("pass")
    assert project.run("list", "p").out.endswith("\n1 gate in 1 task\n")
    project.gates("pass", "fail")
    assert project.run("list", "p").out.endswith("\n2 gates in 1 task\n")
    assert project.run("p", "fail", "--co").out.endswith("\n1 of 2 gates in 1 task\n")


def test_list_as_json(project: Any) -> None:
    project.phase(FULL)
    found = json.loads(project.run("list", "p", "--format", "json").out)
    assert (found["base"], found["source"]) == ("HEAD", "phases/p.toml")
    assert [task["id"] for task in found["tasks"]] == ["7.1", "7.2"]
    (gate,) = found["tasks"][0]["gates"]
    assert gate["node_id"] == "7.1::numbers"
    assert gate["gate"] == "value"
    assert gate["conditions"] == ["n < 20", "ratio >= 50%", "ratchet n", "floor things 1"]
    assert (gate["file"], gate["line"]) == ("phases/p.toml", 10)


def test_list_as_json_says_the_phases_id(project: Any) -> None:
    project.phase(FULL)
    found = json.loads(project.run("list", "p", "--format", "json").out)
    assert found["phase"] == "p"
    assert "phase::pass" in json.dumps(found)


def test_list_writes_nothing(project: Any) -> None:
    project.phase(FULL)
    project.run("list", "p")
    assert not (project.root / ".gaterun").exists()


def test_explain(project: Any, golden: Any) -> None:
    assert project.run("explain", "value").out == golden
    ran = project.run("explain")
    assert "alone         the fake gate alone\n" in ran.out
    assert "Runs alone: it measures time." in project.run("explain", "alone").out
    assert "did you mean 'value'?" in project.run("explain", "vlaue").err


def test_explain_needs_no_workspace(tmp_path: Any, monkeypatch: Any, capsys: Any) -> None:
    from gaterun.cli.main import run

    monkeypatch.chdir(tmp_path)
    assert run(["explain", "clippy"]) == 0
    assert capsys.readouterr().out.startswith("# clippy: ")
    assert run(["explain", "-C", str(tmp_path)]) == 4  # asked for by name, it has to be one


def test_letters_that_stand_for_no_outcome(project: Any) -> None:
    project.gates("pass")
    ran = project.run("p", "-r", "fZ")
    assert (ran.code, ran.records) == (4, ())
    assert "'Z' stands for no outcome: write some of f i b s w a p A" in ran.err
    assert project.run("p", "-r", "fibswapA").code == 0


def test_plugins(project: Any) -> None:
    ran = project.run("plugins")
    lines = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines()}
    assert lines["fake_gates"][:2] == ["loaded", "-p"]
    assert lines["build"][0] == "blocked"
    assert lines["report-junit"][0] == "loaded"
    assert lines["report-junit"][1] == "gaterun"
    assert ran.out.splitlines()[-1].startswith("23 gates, 3 resources, ")


def test_config(project: Any, monkeypatch: Any) -> None:
    project.write({"gaterun.toml": 'jobs = 3\nreport = ["md", "json"]\n[profile.ci]\njobs = 5\n'})
    ran = project.run("config", "-o", "color=never")
    assert "jobs = 3  # gaterun.toml\n" in ran.out
    assert "report = md, json  # gaterun.toml\n" in ran.out
    assert "color = never  # -o\n" in ran.out
    assert "state = .gaterun  # default\n" in ran.out
    assert "phase = (none)  # default\n" in ran.out
    assert project.run("config", "jobs", "-P", "ci").out.splitlines()[0].startswith("jobs = 5")
    monkeypatch.setenv("GATERUN_JOBS", "7")
    ran = project.run("config", "jobs")
    assert ran.out.splitlines()[0] == "jobs = 7  # GATERUN_JOBS"
    assert "how many gates run at once" in ran.out


# --- reports, again --------------------------------------------------------------------------


MIXED = """
[task.a]
[[task.a.gate]]
use = "fail"
[[task.a.gate]]
use = "garbage"
[[task.a.gate]]
use = "crash"
[[task.a.gate]]
use = "value"
number = 3
share = 0.25
parts = { x = 1, y = 2 }
require = ["n < 20", "score > 1"]
[task.b]
needs = ["a"]
[[task.b.gate]]
use = "pass"
[[task.b.gate]]
use = "nothing"
skip = "not here"
"""


@pytest.mark.parametrize("form", ["json", "junit", "md", "metrics"])
def test_a_replayed_report_is_the_original(project: Any, form: str) -> None:
    project.phase(MIXED)
    project.run("p", "--report", f"{form}:one")
    ran = project.run("report", "p", "--report", f"{form}:two")
    assert ran.code == 0, ran.err
    assert (project.root / "two").read_bytes() == (project.root / "one").read_bytes()


def test_a_replayed_report_of_an_older_run(project: Any) -> None:
    project.gates("fail")
    first = project.run("p", "--report", "json:one").record
    project.gates("pass")
    project.run("p")
    assert project.run("report", "p", "--run", first.id, "--report", "json:two").code == 0
    assert (project.root / "two").read_bytes() == (project.root / "one").read_bytes()


def test_report_runs_nothing_and_is_0(project: Any) -> None:
    project.gates("fail")
    project.run("p")
    ran = project.run("report", "p")
    assert (ran.code, ran.records) == (0, ())
    assert "FAILED" in ran.out


def test_report_of_another_phases_run_is_refused(project: Any) -> None:
    project.gates("fail")
    project.gates("pass", name="q")
    other = project.run("q").record
    project.run("p")
    assert project.run("report", "p", "--run", other.id).code == 4


def test_final_metrics_go_where_the_phase_says(project: Any) -> None:
    project.phase('[phase.outputs]\nfinal = "docs/final.json"\n' + MIXED)
    record = project.run("p").record
    assert not (project.root / "docs").exists()
    assert project.run("report", "p").code == 0
    found = json.loads((project.root / "docs/final.json").read_text())
    assert found["run"]["id"] == record.id
    assert found["metrics"]["value.n"]["value"] == 3


@pytest.mark.parametrize("path", ["../out.json", "/tmp/gaterun-core-tests-out.json"])
def test_outputs_stay_in_the_workspace(project: Any, path: str) -> None:
    """A phase file comes with a repository; it says relative to the workspace root."""
    path = path.replace("/tmp", str(project.temporary))
    project.phase(f'[phase.outputs]\nfinal = "{path}"\n' + MIXED)
    project.run("p")
    assert project.run("report", "p").code == 4


# --- reports of a run ------------------------------------------------------------------------


def test_a_report_on_standard_output_is_alone_there(project: Any) -> None:
    project.gates("fail")
    ran = project.run("p", "--report", "json:-", "--report", "md:out.md")
    assert json.loads(ran.out)["phase"] == "p"
    assert "FAILED" in ran.err
    assert "wrote " in ran.err


def test_a_report_without_a_path_goes_below_the_state_folder(project: Any) -> None:
    project.gates("pass")
    project.run("p", "--report", "junit", "--report", "json")
    names = {path.name for path in (project.root / ".gaterun/reports").iterdir()}
    assert len(names) == 2


def test_junit_xml_is_a_report(project: Any) -> None:
    project.gates("fail", "crash", "pass")
    for option in ("--junit-xml", "--junitxml"):
        project.run("p", option, "deep/out.xml")
        from xml.etree import ElementTree

        suite = ElementTree.parse(project.root / "deep/out.xml").getroot()
        assert (suite.get("failures"), suite.get("errors"), suite.get("tests")) == ("1", "1", "3")


def test_quiet_and_agent(project: Any) -> None:
    project.gates("pass")
    assert project.run("p", "--output", "agent").out == ""
    assert project.run("p", "-qq").out.count("\n") <= 1
    project.gates("fail", "pass", "crash")
    out = project.run("p", "--output", "agent").out
    assert "gaterun p 1::fail" in out
    assert "1::pass" not in out


def test_the_environment_of_an_agent_never_changes_the_code(project: Any, monkeypatch: Any) -> None:
    project.gates("fail")
    assert project.run("p").code == 1
    monkeypatch.setenv("CLAUDECODE", "1")
    assert project.run("p").code == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "colour"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(
    project: Any, monkeypatch: Any, arguments: list[str], environment: dict[str, str], colour: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    project.gates("fail")
    ran = project.run("p", *arguments, "--report", "md:out.md")
    assert ("\x1b[" in ran.out) is colour
    assert "\x1b[" not in (project.root / "out.md").read_text()


# --- diff ------------------------------------------------------------------------------------


def value(project: Any, **options: Any) -> Any:
    lines = "".join(
        f"{name} = {json.dumps(given).replace(': ', ' = ')}\n" for name, given in options.items()
    )
    project.phase(f'[task.1]\n[[task.1.gate]]\nuse = "value"\nrequire = "n >= 0"\n{lines}')
    ran = project.run("p")
    assert ran.code in {0, 7}, ran.err
    return ran.record


def test_diff(project: Any) -> None:
    first = value(project, number=4, points=10, share=0.5)
    second = value(project, number=3, points=9, share=0.5)
    found = json.loads(project.run("diff", first.id, second.id, "--format", "json").out)
    rows = {row["id"]: row for row in found["metrics"]}
    assert (rows["value.n"]["change"], rows["value.n"]["delta"]) == ("improved", -1)
    assert rows["value.n"]["delta_rel"] == -0.25
    assert rows["value.score"]["change"] == "regressed"
    assert rows["value.ratio"]["change"] == "unchanged"
    assert rows["value.size"]["change"] == "unchanged"
    text = project.run("diff", first.id, second.id).out
    assert "value.n" in text
    assert "value.ratio" not in text
    assert "value.ratio" in project.run("diff", first.id, second.id, "--all").out
    assert project.run("diff", first.id, second.id, "--format", "md").out.count("|") > 10


def test_diff_says_how_to_name_a_phase(project: Any) -> None:
    value(project, number=4)
    project.gates("pass", name="q")
    ran = project.run("diff")
    assert (ran.code, "help: name one with --phase" in ran.err) == (4, True)
    ran = project.run("diff", "q")
    assert (ran.code, "gaterun diff --phase q\n" in ran.err) == (4, True)


def test_what_was_not_run_is_not_gone(project: Any) -> None:
    project.gates("pass", "fail", "crash")
    whole = project.run("p").record.id
    part = project.run("p", "pass").record.id
    text = project.run("diff", whole, part).out
    assert "gone" not in text
    assert f"not run in {part}: 1::fail\n1 same, 1 not run\n" in text
    assert f"not run in {whole}" not in text
    assert f"not run in {part}: 1::fail\n" in project.run("diff", part, whole).out
    assert "fail.ok" in project.run("diff", whole, part, "--all").out
    assert "Not run in " in project.run("diff", whole, part, "--format", "md").out
    found = json.loads(project.run("diff", whole, part, "--format", "json").out)
    rows = {row["id"]: row for row in found["metrics"]}
    assert (rows["fail.ok"]["change"], rows["pass.ok"]["change"]) == ("not-run", "unchanged")
    assert (found["current"]["not_run"], found["baseline"]["not_run"]) == (["1::fail"], [])
    project.gates("pass")  # a gate that the phase no longer has is gone
    assert "gone" in project.run("diff", whole, project.run("p").record.id).out


def test_no_percentage_of_what_is_not_comparable(project: Any) -> None:
    first = value(project, number=4, recipe={"profile": "dev"})
    second = value(project, number=2, recipe={"profile": "release"})
    found = json.loads(project.run("diff", first.id, second.id, "--format", "json").out)
    (row,) = [row for row in found["metrics"] if row["id"] == "value.n"]
    assert (row["change"], row.get("delta"), row.get("delta_rel")) == ("incomparable", None, None)
    assert "profile dev before, release now" in row["why"]
    for form in ("text", "md"):
        out = project.run("diff", first.id, second.id, "--format", form).out
        (line,) = [line for line in out.splitlines() if "value.n" in line]
        assert "%" not in line
        assert "profile dev before" in out


def test_what_was_not_measured_is_neither_better_nor_worse(project: Any) -> None:
    first = value(project, number=4)
    second = value(project, points=1)
    found = json.loads(project.run("diff", first.id, second.id, "--format", "json").out)
    rows = {row["id"]: row for row in found["metrics"]}
    assert rows["value.n"]["change"] == "removed"
    assert rows["value.score"]["change"] == "added"


def test_diff_with_a_file_and_last(project: Any) -> None:
    value(project, number=4)
    project.run("p", "--report", "metrics:m.json")
    value(project, number=5)
    ran = project.run("diff", "m.json", "last", "--format", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["baseline"]["name"] == "m.json"
    assert "has no baseline yet" in project.run("diff").err


# --- baseline --------------------------------------------------------------------------------


def test_baseline_measures_the_base_not_the_tree(project: Any) -> None:
    project.write({"n": "4"})
    base = project.commit()
    project.write({"n": "9"})
    project.phase(
        f"""
        [phase]
        base = "{base}"
        [phase.outputs]
        baseline = "docs/b.json"
        [task.1]
        [[task.1.gate]]
        use = "value"
        file = "n"
        require = "n < 0"
        [[task.1.gate]]
        use = "fail"
        """
    )
    ran = project.run("baseline", "p")
    assert ran.code == 0, ran.err
    found = json.loads((project.root / "docs/b.json").read_text())
    assert (found["role"], found["subject"]["commit"], found["base"]) == ("baseline", base, base)
    assert found["metrics"]["value.n"]["value"] == 4
    assert found["metrics"]["fail.ok"]["value"] is False
    assert re.search(r"measured      1::value in \S+: n 4\n", ran.out)
    assert (project.root / "n").read_text() == "9"
    assert project.git("worktree", "list").count("\n") == 0
    assert list(project.temporary.iterdir()) == []


def test_an_interrupted_baseline_leaves_the_old_one(project: Any) -> None:
    import signal

    project.write({"n": "4"})
    project.phase(
        '[phase]\nbase = "HEAD"\n[task.1]\n[[task.1.gate]]\nuse = "value"\nnumber = 1\n'
        'require = "n < 3"\n'
    )
    project.commit()
    assert project.run("baseline", "p").code == 0
    path = project.root / ".gaterun/baseline/p.json"
    good = path.read_bytes()
    with (project.root / "phases/p.toml").open("a") as out:
        out.write(f'[[task.1.gate]]\nuse = "hang"\npids = "{project.signals}/pids"\n')
    process = project.start("baseline", "p")
    project.await_file("pids")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 2
    assert path.read_bytes() == good


# --- init ------------------------------------------------------------------------------------


def only(project: Any, monkeypatch: Any, source: str) -> None:
    """Gates of this source take the place of the fake ones."""
    import os

    project.write({"local/mine.py": source})
    monkeypatch.setenv("GATERUN_GATES", "local")
    plugins = os.environ["GATERUN_PLUGINS"].removeprefix("fake_gates,")
    monkeypatch.setenv("GATERUN_PLUGINS", plugins)


INIT = """
import gaterun
from gaterun import Better, Gate, Measurement, Metric, Unit

def measure(ctx):
    return Measurement(
        metrics={"n": 7, "ratio": 0.57, "size": 2**40 + 1, "flag": True, "time": 0.123456789012},
        inspected={"things": 1},
    )

def refuse(ctx):
    raise gaterun.CannotMeasure(gaterun.Reason.TOOL_MISSING, "no such tool")

METRICS = (
    Metric(name="n"),
    Metric(name="ratio", unit=Unit.RATIO, better=Better.HIGHER),
    Metric(name="size", unit=Unit.BYTES),
    Metric(name="flag", unit=Unit.BOOLEAN, better=Better.NEITHER),
    Metric(name="time", unit=Unit.SECONDS),
)

def gate(name, measure, *requires, pins=()):
    return Gate(
        name=name, title=name, metrics=METRICS, measure=measure, requires=requires, pins=pins
    )

@gaterun.hookimpl
def gaterun_gates():
    return [
        gate("holds", measure, "n < 20", "flag == true"),
        gate(
            "relaxed", measure, "n == 0", "ratio >= 90%", "size < 1B", "time < 1ms",
            pins=("n", "ratio", "size", "time"),
        ),
        gate("broken", measure, "n == 0", "flag == true", pins=("ratio",)),
        gate("missing", refuse, "n == 0"),
        gate("red", measure, "flag == false"),
    ]
"""


def test_init_writes_a_phase_that_passes(project: Any, monkeypatch: Any) -> None:
    only(project, monkeypatch, INIT)
    ran = project.run("init")
    assert ran.code == 0, ran.err
    text = (project.root / "phases/first.toml").read_text()
    assert '"n < 20"' in text
    assert '"flag == true"' in text
    assert '# use = "missing"' in text
    assert "no such tool" in text
    assert '# use = "red"' in text
    # Only what a gate pins is held at today's value: a limit for the rest would be a false green.
    assert '# Left out: today n is 7\n# [[task."1".gate]]\n# use = "broken"' in text
    done = project.run("first")
    assert done.code == 0, done.out
    assert set(done.outcomes) == {"1::holds", "1::relaxed"}
    assert project.run("init").code == 4
    assert (project.root / "phases/first.toml").read_text() == text


def test_init_writes_nothing_that_another_condition_says(project: Any, monkeypatch: Any) -> None:
    """Each red would be told twice."""
    pinned = """gate("pinned", measure, "n == 7", "size < 2TiB", "ratio > 10%", "time > 0s",
             pins=("n", "size", "ratio", "time")),"""
    only(project, monkeypatch, INIT.replace("    return [\n", f"    return [\n        {pinned}\n"))
    assert project.run("init").code == 0
    conditions = project.run("list", "first").out
    assert (
        "1::pinned  n == 7, time > 0s, size <= 1099511627777B, ratio >= 57%, "
        "time <= 0.123456789012s" in conditions
    )
