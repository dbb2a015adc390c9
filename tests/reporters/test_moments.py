"""A text whose blanks are filled in later is the text that is written later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.reporters.moments import Blanks, Moments, filled

MOMENTS = st.floats(min_value=0, max_value=4e9)


def text(moments: Moments, moment: float, seconds: float) -> str:
    cells = [moments.ago(moment, 10), "a remark"]
    line = "  ".join([moments.ago(moment, 10), ""]).rstrip()
    said = f"{moments.age(moment)}, {moments.ago(moment)}"
    return f"{'  '.join(cells)}\n{line}\n{said}\n{moments.after(seconds)} {moments.end(seconds)}\n"


@given(moment=MOMENTS, now=MOMENTS, later=MOMENTS, seconds=st.floats(0, 4e9))
def test_it_is_the_same_whenever_it_is_filled(
    moment: float, now: float, later: float, seconds: float
) -> None:
    blanks = Blanks(now, running=False)
    assert filled(text(blanks, moment, seconds), later) == text(Moments(later), moment, seconds)


@given(now=MOMENTS, seconds=st.floats(0, 4e9))
def test_an_end_that_comes_nearer_is_no_blank(now: float, seconds: float) -> None:
    assert Blanks(now, running=True).after(seconds) == Moments(now).after(seconds)


def test_what_is_ahead_will_not_stay_so() -> None:
    blanks = Blanks(1000.0, running=False)
    assert not blanks.is_ahead(1060.0)
    assert blanks.stay
    assert blanks.is_ahead(1061.0)
    assert not blanks.stay


@pytest.mark.parametrize("damaged", ["a\0b\0c", "a\0 \0", "a\0", "a\x001 x\0"])
def test_what_is_no_blank(damaged: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        filled(damaged, 1000.0)
