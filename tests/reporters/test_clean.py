"""Cleaning of what tools print."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.reporters import clean


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38:2::1:2:3mx\x1b[m", "x"),
        ("\x9b31mred", "red"),
        ("\x1b]8;;https://x.y\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]never closed\nnext line", "\nnext line"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x1b(Btext\x1b=", "text"),
        ("a\r\nb\r\nc", "a\nb\nc"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("10%\r", "10%"),
        ("bell\x07 nul\x00", "bell\\x07 nul\\x00"),
        ("caf\udcc3\udca9", "café"),
        ("\ud800", "\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("\ufffe\uffff\ufdd0", "\ufffd\ufffd\ufffd"),
        ("a\u202eb", "a\ufffdb"),
        (b"caf\xe9", "caf\ufffd"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_block(raw: str | bytes, wanted: str) -> None:
    assert clean.block(raw) == wanted


def test_pure_ansi_becomes_empty() -> None:
    assert clean.line("\x1b[31m\x1b[0m") == ""


def test_line_separators_do_not_break_a_line() -> None:
    assert clean.line("a\u2028b\u2029c\u0085d\x0be").split() == ["a", "b", "c\\x85d\\x0be"]


@given(st.text(st.characters(codec=None, min_codepoint=0, max_codepoint=sys.maxunicode)))
def test_everything_clean_is_xml_and_stays_as_it_is(text: str) -> None:
    once = clean.block(text)
    element = ET.fromstring(f"<a>{once.translate({38: '&amp;', 60: '&lt;', 62: '&gt;'})}</a>")
    assert (element.text or "") == once
    assert clean.block(once) == once


def test_clip_keeps_head_and_tail_and_says_how_much_is_gone() -> None:
    text = clean.clip("ä" * 1000 + "end", 100)
    assert text.startswith("ää")
    assert text.endswith("end")
    assert "[… 1,903 bytes cut …]" in text
    assert clean.clip("short", 100) == "short"
