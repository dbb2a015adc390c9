"""What docs/ shows was printed, what it tells people to type exists, and its files can be read."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import click
import docs_pages
import pytest

from gaterun.cli.main import arguments_of, gaterun
from gaterun.core import discovery
from gaterun.core.config import load_config
from gaterun.core.phases import load_phase
from gaterun.core.source import Source
from gaterun.core.waiver_file import read

PAGES = sorted(
    path
    for folder in ("tutorial", "how-to")
    for path in (docs_pages.DOCS / folder).glob("*.md")
)  # fmt: skip
SLOW = {"first-phase.md"}


def _name(path: Path) -> str:
    return path.name


@pytest.mark.cargo
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path.name in SLOW else [])
        for path in PAGES
        if "```console" in path.read_text("utf-8")
    ],
    ids=_name,
)
def test_it_prints_what_the_page_shows(path: Path, tmp_path: Path) -> None:
    played = list(docs_pages.play(path.read_text("utf-8"), tmp_path.resolve()))
    assert played
    for step, printed in played:
        assert docs_pages.agrees(step.printed, printed), f"$ {step.command}{printed}"


def _shown() -> list[tuple[str, str]]:
    found = []
    for path in PAGES:
        text = path.read_text("utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += re.findall(r"`(gaterun [^`]+)`", text.replace("\n", " "))
        found += [(path.name, line) for line in lines if line.startswith("gaterun ")]
    return found


@pytest.mark.parametrize(("page", "line"), _shown())
def test_what_people_are_told_to_type_exists(page: str, line: str) -> None:
    del page
    words = arguments_of(shlex.split(line, comments=True)[1:])
    if words == ["run", "PHASE"]:
        return
    settings = gaterun.context_settings
    with click.Context(gaterun, info_name="gaterun", **settings) as context:
        command: click.Command | None = gaterun
        while isinstance(command, click.Group) and words:
            name = words.pop(0)
            inner = command.get_command(context, name)
            if inner is None and command is not gaterun:
                words.insert(0, name)  # `baseline PHASE`: the group's first command is meant
                inner = command.get_command(context, command.list_commands(context)[0])
            assert inner is not None, name
            command = inner
        assert command is not None
        inner_context = click.Context(
            command, context, info_name=command.name, resilient_parsing=True
        )
        command.parse_args(inner_context, words)
        unknown = [word for word in words if word.startswith("--")]
        options = {name for option in command.params for name in option.opts}
        assert {word.partition("=")[0] for word in unknown} <= options


def _toml() -> list[tuple[str, str]]:
    return [
        (path.name, block)
        for path in PAGES
        if path.parent.name == "how-to"
        for block in re.findall(
            r"^```toml[^\n]*\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        if re.search(r"^\[", block, re.MULTILINE)
    ]


@pytest.mark.parametrize(("page", "text"), _toml())
def test_files_can_be_read(page: str, text: str, tmp_path: Path) -> None:
    del page
    if "[[waiver]]" in text:
        decisions, errors = read(Source("w", text), today=date(2026, 11, 28), longest=90)
        assert (len(decisions.waivers), errors) == (text.count("[[waiver]]"), [])
        return
    if profiles := re.findall(r"^\[profile\.(\w+)", text, re.MULTILINE):
        (tmp_path / "Cargo.toml").write_text("[workspace]\n")
        (tmp_path / "gaterun.toml").write_text(text, "utf-8")
        for profile in profiles:
            load_config(tmp_path, profile=profile)
        return
    (tmp_path / "shown.toml").write_text(text, "utf-8")
    plugins = discovery.load()
    load_phase(
        "shown",
        root=tmp_path,
        folders=[tmp_path],
        shipped=plugins.phases,
        gates=plugins.gates,
        resources=plugins.resources,
    )


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("took 3.1s\n", "took 22s\n", True),
        ("3 passed\n", "2 passed\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nb\nc\n", False),
        ("", "something\n", False),
        ("PASSED b\nFAILED a\n", "FAILED a\nPASSED b\n", True),
        ("PASSED a\n", "FAILED a\n", False),
        ("tree: 9fb7bc68d2\n", "tree: e60cb88651\n", True),
        ("untested 2 (== …\n", "untested 2 (== 0)\n", True),
    ],
)
def test_a_difference_is_noticed(shown: str, printed: str, *, same: bool) -> None:
    assert docs_pages.agrees(shown, printed) is same


def test_a_page_is_steps() -> None:
    page = '```toml title="a/b"\nx = 1\n```\n\n```console\n$ cat a/b\nx = 1\n$ false\n$ echo $?\n1\n```\n'
    steps = [(step.file, step.command, step.printed) for step in docs_pages.steps(page)]
    assert steps == [
        ("a/b", "", ""),
        ("", "cat a/b\n", "x = 1\n"),
        ("", "false\n", ""),
        ("", "echo $?\n", "1\n"),
    ]


def test_status_and_folder_go_on(tmp_path: Path) -> None:
    page = "```console\n$ mkdir d\n$ cd d\n$ (exit 3)\n$ echo $?\n$ basename $PWD\n```\n"
    printed = [text for _, text in docs_pages.play(page, tmp_path)]
    assert printed == ["", "", "", "3\n", "d\n"]
