"""What the README shows works as it is written there."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from gaterun.cli.main import run
from gaterun.core import discovery
from gaterun.core.phases import load_phase
from gaterun.core.source import Source
from gaterun.core.waiver_file import read

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def block(language: str, contains: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [text for text in blocks if contains in text]
    return found


def test_the_gate_of_twenty_lines_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "Cargo.toml": "[workspace]\n",
        "gaterun.toml": 'gates = "gates"\n',
        "gates/todo.py": block("python", "gates/todo.py"),
        "src/lib.rs": "// TODO\n",
        "phases/p.toml": '[task.a]\n[[task.a.gate]]\nuse = "todo"\nrequire = "todos == 0"\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert run(["p"]) == 1
    assert "src/lib.rs:1" in capsys.readouterr().out
    (tmp_path / "src/lib.rs").write_text("// done\n")
    assert run(["p"]) == 0


def test_the_phase_file_can_be_read(tmp_path: Path) -> None:
    text = block("toml", "phases/phase8.toml")
    (tmp_path / "phase8.toml").write_text(text, "utf-8")
    plugins = discovery.load()
    phase = load_phase(
        "phase8",
        root=tmp_path,
        folders=[tmp_path],
        shipped=plugins.phases,
        gates=plugins.gates,
        resources=plugins.resources,
    )
    assert [task.id for task in phase.tasks] == ["quality", "release"]
    assert [gate.node_id for gate in phase.gates] == ["phase::build"]


def test_every_gate_and_no_other_is_listed() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE))
    assert listed == set(discovery.load().gates)


def test_exit_codes_are_those_of_the_tool() -> None:
    from gaterun.model.verdict import ExitCode

    section = README.partition("## Exit codes")[2]
    assert {int(code) for code in re.findall(r"^\| (\d) \|", section, re.MULTILINE)} == {
        code.value for code in ExitCode
    }


def test_the_version_of_python_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["requires-python"] == ">=3.11"
    assert "Python 3.11 to 3.14" in README


def test_the_waivers_can_be_read() -> None:
    source = Source("README.md", block("toml", "[[waiver]]"))
    decisions, errors = read(source, today=date(2026, 11, 28), longest=90)
    assert errors == []
    assert [waiver.gate for waiver in decisions.waivers] == ["tests", "quality::clippy"]


def test_the_design_records_waivers_can_be_read() -> None:
    text = (Path(__file__).parents[2] / "docs/design/waivers.md").read_text("utf-8")
    (snippet,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    decisions, errors = read(Source("w", snippet), today=date(2026, 11, 28), longest=90)
    assert (len(decisions.waivers), errors) == (2, [])


def test_the_manual_gate_can_be_read(tmp_path: Path) -> None:
    text = block("toml", 'mode = "manual"')
    (tmp_path / "p.toml").write_text(text, "utf-8")
    plugins = discovery.load()
    phase = load_phase(
        "p",
        root=tmp_path,
        folders=[tmp_path],
        shipped=plugins.phases,
        gates=plugins.gates,
        resources=plugins.resources,
    )
    assert [gate.node_id for gate in phase.requirements] == ["release::checklist"]
