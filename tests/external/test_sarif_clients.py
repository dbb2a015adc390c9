"""Programs that other people read SARIF with see the same counts as we do, and GitHub's rules hold.

They come from PyPI and npm (`tools`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.external.tools import missing, npm, pypi
from tests.reporters.told import written

from gaterun.reporters import sarif

SARIF_TOOLS = "sarif-tools==3.0.5"
MULTITOOL = "@microsoft/sarif-multitool@5.7.0"
#: The one thing that the multitool would like and we do not have: a page on the web.
KNOWN = {"SARIF2005"}


@pytest.fixture(scope="session")
def sarif_tools() -> Path:
    return pypi(SARIF_TOOLS) / "sarif"


@pytest.fixture(scope="session")
def multitool() -> Path:
    if sys.platform != "linux":
        missing("the multitool for Linux")
    found = npm(MULTITOOL) / "@microsoft/sarif-multitool-linux/Sarif.Multitool"
    found.chmod(0o755)
    return found


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "gaterun.sarif"
    path.write_text(written(sarif), "utf-8")
    return path


def test_sarif_tools_counts_as_we_do(sarif_tools: Path, report: Path) -> None:
    shown = subprocess.run(
        [sarif_tools, "summary", report], capture_output=True, text=True, check=True
    ).stdout
    (run,) = json.loads(report.read_text("utf-8"))["runs"]
    levels = [result["level"] for result in run["results"]]
    seen = {
        level: int(number) for level, number in re.findall(r"^(\w+): (\d+)$", shown, re.MULTILINE)
    }
    # It counts what is suppressed too.
    assert seen == {level: levels.count(level) for level in ("error", "warning", "note")}, shown


def validated(multitool: Path, report: Path) -> list[str]:
    shown = subprocess.run(
        [
            *(multitool, "validate", report, "--rule-kind", "Sarif;Ghas"),
            *("--level", "Error;Warning", "--output", report.with_suffix(".val")),
            *("--log", "ForceOverwrite"),
        ],
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "1 files scanned" in shown, shown
    return re.findall(r": (?:error|warning) (\w+):", shown)


def test_githubs_own_rules_hold(multitool: Path, report: Path) -> None:
    assert set(validated(multitool, report)) <= KNOWN


def test_a_result_without_place_breaks_githubs_rules(multitool: Path, report: Path) -> None:
    """So that the test above is known to be able to fail: its exit status never says so."""
    document = json.loads(report.read_text("utf-8"))
    del document["runs"][0]["results"][0]["locations"]
    report.write_text(json.dumps(document), "utf-8")
    assert set(validated(multitool, report)) - KNOWN
