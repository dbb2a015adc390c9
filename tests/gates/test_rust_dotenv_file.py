"""The parser of ``.env.example``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.rust.dotenv_file import parse_dotenv

TEXT = """\
# Server (12 variables)
PORT=8080

#TIGHT=2
  # export SPACED=3
# Set PROSE=5 to win
# NOTE: x = 3
# DEFAULT = the value that is taken when nothing is set
# lower=case in a sentence
# EQUAL==no
export QUOTED='a b' # comment
MULTI="line one
line two"
BARE
PORT=9090
1BAD=1
BAD-DASH=2
"""


def test_active_and_commented_entries() -> None:
    parsed = parse_dotenv(TEXT)
    assert {e.name: (e.value, e.commented) for e in parsed.names.values()} == {
        "PORT": ("8080", False),
        "TIGHT": ("2", True),
        "SPACED": ("3", True),
        "QUOTED": ("a b", False),
        "MULTI": ("line one\nline two", False),
        "BARE": (None, False),
    }


def test_duplicates_and_bad_names_have_their_lines() -> None:
    parsed = parse_dotenv(TEXT)
    assert [(e.name, e.line) for e in parsed.duplicates] == [("PORT", 15)]
    assert [(e.name, e.line) for e in parsed.bad_names] == [("1BAD", 16), ("BAD-DASH", 17)]


def test_a_commented_default_beside_an_active_key_is_no_duplicate() -> None:
    assert parse_dotenv("# A=1\nA=2\n").duplicates == []


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    parsed = parse_dotenv("\ufeffA=1\r\n\r\n# B=2\r\nC='x'\r\n")
    assert [(e.name, e.value, e.line) for e in parsed.entries] == [
        ("A", "1", 1),
        ("B", "2", 3),
        ("C", "x", 4),
    ]


def test_a_line_that_is_no_assignment_is_an_error_and_not_fatal() -> None:
    parsed = parse_dotenv("A=1\n= nothing\nB='open\nC=3\n")
    assert 2 in parsed.errors
    assert "A" in parsed.names


@pytest.mark.parametrize("text", ["", "\n", "#", "# \n#\n", "="])
def test_nothing_is_nothing(text: str) -> None:
    assert parse_dotenv(text).names == {}


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    parse_dotenv(text)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,12}", fullmatch=True),
        st.from_regex(r"[a-z0-9:/._-]{1,12}", fullmatch=True),
    )
)
def test_what_is_written_is_read(values: dict[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    assert {e.name: e.value for e in parse_dotenv(text).entries} == values


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("## A=1", ["A"]),
        ("#\tA=1", ["A"]),
        ("  # export A=1", ["A"]),
        ("# A=1 # why", ["A"]),
        ("# A=", ["A"]),
        ("# _A=1", ["_A"]),
        ("# LEVEL=debug|info|warn", ["LEVEL"]),
        ("# A==1", []),
        ("#! A=1", []),
        ("# A: 1", []),
        ("# MAX = the largest size", []),
        ("# set A=1 to win", []),
        ("# key=value", []),
        ("export A", ["A"]),
        ("A=", ["A"]),
        ("A=$B/${C}", ["A"]),
        ("A : 1", []),
    ],
)
def test_what_a_line_documents(text: str, names: list[str]) -> None:
    assert list(parse_dotenv(f"{text}\n").names) == names


def test_values_are_not_interpolated() -> None:
    assert parse_dotenv("A=$HOME/${B}\nB=1\n").names["A"].value == "$HOME/${B}"
