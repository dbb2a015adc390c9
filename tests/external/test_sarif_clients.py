"""Programs that other people read SARIF with see the same counts as we do, and GitHub's rules hold.

They come from PyPI and npm on first use, into a cache outside the repository. Where that is not
possible the test is skipped, unless GATERUN_REQUIRE_EXTERNAL is set.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reporters.told import written

from gaterun.reporters import sarif

SARIF_TOOLS = "sarif-tools==3.0.5"
MULTITOOL = "@microsoft/sarif-multitool@5.7.0"
#: The one thing that the multitool would like and we do not have: a page on the web.
KNOWN = {"SARIF2005"}


def _missing(what: str) -> None:
    if os.environ.get("GATERUN_REQUIRE_EXTERNAL"):
        pytest.fail(f"{what} is required and not there")
    pytest.skip(f"{what} is not there")


def _cache(name: str) -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gaterun-tests"
    folder = base / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def sarif_tools() -> Path:
    folder = _cache(SARIF_TOOLS)
    program = folder / "venv" / "bin" / "sarif"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        install = [folder / "venv" / "bin" / "pip", "install", "-q", SARIF_TOOLS]
        if subprocess.run(install, check=False, capture_output=True).returncode:
            _missing(SARIF_TOOLS)
    return program


@pytest.fixture(scope="session")
def multitool() -> Path:
    npm = shutil.which("npm")
    if npm is None or sys.platform != "linux":
        _missing("npm on Linux")
    folder = _cache(MULTITOOL.replace("/", "+"))
    program = folder / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    if not program.exists():
        (folder / "package.json").write_text("{}")
        install = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", MULTITOOL]
        if subprocess.run(install, cwd=folder, check=False, capture_output=True).returncode:
            _missing(MULTITOOL)
    program.chmod(0o755)
    return program


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
