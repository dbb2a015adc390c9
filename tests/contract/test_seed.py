"""docs/seed.md says what became of the page that gaterun began with; every test that it names is one.

What the page asks for in numbers and names is held against the phase that gaterun ships.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import resources
from itertools import combinations
from pathlib import Path

import pytest

from gaterun.core.collisions import overlapping
from gaterun.core.discovery import load
from gaterun.core.phases import load_phase
from gaterun.model.phase import Phase

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/seed.md"
EXAMPLE = TESTS.parent / "examples/gaterun_examples/eventmesh"

#: What the page that gaterun began with says: none of it may get lost in ours.
SAID = (
    *("7.1", "7.2", "7.3", "7.4", "cicd-engineer", "backend-dev", "reviewer", "planner"),
    *("sccache operational (10GB cap)", "25-40%", "all crates build", "shared target-dir"),
    *("cargo-sweep", "93/93 env vars", "3 crates", "from_env()", "no hardcoded values"),
    *("<20 clippy warnings", "~500 LOC removed", "626/630 tests", "CHANGELOG updated"),
    *("version 2.0.0 everywhere", "release notes complete", "baseline metrics", "final metrics"),
    *("completion report", "roadmap", "dashboard", "agent briefing", "task definitions"),
    *("every 5 minutes", "if agents collide on files", "integration validation", "3.4 days"),
    *("phase7/build_infra/status", "phase7/config_system/status", "phase7/code_quality/status"),
    *("phase7/release_prep/status", "phase7/baseline", ".swarm/memory.db", "claude-flow"),
    *("pre-task", "post-edit", "notifications", "post-task", "session-restore"),
    *("all 4 tasks completed", "all quality gates passed"),
)

ROW = re.compile(r"^\| (?P<said>.+?) \| (?P<became>.+?) \| `(?P<test>[^`]+)` \|$", re.MULTILINE)
ROWS = [match.groupdict() for match in ROW.finditer(PAGE.read_text("utf-8"))]


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_line_of_a_table_is_read() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    headers = [line for line in lines if line.startswith("| the page says |")]
    assert len(ROWS) == len(lines) - len(headers)
    assert len(headers) == 6


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["said"])
def test_every_line_names_a_test(row: dict[str, str]) -> None:
    file, _, name = row["test"].partition("::")
    assert name.startswith("test_")
    assert name in functions(file)


@pytest.mark.parametrize("words", SAID)
def test_nothing_that_was_asked_for_is_lost(words: str) -> None:
    said = "\n".join(row["said"] for row in ROWS)
    assert words.casefold() in said.casefold()


@pytest.fixture(scope="module")
def phases() -> dict[str, Phase]:
    """The phase that gaterun ships, and what the example makes of it."""
    plugins = load()
    folders = {"shipped": [], "example": [EXAMPLE / "before/phases"]}
    return {
        name: load_phase(
            "phase7",
            root=EXAMPLE / "before",
            folders=folder,
            shipped=plugins.phases,
            gates=plugins.gates,
            resources=plugins.resources,
        )
        for name, folder in folders.items()
    }


@pytest.mark.parametrize("which", ["shipped", "example"])
def test_three_can_start_at_once(phases: dict[str, Phase], which: str) -> None:
    """Their scopes do not overlap, in files that are there or in globs for those to come."""
    phase = phases[which]
    root = EXAMPLE / "before"
    files = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    assert "crates/api/src/config.rs" in files
    three = [task for task in phase.tasks if task.id != "7.4"]
    assert [task.needs for task in three] == [(), (), ()]
    for one, other in combinations(three, 2):
        assert other.id not in overlapping(one, phase, files)
    (last,) = (task for task in phase.tasks if task.id == "7.4")
    assert last.needs == ("7.3",)


def test_the_memory_keys_are_claims_of_their_tasks(phases: dict[str, Phase]) -> None:
    names = {task.id: task.claims for task in phases["shipped"].tasks}
    assert names == {
        "7.1": ("phase7/build_infra/status",),
        "7.2": ("phase7/config_system/status",),
        "7.3": ("phase7/code_quality/status",),
        "7.4": ("phase7/release_prep/status",),
    }


def test_the_shipped_phase_file_asks_for_what_the_page_asks_for() -> None:
    text = (resources.files("gaterun_phases") / "phase7.toml").read_text("utf-8")
    for condition in (
        *("cap <= 10GiB", "clean_as_configured >= 25%", "implemented == 93", "untested == 0"),
        *("total == 0", "warnings < 20", "removed >= 450", "passed >= 626", "executed = 630"),
        *('equals = "2.0.0"', 'version = "2.0.0"', 'needs = ["7.3"]', 'gates = ["build"]'),
    ):
        assert condition in text
