"""Programs that other people read JUnit files with see the same counts as we do.

They come from npm on first use, into a cache outside the repository. Without npm the test is
skipped, unless GATERUN_REQUIRE_EXTERNAL is set.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.reporters import sample

from gaterun.model.report import Style
from gaterun.reporters import junit

XUNIT_VIEWER = "xunit-viewer@10.6.1"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("GATERUN_REQUIRE_EXTERNAL"):
            pytest.fail("npm is required and not there")
        pytest.skip("npm is not there")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gaterun-tests"
    folder = cache / XUNIT_VIEWER
    if not (folder / "node_modules" / ".bin" / "xunit-viewer").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        install = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", XUNIT_VIEWER]
        subprocess.run(install, cwd=folder, check=True, capture_output=True)
    return folder / "node_modules"


def write(path: Path) -> None:
    stream = io.StringIO()
    (reporter,) = [one for one in junit.gaterun_reporters() if one.name == "junit"]
    listen = reporter.start(stream, Style())
    for event in sample.events():
        listen(event)
    path.write_text(stream.getvalue(), "utf-8")


def test_xunit_viewer_counts_as_we_do(node_modules: Path, tmp_path: Path) -> None:
    write(tmp_path / "TEST-gaterun.xml")
    shown = subprocess.run(
        [
            str(node_modules / ".bin" / "xunit-viewer"),
            *("-r", "TEST-gaterun.xml", "-c", "-n", "-o", "out.html"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    totals = [line for line in plain.splitlines() if re.search(r"\d+ passed", line)][-1]
    words = re.findall(r"(\d+) (passed|failure|error|skipped|flakyFailure)", totals)
    seen = {word: int(number) for number, word in words}
    assert sum(seen.values()) == len(sample.RECORD.results), plain
    # It counts a test that passed on its second try apart.
    flaky = seen.pop("flakyFailure")
    seen["passed"] += flaky
    assert seen == {"passed": 2, "failure": 3, "error": 1, "skipped": 4}, plain
