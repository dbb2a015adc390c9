"""What is kept current in other documents: only what is between markers, and nothing by guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.core.markers import BadMarkersError, places, with_block, with_values

BEGIN, END = "<!-- gaterun:begin p -->", "<!-- gaterun:end -->"
VALUE = "<!-- gaterun:value a.b -->"


def test_a_block_is_replaced_and_the_rest_stays() -> None:
    text = f"# A\n\n{BEGIN}\nold\n{END}\n\nmore\n"
    assert with_block(text, "p", ["x", "y"]) == f"# A\n\n{BEGIN}\nx\ny\n{END}\n\nmore\n"


def test_line_ends_stay_what_they_are() -> None:
    text = f"a\r\n{BEGIN}\r\n{END}\r\n"
    assert with_block(text, "p", ["x"]) == f"a\r\n{BEGIN}\r\nx\r\n{END}\r\n"


def test_another_phases_block_is_left_alone() -> None:
    text = f"<!-- gaterun:begin q -->\nq\n{END}\n{BEGIN}\n{END}"
    assert "\nq\n" in with_block(text, "p", ["x"])


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("nothing\n", 0, "there is no <!-- gaterun:begin p -->"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", 3, "gaterun:begin p is there twice"),
        (f"a\n{BEGIN}\n", 2, "gaterun:begin p has no end"),
        (f"a\n{END}\n", 2, "gaterun:end ends nothing"),
        (f"{BEGIN}\n{VALUE}1{END}\n{END}", 1, "gaterun:begin p has no end"),
        (f"<!-- gaterun:value -->1{END}", 1, "gaterun:value does not say of what"),
        (f"```\n{BEGIN}\n{END}\n```\n", 0, "there is no <!-- gaterun:begin p -->"),
    ],
)
def test_bad_markers(text: str, line: int, message: str) -> None:
    with pytest.raises(BadMarkersError) as told:
        with_block(text, "p", ["x"])
    assert (told.value.line, str(told.value)) == (line, message)


def test_values_in_a_sentence() -> None:
    text = f"We have {VALUE}?{END} of <!--gaterun:value c.d-->{END} left."
    filled = with_values(text, lambda place: place.name.upper())
    assert filled == f"We have {VALUE}A.B{END} of <!--gaterun:value c.d-->C.D{END} left."


@pytest.mark.parametrize(
    "text",
    [
        f"```md\n{VALUE}1{END}\n```\n",
        f"   ~~~\n{VALUE}1{END}\n```\n~~~~\n",
        f"```\n{VALUE}1{END}",
        f"write `{VALUE}1`{END}` here",
    ],
)
def test_what_shows_how_to_write_them_is_none(text: str) -> None:
    if text.startswith("write"):
        text = text.replace(END, f"`{END}")
    assert places(text) == []


def test_the_readme_only_shows_how_to_write_them() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert "<!-- gaterun:value " in readme
    assert places(readme) == []


def test_a_fence_that_ended_hides_nothing() -> None:
    assert len(places(f"```\nx\n```\n{VALUE}1{END}\n~~~\n{VALUE}")) == 1


@given(st.lists(st.sampled_from([BEGIN, END, VALUE, "\n", "```\n", "x", "`", " "]), max_size=12))
def test_filling_twice_is_filling_once_and_keeps_what_is_outside(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        once = with_values(text, lambda place: "7")
    except BadMarkersError:
        return
    assert with_values(once, lambda place: "7") == once
    outside = [text[place.end :] for place in places(text)[-1:]]
    assert all(once.endswith(rest) for rest in outside)
