"""Programs that other people read JUnit files with see the same counts as we do.

They come from npm and PyPI (`tools`); the exit status of none of them is believed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.external import gitlab_reader, tools
from tests.reporters import sample

from gaterun.reporters import junit

XUNIT_VIEWER = "xunit-viewer@10.6.1"
ALLURE = "allure@3.18.0"
DATADOG = "@datadog/datadog-ci@5.25.0"
JUNIT2HTML = "junit2html==31.1.4"
CODECOV = "test-results-parser==0.6.1"

#: Passed, failed, error, skipped: one that passed on its second try is among the passed.
COUNTS = (2, 3, 1, 4)
DIALECTS = pytest.mark.parametrize("strict", [False, True], ids=["extended", "strict"])

pytestmark = pytest.mark.slow


def text(*, strict: bool = False) -> str:
    return junit.render(sample.RECORD, strict=strict)


def broken(kind: str) -> str:
    """A file that some reader misreads, so that its test is known to be able to fail."""
    found = text()
    if kind == "self-closed":
        return re.sub(r"(<failure [^>]*[^/])>[^<]*</failure>", r"\1/>", found)
    if kind == "nested":
        return re.sub(
            r"(<testsuite .*</testsuite>)",
            r'<testsuite name="o">\1</testsuite>',
            found,
            flags=re.DOTALL,
        )
    return found.replace('type="gaterun.', 'type="integer" kind="', 1)


def write(folder: Path, xml: str) -> Path:
    path = folder / "TEST-gaterun.xml"
    path.write_text(xml, "utf-8")
    return path


def run(command: list[str | Path], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


@DIALECTS
def test_xunit_viewer(tmp_path: Path, *, strict: bool) -> None:
    viewer = tools.npm(XUNIT_VIEWER) / ".bin" / "xunit-viewer"
    write(tmp_path, text(strict=strict))
    shown = run([viewer, "-r", "TEST-gaterun.xml", "-c", "-n", "-o", "out.html"], tmp_path)
    totals = [line for line in shown.splitlines() if re.search(r"\d+ passed", line)][-1]
    words = re.findall(r"(\d+) (passed|failure|error|skipped|flakyFailure)", totals)
    seen = Counter({word: int(number) for number, word in words})
    assert sum(seen.values()) == len(sample.RECORD.results), shown
    # It counts a test that passed on its second try apart.
    assert (
        seen["passed"] + seen["flakyFailure"],
        *map(seen.get, ("failure", "error", "skipped")),
    ) == COUNTS


def allure(folder: Path, xml: str) -> tuple[int, ...]:
    program = tools.npm(ALLURE) / ".bin" / "allure"
    results = folder / "results"
    results.mkdir()
    write(results, xml)
    run([program, "awesome", "--single-file", "-o", "out", "results"], folder)
    (summary,) = folder.glob("out/**/summary.json")
    stats = json.loads(summary.read_text("utf-8"))["stats"]
    return tuple(stats.get(name, 0) for name in ("passed", "failed", "broken", "skipped"))


@DIALECTS
def test_allure(tmp_path: Path, *, strict: bool) -> None:
    assert allure(tmp_path, text(strict=strict)) == COUNTS


def test_allure_loses_what_is_nested(tmp_path: Path) -> None:
    assert allure(tmp_path, broken("nested")) != COUNTS


def datadog(folder: Path, xml: str) -> str:
    program = tools.npm(DATADOG) / ".bin" / "datadog-ci"
    write(folder, xml)
    command = [program, "junit", "upload", "--service", "g", "--dry-run"]
    return run([*command, "--skip-git-metadata-upload", "TEST-gaterun.xml"], folder, DD_API_KEY="x")


@DIALECTS
def test_datadog(tmp_path: Path, *, strict: bool) -> None:
    shown = datadog(tmp_path, text(strict=strict))
    assert "Uploaded 1 files" in shown, shown


def test_datadog_refuses_what_is_no_xml(tmp_path: Path) -> None:
    assert "Uploaded 1 files" not in datadog(tmp_path, text()[:-20])


@DIALECTS
def test_junit2html(tmp_path: Path, *, strict: bool) -> None:
    path = write(tmp_path, text(strict=strict))
    shown = run([tools.pypi(JUNIT2HTML) / "junit2html", path, "--summary-matrix"], tmp_path)
    seen = {word: int(n) for word, n in re.findall(r"(Passed|Failed|Skipped)\s*:\s+(\d+)", shown)}
    # An error is one that has failed, for it.
    assert (seen["Passed"], seen["Failed"], seen["Skipped"]) == (2, 3 + 1, 4), shown


_PARSE = (
    "import sys, test_results_parser as parser\n"
    "for run in parser.parse_junit_xml(open(sys.argv[1], 'rb').read()).testruns:\n"
    "    print(str(run.outcome))\n"
)


def codecov(folder: Path, xml: str) -> Counter[str]:
    python = tools.pypi(CODECOV) / "python"
    return Counter(run([python, "-c", _PARSE, write(folder, xml)], folder).split())


@DIALECTS
def test_codecov(tmp_path: Path, *, strict: bool) -> None:
    seen = codecov(tmp_path, text(strict=strict))
    assert [seen[name] for name in ("pass", "failure", "error", "skip")] == list(COUNTS), seen


def test_codecov_reads_what_is_self_closed_as_passed(tmp_path: Path) -> None:
    assert codecov(tmp_path, broken("self-closed"))["pass"] > COUNTS[0]


@DIALECTS
def test_gitlab(*, strict: bool) -> None:
    seen = gitlab_reader.cases(text(strict=strict))
    statuses = Counter(case.status for case in seen)
    assert [statuses[name] for name in ("success", "failure", "error", "skipped")] == list(COUNTS)
    assert all(isinstance(case.output, str) for case in seen if case.status != "success")
    assert all("." in case.suite and case.name for case in seen)


def test_gitlab_shows_another_thing_for_an_unlucky_type() -> None:
    (case, *_) = [case for case in gitlab_reader.cases(broken("typed")) if case.status != "success"]
    assert not isinstance(case.output, str)
    with pytest.raises(gitlab_reader.RefusedError):
        gitlab_reader.cases(broken("typed").replace('type="integer"', 'type="symbol"'))


def test_gitlab_links_the_log_of_what_failed(project: Any) -> None:
    project.gates("garbage", "pass", "missing-tool")
    assert project.run("p", "--report", "junit:../out.xml").code == 1
    shown = gitlab_reader.cases((project.root.parent / "out.xml").read_text("utf-8"))
    ((name, log),) = [(case.name, case.attachment) for case in shown if case.attachment]
    assert name == "garbage"
    assert log.startswith(".gaterun/runs/")
    assert "garbage" in (project.root / log).read_text("utf-8", "replace")


def test_a_log_that_is_gone_or_outside_is_no_attachment(project: Any, tmp_path: Path) -> None:
    project.gates("garbage")
    record = project.run("p").record
    state = project.root / ".gaterun"
    assert "[[ATTACHMENT|" in junit.render(record, strict=False, state=state)
    assert "[[ATTACHMENT|" not in junit.render(record, strict=False)
    assert "[[ATTACHMENT|" not in junit.render(record, strict=False, state=tmp_path / "other")
    shutil.rmtree(state / "runs")
    assert "[[ATTACHMENT|" not in junit.render(record, strict=False, state=state)
