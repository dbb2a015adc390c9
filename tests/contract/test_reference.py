"""docs/reference is what the source says; ``python docs/generate.py`` writes it anew."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    import generate

    return generate


def test_the_pages_are_what_the_source_says(generate: Any) -> None:
    assert generate.differences(generate.pages()) == []


def test_a_page_that_is_out_of_date_is_told(
    generate: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = generate.pages()
    changed = {**wanted, "commands.md": wanted["commands.md"] + "more\n"}
    del changed["hooks.md"]
    assert generate.differences(changed) == ["commands.md", "hooks.md"]
    monkeypatch.setattr(generate, "pages", lambda: changed)
    assert generate.main(["--check"]) == 1
    assert "docs/reference/hooks.md is out of date" in capsys.readouterr().out


def test_every_gate_command_and_hook_has_its_place(generate: Any) -> None:
    from gaterun import __all__, hookspecs
    from gaterun.cli.main import COMMANDS
    from gaterun.core.discovery import load

    pages = generate.pages()
    for gate in load().gates:
        assert f"# {gate}: " in pages[f"gates/{gate}.md"]
    for command in COMMANDS:
        assert f"### `gaterun {command}`\n" in pages["commands.md"]
    for hook in vars(hookspecs):
        assert not hook.startswith("gaterun_") or f"## `{hook}`\n" in pages["hooks.md"]
    for name in __all__:
        assert name.startswith("_") or f"\n## `{name}`\n" in pages["api.md"]


def test_pages_have_no_addresses_of_this_machine(generate: Any) -> None:
    for name, text in generate.pages().items():
        assert not re.search(r"0x[0-9a-f]{6}|/home/|/root/|site-packages", text), name


def test_every_picture_is_made_by_the_program_and_shown_by_a_page() -> None:
    names = set(runpy.run_path(str(DOCS / "pictures.py"))["NAMES"])
    shown = set()
    for page in DOCS.rglob("*.md"):
        text = page.read_text("utf-8")
        shown |= {
            (page.parent / path).resolve() for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
        }
    there = set((DOCS / "images").iterdir())
    assert {path.name for path in there} == names
    assert there == shown


def test_pictures_load_nothing() -> None:
    for path in (DOCS / "images").glob("*.svg"):
        text = path.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?:|url\(|<script|@import", re.sub(r"url\(#", "", text)), path


def test_every_page_is_in_the_navigation() -> None:
    navigation = (DOCS.parent / "mkdocs.yml").read_text("utf-8")
    named = set(re.findall(r"([\w/.-]+\.md)$", navigation, re.MULTILINE))
    assert named == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
