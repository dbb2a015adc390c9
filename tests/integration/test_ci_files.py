"""The files for CI systems: valid by their schemas, pinned, and no input becomes a script."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gaterun.cli.ci_files import github_workflow, gitlab_job

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
HOOKS = ROOT / ".pre-commit-hooks.yaml"
NASTY = 'a "b" #c: {d} é'


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text("utf-8"))


def check(schema: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    return subprocess.run(
        [*command, *map(str, paths)], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_the_action_is_valid() -> None:
    done = check("vendor.github-actions", ACTION)
    assert done.returncode == 0, done.stdout


def test_workflows_are_valid(tmp_path: Path) -> None:
    written = tmp_path / "gaterun.yml"
    uses = f"o/gaterun@{'a' * 40}"
    written.write_text(github_workflow(NASTY, uses=uses, branch=NASTY, folder=f"{NASTY}/"), "utf-8")
    done = check("vendor.github-workflows", written, *WORKFLOWS)
    assert done.returncode == 0, done.stdout
    step = read(written)["jobs"]["gaterun"]["steps"][-1]
    assert step == {"uses": uses, "with": {"phase": NASTY, "working-directory": NASTY}}


def test_gitlab_jobs_are_valid(tmp_path: Path) -> None:
    written = tmp_path / "gaterun.yml"
    written.write_text(gitlab_job(NASTY, source=NASTY, folder="rust/"), "utf-8")
    done = check("vendor.gitlab-ci", written, ROOT / "ci/gitlab.yml")
    assert done.returncode == 0, done.stdout
    job = read(written)["gaterun"]
    assert job["variables"]["GATERUN_PHASE"] == NASTY
    assert job["variables"]["GATERUN_SOURCE"] == NASTY
    assert job["cache"]["paths"] == ["rust/.gaterun/measured", "rust/target"]


@pytest.mark.parametrize(("wanted", "status"), [("good", 0), ("bad", 1)])
def test_the_script_of_the_gitlab_job(project: Any, wanted: str, status: int) -> None:
    """Its lines as GitLab joins them; what installs programs is not run here."""
    project.write({"rust/Cargo.toml": "[workspace]\n", "rust/good": ""})
    argv = f'argv = ["test", "-e", "{wanted}"]'
    gate = f'[phase]\n[task.1]\n[[task.1.gate]]\nuse = "command"\n{argv}\n'
    project.write({"rust/phases/p.toml": gate})
    (project.root / "Cargo.toml").unlink()
    project.write({"job.yml": gitlab_job("", source="", folder="rust/")})
    job = read(project.root / "job.yml")["gaterun"]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
        cwd=project.root,
        env={**os.environ, **job["variables"], "GATERUN_PLUGINS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    junit = project.root / job["artifacts"]["reports"]["junit"]
    assert 'tests="1"' in junit.read_text("utf-8")


def test_a_broken_file_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "action.yml"
    broken.write_text(ACTION.read_text("utf-8").replace("using: composite", "using: compost"))
    assert check("vendor.github-actions", broken).returncode != 0


def test_the_template_in_the_repository_is_the_one_that_init_writes() -> None:
    assert (ROOT / "ci/gitlab.yml").read_text("utf-8") == gitlab_job("", source="")


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    lines = [line for line in path.read_text("utf-8").splitlines() if re.search(r"\buses:", line)]
    assert lines
    for line in lines:
        if line.endswith("uses: ./"):
            continue  # this tree's own
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_the_written_workflow_is_pinned_too() -> None:
    text = github_workflow("p", uses=f"o/gaterun@{'a' * 40}", branch="main")
    assert len(re.findall(r"uses: \S+@[0-9a-f]{40}\b", text)) == text.count("uses:") == 2


def test_one_version_of_an_action_everywhere() -> None:
    texts = [path.read_text("utf-8") for path in (ACTION, *WORKFLOWS)]
    texts.append(github_workflow("p", uses="o/gaterun@x", branch="main"))
    found: dict[str, set[str]] = {}
    for name, pin in re.findall(r"uses: ([\w./-]+?)(?:/\w+)?@([0-9a-f]{40} # v\S+)", str(texts)):
        found.setdefault(name, set()).add(pin.split("\\")[0])
    assert found
    assert {name: len(pins) for name, pins in found.items()} == dict.fromkeys(found, 1)


def test_no_input_becomes_a_script() -> None:
    steps = read(ACTION)["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) == 4
    assert not [script for script in scripts if "${{" in script]


def test_every_input_and_output_is_used_and_known() -> None:
    action, text = read(ACTION), ACTION.read_text("utf-8")
    used = set(re.findall(r"inputs\.([\w-]+)", text))
    assert used == set(action["inputs"])
    steps = {step["id"] for step in action["runs"]["steps"] if "id" in step}
    assert set(re.findall(r"steps\.([\w-]+)\.outputs", text)) <= steps


def test_hooks_name_commands_that_there_are() -> None:
    from gaterun.cli.main import COMMANDS

    hooks = read(HOOKS)
    assert {hook["id"] for hook in hooks} == {"gaterun", "gaterun-waivers"}
    for hook in hooks:
        program, command, *_ = hook["entry"].split()
        assert program == "gaterun"
        assert command in COMMANDS
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
