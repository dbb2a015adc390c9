"""A line of 100 MB breaks no report, and no report holds it."""

from __future__ import annotations

from types import ModuleType

import pytest
from msgspec.structs import replace

from gaterun.model.finding import Finding
from gaterun.reporters import github, gitlab, markdown, openmetrics, sarif

from .sample import CLIPPY, RECORD
from .told import written

LINE = "\x1b[31m::error::%|`<b>" * 5_000_000


@pytest.mark.parametrize(
    ("module", "name"),
    [(sarif, ""), (github, ""), (gitlab, ""), (openmetrics, ""), (markdown, "md")],
    ids=["sarif", "github", "gitlab", "prom", "md"],
)
def test_a_line_of_100_mb(module: ModuleType, name: str) -> None:
    assert len(LINE) == 100_000_000
    finding = Finding(rule=LINE, message=LINE, path=LINE, help=LINE, fingerprint="f")
    gate = replace(CLIPPY, findings=(finding,), notes=(LINE,), title=LINE)
    text = written(module, replace(RECORD, results=(gate,)), name)
    assert 300 < len(text) < 40_000
