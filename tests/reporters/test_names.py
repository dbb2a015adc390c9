"""A file with every punctuation in its name comes back from every report as it is."""

from __future__ import annotations

import json
import string
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import cmarkgfm
from lxml import html as lxml_html  # type: ignore[import-untyped]
from msgspec.structs import replace
from tests.workflow_runner import commands

from gaterun.model.finding import Finding
from gaterun.reporters import github, gitlab, html, junit, markdown, sarif

from .page import read
from .sample import CLIPPY, RECORD
from .told import written

#: A folder separator is one everywhere, so the backslash is asked for apart.
NAME = "src/a " + string.punctuation.replace("/", "").replace("\\", "") + " ü.rs"
RUN = replace(
    RECORD,
    results=(replace(CLIPPY, findings=(Finding(rule="r", message="m", path=NAME, line=3),)),),
)


def test_junit() -> None:
    for strict in (False, True):
        root = ET.fromstring(junit.render(RUN, strict=strict))
        (case,) = root.iter("testcase")
        assert strict or case.attrib["file"] == NAME
        (failure,) = case.iter("failure")
        assert f" --> {NAME}:3" in (failure.text or "")


def test_sarif() -> None:
    (run,) = json.loads(written(sarif, RUN))["runs"]
    (result,) = run["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == NAME
    assert not set(uri) & set('"#%<> ?[]^`{|}') - {"%"}


def test_github() -> None:
    (told,) = commands(written(github, RUN))
    assert told.properties["file"] == NAME


def test_gitlab() -> None:
    (entry,) = json.loads(written(gitlab, RUN))
    assert entry["location"]["path"] == NAME


def test_html() -> None:
    page = read(html.render(RUN))
    assert f"{NAME}:3" in " ".join(element.text for element in page.all("code"))


def test_markdown() -> None:
    shown = cmarkgfm.github_flavored_markdown_to_html(
        markdown.render(RUN), cmarkgfm.Options.CMARK_OPT_UNSAFE
    )
    texts = [
        code.text_content() for code in lxml_html.fromstring(f"<main>{shown}</main>").iter("code")
    ]
    assert f"{NAME}:3" in texts
