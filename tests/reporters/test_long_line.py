"""A line of 100 MB breaks no report, and no report holds it."""

from __future__ import annotations

from types import ModuleType

import pytest
from msgspec.structs import replace

from gaterun.model.finding import Finding
from gaterun.reporters import (
    clean,
    completion,
    github,
    gitlab,
    html,
    junit,
    markdown,
    openmetrics,
    sarif,
    terminal,
)

from .sample import CLIPPY, RECORD
from .told import written

LINE = "\x1b[31m::error::%|`<b>" * 5_000_000


@pytest.mark.parametrize(
    ("module", "name", "most"),
    [
        (sarif, "", 40_000),
        (github, "", 40_000),
        (gitlab, "", 40_000),
        (openmetrics, "", 40_000),
        (markdown, "md", 40_000),
        (completion, "", 40_000),
        (html, "", 40_000),
        (terminal, "", 400_000),
        (junit, "junit", 400_000),
        (junit, "junit-strict", 400_000),
    ],
    ids=[
        "sarif",
        "github",
        "gitlab",
        "prom",
        "md",
        "completion",
        "html",
        "term",
        "junit",
        "strict",
    ],
)
def test_a_line_of_100_mb(module: ModuleType, name: str, most: int) -> None:
    assert len(LINE) == 100_000_000
    finding = Finding(rule=LINE, message=LINE, path=LINE, help=LINE, fingerprint="f")
    gate = replace(CLIPPY, findings=(finding,), notes=(LINE,), title=LINE)
    text = written(module, replace(RECORD, results=(gate,)), name)
    assert 300 < len(text) < most


def test_what_is_cut_is_said() -> None:
    cleaned = clean.block("a" * 100_000_000)
    assert len(cleaned) < clean.LONGEST + 100
    assert "[… 99,800,000 characters cut …]" in cleaned
