"""The steps of ``action.yml`` that are scripts, run in order as the runner runs them.

What other actions do in between (caches, uploads) cannot be run here; the texts that they get
are looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
ACTION = YAML(typ="safe").load((ROOT / "action.yml").read_text("utf-8"))
PHASE = """
[phase]
title = "One file"
[task.1]
title = "Is it there"
[[task.1.gate]]
use = "command"
argv = ["test", "-e", "good"]
[[task.1.gate]]
use = "command"
id = "spaces"
argv = ["test", "-e", "a b"]
"""


class Runner:
    """A job in a folder, with the parts of GitHub's runner that the scripts rely on."""

    def __init__(self, folder: Path, inputs: dict[str, str]) -> None:
        self.folder = folder
        self.workspace = folder / "work space"
        self.temporary = folder / "runner temp"
        self.temporary.mkdir()
        # What the step that installs would make: here, the gaterun that is tested.
        programs = self.temporary / "gaterun" / "bin"
        programs.mkdir(parents=True)
        for name in ("python", "gaterun"):
            (programs / name).symlink_to(Path(sys.executable).parent / name)
        self.values = {
            **{f"inputs.{name}": each.get("default", "") for name, each in self.inputs().items()},
            **{f"inputs.{name}": text for name, text in inputs.items()},
            "steps.python.outputs.python-path": sys.executable,
            "github.token": "secret",
        }
        self.summary = ""
        self.output = ""

    @staticmethod
    def inputs() -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = ACTION["inputs"]
        return found

    def run(self, name: str, *, without: str = "", **more: str) -> int:
        """Run a step by its name; returns its exit status."""
        (step,) = [step for step in ACTION["runs"]["steps"] if step.get("name") == name]
        files = {kind: self.folder / f"{name}-{kind}" for kind in ("OUTPUT", "STEP_SUMMARY")}
        for path in files.values():
            path.touch()
        script = self.folder / "script.sh"
        script.write_text(
            "\n".join(
                line for line in step["run"].splitlines() if not without or without not in line
            )
        )
        given = {key: self.evaluated(text) for key, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={
                **os.environ,
                "RUNNER_TEMP": str(self.temporary),
                "GITHUB_ACTION_PATH": str(ROOT),
                **{f"GITHUB_{kind}": str(path) for kind, path in files.items()},
                **given,
                **more,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.output = done.stdout + done.stderr
        self.summary = files["STEP_SUMMARY"].read_text("utf-8")
        for line in files["OUTPUT"].read_text("utf-8").splitlines():
            key, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{key}"] = value
        return done.returncode

    def evaluated(self, text: str) -> str:
        """A text with the expressions that are plain names."""
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: self.values[match[1]], str(text))

    @property
    def reports(self) -> Path:
        return Path(self.values["steps.prepare.outputs.reports"])


@pytest.fixture
def runner(tmp_path: Path, request: pytest.FixtureRequest) -> Runner:
    found = Runner(tmp_path, getattr(request, "param", {}))
    files = {
        "Cargo.toml": "[workspace]\nmembers = []\n",
        "phases/p.toml": PHASE,
        "good": "",
        "a b": "",
    }
    for name, text in files.items():
        path = found.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
        subprocess.run(["git", *identity, *command], cwd=found.workspace, check=True)
    prepared = found.run("Install gaterun", without=" -m ", WORKSPACE=str(found.workspace))
    assert prepared == 0, found.output
    return found


def verdict(runner: Runner) -> int:
    return runner.run("Verdict")


def test_a_green_phase(runner: Runner) -> None:
    assert runner.run("Run the gates") == 0, runner.output
    assert "all 2 gates passed" in runner.summary
    assert verdict(runner) == 0
    names = {path.name for path in runner.reports.iterdir()}
    assert names >= {
        "TEST-gaterun.xml",
        "gaterun.md",
        "comment.md",
        "gaterun.html",
        "gaterun.json",
        "metrics.json",
        "completion.md",
    }
    assert "COMPLETE" in (runner.reports / "completion.md").read_text().partition("\n")[0]
    status = ["git", "status", "--porcelain"]
    changed = subprocess.run(status, cwd=runner.workspace, capture_output=True, check=True)
    assert changed.stdout == b""


def test_a_red_phase_is_red_after_everything_was_written(runner: Runner) -> None:
    (runner.workspace / "good").unlink()
    assert runner.run("Run the gates") == 0, runner.output
    assert "1 of 2 gates failed" in runner.summary
    assert json.loads((runner.reports / "gaterun.json").read_text())["exit_code"] == 1
    assert verdict(runner) == 1


@pytest.mark.parametrize("runner", [{"phase": "nope"}], indirect=True)
def test_a_phase_that_is_not_there_is_red(runner: Runner) -> None:
    assert runner.run("Run the gates") == 0
    assert verdict(runner) == 4
    assert runner.summary == ""


@pytest.mark.parametrize(
    "runner",
    [{"phase": "p", "arguments": "1::command --deselect '1::spaces' -k \"command and not x\""}],
    indirect=True,
)
def test_arguments_are_words_as_in_a_shell(runner: Runner) -> None:
    assert runner.run("Run the gates") == 0, runner.output
    found = json.loads((runner.reports / "gaterun.json").read_text())
    assert [result["node_id"] for result in found["results"]] == ["1::command"]
    assert found["left_out"] == ["1::spaces"]


@pytest.mark.parametrize(
    "runner",
    [{"phase": "$(touch pwned)"}, {"phase": "p", "arguments": "'$(touch pwned)' `touch pwned`"}],
    indirect=True,
)
def test_an_input_is_no_script(runner: Runner) -> None:
    runner.run("Run the gates")
    assert verdict(runner) != 0
    assert not list(runner.folder.rglob("pwned"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "runner", [{"phase": "phase7", "arguments": "7.2 7.4 7.3::loc"}], indirect=True
)
def test_from_the_installation_to_the_verdict_on_the_example(runner: Runner) -> None:
    from gaterun.cli.main import run

    shutil.rmtree(runner.workspace)
    shutil.rmtree(runner.temporary / "gaterun")
    assert run(["demo", str(runner.workspace)]) == 0
    installed = runner.run("Install gaterun", WORKSPACE=str(runner.workspace))
    assert installed == 0, runner.output
    assert (runner.temporary / "gaterun/bin/gaterun").is_file()
    assert re.fullmatch("[0-9a-f]{12}", runner.values["steps.prepare.outputs.rustc"])
    assert runner.values["steps.prepare.outputs.phase"] == "phase7"
    assert runner.run("Run the gates") == 0, runner.output
    assert "all 7 gates passed" in runner.summary
    head = (runner.reports / "completion.md").read_text().partition("\n")[0]
    assert head.endswith("INCOMPLETE: 7 of 14 gates missing")
    assert verdict(runner) == 0


def test_a_shallow_checkout_is_told(runner: Runner) -> None:
    whole = runner.workspace
    runner.workspace = runner.folder / "shallow"
    clone = ["git", "clone", "-q", "--depth", "1", f"file://{whole}", str(runner.workspace)]
    commit = ["git", "-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit"]
    subprocess.run([*commit, "-q", "--allow-empty", "-m", "y"], cwd=whole, check=True)
    subprocess.run(clone, check=True)
    assert runner.run("Install gaterun", without=" -m ", WORKSPACE=str(runner.workspace)) == 0
    assert "::warning::the checkout is shallow" in runner.output


def test_steps_after_the_run_do_not_depend_on_its_verdict() -> None:
    names = [step["name"] for step in ACTION["runs"]["steps"]]
    after: list[dict[str, Any]] = ACTION["runs"]["steps"][names.index("Run the gates") + 1 :]
    assert [step["name"] for step in after][-1] == "Verdict"
    for step in after:
        assert "always() && " in step["if"]
        assert "steps.run.outputs.exit-code != ''" in step["if"]


def test_a_comment_and_code_scanning_are_guarded() -> None:
    steps = {step["name"]: step["if"] for step in ACTION["runs"]["steps"] if "if" in step}
    assert "github.event_name == 'pull_request'" in steps["Comment"]
    fork = "github.event.pull_request.head.repo.full_name == github.repository"
    assert fork in steps["Upload to code scanning"]


def test_what_is_kept_is_what_is_restored() -> None:
    steps = {step["name"]: step for step in ACTION["runs"]["steps"]}
    restored = steps["Restore measurements and build outputs"]["with"]
    kept = steps["Keep measurements and build outputs"]["with"]
    assert kept == {key: restored[key] for key in ("path", "key")}
    for prefix in restored["restore-keys"].split():
        assert kept["key"].startswith(prefix) or " " in kept["key"]
    assert kept["key"].endswith("${{ github.run_id }}-${{ github.run_attempt }}")
