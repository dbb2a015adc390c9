"""The HTML report in Chromium, with axe, and in the validator of the W3C.

They are skipped where Chromium, npm or Java is not there, unless GATERUN_REQUIRE_EXTERNAL is set.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.external.tools import npm, program
from tests.reporters import sample
from tests.reporters.test_html import many
from tests.reporters.test_html_runs import recorded

from gaterun.model.record import RunRecord
from gaterun.reporters import html

PACKAGES = ("playwright-core@1.65.1", "axe-core@4.14.1", "vnu-jar@26.9.27")
CHECK = Path(__file__).with_name("check_page.mjs")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def modules() -> Path:
    return npm(*PACKAGES)


def problems(modules: Path, page: Path) -> list[str]:
    """What is wrong with a page, a line each; pictures of it go beside it."""
    done = subprocess.run(
        [
            program("node"),
            str(CHECK),
            str(modules),
            program("chromium", "chromium-browser", "google-chrome"),
            str(page),
            str(page.parent),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def with_trends(folder: Path) -> RunRecord:
    return recorded(folder, 100, 90, None, 80)[-1]


@pytest.mark.parametrize("name", ["sample", "weakened", "many", "trends"])
def test_nothing_is_wrong_in_a_browser(modules: Path, tmp_path: Path, name: str) -> None:
    record = {
        "sample": sample.RECORD,
        "weakened": sample.WEAKENED,
        "many": many(50_000, 300),
        "trends": with_trends(tmp_path),
    }[name]
    page = tmp_path / "gaterun.html"
    page.write_text(html.render(record, tmp_path), "utf-8")
    assert problems(modules, page) == []


def test_the_validator_finds_no_error(modules: Path, tmp_path: Path) -> None:
    page = tmp_path / "gaterun.html"
    page.write_text(html.render(with_trends(tmp_path), tmp_path), "utf-8")
    other = tmp_path / "sample.html"
    other.write_text(html.render(sample.RECORD), "utf-8")
    jar = modules / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = [program("java"), "-jar", str(jar), "--errors-only", str(page), str(other)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


BAD = """<!doctype html>
<html><head><title>x</title><style>a:focus { outline: none }</style></head>
<body><div style="width: 3000px">wide</div><img src="x.png"><a href="#x">here</a>
<script>console.log("hello")</script></body></html>
"""


def test_a_bad_page_is_seen_to_be_bad(modules: Path, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(BAD, "utf-8")
    said = "\n".join(problems(modules, page))
    for what in (
        "light: request file:///",
        "light: console hello",
        "phone: 2633 px wider than the window",
        "dark: axe html-has-lang",
        "light: the focus cannot be seen on <a",
        "jenkins: h1 cannot be seen",
    ):
        assert what in said, said
