"""The second key in real repositories: what a change weakens is told, and fails where it should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gaterun.model.policy import BasePolicy
from gaterun.model.record import RunRecord
from gaterun.model.verdict import ExitCode

PHASE = """\
[phase]
base = "base"
protected = ["clippy.toml", "ci/**"]

[task.1]
[[task.1.gate]]
use = "value"
number = 4
require = "n < 5"

[[task.1.gate]]
use = "pass"
"""


@pytest.fixture
def start(project: Any) -> Callable[..., Any]:
    """Commits a phase and tags it as the base."""

    def start(text: str = PHASE, **files: str) -> Any:
        project.phase(text)
        project.write(
            {name.replace("__", "/").replace("_toml", ".toml"): t for name, t in files.items()}
        )
        project.write({".gitignore": ".gaterun/\n"})
        project.commit("where it began")
        project.git("tag", "base")
        return project

    return start


def policy(record: RunRecord) -> BasePolicy:
    assert record.policy is not None
    return record.policy


def told(record: RunRecord) -> list[str]:
    return [f"{change.subject}: {change.text}" for change in policy(record).changes]


def test_nothing_is_told_where_nothing_changed(start):
    project = start()
    ran = project.run("p", "--base-policy", "fail")
    assert (ran.code, told(ran.record)) == (0, [])
    assert ran.outcomes == {"1::value": "pass", "1::pass": "pass", "policy::base": "pass"}
    assert policy(ran.record).notes == (
        "the base is HEAD itself: only what is not committed is compared",
    )
    assert (policy(ran.record).gates, policy(ran.record).file) == (2, "phases/p.toml")


def test_a_loosened_threshold_is_told_and_fails_only_where_asked(start):
    project = start()
    project.phase(PHASE.replace("n < 5", "n < 9").replace("number = 4", "number = 4"))
    project.commit("make it pass")
    change = ["1::value: condition loosened: n < 9 (was n < 5)"]

    ran = project.run("p")
    assert (ran.code, told(ran.record)) == (0, change)
    assert "policy::base" not in ran.outcomes
    ran = project.run("p", "--base-policy", "fail")
    assert (ran.code, told(ran.record)) == (1, change)
    assert ran.outcomes == {"1::value": "pass", "1::pass": "pass", "policy::base": "fail"}
    ran = project.run("p", "--base-policy", "off")
    assert (ran.code, ran.record.policy) == (0, None)


def test_gates_are_judged_under_the_conditions_of_the_base_too(start):
    project = start(PHASE.replace("number = 4", 'file = "n.txt"'), **{"n.txt": "4"})
    loose = PHASE.replace("number = 4", 'file = "n.txt"').replace("n < 5", "n < 9")
    project.phase(loose)
    project.write({"n.txt": "7"})

    assert project.run("p").code == 0
    ran = project.run("p", "--base-policy", "fail")
    assert ran.code == ExitCode.FAILED
    verdict = ran.results["1::value"].verdict
    label = policy(ran.record).label
    assert verdict.message == f"under the conditions of {label}: n is 7, wanted < 5"
    assert [(check.condition, check.holds) for check in verdict.checks] == [
        ("n < 9", True),
        (f"n < 5 at {label}", False),
    ]
    # The measurement is used again, and judged by both again.
    ran = project.run("p", "--base-policy", "fail")
    assert ran.outcomes["1::value"] == "fail"


def test_a_gate_that_blocks_at_the_base_blocks(start):
    project = start(PHASE.replace('"pass"', '"fail"'))
    project.phase(
        PHASE.replace('"pass"', '"fail"') + 'mode = "advisory"\nenforce_after = 2999-01-01\n'
    )
    assert project.run("p").code == 0
    ran = project.run("p", "--base-policy", "fail")
    assert ran.code == 1
    assert ran.results["1::fail"].blocking
    assert told(ran.record) == ["1::fail: made advisory: advisory until 2999-01-01 (was blocking)"]


def test_what_is_stricter_is_told_by_nobody(start):
    project = start()
    project.phase(
        PHASE.replace('"n < 5"', '["n <= 4", "n > 0"]')
        + '[[task.1.gate]]\nuse = "share"\nid = "new"\n'.replace("share", "pass")
    )
    ran = project.run("p", "--base-policy", "fail")
    assert (ran.code, told(ran.record)) == (0, [])


def test_a_changed_option_is_no_verdict(start):
    project = start()
    project.phase(PHASE.replace("number = 4", "number = 3"))
    assert project.run("p").code == 0
    ran = project.run("p", "--base-policy", "fail")
    assert told(ran.record) == ["1::value: option changed: number = 3.0 (was number = 4.0)"]
    assert (ran.code, ran.outcomes["policy::base"]) == (ExitCode.NO_VERDICT, "undecided")


def test_protected_files_are_told_with_their_commits(start):
    project = start(clippy_toml="a = 1\n", ci__x_toml="a = 1\n", ci__gone_toml="")
    project.write({"clippy.toml": "a = 2\n"})
    commit = project.commit("loosen clippy")
    project.write({"clippy.toml": "a = 3\n", "ci/new.toml": ""})
    (project.root / "ci/gone.toml").unlink()
    ran = project.run("p", "--base-policy", "fail")
    assert ran.code == 1
    assert told(ran.record) == [
        "ci/gone.toml: protected file changed: not committed",
        "ci/new.toml: protected file changed: not committed",
        f"clippy.toml: protected file changed: not committed, {commit[:7]} loosen clippy",
    ]


def test_protection_that_is_lifted_protects_still(start):
    project = start(clippy_toml="a = 1\n")
    project.phase(PHASE.replace('"clippy.toml", ', ""))
    project.write({"clippy.toml": "a = 2\n"})
    project.commit("quietly")
    assert [line.partition(":")[2] for line in told(project.run("p").record)][:2] == [
        " protection removed: clippy.toml",
        f" protected file changed: {project.git('log', '-1', '--format=%h %s')}",
    ]


WAIVER = """\
[[waiver]]
gate = "1::value"
reason = "{reason}"
owner = "ann"
expires = {expires}
condition = "n < 5"
instead = "n < 9"
"""


def waiver(days: int, reason: str = "in a hurry") -> str:
    return WAIVER.format(reason=reason, expires=datetime.now(UTC).date() + timedelta(days))


def test_new_waivers_are_told_and_longer_ones(start):
    project = start(waivers_toml=waiver(5))
    assert told(project.run("p").record) == []
    project.write({"waivers.toml": waiver(9), "mine.toml": waiver(5, "mine")})
    ran = project.run("p", "--base-policy", "fail")
    (line,) = told(ran.record)
    assert line.startswith('waivers.toml: waiver added: gate = "1::value", reason = "in a hurry"')
    assert str(datetime.now(UTC).date() + timedelta(9)) in line
    assert ran.results["policy::base"].outcome == "fail"
    (line,) = told(project.run("p", "--waivers", "mine.toml").record)
    assert line.startswith('mine.toml: waiver added: gate = "1::value", reason = "mine"')


def test_a_manual_gate_stays_one_and_its_sign_off_waives_nothing(start):
    manual = '[[task.1.gate]]\nid = "read"\nmode = "manual"\nfile = "a.txt"\n'
    project = start(PHASE + manual, **{"a.txt": "a"})
    command = ("waivers", "sign", "1::read", "--name", "ann", "--reason", "read")
    assert project.run(*command).code == 0
    ran = project.run("p", "--base-policy", "fail")
    assert (told(ran.record), ran.outcomes["1::read"]) == ([], "pass")
    project.phase(PHASE + manual.replace('mode = "manual"\nfile = "a.txt"', 'use = "pass"'))
    assert told(project.run("p").record) == ["1::read: gate replaced: pass (was manual)"]


def test_settings_that_judge_are_told(start):
    project = start(
        gaterun_toml='max_warnings = 0\nmax_waiver_days = 9\nbase_policy = "fail"\n[profile.ci]\njobs = 2\n'
    )
    project.write({"gaterun.toml": 'color = "never"\n[profile.ci]\nmax_warnings = 7\n'})
    ran = project.run("p")
    assert told(ran.record) == [
        "gaterun.toml: setting loosened: max_warnings = -1 (was max_warnings = 0)",
        "gaterun.toml: setting loosened: max_waiver_days = 90 (was max_waiver_days = 9)",
        'gaterun.toml: setting loosened: base_policy = "warn" (was base_policy = "fail")',
        "gaterun.toml: setting changed: profile.ci.max_warnings = 7",
    ]
    # What the base's settings say counts, as the change could have taken it out.
    assert (ran.code, policy(ran.record).mode) == (1, "fail")
    assert project.run("p", "-o", "base_policy=warn").code == 0


def test_settings_cannot_be_switched_off_by_the_change(start):
    project = start(gaterun_toml='base_policy = "warn"\n')
    project.write({"gaterun.toml": 'base_policy = "off"\n'})
    assert told(project.run("p").record) == [
        'gaterun.toml: setting loosened: base_policy = "off" (was base_policy = "warn")'
    ]
    project.commit("off")
    project.git("tag", "--force", "base")
    assert project.run("p").record.policy is None


def test_a_changed_base_is_told_where_ci_names_the_base(start):
    project = start()
    project.phase(PHASE.replace('base = "base"', 'base = "HEAD"').replace("n < 5", "n < 9"))
    project.commit("judge me by myself")
    assert told(project.run("p").record) == []  # vacuous, and says so
    assert "HEAD itself" in policy(project.run("p").record).notes[0]
    ran = project.run("p", "--base", "base", "--base-policy", "fail")
    assert told(ran.record) == [
        "phases/p.toml: base changed: HEAD (was base)",
        "1::value: condition loosened: n < 9 (was n < 5)",
    ]
    assert project.command("p", GATERUN_BASE="base", GATERUN_BASE_POLICY="fail").code == 1


def test_a_base_without_the_phase_is_said(start):
    project = start()
    project.phase(PHASE, "q")
    ran = project.run("q", "--base-policy", "fail")
    assert (ran.code, told(ran.record)) == (0, [])
    (_, note) = policy(ran.record).notes
    assert note == f"{policy(ran.record).label} has no phase 'q': nothing to judge by"
    assert ran.outcomes["policy::base"] == "skipped"


@pytest.mark.parametrize(("mode", "code"), [("warn", 0), ("fail", 7)])
def test_a_base_that_is_not_there_is_no_verdict(start, mode, code):
    project = start()
    ran = project.run("p", "-o", "base=v0", "--base-policy", mode)
    assert ran.code == code
    assert policy(ran.record).obstacle == "git knows no revision 'v0'"


def test_a_shallow_clone_is_no_verdict(start, tmp_path, monkeypatch):
    project = start()
    project.write({"n.txt": "1"})
    project.commit("more")
    project.git(
        "clone", "--quiet", "--depth=1", f"file://{project.root}", str(tmp_path / "shallow")
    )
    from gaterun.core.base_policy import second_key  # the CI's view, in another folder

    monkeypatch.chdir(tmp_path / "shallow")
    from gaterun.cli.workspace import open_workspace

    opened = open_workspace(None, None, "", (), ())
    key = second_key(
        config=opened.config,
        plugins=opened.plugins,
        phase=opened.phase("p"),
        name="p",
        mode="fail",
    )
    assert key is not None
    entry = key.entry()
    assert entry is not None
    assert (entry.outcome, entry.verdict.reason) == ("inconclusive", "incomplete")
    assert "fetch-depth: 0" in entry.verdict.help


def test_a_phase_without_base_cannot_be_held_to_one(start):
    project = start(PHASE.replace('base = "base"\n', ""))
    assert project.run("p").record.policy is None
    ran = project.run("p", "--base-policy", "fail")
    assert (ran.code, policy(ran.record).obstacle) == (7, "the phase names no base")


def test_what_a_phase_extends_is_read_at_the_base_too(start):
    child = '[phase]\nextends = "p"\n'
    project = start(phases__child_toml=child)
    project.phase(PHASE.replace("n < 5", "n < 9"))
    assert told(project.run("child").record) == ["1::value: condition loosened: n < 9 (was n < 5)"]
    project.phase(child + "[task.1]\n[[task.1.gate]]\nuse = 'value'\nrequire = 'n < 99'\n", "child")
    project.phase(PHASE)
    assert told(project.run("child").record) == ["1::value: condition loosened: n < 99 (was n < 5)"]


def test_a_phase_behind_a_link_and_by_path(start):
    project = start()
    (project.root / "phases/link.toml").symlink_to("p.toml")
    project.commit("a link")
    project.git("tag", "--force", "base")
    project.phase(PHASE.replace("n < 5", "n < 9"))
    for name in ("link", "phases/p.toml"):
        assert told(project.run(name).record) == ["1::value: condition loosened: n < 9 (was n < 5)"]


def test_a_local_gate_that_is_edited_or_removed(start):
    plugin = (
        "import gaterun\n"
        "def measure(ctx):\n"
        "    return gaterun.Measurement(metrics={'n': 0}, inspected={'things': 1})\n"
        "GATE = gaterun.Gate(name='own', title='own', metrics=(gaterun.Metric(name='n'),),\n"
        "                    measure=measure, requires=('n == 0',))\n"
        "@gaterun.hookimpl\n"
        "def gaterun_gates():\n"
        "    return [GATE]\n"
    )
    text = (
        PHASE
        + '[[task.1.gate]]\nuse = "own"\nneeds = ["pass"]\n'
        + ('[[task.1.gate]]\nid = "after"\nuse = "pass"\nneeds = ["own"]\n')
    )
    project = start(text, gaterun_toml='gates = "gates"\n', **{"gates/own.py": plugin})
    project.write({"gates/own.py": plugin + "# edited\n"})
    ran = project.run("p", "--base-policy", "fail")
    assert told(ran.record) == ["gates/own.py: local gate changed: not committed"]
    assert ran.code == ExitCode.NO_VERDICT

    (project.root / "gates/own.py").unlink()
    project.phase(PHASE + '[[task.1.gate]]\nid = "after"\nuse = "pass"\n')
    project.write({"gaterun.toml": ""})
    ran = project.run("p", "--base-policy", "fail")
    assert ran.code == 1
    assert told(ran.record)[0] == ("1::own: gate removed: no plugin offers the gate 'own' any more")


def test_a_base_that_gained_something_meanwhile(start):
    project = start()
    project.git("checkout", "--quiet", "-b", "side")
    project.write({"a.txt": "a"})
    project.commit("on the side")
    project.git("checkout", "--quiet", "main")
    project.write({"ci/main.toml": "b"})
    project.commit("on main")
    project.git("checkout", "--quiet", "side")
    record = project.run("p", "--base", "main").record
    assert told(record) == []  # the protected file changed on the other side only
    assert "no ancestor" in policy(record).notes[0]


def test_a_workspace_below_the_top_of_its_repository(start, project, monkeypatch):
    inner = project.root / "inner"
    project.write({f"inner/{name}": (project.root / name).read_text() for name in ["Cargo.toml"]})
    project.write({"inner/phases/p.toml": PHASE, "inner/clippy.toml": "a = 1\n"})
    project.commit("where it began")
    project.git("tag", "base")
    project.write(
        {"inner/phases/p.toml": PHASE.replace("n < 5", "n < 9"), "inner/clippy.toml": "a = 2\n"}
    )
    monkeypatch.chdir(inner)
    ran = type(project)(inner).run("p")
    assert told(ran.record) == [
        "1::value: condition loosened: n < 9 (was n < 5)",
        "clippy.toml: protected file changed: not committed",
    ]


def test_an_edited_baseline_is_told_and_a_first_one_is_not(start):
    text = PHASE.replace("[task.1]", '[phase.outputs]\nbaseline = "b.json"\n[task.1]', 1)
    project = start(text)
    assert project.run("baseline", "p", "--at", "base").code == 0
    assert told(project.run("p").record) == []
    project.commit("the baseline")
    project.git("tag", "--force", "base")
    project.write({"more.txt": "more"})
    project.commit("more")
    assert project.run("baseline", "p", "--at", "HEAD").code == 0
    ran = project.run("p", "--base-policy", "fail")
    assert told(ran.record) == ["b.json: baseline changed: not committed"]
    assert ran.code == ExitCode.NO_VERDICT


def test_a_secret_of_the_environment_is_hidden_in_what_is_told(start, monkeypatch):
    secret = "hunter2-hunter2-hunter2"
    monkeypatch.setenv("API_TOKEN", secret)
    project = start()
    project.write({"waivers.toml": waiver(5, secret)})
    ran = project.run("p", "--base-policy", "fail")
    assert "waiver added" in ran.out
    assert secret not in ran.out
    (record,) = (project.root / ".gaterun/runs").glob("*/record.json")
    assert secret not in record.read_text()


def test_what_is_replaced_in_this_clone_is_read_as_it_was_made(start):
    project = start()
    project.phase(PHASE.replace("n < 5", "n < 9"))
    after = project.commit("weaker")
    project.git("replace", "base", after)
    assert told(project.run("p").record) == ["1::value: condition loosened: n < 9 (was n < 5)"]


def test_a_report_is_rendered_again_from_the_record(start):
    project = start()
    project.phase(PHASE.replace("n < 5", "n < 9"))
    project.run("p")
    ran = project.run("report", "p", "--report", "md:-")
    assert "condition loosened" in ran.out


def test_a_run_in_which_nothing_is_measured_is_not_green_by_its_policy(start):
    project = start(
        PHASE.replace('use = "pass"', 'use = "pass"\nskip = "x"').replace(
            "number", 'skip = "y"\nnumber'
        )
    )
    ran = project.run("p", "--base-policy", "fail")
    assert (ran.outcomes["policy::base"], ran.code) == ("pass", ExitCode.NO_GATES)


def test_the_name_of_gateruns_own_entry_is_no_task(project):
    project.phase('[phase]\n[task.policy]\n[[task.policy.gate]]\nuse = "pass"\n')
    ran = project.run("p")
    assert ran.code == ExitCode.USAGE_ERROR
    assert "gaterun's own entries" in ran.err
