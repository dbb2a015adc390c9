"""``gaterun init --agents``, ``gaterun capabilities``, and the page that shows the settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gaterun.cli.main import COMMANDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "agents.md"


def test_init_writes_a_block_and_leaves_the_rest(project: Any, golden: Any) -> None:
    project.gates("pass")
    project.write({"AGENTS.md": "# Mine\n"})
    done = project.run("init", "--agents")
    assert (done.code, done.out) == (0, f"appended: {project.root / 'AGENTS.md'}\n")
    text = (project.root / "AGENTS.md").read_text()
    assert text == golden
    assert project.run("init", "--agents").out.startswith("unchanged: ")
    assert (project.root / "AGENTS.md").read_text() == text
    assert not (project.root / ".gaterun").exists()  # nothing was measured


def test_the_block_names_no_phase_where_there_are_several(project: Any) -> None:
    project.gates("pass", name="a")
    project.gates("pass", name="b")
    project.run("init", "--agents")
    text = (project.root / "AGENTS.md").read_text()
    assert "`gaterun PHASE TASK`" in text
    assert "`gaterun status PHASE`" in text


def test_every_command_that_the_block_names_is_there(project: Any) -> None:
    project.gates("pass")
    project.run("init", "--agents")
    named = re.findall(r"`gaterun ([a-z-]+)", (project.root / "AGENTS.md").read_text())
    assert set(named) <= {*COMMANDS, "p"}
    assert len(named) > 4


def test_damaged_markers_are_a_usage_error(project: Any) -> None:
    project.write({"AGENTS.md": "<!-- gaterun:begin -->\n"})
    done = project.run("init", "--agents")
    assert done.code == 4
    assert "not one pair" in done.err


def test_capabilities(project: Any) -> None:
    (project.root / "Cargo.toml").unlink()  # it needs no workspace
    document = json.loads(project.run("capabilities", "--json").out)
    assert document["capabilities_version"] == "1.0"
    assert set(document["commands"]) == set(COMMANDS)
    assert document["exit_codes"]["7"] == "no_verdict"
    assert document["hooks"] == ["stop", "edit", "task-completed", "session-start"]
    assert "claims-memory-db" in document["claim_readers"]
    assert "junit" in document["report_formats"]
    for name in document["schemas"]:
        assert project.run("schema", name).code == 0
    assert set(document["schema_versions"]) <= set(document["schemas"])
    text = project.run("capabilities").out
    assert all(line.partition(": ")[2] for line in text.splitlines())


@pytest.mark.parametrize("number", [0, 1])
def test_the_settings_on_the_page_are_json_and_name_real_hooks(number: int) -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    settings = json.loads(blocks[number])
    if "hooks" not in settings:
        assert settings["mcpServers"]["gaterun"]["args"][0] in COMMANDS
        return
    commands = {
        hook["command"]
        for entries in settings["hooks"].values()
        for entry in entries
        for hook in entry["hooks"]
    }
    assert commands == {
        f"gaterun hook {event}" for event in ("stop", "edit", "task-completed", "session-start")
    }
