"""promtool and xmllint, which no registry has: they are run where they are on PATH.

The workflow's job `readers` installs them. Elsewhere the same is read by prometheus-client, and judged by
lxml, which is the library behind xmllint (`tests/reporters`).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.external.tools import program
from tests.reporters import sample
from tests.reporters.published import published
from tests.reporters.told import written

from gaterun.reporters import junit, openmetrics

SCHEMAS = ("jenkins-junit-10.xsd", "windyroad-JUnit.xsd")


def promtool(text: str) -> subprocess.CompletedProcess[str]:
    command = [program("promtool"), "check", "metrics"]
    return subprocess.run(command, input=text, check=False, capture_output=True, text=True)


def test_promtool() -> None:
    done = promtool(written(openmetrics))
    # 3 is advice about names; what it cannot read is 1.
    assert done.returncode in {0, 3}, done.stderr


def test_promtool_refuses_what_is_broken() -> None:
    assert promtool(written(openmetrics).replace("} ", "} x", 1)).returncode == 1


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("strict", [True, False])
def test_xmllint(tmp_path: Path, name: str, *, strict: bool) -> None:
    path = tmp_path / "TEST-gaterun.xml"
    path.write_text(junit.render(sample.RECORD, strict=strict), "utf-8")
    command = [program("xmllint"), "--noout", "--schema", str(published(name)), str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode == 0) is strict, done.stderr
