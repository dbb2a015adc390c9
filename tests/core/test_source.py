from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.core.base_files import BaseFiles
from gaterun.core.git import Git
from gaterun.core.source import KeyPath, Source, dotted
from gaterun.model.errors import UsageError

TEXT = """\
top = 1
inline = { a = 1, "b c" = { d = 2 } }
list = [
  "one",  # a comment
  "two",
]
a.b.c = 3

[phase]
title = "é ä", # not TOML, never parsed here
"quoted key" = 1

[phase.outputs]
final = "x"

[[task."7.1".gate]]
use = "first"

[[ task . "7.1" . gate ]]
use = "second"
[task."7.1".gate.options]
deep = 1
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("top",), (1, 1)),
        (("inline",), (2, 1)),
        (("inline", "a"), (2, 12)),
        (("inline", "b c"), (2, 19)),
        (("inline", "b c", "d"), (2, 29)),
        (("list",), (3, 1)),
        (("list", 0), (4, 3)),
        (("list", 1), (5, 3)),
        (("a", "b", "c"), (7, 1)),
        (("phase",), (9, 2)),
        (("phase", "quoted key"), (11, 1)),
        (("phase", "outputs"), (13, 2)),
        (("phase", "outputs", "final"), (14, 1)),
        (("task", "7.1", "gate", 0, "use"), (17, 1)),
        (("task", "7.1", "gate", 1, "use"), (20, 1)),
        (("task", "7.1", "gate", 1, "options", "deep"), (22, 1)),
        # What is not there: the nearest that is.
        (("phase", "nope"), (9, 2)),
        (("nope",), (1, 1)),
        ((), (1, 1)),
    ],
)
def test_locate(path: KeyPath, expected: tuple[int, int]) -> None:
    text = TEXT.replace(", # not TOML, never parsed here", "")
    assert Source("x", text).locate(path) == expected


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("phase",), 9),
        (("phase", "outputs"), 13),
        (("task", "7.1", "gate", 0), 16),
        (("task", "7.1", "gate", 1), 19),
        (("top",), 1),
    ],
)
def test_line_is_the_cheaper_locate(path: KeyPath, line: int) -> None:
    text = TEXT.replace(", # not TOML, never parsed here", "")
    assert Source("x", text).line(path) == line


def test_columns_are_characters_not_bytes() -> None:
    assert Source("x", 'a = { "é" = 1, b = 2 }\n').locate(("a", "b")) == (1, 16)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings(ending: str) -> None:
    text = ending.join(["a = 1", "[b]", "c = 2", ""])
    assert Source("x", text).locate(("b", "c")) == (3, 1)
    assert Source("x", text).line(("b",)) == 2


def test_an_error_says_file_place_and_key() -> None:
    found = Source("f.toml", "[a]\nb = 1\n").error(("a", "b"), "wrong", help="so")
    assert (found.message, found.help) == ("f.toml:2:1: wrong (a.b)", "so")


def test_what_is_not_toml() -> None:
    with pytest.raises(UsageError, match=r"f.toml: .*line 2"):
        _ = Source("f.toml", "a = 1\nb\n").document


@given(st.text())
def test_any_text_has_places(text: str) -> None:
    source = Source("x", text)
    line, column = source.locate(("a", 0, "b"))
    assert line >= 1
    assert column >= 1
    assert source.line(("a",)) >= 1


def test_dotted() -> None:
    assert dotted(("a", 0, "b c", "7.1")) == 'a[0]."b c"."7.1"'
    assert dotted(()) == ""


def test_a_byte_order_mark_is_no_part_of_a_file(project: Any) -> None:
    """Editors on Windows write one; cargo reads a manifest that has it."""
    phase = '\ufeff[phase]\nbase = "HEAD"\n[task.1]\n[[task.1.gate]]\nuse = "pass"\n'
    project.write(
        {
            "Cargo.toml": "\ufeff[workspace]\nmembers = []\n",
            "gaterun.toml": '\ufeffphase = "p"\n[profile.ci]\njobs = 3\n',
            "waivers.toml": "\ufeff# none yet\n",
            "phases/p.toml": phase,
            "member/Cargo.toml": "[package]\n",
        }
    )
    commit = project.commit()
    ran = project.run("run", "-P", "ci", "-C", "member")
    assert (ran.code, ran.err) == (0, "")
    assert ran.record.warnings == ()
    assert ran.outcomes == {"1::pass": "pass"}
    then = BaseFiles(Git(project.root), commit).read(project.root / "phases/p.toml")
    assert then == phase.removeprefix("\ufeff")
    project.write({"phases/p.toml": "\ufeff[fase]\n"})
    assert "phases/p.toml:1:2: unknown table 'fase'" in project.run("run").err
